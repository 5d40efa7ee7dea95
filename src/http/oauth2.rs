//! How a caller authenticates itself: to an issuer's or a connection's API.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use super::client::{Client, allowed};
use super::message::{Answer, Request, host_of};
use super::ratelimit::RateLimitDialect;
use super::status::{ErrorClasses, fault_from};
use crate::config::problem::Problems;
use crate::config::value::Credential;
use crate::ports::Secrets;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::secret::{BearerToken, Fingerprint, SecretRef};

/// How a caller authenticates itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallerAuth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer <credential>`.
    Bearer(Credential),
    /// One or more headers, for example `Authorization: SSWS …` or `DD-API-KEY`.
    Headers(Vec<AuthHeader>),
    /// User name and password (RFC 7617).
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Credential,
    },
    /// An access token by client credentials (RFC 6749, 4.4).
    Oauth2(ClientCredentials),
}

/// A header that carries a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthHeader {
    /// Name of the header.
    pub name: String,
    /// Word before the credential, for example `SSWS`.
    pub scheme: Option<String>,
    /// The credential.
    pub value: Credential,
}

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

impl CallerAuth {
    /// Reports what cannot work.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Self::None | Self::Bearer(_) => {}
            Self::Headers(headers) => {
                if headers.is_empty() {
                    problems.error(
                        format!("{path}.headers"),
                        "there is no header",
                        "write [{ name = \"X-Api-Key\", value = { … } }], or `auth = \"none\"`",
                    );
                }
                for (index, header) in headers.iter().enumerate() {
                    header.check(&format!("{path}.headers[{index}]"), problems);
                }
            }
            Self::Basic { username, .. } => {
                if username.is_empty() || username.contains(':') {
                    problems.error(
                        format!("{path}.basic.username"),
                        "the user name is empty or holds a colon",
                        "write the user name alone",
                    );
                }
            }
            Self::Oauth2(client) => client.check(&format!("{path}.oauth2"), problems),
        }
    }

    /// The credentials that it uses.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(credential) => vec![credential.0.clone()],
            Self::Headers(headers) => headers.iter().map(|h| h.value.0.clone()).collect(),
            Self::Basic { password, .. } => vec![password.0.clone()],
            Self::Oauth2(client) => vec![client.client_secret.0.clone()],
        }
    }
}

