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
use super::assertion::{SigningKey, fill};
use super::grant::Grant;
use super::proof::Proof;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::Credential;

/// A client of an OAuth 2 token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// Token endpoint.
    pub token_url: Template,
    /// Client id.
    pub client_id: Option<Template>,
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
    pub assertion_audience: Option<Template>,
    /// What is asked for.
    #[serde(default)]
    pub grant: Grant,
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
    /// There is no secret: the certificate that we show when TLS begins speaks for
    /// the client (RFC 8705).
    TlsClientAuth,
}

impl ClientCredentials {
    /// Reports what cannot work.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        let single = [
            ("token_url", Some(&self.token_url)),
            ("client_id", self.client_id.as_ref()),
            ("audience", self.audience.as_ref()),
            ("assertion_audience", self.assertion_audience.as_ref()),
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
        self.check_client(path, known, problems);
        let has_client_id = self.client_id.is_some();
        self.grant.check(path, has_client_id, known, problems);
        check_rules(
            &self.answers,
            &format!("{path}.answers"),
            &[],
            known,
            problems,
        );
    }

    /// Exactly one credential, and an id where it needs one.
    fn check_client(&self, path: &str, known: &Names, problems: &mut Problems) {
        if let Some(key) = &self.key {
            key.check(&format!("{path}.key"), known, problems);
        }
        let credentials = [
            self.client_secret.is_some(),
            self.signing_key().is_some(),
            self.client_assertion.is_some(),
            self.method == ClientAuthMethod::TlsClientAuth,
        ];
        let given = credentials.into_iter().filter(|given| *given).count();
        if given > 1 {
            problems.error(
                path,
                "the client has more than one credential",
                "keep one of `client_secret`, `key.private_key`, `client_assertion` and `method = \"tls_client_auth\"`",
            );
        }
        if given == 0 && self.key.is_some() {
            problems.error(
                format!("{path}.key.private_key"),
                "the private key is missing",
                "write a reference to it, for example { file = \"/etc/scim-rotator/key.pem\" }",
            );
        } else if given == 0 && self.grant == Grant::ClientCredentials {
            problems.error(
                path,
                "the client has no credential",
                "write `client_secret`, `key.private_key` or `client_assertion`, or `method = \"tls_client_auth\"` where its certificate speaks for it",
            );
        }
        let empty = self.client_id.as_ref().map(|id| id.source().is_empty());
        let needs_id = given > 0 && self.client_assertion.is_none();
        if empty.unwrap_or(needs_id) {
            problems.error(
                format!("{path}.client_id"),
                "the client id is missing or empty",
                "write the client's id",
            );
        }
    }

    /// The key that signs the client's assertion, if there is one.
    pub(super) fn signing_key(&self) -> Option<&SigningKey> {
        self.key.as_ref().filter(|key| key.private_key.is_some())
    }

    /// The credentials that it uses.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        let single = self.client_secret.iter().chain(&self.client_assertion);
        let key = self.key.iter().flat_map(SigningKey::credentials);
        let own = single.chain(key).map(|credential| credential.0.clone());
        own.chain(self.grant.credentials()).collect()
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
        filled.client_id = fill(self.client_id.as_ref(), context)?;
        filled.assertion_audience = fill(self.assertion_audience.as_ref(), context)?;
        filled.key = match &self.key {
            Some(key) => Some(key.resolved(context)?),
            None => None,
        };
        filled.grant = self.grant.resolved(context)?;
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
    pub fn request(&self, proof: &Proof, operation: &'static str) -> Result<Request, Fault> {
        let scopes: Vec<&str> = self.scopes.iter().map(Template::source).collect();
        let scope = scopes.join(" ");
        let mut form: BTreeMap<&str, &str> = BTreeMap::from([("grant_type", self.grant.name())]);
        form.extend(self.grant.parameters());
        if !scope.is_empty() {
            form.insert("scope", &scope);
        }
        if let Some(audience) = &self.audience {
            form.insert("audience", audience.source());
        }
        form.extend(self.params.iter().map(|(k, v)| (k.as_str(), v.source())));
        Ok(self.authenticated(&self.endpoint()?, form, proof, operation))
    }

    /// A form sent to one of the server's endpoints in the client's name.
    #[must_use]
    pub fn authenticated<'a>(
        &'a self,
        url: &Url,
        mut form: BTreeMap<&'a str, &'a str>,
        proof: &'a Proof,
        operation: &'static str,
    ) -> Request {
        let mut request = Request::new(Method::POST, url.clone(), operation).header(
            http::header::ACCEPT,
            HeaderValue::from_static("application/json"),
        );
        let client_id = self.client_id.as_ref().map(Template::source);
        match &proof.basic {
            Some(secret) => {
                let id = encoded(client_id.unwrap_or_default());
                request = request.basic(&id, &encoded(secret.expose()));
            }
            None => form.extend(client_id.map(|id| ("client_id", id))),
        }
        let secret = proof.pairs.iter();
        form.extend(secret.map(|(name, value)| (*name, value.expose())));
        let kind = proof.assertion_type();
        form.extend(kind.map(|kind| ("client_assertion_type", kind)));
        request.with(form, self.encoding)
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
