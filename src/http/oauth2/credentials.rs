//! A client of an OAuth 2 token endpoint, and how it writes its requests.

use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::super::client::allowed;
use super::super::message::Request;
use crate::problem::Problems;
use crate::secret::SecretText;
use crate::value::Credential;

/// A client of an OAuth 2 token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// Token endpoint.
    pub token_url: Url,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Credential,
    /// Where the client's credentials go.
    #[serde(default)]
    pub method: ClientAuthMethod,
    /// Scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Audience to ask for, where the server wants one.
    pub audience: Option<String>,
    /// Other parameters of the token request; may replace `grant_type`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// Where an OAuth 2 client puts its credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the form.
    Post,
}

impl ClientCredentials {
    /// Reports what cannot work.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if let Err(why) = allowed(&self.token_url) {
            problems.error(
                format!("{path}.token_url"),
                why,
                "write the https URL of the token endpoint",
            );
        }
        if self.client_id.is_empty() {
            problems.error(
                format!("{path}.client_id"),
                "the client id is empty",
                "write the client's id",
            );
        }
    }

    /// A token request with the client's credentials. Not sent twice by itself,
    /// but each call only makes one more token.
    #[must_use]
    pub fn request(&self, secret: &SecretText, operation: &'static str) -> Request {
        let scope = self.scopes.join(" ");
        let mut form: BTreeMap<&str, &str> = BTreeMap::from([("grant_type", "client_credentials")]);
        if !scope.is_empty() {
            form.insert("scope", &scope);
        }
        if let Some(audience) = &self.audience {
            form.insert("audience", audience);
        }
        form.extend(self.params.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        self.authenticated(&self.token_url, form, secret, operation)
    }

    /// A form sent to one of the server's endpoints in the client's name.
    #[must_use]
    pub fn authenticated<'a>(
        &'a self,
        url: &Url,
        mut form: BTreeMap<&'a str, &'a str>,
        secret: &'a SecretText,
        operation: &'static str,
    ) -> Request {
        let request = Request::new(Method::POST, url.clone(), operation).header(
            http::header::ACCEPT,
            HeaderValue::from_static("application/json"),
        );
        match self.method {
            ClientAuthMethod::Basic => {
                request.basic(&encoded(&self.client_id), &encoded(secret.expose()))
            }
            ClientAuthMethod::Post => {
                form.insert("client_id", &self.client_id);
                form.insert("client_secret", secret.expose());
                request
            }
        }
        .form(form)
    }
}

/// RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
}
