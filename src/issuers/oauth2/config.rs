//! Settings of an issuer that is an OAuth 2 token endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::Oauth2Tokens;
use super::refresh::RefreshRotation;
use crate::http::client::allowed;
use crate::http::exchange::{ErrorPlaces, Rule};
use crate::http::oauth2::{
    ClientAuthMethod, ClientCredentials, Grant, GrantEncoding, GrantRead, SigningKey,
};
use crate::http::template::{Names, Template};
use crate::issuers::Deps;
use crate::ports::Issuer;
use crate::ports::kind::{Kind, VaultNeed, remedy_in_params};
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
    Supply,
};
use crate::secret::SecretRef;
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

    fn asked_scopes(&self) -> Vec<String> {
        self.scopes.clone()
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
    pub(super) fn client(&self) -> ClientCredentials {
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
