//! A client of an OAuth 2 token endpoint, and how it writes its requests.

use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::super::client::allowed;
use super::super::exchange::{ErrorPlaces, Place, Rule, check_fixed, check_rules};
use super::super::message::{Request, host_of, wipe};
use super::super::template::{Context, Names, Template, TemplateMap};
use super::super::times::TimeField;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::problem::Problems;
use crate::secret::SecretText;
use crate::value::Credential;

/// A client of an OAuth 2 token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// Token endpoint.
    pub token_url: Template,
    /// Client id.
    pub client_id: Template,
    /// Client secret.
    pub client_secret: Credential,
    /// Where the client's credentials go.
    #[serde(default)]
    pub method: ClientAuthMethod,
    /// Scopes to ask for.
    #[serde(default)]
    pub scopes: Vec<Template>,
    /// Audience to ask for, where the server wants one.
    pub audience: Option<Template>,
    /// Other parameters of the token request; may replace `grant_type`.
    #[serde(default)]
    pub params: TemplateMap,
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
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        let single = [
            ("token_url", Some(&self.token_url)),
            ("client_id", Some(&self.client_id)),
            ("audience", self.audience.as_ref()),
        ];
        for (key, template) in single {
            if let Some(template) = template {
                template.check(&format!("{path}.{key}"), known, problems);
            }
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            scope.check(&format!("{path}.scopes[{index}]"), known, problems);
        }
        for (name, value) in &self.params {
            value.check(&format!("{path}.params.{name}"), known, problems);
        }
        check_fixed(
            self.token_url.source(),
            &format!("{path}.token_url"),
            problems,
        );
        if self.client_id.source().is_empty() {
            problems.error(
                format!("{path}.client_id"),
                "the client id is empty",
                "write the client's id",
            );
        }
        check_rules(
            &self.answers,
            &format!("{path}.answers"),
            &[],
            known,
            problems,
        );
    }

    /// The same with its templates filled in: they depend on the configuration
    /// alone.
    ///
    /// # Errors
    /// Says which name has no value, or what is no URL.
    pub(in crate::http) fn resolved(&self, context: &Context) -> Result<Self, String> {
        let text = |template: &Template| {
            let text = template.text(context)?;
            Ok::<_, String>(Template::new(text.as_str()))
        };
        let mut filled = self.clone();
        let url = self.token_url.url(context)?;
        allowed(&url).map_err(|why| format!("`token_url`: {why}"))?;
        filled.token_url = Template::new(url.as_str());
        filled.client_id = text(&self.client_id)?;
        filled.audience = self.audience.as_ref().map(text).transpose()?;
        filled.scopes = self.scopes.iter().map(text).collect::<Result<_, _>>()?;
        for value in filled.params.values_mut() {
            *value = text(value)?;
        }
        for rule in &mut filled.answers {
            for condition in &mut rule.when {
                condition.resolve(context)?;
            }
        }
        Ok(filled)
    }

    /// The token endpoint, for a client whose templates are filled in.
    ///
    /// # Errors
    /// When it is no URL.
    pub fn endpoint(&self) -> Result<Url, Fault> {
        Url::parse(self.token_url.source()).map_err(|_| {
            let text = "`token_url` is not a URL: write the https URL of the token endpoint";
            Fault::new(FaultClass::Rejected, FaultKind::Config, text)
        })
    }

    /// The host of the token endpoint, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        self.endpoint()
            .map_or_else(|_| "no host".to_owned(), |url| host_of(&url))
    }

    /// A token request with the client's credentials. Not sent twice by itself,
    /// but each call only makes one more token.
    ///
    /// # Errors
    /// When the token endpoint is no URL.
    pub fn request(&self, secret: &SecretText, operation: &'static str) -> Result<Request, Fault> {
        let scopes: Vec<&str> = self.scopes.iter().map(Template::source).collect();
        let scope = scopes.join(" ");
        let mut form: BTreeMap<&str, &str> = BTreeMap::from([("grant_type", "client_credentials")]);
        if !scope.is_empty() {
            form.insert("scope", &scope);
        }
        if let Some(audience) = &self.audience {
            form.insert("audience", audience.source());
        }
        form.extend(self.params.iter().map(|(k, v)| (k.as_str(), v.source())));
        Ok(self.authenticated(&self.endpoint()?, form, secret, operation))
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
                request.basic(&encoded(self.client_id.source()), &encoded(secret.expose()))
            }
            ClientAuthMethod::Post => {
                form.insert("client_id", self.client_id.source());
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
