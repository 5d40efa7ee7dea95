//! Access tokens of an OAuth 2 server, by client credentials. A lost reply
//! harms nobody: the next call makes another token, and the lost one dies by
//! itself.

mod config;
mod refresh;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

pub use self::config::Oauth2Issuer;
pub use self::refresh::RefreshRotation;
use super::Deps;
use super::label::Label;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::oauth2::{ClientCredentials, Granted, login};
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::fault_from;
use crate::http::{Answer, Client, SecretJson};
use crate::ports::kind::Kind;
use crate::ports::refresh::RefreshTokens;
use crate::ports::{IssueRequest, Issuer, Secrets, TokenHandle};
use crate::rotation::capability::IssuerCapabilities;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;
use crate::scim::jwt;
use crate::scim::scopes::{ScopeSource, Scopes};
use crate::secret::{BearerToken, SecretText};

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
            Ok(body) => jwt::numeric_date(body.get("exp")?),
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

    /// A server that tells no scopes granted those that were asked for (RFC 6749,
    /// section 5.1).
    fn granted_scopes(&self, told: Option<&str>, token: &BearerToken) -> Option<Scopes> {
        let asked = &self.config.scopes;
        match told {
            Some(told) => Scopes::read(ScopeSource::Answer, [told], Some(token)),
            None if asked.is_empty() => None,
            None => Scopes::read(
                ScopeSource::Declared,
                asked.iter().map(String::as_str),
                Some(token),
            ),
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

    fn scopes_asked(&self) -> Option<Vec<String>> {
        let scopes = &self.config.scopes;
        (!scopes.is_empty()).then(|| scopes.clone())
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
            scopes: self.granted_scopes(granted.scope.as_deref(), &value),
            asked_life: None,
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

    /// By introspection, where it is configured.
    async fn scopes(&self, _token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        let (Some(url), Some(value)) = (&self.config.introspection_url, &handle.value) else {
            return Ok(None);
        };
        let body = self.introspect(url, value).await?;
        let told = body.get("scope");
        Ok(told.and_then(|told| Scopes::in_json(ScopeSource::Introspection, told, Some(value))))
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
