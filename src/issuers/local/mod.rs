//! We make the secret. It is durable before anybody is told, so a lost reply is
//! answered by sending the same secret again.

pub mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use super::Deps;
use super::capabilities::Capabilities;
use super::http::{Calls, HttpIssuer, HttpTokens};
use super::label::Label;
use super::lifetime::Lifetime;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::{Call, ErrorPlaces, Rule, Sequence};
use crate::http::fired::RuleName;
use crate::http::oauth2::CallerAuth;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{ConfigValue, Template, TemplateMap};
use crate::ports::kind::{Kind, remedy_by_secrets};
use crate::ports::{IssueRequest, Issuer, TokenHandle};
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Recovery, Revoke, Supply,
};
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;
use crate::scim::scopes::Scopes;
use crate::scim::shape::ChecksumCheck;
use crate::secret::{BearerToken, SecretRef};
use crate::value::{Credential, HumanDuration};

/// `[issuers.<name>.local]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalIssuer {
    /// Begin of every secret: letters, digits and `_`.
    #[serde(default = "super::http::default_prefix")]
    pub prefix: String,
    /// How many tokens the service provider accepts at once.
    pub live_tokens: Option<LiveTokens>,
    /// How long a token shall live (`declared`), and how `register` says so.
    #[serde(default)]
    pub lifetime: Lifetime,
    /// Put before every `url` that begins with `/`.
    pub address: Option<Template>,
    /// How we authenticate ourselves.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Values for templates, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// How the service provider tells when to come back.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What answers mean, after the rules of the call itself.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where errors tell their code and text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// Gets a session; later calls use `{{ steps.login… }}`.
    pub login: Option<Call>,
    /// How long a session is used again.
    #[serde(default = "super::http::default_session")]
    pub login_session: HumanDuration,
    /// Made in this order before each call, for example to find an id.
    #[serde(default)]
    pub lookups: Vec<Call>,
    /// Tells the service provider of a new token.
    pub register: Option<Sequence>,
    /// Tells it to forget one: one call, or several, of which the last does it.
    pub unregister: Option<Sequence>,
    /// Lists the registered ones.
    pub list: Option<Call>,
    /// The label of each registration.
    #[serde(default)]
    pub label: Label,
}

impl Kind for LocalIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &'static str {
        "local"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        super::http::check_prefix(&self.prefix, &format!("{path}.prefix"), problems);
        self.stated().check(path, problems);
        if self.lifetime.declared.is_none() {
            problems.warning(
                format!("{path}.lifetime.declared"),
                "nothing says how long these tokens live, unless each token does",
                "write for example `declared = \"90d\"` in `lifetime`",
            );
        }
        let Some(api) = self.api() else {
            problems.warning(
                format!("{path}.register"),
                "nobody tells the service provider of a new token before it is tested: the test succeeds only if it learns of it in another way",
                "configure `register`",
            );
            return;
        };
        api.check_parts(path, problems);
        let calls = Calls::of(&api, path);
        calls.check_issue(&format!("{path}.register"), problems);
        if !api.issue.uses("token") {
            problems.error(
                format!("{path}.register"),
                "the call does not send the secret",
                "put `{{ token }}` into its body",
            );
        }
        if let Some(call) = &self.list {
            calls.check_list(call, &format!("{path}.list"), problems);
        }
        if let Some(sequence) = &self.unregister {
            calls.check_revoke(sequence, &format!("{path}.unregister"), problems);
        }
    }

    fn capabilities(&self) -> IssuerCapabilities {
        self.stated().resolve(Supply::Issuer)
    }

    fn credentials(&self) -> Vec<SecretRef> {
        let named = self.secrets.values().map(|credential| credential.0.clone());
        self.auth.credentials().into_iter().chain(named).collect()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        Ok(Arc::new(LocalTokens::new(name, self, deps)))
    }

    fn declared_lifetime(&self) -> Option<SignedDuration> {
        self.lifetime.declared.map(|life| life.0)
    }

    fn checksum(&self) -> Option<ChecksumCheck> {
        // Without a prefix any text of that length could be meant.
        if self.prefix.is_empty() {
            return None;
        }
        let prefix = self.prefix.clone();
        Some(Arc::new(move |text| secret::checksum_of(&prefix, text)))
    }

    fn rules(&self) -> BTreeSet<RuleName> {
        self.api().map(|api| api.rules()).unwrap_or_default()
    }

    fn literal_remedy(&self, key: &str) -> &'static str {
        remedy_by_secrets(key)
    }
}

