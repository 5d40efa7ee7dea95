//! We make the secret. It is durable before anybody is told, so a lost reply is
//! answered by sending the same secret again.

pub mod secret;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use super::Deps;
use super::capabilities::Capabilities;
use super::http::{HttpIssuer, HttpTokens, ListFields, MintFields, NoFields, Operation};
use super::label::Label;
use super::lifetime::Lifetime;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::oauth2::CallerAuth;
use crate::http::paging::Paging;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::ErrorClasses;
use crate::http::template::TemplateMap;
use crate::ports::kind::{Kind, remedy_by_secrets};
use crate::ports::{IssueRequest, Issuer, TokenHandle};
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Recovery, Revoke, Supply,
};
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;
use crate::scim::shape::ChecksumCheck;
use crate::secret::{BearerToken, SecretRef};
use crate::value::Credential;

/// `[issuers.<name>.local]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    /// How we authenticate ourselves.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Credentials for templates, as `secrets.<name>`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// Tells the service provider of a new token.
    pub register: Option<Operation<MintFields>>,
    /// Tells it to forget one.
    pub unregister: Option<Operation<NoFields>>,
    /// Lists the registered ones.
    pub list: Option<Operation<ListFields>>,
    /// How the list is continued.
    #[serde(default)]
    pub paging: Paging,
    /// The label of each registration.
    #[serde(default)]
    pub label: Label,
    /// How the service provider tells when to come back.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What its refusals mean, where the usual table is wrong.
    #[serde(default)]
    pub error_classes: ErrorClasses,
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
        api.check_mint(&format!("{path}.register"), problems);
        if !api.mint.uses("token") {
            problems.error(
                format!("{path}.register"),
                "the operation does not send the secret",
                "put `{{ token }}` into its body",
            );
        }
        if let Some(operation) = &self.list {
            api.check_list(operation, &format!("{path}.list"), problems);
        }
        if let Some(operation) = &self.unregister {
            api.check_revoke(operation, &format!("{path}.unregister"), problems);
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
                Some(operation) if operation.uses("id") => Revoke::ById,
                Some(_) => Revoke::ByValue,
                None => Revoke::Never,
            }),
            expiry: Some(ExpirySource::Declared),
            last_used: Some(self.last_used()),
        }
    }

    fn last_used(&self) -> LastUsed {
        match &self.list {
            Some(list) if list.extract.last_used_at.is_some() => LastUsed::Throttled,
            Some(_) | None => LastUsed::None,
        }
    }

    /// The same as an HTTP issuer, when there is something to call.
    fn api(&self) -> Option<HttpIssuer> {
        Some(HttpIssuer {
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            config: BTreeMap::new(),
            vendor: None,
            secrets: self.secrets.clone(),
            capabilities: self.stated(),
            mint: self.register.clone()?,
            list: self.list.clone(),
            paging: self.paging.clone(),
            get: None,
            revoke: self.unregister.clone(),
            status: None,
            complete: None,
            cancel: None,
            id_from_token: None,
            lifetime: self.lifetime,
            label: self.label.clone(),
            rate_limit: self.rate_limit.clone(),
            error_classes: self.error_classes.clone(),
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

    fn api(&self, operation: &str) -> Result<&HttpTokens, Fault> {
        self.api.as_ref().ok_or_else(|| {
            self.cannot(
                "calls nobody",
                &format!("configure `register` and `{operation}`"),
            )
        })
    }
}

#[async_trait]
impl Issuer for LocalTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
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
            }),
        }
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.api("list")?.get(token, id).await
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        self.api("unregister")?.revoke(token, handle).await
    }
}
