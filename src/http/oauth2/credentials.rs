//! A client of an OAuth 2 token endpoint, and how it writes its requests.

use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::super::client::allowed;
use super::super::exchange::{ErrorPlaces, Place, Rule, check_rules};
use super::super::message::{Request, wipe};
use super::super::template::Names;
use super::super::times::TimeField;
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
}

/// How the parameters of a token request are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantEncoding {
    /// As a form (RFC 6749).
    #[default]
    Form,
    /// As a JSON object.
    Json,
}

/// Where things are in the answer of a token endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantRead {
    /// The access token; `/access_token` by default (RFC 6749, 5.1).
    pub token: Option<Place>,
    /// When it expires; by default `/expires_in`, in seconds from the answer.
    pub expires_at: Option<TimeField>,
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
        let none = Names::default();
        check_rules(
            &self.answers,
            &format!("{path}.answers"),
            &[],
            &none,
            problems,
        );
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
        .with(form, self.encoding)
    }
}

impl Request {
    fn with(self, parameters: BTreeMap<&str, &str>, encoding: GrantEncoding) -> Self {
        match encoding {
            GrantEncoding::Form => self.form(parameters),
            GrantEncoding::Json => {
                let mut body = serde_json::json!(parameters);
                let request = self.json(&body);
                wipe(&mut body);
                request
            }
        }
    }
}

/// RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
}
