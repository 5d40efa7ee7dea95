//! Sends vaultrs' requests through our own HTTP client and types the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustify::endpoint::Endpoint;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::config::VaultConfig;
use super::error::{VaultError, VaultErrorKind, classify};
use crate::http::{Client, Observer, Request, Target};
use crate::ports::Clock;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::secret::BearerToken;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE_HEADER: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Vault's guard against requests that a browser was tricked into.
const REQUEST_HEADER: HeaderName = HeaderName::from_static("x-vault-request");

/// Characters of a path segment that are sent as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'@')
    .remove(b':')
    .remove(b'=')
    .remove(b',');

/// What a request is for: the metric label, the path for people, and whether
/// it changes anything.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) operation: &'static str,
    pub(super) target: String,
    pub(super) changes: bool,
}

impl Call {
    /// A request that changes nothing, or nothing that matters when repeated.
    pub(super) fn new(operation: &'static str, target: impl Into<String>) -> Self {
        Self {
            operation,
            target: target.into(),
            changes: false,
        }
    }

    /// A request that changes something.
    pub(super) fn changing(operation: &'static str, target: impl Into<String>) -> Self {
        Self {
            changes: true,
            ..Self::new(operation, target)
        }
    }
}

/// A successful answer. No `Debug`: it holds secrets.
pub struct Answer(Value);

impl Answer {
    /// Takes one top-level field out of the answer; `None` if it is missing or
    /// has another shape.
    pub(super) fn field<T: DeserializeOwned>(mut self, name: &str) -> Option<T> {
        let value = self.0.get_mut(name)?.take();
        serde_json::from_value(value).ok()
    }
}

/// The connection to one Vault cluster, without a token.
pub struct VaultClient {
    http: Client,
    addresses: Vec<Url>,
    preferred: AtomicUsize,
    namespace: Option<HeaderValue>,
}

impl VaultClient {
    /// Prepares the client. Nothing is sent.
    ///
    /// # Errors
    /// When a file for TLS or the namespace cannot be used.
    pub fn new(
        config: &VaultConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Fault> {
        let http = Client::new(&config.client_settings(), Target::Vault, clock, observer);
        let namespace = config.namespace.as_deref().map(|n| n.trim_end_matches('/'));
        let namespace = namespace.map(HeaderValue::from_str);
        Ok(Self {
            http: http.map_err(|reason| unusable(format!("[vault]: {reason}")))?,
            addresses: config.address.0.clone(),
            preferred: AtomicUsize::new(0),
            namespace: namespace
                .transpose()
                .map_err(|_| unusable("`vault.namespace` cannot be sent in a header".to_owned()))?,
        })
    }

    /// The time by the clock that deadlines are read against.
    pub(super) fn now(&self) -> Timestamp {
        self.http.clock().now()
    }

    /// Reads certificates and keys again if their files changed.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub(super) async fn read_files_again(&self) -> Result<(), String> {
        self.http.read_files_again().await
    }

    /// Sends a request to the node that answered last, then to the others if
    /// that one is unreachable, sealed or cannot serve.
    pub(super) async fn execute<E: Endpoint>(
        &self,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Result<Answer, VaultError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let nodes = self.addresses.len().max(1);
        let mut result = self.at(first, call, token, endpoint).await;
        for step in 1..nodes {
            match &result {
                Err(error) if error.is_worth_another_node() => {}
                Ok(_) | Err(_) => break,
            }
            let node = (first + step) % nodes;
            result = self.at(node, call, token, endpoint).await;
            if result.is_ok() {
                self.preferred.store(node, Ordering::Relaxed);
            }
        }
        result
    }

    async fn at<E: Endpoint>(
        &self,
        node: usize,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Result<Answer, VaultError> {
        let result = match self.request(node, call, token, endpoint) {
            Some(request) => self.http.send(request).await,
            None => Err(unusable("the request cannot be put into a URL".to_owned())),
        };
        let answer = result
            .map_err(VaultErrorKind::Unreachable)
            .and_then(|answer| understood(&answer));
        answer.map_err(|kind| VaultError::new(call, kind))
    }

    /// Builds the request from vaultrs' endpoint. The URL is made here: the
    /// crate's own way drops `..` segments and misplaces a base path.
    fn request<E: Endpoint>(
        &self,
        node: usize,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Option<Request> {
        let base = self.addresses.get(node)?;
        let url = endpoint_url(base, &endpoint.path(), endpoint.query().ok()?)?;
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::new(endpoint.method().into(), url, call.operation)
            .idempotent(!call.changes)
            .header(ACCEPT, json.clone())
            .header(REQUEST_HEADER, HeaderValue::from_static("true"));
        if let Some(namespace) = &self.namespace {
            request = request.header(NAMESPACE_HEADER, namespace.clone());
        }
        if let Some(token) = token {
            let value = HeaderValue::from_str(token.expose()).ok()?;
            request = request.sensitive(TOKEN_HEADER, value);
        }
        if let Some(body) = endpoint.body().ok()? {
            request = request.header(CONTENT_TYPE, json);
            request.body = body.into();
        }
        Some(request)
    }
}

fn endpoint_url(base: &Url, path: &str, query: Option<String>) -> Option<Url> {
    let mut url = base.clone();
    // Some paths of vaultrs begin with a tab and a slash.
    let segments = path.trim().trim_matches('/').split('/');
    let encoded: Vec<String> = segments
        .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
        .collect();
    if encoded.iter().any(|s| s == "." || s == "..") {
        return None;
    }
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/v1/{}", encoded.join("/")));
    url.set_query(query.as_deref().filter(|q| !q.is_empty()));
    Some(url)
}

fn understood(answer: &crate::http::Answer) -> Result<Answer, VaultErrorKind> {
    let retry_after = answer.headers.get(RETRY_AFTER).and_then(seconds);
    classify(answer.status, &answer.body, retry_after)?;
    if answer.body.is_empty() {
        return Ok(Answer(Value::Null));
    }
    // The parser's message may quote the body.
    let parsed = serde_json::from_slice(&answer.body);
    parsed
        .map(Answer)
        .map_err(|_| VaultErrorKind::Malformed("it is not JSON".to_owned()))
}

fn seconds(header: &HeaderValue) -> Option<SignedDuration> {
    let seconds: u32 = header.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(seconds)))
}

fn unusable(message: String) -> Fault {
    Fault::new(FaultClass::Rejected, FaultKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_a_base_path_and_never_climb() {
        let url = |base: &str, path: &str| {
            let base = Url::parse(base).expect("base");
            endpoint_url(&base, path, None).map(|u| u.to_string())
        };
        let cases = [
            (
                "https://v:8200",
                "kv/data/a",
                Some("https://v:8200/v1/kv/data/a"),
            ),
            (
                "https://gw/vault/",
                "\t/auth/token/renew-self",
                Some("https://gw/vault/v1/auth/token/renew-self"),
            ),
            (
                "https://v",
                "kv/data/a b?c#d",
                Some("https://v/v1/kv/data/a%20b%3Fc%23d"),
            ),
            (
                "https://v",
                "kv/data/%2e%2e/x",
                Some("https://v/v1/kv/data/%252e%252e/x"),
            ),
            ("https://v", "kv/data/../x", None),
        ];
        for (base, path, expected) in cases {
            assert_eq!(url(base, path).as_deref(), expected, "{path}");
        }
    }
}
