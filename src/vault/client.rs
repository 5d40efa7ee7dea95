//! Sends vaultrs' requests through our own HTTP client and types the answers.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustify::endpoint::Endpoint;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::config::VaultConfig;
use super::error::{VaultError, VaultErrorKind, classify};
use super::nodes::{self, Health, Nodes};
use crate::http::{Client, Observer, Request, Target};
use crate::ports::Clock;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::secret::BearerToken;

/// A node that did not answer for so long is asked whether it is alive.
const SILENCE: SignedDuration = SignedDuration::from_secs(2);
/// How long a node may take to say how it is.
const HEALTH_PATIENCE: SignedDuration = SignedDuration::from_secs(2);
/// Between two looks for the leader that a cluster is electing.
const ELECTION_PAUSE: SignedDuration = SignedDuration::from_millis(250);
/// Before a request is sent again that met a rate limit. A longer absence that
/// Vault asks for is a matter of whoever plans the work.
const FIRST_QUOTA_PAUSE: SignedDuration = SignedDuration::from_millis(250);
const LONGEST_QUOTA_PAUSE: SignedDuration = SignedDuration::from_secs(2);

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
    /// All of it; `None` if it has another shape.
    pub(super) fn whole<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_value(self.0).ok()
    }

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
    nodes: Nodes,
    patience: SignedDuration,
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
            nodes: Nodes::new(config.address.0.clone()),
            patience: config.request_timeout.0,
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

    /// Sends a request to the node that leads, then to the others if that one
    /// is unreachable, sealed or cannot serve. While a cluster elects a new
    /// leader, and for a moment under a rate limit, it waits within the time of
    /// one request.
    pub(super) async fn execute<E: Endpoint>(
        &self,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Result<Answer, VaultError> {
        let mut waited = SignedDuration::ZERO;
        let mut rounds = 0;
        loop {
            let result = self.round(call, token, endpoint).await;
            let pause = result.as_ref().err().and_then(|e| self.pause(e, rounds));
            let Some(pause) = pause.filter(|pause| waited + *pause <= self.patience) else {
                return result;
            };
            self.http.clock().sleep(pause).await;
            waited += pause;
            rounds += 1;
        }
    }

    /// How long to wait before the same request is sent again; `None`: whoever
    /// asked decides. Nothing was done for it in either case.
    fn pause(&self, error: &VaultError, rounds: u32) -> Option<SignedDuration> {
        if self.nodes.are_several() && error.is_election() {
            return Some(ELECTION_PAUSE);
        }
        let asked = error.is_rate_limit()?;
        let growing = FIRST_QUOTA_PAUSE.saturating_mul(1 << rounds.min(8));
        let pause = asked.unwrap_or(growing.min(LONGEST_QUOTA_PAUSE));
        (pause <= LONGEST_QUOTA_PAUSE).then_some(pause)
    }

    /// An answer was out of date: the leader is looked for before the next
    /// request.
    pub(super) fn doubt(&self) {
        self.nodes.doubt();
    }

    /// Asks one node after the other. Returns the error that tells most.
    async fn round<E: Endpoint>(
        &self,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Result<Answer, VaultError> {
        self.look_for_leader().await;
        let nodes = self.nodes.count().max(1);
        let mut untried: Vec<usize> = (0..nodes).collect();
        let mut next = Some(self.nodes.preferred());
        let mut told: Option<VaultError> = None;
        while let Some(node) = next {
            untried.retain(|other| *other != node);
            let error = match self.at(node, call, token, endpoint).await {
                Ok(answer) => {
                    self.nodes.serves(node);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if error.doubts_the_node() {
                self.nodes.doubt();
            }
            if !error.is_worth_another_node() {
                return Err(error);
            }
            let pointed_to = error.redirect().and_then(|url| self.nodes.known(url));
            next = pointed_to
                .filter(|there| untried.contains(there))
                .or_else(|| untried.first().copied());
            if told.as_ref().is_none_or(|t| !t.tells_more_than(&error)) {
                told = Some(error);
            }
        }
        Err(told.unwrap_or_else(|| VaultError::new(call, no_node())))
    }

    async fn at<E: Endpoint>(
        &self,
        node: usize,
        call: &Call,
        token: Option<&BearerToken>,
        endpoint: &E,
    ) -> Result<Answer, VaultError> {
        let result = match self.request(node, call, token, endpoint) {
            Some(request) if self.nodes.are_several() => {
                let moved = self.another_serves(node);
                tokio::select! {
                    biased;
                    answer = self.http.send(request) => answer,
                    () = moved => Err(left_behind(call)),
                }
            }
            Some(request) => self.http.send(request).await,
            None => Err(unusable("the request cannot be put into a URL".to_owned())),
        };
        let answer = result
            .map_err(VaultErrorKind::Unreachable)
            .and_then(|answer| understood(&answer));
        answer.map_err(|kind| VaultError::new(call, kind))
    }

    /// Returns once this node has been silent for a while and another one
    /// serves: whoever waits for its answer waits in vain.
    async fn another_serves(&self, node: usize) {
        loop {
            self.http.clock().sleep(SILENCE).await;
            let health = self.ask_all().await;
            let serves = |health: &Health| matches!(health, Health::Active | Health::Standby);
            if health.get(node) == Some(&Health::Silent) && health.iter().any(serves) {
                return;
            }
        }
    }

    /// Finds out which node leads, if that is not known.
    async fn look_for_leader(&self) {
        if !self.nodes.want_asking(self.now()) {
            return;
        }
        let _gate = self.nodes.gate.lock().await;
        if !self.nodes.want_asking(self.now()) {
            return;
        }
        let health = self.ask_all().await;
        if let Some(address) = self.nodes.learned(&health, self.now()) {
            tracing::info!(%address, "this Vault node is asked first from now on");
        }
    }

    /// Asks every node how it is. Ends as soon as one leads; the others count
    /// as silent then.
    async fn ask_all(&self) -> Vec<Health> {
        let nodes = self.nodes.count();
        let mut health = vec![Health::Silent; nodes];
        let mut asked: FuturesUnordered<_> = (0..nodes).map(|node| self.ask(node)).collect();
        while let Some((node, found)) = asked.next().await {
            health[node] = found;
            if found == Health::Active {
                break;
            }
        }
        health
    }

    async fn ask(&self, node: usize) -> (usize, Health) {
        let url = self.nodes.address(node).and_then(|base| {
            // Otherwise a standby answers 429, which counts as throttling.
            let query = "standbyok=true&perfstandbyok=true".to_owned();
            endpoint_url(base, "sys/health", Some(query))
        });
        let Some(url) = url else {
            return (node, Health::Useless);
        };
        let request = Request::new(http::Method::GET, url, "health");
        let found = tokio::select! {
            answer = self.http.send(request) => match answer {
                Ok(answer) => nodes::health(answer.status, &answer.body),
                Err(_unreachable) => Health::Silent,
            },
            () = self.http.clock().sleep(HEALTH_PATIENCE) => Health::Silent,
        };
        (node, found)
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
        let base = self.nodes.address(node)?;
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
    classify(answer.status, &answer.body, retry_after).map_err(|kind| {
        let location = answer.headers.get(LOCATION);
        kind.pointing_to(location.and_then(|to| Url::parse(to.to_str().ok()?).ok()))
    })?;
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

fn left_behind(call: &Call) -> Fault {
    let (class, rest) = if call.changes {
        let rest = "; whether it was carried out is not known";
        (FaultClass::Ambiguous, rest)
    } else {
        (FaultClass::NotApplied, "")
    };
    let text = format!("the node fell silent while another one serves{rest}");
    Fault::new(class, FaultKind::Timeout, text)
}

fn no_node() -> VaultErrorKind {
    VaultErrorKind::Unreachable(unusable("`vault.address` names no node".to_owned()))
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
