//! What an identity provider holds for a service provider, and how it is tried.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::http::oauth2::{ClientAuthMethod, ClientCredentials, Grant, GrantEncoding, GrantRead};
use crate::http::template::{Template, TemplateMap};
use crate::secret::ClientParts;

/// What an identity provider holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialShape {
    /// A token that it sends as it is, as `Authorization: Bearer`.
    #[default]
    Token,
    /// A client secret that it exchanges for access tokens at a token endpoint.
    ClientSecret,
    /// A key that it sends as it is, in a place of the service provider's own.
    Key,
    /// No secret: it signs assertions that the service provider trusts.
    Federated,
}

impl CredentialShape {
    /// The word of the configuration, for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ClientSecret => "client_secret",
            Self::Key => "key",
            Self::Federated => "federated",
        }
    }
}

/// Where a client puts its secret in a token request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPlace {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the form.
    Post,
}

/// The token endpoint at which a client secret is exchanged for an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Its URL.
    pub token_url: Url,
    /// The client id, unless the issuer tells it with each secret.
    pub client_id: Option<String>,
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// Where the secret goes.
    pub place: SecretPlace,
    /// Other parameters of the token request, for example `audience`.
    pub params: BTreeMap<String, String>,
}

impl TokenEndpoint {
    /// The parts of a client as the configuration has them.
    #[must_use]
    pub fn parts(&self) -> ClientParts {
        ClientParts {
            id: self.client_id.clone(),
            token_url: Some(self.token_url.to_string()),
            scope: (!self.scopes.is_empty()).then(|| self.scopes.join(" ")),
        }
    }

    /// The client with these parts, as it asks the token endpoint.
    pub(super) fn client(&self, parts: &ClientParts) -> ClientCredentials {
        let text = |text: &str| Template::new(text);
        let params: TemplateMap = self
            .params
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        let scope = parts.scope.as_deref().unwrap_or_default();
        ClientCredentials {
            token_url: text(parts.token_url.as_deref().unwrap_or_default()),
            client_id: parts.id.as_deref().map(text),
            client_secret: None,
            method: match self.place {
                SecretPlace::Basic => ClientAuthMethod::Basic,
                SecretPlace::Post => ClientAuthMethod::Post,
            },
            key: None,
            client_assertion: None,
            assertion_audience: None,
            grant: Grant::ClientCredentials,
            scopes: scope.split_ascii_whitespace().map(text).collect(),
            audience: None,
            params,
            encoding: GrantEncoding::Form,
            answers: Vec::new(),
            error: Default::default(),
            read: GrantRead::default(),
        }
    }
}
