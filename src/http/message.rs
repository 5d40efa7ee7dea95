//! What is sent and what comes back.

mod answer;
mod origin;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

pub use self::answer::Answer;
pub use self::origin::Origin;
pub use super::json::{Parsed, SecretJson, wipe};
use crate::secret::BearerToken;

/// A request that has not been sent.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Where to; never printed whole.
    pub url: Url,
    /// Headers; credentials are marked sensitive.
    pub headers: HeaderMap,
    /// Body; wiped when dropped.
    pub body: Zeroizing<Vec<u8>>,
    /// What it is for, in errors and metrics.
    pub operation: &'static str,
    /// Whether sending it twice does no more than sending it once.
    pub idempotent: bool,
    /// Whether of an answer that is too large the beginning is returned, as long
    /// as the largest body, instead of a fault.
    pub beginning: bool,
    /// Largest answer, where it may be larger than others.
    pub largest_answer: Option<usize>,
}

impl Request {
    /// A request without headers or a body. Methods that are idempotent by the
    /// standard (GET, HEAD, OPTIONS, PUT, DELETE) count as idempotent.
    #[must_use]
    pub fn new(method: Method, url: Url, operation: &'static str) -> Self {
        Self {
            idempotent: method.is_idempotent(),
            method,
            url,
            headers: HeaderMap::new(),
            body: Zeroizing::new(Vec::new()),
            operation,
            beginning: false,
            largest_answer: None,
        }
    }

    /// Accepts the beginning of an answer that is too large.
    #[must_use]
    pub fn beginning_is_enough(mut self) -> Self {
        self.beginning = true;
        self
    }

    /// Says whether the request may be repeated, against the method's habit.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Sets `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(self, token: &BearerToken) -> Self {
        let value = Zeroizing::new(format!("Bearer {}", token.expose()));
        // A BearerToken holds visible ASCII only, which is always a header value; for
        // other credentials there is `with_credential`.
        match HeaderValue::from_str(&value) {
            Ok(value) => self.sensitive(AUTHORIZATION, value),
            Err(_) => self,
        }
    }

    /// Sets `Authorization: Basic …` (RFC 7617).
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        // Base64 is always a header value.
        match HeaderValue::from_str(&value) {
            Ok(value) => self.sensitive(AUTHORIZATION, value),
            Err(_) => self,
        }
    }

    /// Sets a header whose value is a credential.
    #[must_use]
    pub fn sensitive(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// Sets a header that may be shown.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends a JSON body; `Content-Type` is set unless it already is.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Zeroizing::new(body.to_string().into_bytes());
        self.content_type("application/json")
    }

    /// Sends a form; `Content-Type` is set unless it already is.
    #[must_use]
    pub fn form<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        self.body = Zeroizing::new(form.finish().into_bytes());
        self.content_type("application/x-www-form-urlencoded")
    }

    /// The host that errors name, with the port where it is not the usual one.
    #[must_use]
    pub fn host(&self) -> String {
        host_of(&self.url)
    }

    fn content_type(mut self, value: &'static str) -> Self {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(value));
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Origin::of(self))
    }
}

/// Host and, where it is not the scheme's own, port.
#[must_use]
pub fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "no host".to_owned(),
    }
}

impl Origin {
    /// What may be told of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            host: request.host(),
            operation: request.operation,
            idempotent: request.idempotent,
        }
    }
}