impl AuthHeader {
    fn check(&self, path: &str, problems: &mut Problems) {
        if HeaderName::from_bytes(self.name.as_bytes()).is_err() {
            problems.error(
                format!("{path}.name"),
                format!("`{}` is not a header name", self.name),
                "write the name alone, for example \"X-Api-Key\"",
            );
        }
    }
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
    pub fn request(&self, secret: &BearerToken, operation: &'static str) -> Request {
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
        secret: &'a BearerToken,
        operation: &'static str,
    ) -> Request {
        let request = Request::new(Method::POST, url.clone(), operation).header(
            http::header::ACCEPT,
            HeaderValue::from_static("application/json"),
        );
        match self.method {
            ClientAuthMethod::Basic => basic(
                request,
                &encoded(&self.client_id),
                &encoded(secret.expose()),
            ),
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

fn basic(request: Request, user: &str, password: &str) -> Request {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    match HeaderValue::from_str(&text) {
        Ok(value) => request.sensitive(AUTHORIZATION, value),
        // Base64 is always a header value.
        Err(_) => request,
    }
}

/// A caller that authenticates its requests, and once more after a 401.
#[derive(Clone)]
pub struct Caller {
    auth: Arc<CallerAuth>,
    client: Client,
    secrets: Arc<dyn Secrets>,
    access: Arc<Mutex<Option<Access>>>,
}

struct Access {
    token: BearerToken,
    good_until: Option<Timestamp>,
}

impl Caller {
    /// A caller that has not logged in yet.
    #[must_use]
    pub fn new(auth: CallerAuth, client: Client, secrets: Arc<dyn Secrets>) -> Self {
        Self {
            auth: Arc::new(auth),
            client,
            secrets,
            access: Arc::default(),
        }
    }

    /// The client that it sends through.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Authenticates and sends. A 401 makes the credentials be read again; only
    /// if they changed is the request sent once more: a 401 means that nothing
    /// was carried out.
    ///
    /// # Errors
    /// As [`Client::send`], and when a credential cannot be had.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let (first, used) = self.authorize(request.clone()).await?;
        let answer = self.client.send(first).await?;
        if answer.status != 401 || used.is_empty() {
            return Ok(answer);
        }
        self.forget(&used).await;
        let Ok((second, fresh)) = self.authorize(request).await else {
            return Ok(answer);
        };
        if fresh == used {
            return Ok(answer);
        }
        self.client.send(second).await
    }

    /// Puts the credentials in; also tells which ones were used.
    async fn authorize(&self, request: Request) -> Result<(Request, Vec<Fingerprint>), Fault> {
        let mut used = Vec::new();
        let request = match &*self.auth {
            CallerAuth::None => request,
            CallerAuth::Bearer(credential) => {
                let value = self.resolve(credential, &mut used).await?;
                request.bearer(&value)
            }
            CallerAuth::Headers(headers) => {
                let mut request = request;
                for header in headers {
                    let value = self.resolve(&header.value, &mut used).await?;
                    request = with_header(request, header, &value)?;
                }
                request
            }
            CallerAuth::Basic { username, password } => {
                let password = self.resolve(password, &mut used).await?;
                basic(request, username, password.expose())
            }
            CallerAuth::Oauth2(client) => {
                let token = self.access_token(client).await?;
                used.push(token.fingerprint());
                request.bearer(&token)
            }
        };
        Ok((request, used))
    }

    async fn resolve(
        &self,
        credential: &Credential,
        used: &mut Vec<Fingerprint>,
    ) -> Result<BearerToken, Fault> {
        let resolved = self.secrets.resolve(&credential.0).await?;
        used.push(resolved.fingerprint);
        Ok(resolved.value)
    }

    async fn forget(&self, used: &[Fingerprint]) {
        let mut access = self.access.lock().await;
        let ours = access
            .as_ref()
            .is_some_and(|a| used.contains(&a.token.fingerprint()));
        if ours {
            *access = None;
        }
        // The client secret worked; only credentials sent as they are were refused.
        match &*self.auth {
            CallerAuth::Oauth2(_) => {}
            CallerAuth::None
            | CallerAuth::Bearer(_)
            | CallerAuth::Headers(_)
            | CallerAuth::Basic { .. } => {
                for reference in self.auth.credentials() {
                    self.secrets.refused(&reference);
                }
            }
        }
    }

    /// The cached access token, or a new one. One login at a time.
    async fn access_token(&self, client: &ClientCredentials) -> Result<BearerToken, Fault> {
        let mut access = self.access.lock().await;
        let now = self.client.clock().now();
        if let Some(cached) = access.as_ref()
            && cached.good_until.is_none_or(|until| now < until)
        {
            return Ok(cached.token.clone());
        }
        let granted = login(&self.client, &*self.secrets, client, "login").await?;
        let good_until = granted.expires_in.and_then(|life| reuse_until(now, life));
        *access = Some(Access {
            token: granted.token.clone(),
            good_until,
        });
        Ok(granted.token)
    }
}

/// A token is used again until a tenth of its life, at most a minute, is left.
fn reuse_until(now: Timestamp, life: SignedDuration) -> Option<Timestamp> {
    let margin = (life / 10).min(SignedDuration::from_mins(1));
    now.checked_add(life - margin).ok()
}

fn with_header(
    request: Request,
    header: &AuthHeader,
    value: &BearerToken,
) -> Result<Request, Fault> {
    let text = Zeroizing::new(match &header.scheme {
        Some(scheme) => format!("{scheme} {}", value.expose()),
        None => value.expose().to_owned(),
    });
    let parts = (
        HeaderName::from_bytes(header.name.as_bytes()),
        HeaderValue::from_str(&text),
    );
    match parts {
        (Ok(name), Ok(value)) => Ok(request.sensitive(name, value)),
        (Err(_), _) | (_, Err(_)) => Err(Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!("the header `{}` cannot carry its credential", header.name),
        )),
    }
}

/// What a token endpoint granted.
pub struct Granted {
    /// The access token.
    pub token: BearerToken,
    /// How long it lives, where the server says so.
    pub expires_in: Option<SignedDuration>,
}

/// Gets an access token by client credentials. The client secret is read
/// again, once, when the server does not accept it.
///
/// # Errors
/// Names the host and what was refused, never a secret.
pub async fn login(
    client: &Client,
    secrets: &dyn Secrets,
    config: &ClientCredentials,
    operation: &'static str,
) -> Result<Granted, Fault> {
    let reference = &config.client_secret.0;
    let used = secrets.resolve(reference).await?;
    let mut answer = client.send(config.request(&used.value, operation)).await?;
    if refused_client(&answer) {
        secrets.refused(reference);
        let fresh = secrets.resolve(reference).await?;
        if fresh.fingerprint != used.fingerprint {
            answer = client.send(config.request(&fresh.value, operation)).await?;
        }
    }
    granted(&answer, config, client.clock().now())
}

fn granted(answer: &Answer, config: &ClientCredentials, now: Timestamp) -> Result<Granted, Fault> {
    if answer.status != 200 {
        return Err(refusal(answer, config, now));
    }
    let body = answer.secret_json()?;
    let text = body
        .get("access_token")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| {
            answer.unexpected("there is no `access_token` in it: is this the token endpoint?")
        })?;
    let token = BearerToken::parse(text).map_err(|shape| {
        answer.unexpected(format!("its `access_token` cannot be used: {shape}"))
    })?;
    let expires_in = body.get("expires_in").and_then(seconds);
    Ok(Granted { token, expires_in })
}

