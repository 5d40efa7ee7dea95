//! Access tokens of an OAuth 2 server, by client credentials. A lost reply
//! harms nobody: the next call makes another token, and the lost one dies by
//! itself.

mod refresh;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

pub use self::refresh::RefreshRotation;
use super::label::Label;
use super::{Deps, jwt};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::client::allowed;
use crate::http::exchange::{ErrorPlaces, Rule};
use crate::http::oauth2::{
    ClientAuthMethod, ClientCredentials, Grant, GrantEncoding, GrantRead, Granted, SigningKey,
    login,
};
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::fault_from;
use crate::http::template::{Names, Template};
use crate::http::{Answer, Client, SecretJson};
use crate::ports::kind::{Kind, VaultNeed, remedy_in_params};
use crate::ports::refresh::RefreshTokens;
use crate::ports::{IssueRequest, Issuer, Secrets, TokenHandle};
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
    Supply,
};
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;
use crate::secret::{BearerToken, SecretRef, SecretText};
use crate::value::{Credential, HumanDuration};

/// `[issuers.<name>.oauth2]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth2Issuer {
    /// Token endpoint.
    pub token_url: Url,
    /// Client id.
    pub client_id: Option<String>,
    /// Client secret.
    pub client_secret: Option<Credential>,
    /// Where the client's secret goes, or that its certificate speaks for it.
    #[serde(default)]
    pub method: ClientAuthMethod,
    /// Signs a client assertion (`private_key_jwt`), instead of a secret.
    pub key: Option<SigningKey>,
    /// A client assertion that somebody else signs, instead of a secret.
    pub client_assertion: Option<Credential>,
    /// Claim `aud` of the assertion that `key` signs; by default the token endpoint.
    pub assertion_audience: Option<String>,
    /// What is asked for.
    #[serde(default)]
    pub grant: Grant,
    /// Scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Audience to ask for, where the server wants one.
    pub audience: Option<String>,
    /// Other parameters of the token request; may replace `grant_type`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// How the parameters are sent.
    #[serde(default)]
    pub encoding: GrantEncoding,
    /// What answers of the token endpoint mean, before what RFC 6749 says.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where its errors tell their code and text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// Where the access token and its life are in the answer.
    #[serde(default)]
    pub read: GrantRead,
    /// Revocation endpoint (RFC 7009).
    pub revocation_url: Option<Url>,
    /// Introspection endpoint (RFC 7662): tells the expiry where nothing else
    /// does, and whether a revocation took effect.
    pub introspection_url: Option<Url>,
    /// How long a token lives, where neither the answer nor the token tells.
    pub lifetime: Option<HumanDuration>,
    /// Access tokens are got for a refresh token that the server replaces at each
    /// use.
    #[serde(default)]
    pub refresh: Option<RefreshRotation>,
}

