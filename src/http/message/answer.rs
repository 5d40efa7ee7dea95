//! What comes back.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

use super::origin::Origin;
use crate::fault::{Fault, FaultKind};
use crate::http::json::{NotJson, Parsed, SecretJson};
use crate::http::ratelimit::RateLimitDialect;
use crate::http::shape;

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