/// `expires_in` is a number; some servers write it as text.
fn seconds(value: &serde_json::Value) -> Option<SignedDuration> {
    let seconds = value
        .as_f64()
        .or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()))?;
    (seconds.is_finite() && seconds > 0.0)
        .then(|| SignedDuration::try_from_secs_f64(seconds).ok())
        .flatten()
}

fn refused_client(answer: &Answer) -> bool {
    answer.status == 401 || oauth_error(answer) == Some("invalid_client")
}

/// The error of a token endpoint, in words that RFC 6749 5.2 lists.
fn refusal(answer: &Answer, config: &ClientCredentials, now: Timestamp) -> Fault {
    let fault = fault_from(
        answer,
        &ErrorClasses::default(),
        &RateLimitDialect::default(),
        now,
    );
    let Some(error) = oauth_error(answer) else {
        return fault;
    };
    let (class, kind, remedy) = match error {
        "invalid_client" => (
            FaultClass::Unauthorized,
            FaultKind::Auth,
            "check `client_id`, the client secret and `method` (basic or post)",
        ),
        "unauthorized_client" | "unsupported_grant_type" => (
            FaultClass::Rejected,
            FaultKind::Config,
            "allow the client the grant `client_credentials` at the server",
        ),
        "invalid_scope" | "invalid_target" => (
            FaultClass::Rejected,
            FaultKind::Config,
            "check `scopes` and `audience`, and what the client may ask for",
        ),
        _ => (
            fault.class,
            fault.kind,
            "check the client's configuration at the server",
        ),
    };
    Fault::new(
        class,
        kind,
        format!(
            "{} at {} answered {} ({error}): {remedy}",
            answer.origin.operation,
            host_of(&config.token_url),
            answer.status
        ),
    )
    .after(fault.retry_after)
}

/// Only words of the standards are repeated: a server may echo anything.
fn oauth_error(answer: &Answer) -> Option<&'static str> {
    const KNOWN: [&str; 8] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
        "unsupported_token_type",
    ];
    if answer.is_success() {
        return None;
    }
    let body = answer.secret_json().ok()?;
    let given = body.get("error")?.as_str()?;
    KNOWN.into_iter().find(|known| *known == given)
}