impl Kind for Oauth2Issuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &'static str {
        "oauth2"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.client().check(path, &Names::default(), problems);
        let urls = [
            ("revocation_url", &self.revocation_url),
            ("introspection_url", &self.introspection_url),
        ];
        for (key, url) in urls {
            if let Some(Err(why)) = url.as_ref().map(allowed) {
                problems.error(
                    format!("{path}.{key}"),
                    why,
                    "write the endpoint's https URL",
                );
            }
        }
        if let Some(refresh) = &self.refresh {
            refresh.check(&format!("{path}.refresh"), problems);
            if self.grant != Grant::ClientCredentials {
                problems.error(
                    format!("{path}.grant"),
                    "with `refresh`, the refresh token is the grant",
                    "remove `grant`, or `refresh`",
                );
            }
        }
        if self.revocation_url.is_none() {
            problems.warning(
                format!("{path}.revocation_url"),
                "old tokens cannot be revoked: each lives until it expires",
                "write the server's revocation endpoint, where it has one",
            );
        }
    }

    fn capabilities(&self) -> IssuerCapabilities {
        let refresh = self.refresh.as_ref();
        // What is not stated counts as the worst.
        let kills = refresh.is_some_and(|r| r.issue_effect != Some(IssueEffect::Keeps));
        let (live_tokens, overlap, issue_effect) = match kills {
            true => (LiveTokens::One, Overlap::None, IssueEffect::Kills),
            false => (
                LiveTokens::Many,
                Overlap::ExplicitRetire,
                IssueEffect::Keeps,
            ),
        };
        IssuerCapabilities {
            supply: Supply::Issuer,
            live_tokens,
            overlap,
            issue_effect,
            recovery: Recovery::None,
            revoke: match self.revocation_url {
                Some(_) => Revoke::ByValue,
                None => Revoke::Never,
            },
            expiry: ExpirySource::Reported,
            last_used: LastUsed::None,
        }
    }

    fn credentials(&self) -> Vec<SecretRef> {
        self.client().credentials()
    }

    fn vault_needs(&self) -> Vec<VaultNeed> {
        let refresh = self.refresh.as_ref();
        refresh.map_or_else(Vec::new, RefreshRotation::vault_needs)
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        Ok(Arc::new(Oauth2Tokens::new(name, self, deps)))
    }

    fn declared_lifetime(&self) -> Option<SignedDuration> {
        self.lifetime.map(|life| life.0)
    }

    fn literal_remedy(&self, key: &str) -> &'static str {
        remedy_in_params(key)
    }
}

impl Oauth2Issuer {
    fn client(&self) -> ClientCredentials {
        ClientCredentials {
            token_url: Template::new(self.token_url.as_str()),
            client_id: self.client_id.as_ref().map(Template::new),
            client_secret: self.client_secret.clone(),
            method: self.method,
            key: self.key.clone(),
            client_assertion: self.client_assertion.clone(),
            assertion_audience: self.assertion_audience.as_ref().map(Template::new),
            grant: self.grant.clone(),
            scopes: self.scopes.iter().map(Template::new).collect(),
            audience: self.audience.as_ref().map(Template::new),
            params: self
                .params
                .iter()
                .map(|(name, value)| (name.clone(), Template::new(value)))
                .collect(),
            encoding: self.encoding,
            answers: self.answers.clone(),
            error: self.error.clone(),
            read: self.read.clone(),
        }
    }
}

/// The running issuer.
pub struct Oauth2Tokens {
    name: String,
    config: Oauth2Issuer,
    settings: String,
    client: ClientCredentials,
    http: Client,
    secrets: Arc<dyn Secrets>,
    refresh_tokens: Option<Arc<dyn RefreshTokens>>,
}

impl Oauth2Tokens {
    /// An issuer that has not called anybody yet.
    #[must_use]
    pub fn new(name: &str, config: &Oauth2Issuer, deps: &Deps) -> Self {
        Self {
            name: name.to_owned(),
            client: config.client(),
            settings: super::digest_of(config),
            config: config.clone(),
            http: deps.http.clone(),
            secrets: Arc::clone(&deps.secrets),
            refresh_tokens: deps.refresh_tokens.clone(),
        }
    }

    /// An access token, for the client's credentials or for the refresh token.
    async fn granted(&self) -> Result<Granted, Fault> {
        let Some(settings) = &self.config.refresh else {
            return login(&self.http, &*self.secrets, &self.client, "issue", None).await;
        };
        let Some(store) = &self.refresh_tokens else {
            return Err(self.cannot("keep a refresh token", "there is no Vault here"));
        };
        let used = refresh::Use {
            issuer: &self.name,
            settings,
            client: &self.client,
            http: &self.http,
            secrets: &*self.secrets,
            store,
        };
        used.access_token().await
    }

    /// Presents a token to one of the server's endpoints, in the client's name.
    async fn present(
        &self,
        url: &Url,
        token: &BearerToken,
        operation: &'static str,
    ) -> Result<Answer, Fault> {
        let now = self.http.clock().now();
        let proof = self.client.proof(&*self.secrets, now).await?;
        let form = BTreeMap::from([
            ("token", token.expose()),
            ("token_type_hint", "access_token"),
        ]);
        let request = self
            .client
            .authenticated(url, form, &proof, operation)
            .idempotent(true);
        let answer = self.http.send(request).await?;
        if answer.status == 401 {
            proof.refused(&*self.secrets);
        }
        if answer.status == 200 {
            return Ok(answer);
        }
        Err(fault_from(&answer, &RateLimitDialect::default(), now))
    }

