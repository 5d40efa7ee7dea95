//! What is sent and what comes back.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::json::NotJson;
pub use super::json::{Parsed, SecretJson, wipe};
use super::ratelimit::RateLimitDialect;
use super::shape;
use crate::fault::{Fault, FaultClass, FaultKind};
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

/// Which request an answer belongs to; all that errors may tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Method.
    pub method: Method,
    /// Host and port.
    pub host: String,
    /// What the request was for.
    pub operation: &'static str,
    /// Whether it may be repeated.
    pub idempotent: bool,
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

    /// The class of a failure after which nobody knows whether it happened.
    #[must_use]
    pub fn unclear(&self) -> FaultClass {
        if self.idempotent {
            FaultClass::NotApplied
        } else {
            FaultClass::Ambiguous
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.operation, self.method, self.host)
    }
}

/// What a server answered, whatever the status.
#[derive(Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body within the cap; wiped when dropped. Empty when a refusal's body
    /// could not be read.
    pub body: Zeroizing<Vec<u8>>,
    /// The request that it answers.
    pub origin: Origin,
    /// The body as JSON, once it was asked for.
    pub parsed: Parsed,
}

/// How much of a body tells whether it is a page.
const LONGEST_START: usize = 512;

/// Larger bodies are parsed outside of the runtime.
const LARGE: usize = 64 * 1024;

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON. The value is not wiped: use [`Answer::secret_json`]
    /// for answers that hold a token.
    ///
    /// # Errors
    /// Kind `schema`, without any part of the body; ambiguous when the request
    /// may not be repeated.
    pub fn json(&self) -> Result<Value, Fault> {
        self.secret_json().map(|json| Value::clone(&json))
    }

    /// The body as JSON that is wiped when dropped.
    ///
    /// # Errors
    /// As [`Answer::json`].
    pub fn secret_json(&self) -> Result<SecretJson, Fault> {
        self.parsed
            .of(&self.body)
            .map_err(|error| self.not_json(error))
    }

    /// Parses a large body outside of the runtime, so that nothing else waits
    /// for it.
    pub async fn parse_aside(self: &Arc<Self>) {
        if self.body.len() <= LARGE {
            return;
        }
        let answer = Arc::clone(self);
        let parsing = tokio::task::spawn_blocking(move || answer.parsed.of(&answer.body).is_ok());
        if parsing.await.is_err() {
            tracing::debug!("a large answer is parsed when it is read");
        }
    }

    /// How long the server asks us to stay away.
    #[must_use]
    pub fn retry_after(
        &self,
        now: Timestamp,
        dialect: &RateLimitDialect,
    ) -> Option<SignedDuration> {
        dialect.wait(&self.headers, now)
    }

    /// A fault about the shape of this answer, which came complete.
    #[must_use]
    pub fn unexpected(&self, what: impl fmt::Display) -> Fault {
        self.of_page(self.unclear(what).complete())
    }

    /// Whether it is a page for people and no JSON. A gateway, a proxy or a login
    /// sends one in place of the server, with any status.
    #[must_use]
    pub fn is_page(&self) -> bool {
        let start = self.body.get(..LONGEST_START).unwrap_or(&self.body);
        let start = String::from_utf8_lossy(start);
        let start = start.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let begins = |tag: &str| {
            let start = start.get(..tag.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(tag))
        };
        let kind = self.shown_content_type();
        let looks_like_one = begins("<!doctype html") || begins("<html");
        let says_so = kind == "text/html" && start.starts_with('<');
        (looks_like_one || says_so) && self.parsed.of(&self.body).is_err()
    }

    /// The fault of an answer that would be a success if it were none of these pages.
    #[must_use]
    pub fn page(&self) -> Fault {
        self.unexpected(
            "with a page for people: a gateway, a proxy or a login probably answers in its place, so nothing is known to be done. Where this page is the right answer, say so with a rule in `answers`",
        )
    }

    fn of_page(&self, fault: Fault) -> Fault {
        match self.is_page() {
            true => fault.of_page(),
            false => fault,
        }
    }

    /// What the answer is made of: names of fields and headers, no values.
    #[must_use]
    pub fn shape(&self) -> String {
        let json = self.secret_json().ok();
        shape::of(self, json.as_deref())
    }

    fn unclear(&self, what: impl fmt::Display) -> Fault {
        Fault::new(
            self.origin.unclear(),
            FaultKind::Schema,
            format!("{} answered {}, but {what}", self.origin, self.status),
        )
    }

    fn not_json(&self, error: NotJson) -> Fault {
        let (shape, complete) = match error {
            NotJson::Empty => ("the body is empty", true),
            // Something between us and the server lost the rest of the answer.
            NotJson::CutOff => ("the JSON body is cut off", false),
            NotJson::Other => ("the body is not JSON", true),
        };
        let fault = self.unclear(format!(
            "{shape} ({} bytes, {}): check the URL, and whether a proxy or a login page answers in its place",
            self.body.len(),
            self.shown_content_type()
        ));
        if complete {
            self.of_page(fault.complete())
        } else {
            fault
        }
    }

    fn shown_content_type(&self) -> &str {
        const KNOWN: [&str; 5] = [
            "application/json",
            "application/xml",
            "text/html",
            "text/plain",
            "text/xml",
        ];
        let given = self.header("content-type").unwrap_or_default();
        KNOWN
            .into_iter()
            .find(|known| given.to_ascii_lowercase().starts_with(known))
            .unwrap_or(if given.is_empty() {
                "no content type"
            } else {
                "another content type"
            })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.origin, self.status)
    }
}