impl LocalIssuer {
    fn stated(&self) -> Capabilities {
        Capabilities {
            live_tokens: self.live_tokens,
            // One place for one secret: a new one takes it.
            issue_effect: self.live_tokens.map(|live| match live {
                LiveTokens::One => IssueEffect::Kills,
                LiveTokens::Two | LiveTokens::Many => IssueEffect::Keeps,
            }),
            overlap: None,
            recovery: Some(Recovery::ClientChosen),
            revoke: Some(match &self.unregister {
                Some(sequence) if sequence.uses("id") => Revoke::ById,
                Some(_) => Revoke::ByValue,
                None => Revoke::Never,
            }),
            expiry: Some(ExpirySource::Declared),
            last_used: Some(self.last_used()),
        }
    }

    fn last_used(&self) -> LastUsed {
        match &self.list {
            Some(list) if list.read.last_used_at.is_some() => LastUsed::Throttled,
            Some(_) | None => LastUsed::None,
        }
    }

    /// The same as an HTTP issuer, when there is something to call.
    fn api(&self) -> Option<HttpIssuer> {
        Some(HttpIssuer {
            vendor: None,
            address: self.address.clone(),
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            config: self.config.clone(),
            secrets: self.secrets.clone(),
            rate_limit: self.rate_limit.clone(),
            answers: self.answers.clone(),
            error: self.error.clone(),
            login: self.login.clone(),
            login_session: self.login_session,
            lookups: self.lookups.clone(),
            capabilities: self.stated(),
            issue: self.register.clone()?,
            list: self.list.clone(),
            get: None,
            revoke: self.unregister.clone(),
            status: None,
            complete: None,
            cancel: None,
            id_from_token: None,
            lifetime: self.lifetime,
            label: self.label.clone(),
            secret_prefix: self.prefix.clone(),
        })
    }
}

/// The running issuer.
pub struct LocalTokens {
    name: String,
    config: LocalIssuer,
    api: Option<HttpTokens>,
}

impl LocalTokens {
    /// An issuer that has not called anybody yet.
    #[must_use]
    pub fn new(name: &str, config: &LocalIssuer, deps: &Deps) -> Self {
        Self {
            name: name.to_owned(),
            api: config.api().map(|api| HttpTokens::new(name, &api, deps)),
            config: config.clone(),
        }
    }

    fn cannot(&self, what: &str, remedy: &str) -> Fault {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!("issuer `{}` {what}: {remedy}", self.name),
        )
    }

    fn api(&self, call: &str) -> Result<&HttpTokens, Fault> {
        self.api.as_ref().ok_or_else(|| {
            self.cannot(
                "calls nobody",
                &format!("configure `register` and `{call}`"),
            )
        })
    }
}

#[async_trait]
impl Issuer for LocalTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
    }

    fn settings(&self) -> &str {
        self.api.as_ref().map_or("", |api| api.settings())
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        self.config.label.of(token, rotation_id, attempt)
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        Some(secret::generate(&self.config.prefix))
    }

    async fn list(&self, token: &str) -> Result<Listing, Fault> {
        self.api("list")?.list(token).await
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let Some(chosen) = &request.chosen else {
            return Err(self.cannot(
                "was given no secret to register",
                "this is a mistake of the program; report it",
            ));
        };
        match &self.api {
            Some(api) => api.issue(request).await,
            None => Ok(IssuedToken {
                value: chosen.clone(),
                id: None,
                expires_at: None,
                expiry: ExpiryKnown::Unknown,
                old_dies_at: None,
                scopes: None,
                asked_life: None,
            }),
        }
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.api("list")?.get(token, id).await
    }

    async fn scopes(&self, token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        match &self.api {
            Some(api) => api.scopes(token, handle).await,
            None => Ok(None),
        }
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        self.api("unregister")?.revoke(token, handle).await
    }
}