    async fn introspect(&self, url: &Url, token: &BearerToken) -> Result<SecretJson, Fault> {
        self.present(url, token, "introspect").await?.secret_json()
    }

    /// `exp` by introspection; a server that does not answer tells nothing.
    async fn introspected_expiry(&self, token: &BearerToken) -> Option<Timestamp> {
        let url = self.config.introspection_url.as_ref()?;
        match self.introspect(url, token).await {
            Ok(body) => Timestamp::from_second(body.get("exp")?.as_i64()?).ok(),
            Err(fault) => {
                tracing::warn!(
                    issuer = self.name,
                    "the new token's expiry could not be looked up: {fault}"
                );
                None
            }
        }
    }

    async fn expiry(
        &self,
        token: &BearerToken,
        reported: Option<Timestamp>,
    ) -> (Option<Timestamp>, ExpiryKnown) {
        if let Some(end) = reported {
            return (Some(end), ExpiryKnown::Api);
        }
        if let Some(end) = jwt::expiry(token) {
            return (Some(end), ExpiryKnown::Jwt);
        }
        match self.introspected_expiry(token).await {
            Some(end) => (Some(end), ExpiryKnown::Api),
            None => (None, ExpiryKnown::Unknown),
        }
    }

    /// The access token as a SCIM token, whose rules are stricter. A driver that asks
    /// for one after this error gets another one, and this one dies by itself.
    fn scim_token(&self, access: &SecretText) -> Result<BearerToken, Fault> {
        BearerToken::parse(access.expose()).map_err(|shape| {
            let text = format!(
                "issuer `{}`: the `access_token` from {} cannot be a SCIM token: {shape}",
                self.name,
                self.client.host()
            );
            Fault::new(FaultClass::Ambiguous, FaultKind::Schema, text).complete()
        })
    }

    fn cannot(&self, what: &str, remedy: &str) -> Fault {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!("issuer `{}` cannot {what}: {remedy}", self.name),
        )
    }
}

#[async_trait]
impl Issuer for Oauth2Tokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        Label::default().of(token, rotation_id, attempt)
    }

    async fn list(&self, _token: &str) -> Result<Listing, Fault> {
        Err(self.cannot("list tokens", "OAuth 2 has no such operation"))
    }

    async fn issue(&self, _request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let sent_at = self.http.clock().now();
        let granted = self.granted().await?;
        let reported = granted
            .expires_in
            .and_then(|life| sent_at.checked_add(life).ok());
        let value = self.scim_token(&granted.token)?;
        let (expires_at, expiry) = self.expiry(&value, reported).await;
        Ok(IssuedToken {
            value,
            id: None,
            expires_at,
            expiry,
            old_dies_at: None,
        })
    }

    async fn get(&self, _token: &str, _id: &str) -> Result<Option<ListedToken>, Fault> {
        Err(self.cannot("look a token up by id", "access tokens have none"))
    }

    /// RFC 7009 answers 200 to anything, so introspection has the last word
    /// where it is configured.
    async fn revoke(&self, _token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        let (Some(url), Some(value)) = (&self.config.revocation_url, &handle.value) else {
            return Err(self.cannot(
                "revoke this token",
                "write `revocation_url`, or let the token expire",
            ));
        };
        self.present(url, value, "revoke").await?;
        let Some(url) = &self.config.introspection_url else {
            return Ok(());
        };
        let body = self.introspect(url, value).await?;
        if body.get("active") == Some(&serde_json::Value::Bool(true)) {
            return Err(Fault::new(
                FaultClass::NotApplied,
                FaultKind::Server,
                format!(
                    "issuer `{}` answered the revocation with 200, but its introspection says that the token is still active; tried again later",
                    self.name
                ),
            ));
        }
        Ok(())
    }
}
