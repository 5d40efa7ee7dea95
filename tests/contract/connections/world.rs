//! A scripted identity provider and the ports that a connection needs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::config::problem::Problems;
use scim_rotator::connections::{ConnectionKind, Deps, build};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::ports::{Clock, Connection, Delivery, Resolved, Secrets};
use scim_rotator::rotation::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::outcome::Confirmation;
use scim_rotator::secret::{BearerToken, SecretRef};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

/// The token that is delivered: with signs that every encoding changes.
pub(crate) const NEW: &str = "cAnArY-new/7f3a+b\"\\==x";
/// The token that was there before.
pub(crate) const OLD: &str = "cAnArY-old/91bc+d\"\\==y";
/// Our credential at the identity provider.
pub(crate) const ADMIN: &str = "cAnArY-admin/55aa+e==z";
/// Where the token belongs.
pub(crate) const SCIM_URL: &str = "https://crm.example.com/scim/v2";

/// A request as the identity provider saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    fn holds_token(&self) -> bool {
        let all = format!("{} {:?} {}", self.path, self.headers, self.body);
        all.contains("cAnArY-new") || all.contains("cAnArY-old")
    }
}

/// What it answers.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A status and a body.
pub(crate) fn reply(status: u16, body: impl ToString) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: body.to_string(),
    }
}

impl Reply {
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// An identity provider that answers by a script.
pub(crate) struct Idp {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    clock: Arc<TestClock>,
}

impl Idp {
    pub(crate) async fn start(mut script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script) = (
            Arc::clone(&seen),
            Arc::new(Mutex::new(move |s: &Seen| script(s))),
        );
        let app = Router::new().fallback(move |request: Request| {
            let (log, script) = (Arc::clone(&log), Arc::clone(&script));
            async move {
                let request = read(request).await;
                log.lock().expect("the log").push(request.clone());
                let reply = (script.lock().expect("the script"))(&request);
                response(reply)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        spawn(async move { axum::serve(listener, app).await.expect("served") });
        Self {
            address,
            seen,
            clock: Arc::default(),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// All requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("the log").clone()
    }

    /// `METHOD path` of all requests, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|s| format!("{} {}", s.method, s.path))
            .collect()
    }

    pub(crate) fn saw_a_token(&self) -> bool {
        self.seen().iter().any(Seen::holds_token)
    }

    /// A connection with these settings; `@IDP@` is this server.
    pub(crate) fn connection(&self, settings: &str) -> Pushed {
        let text = format!("[http]\n{}", settings.replace("@IDP@", &self.address));
        let kind: ConnectionKind = toml::from_str(&indented(&text)).expect("settings");
        let mut problems = Problems::default();
        kind.check("connections.hr.http", &mut problems);
        assert!(!problems.has_errors(), "{problems:?}");
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&self.clock);
        let settings = ClientSettings::default();
        let http = Client::new(
            &settings,
            Target::Idp,
            Arc::clone(&clock),
            Arc::new(NoObserver),
        )
        .expect("a client");
        let deps = Deps {
            http,
            secrets: Arc::new(TestSecrets),
            clock,
        };
        Pushed(build("hr", &kind, &deps).expect("a connection"))
    }
}

/// TOML tables of a step become tables below `http`.
fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        match (line.strip_prefix("[["), line.strip_prefix('[')) {
            (Some(rest), _) => format!("[[http.{rest}"),
            (None, Some(rest)) if rest.starts_with("http]") => line.to_owned(),
            (None, Some(rest)) if rest.ends_with(']') && !rest.contains('{') => {
                format!("[http.{rest}")
            }
            (None, _) => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's server ends with the test"
)]
fn spawn(server: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(server));
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body");
    let path = parts
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let headers = parts.headers.iter();
    Seen {
        method: parts.method.to_string(),
        path,
        headers: headers
            .map(|(n, v)| {
                (
                    n.to_string(),
                    String::from_utf8_lossy(v.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: String::from_utf8(bytes.to_vec()).expect("a text"),
    }
}

fn response(reply: Reply) -> Response {
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", "application/json");
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).expect("a response")
}

/// A connection whose every fault is searched for secrets.
pub(crate) struct Pushed(Arc<dyn Connection>);

impl Pushed {
    pub(crate) async fn preflight(&self) -> Result<(), Fault> {
        searched(self.0.preflight("crm", &scim_url()).await)
    }

    pub(crate) async fn deliver(&self) -> Result<(), Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        searched(self.0.deliver(&delivery(&new, &old, &url)).await)
    }

    pub(crate) async fn revert(&self) -> Result<(), Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        searched(self.0.revert(&delivery(&old, &new, &url)).await)
    }

    pub(crate) async fn confirm(&self) -> Result<Confirmation, Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        let seen = searched(self.0.confirm(&delivery(&new, &old, &url)).await);
        assert_no_secret(&format!("{seen:?}"));
        seen
    }
}

fn delivery<'a>(value: &'a BearerToken, old: &'a BearerToken, url: &'a Url) -> Delivery<'a> {
    Delivery {
        token: "crm",
        value,
        old: Some(old),
        scim_url: url,
    }
}

fn searched<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        assert_no_secret(&fault.message);
        assert_no_secret(&format!("{fault:?}"));
        assert!(
            fault.message.starts_with("connection `hr`, token `crm`: "),
            "{fault}"
        );
    }
    result
}

pub(crate) fn assert_no_secret(text: &str) {
    for secret in [NEW, OLD, ADMIN] {
        let encoded = STANDARD.encode(secret);
        assert!(!text.contains(&encoded[..encoded.len() - 4]), "{text}");
    }
    assert!(!text.contains("cAnArY"), "{text}");
}

/// The class and kind of a failure.
pub(crate) fn class<T: std::fmt::Debug>(result: &Result<T, Fault>) -> (FaultClass, FaultKind) {
    let fault = result.as_ref().expect_err("a failure");
    (fault.class, fault.kind)
}

fn token(value: &str) -> BearerToken {
    BearerToken::parse(value).expect("a token")
}

pub(crate) fn scim_url() -> Url {
    Url::parse(SCIM_URL).expect("an address")
}

/// Every reference is the same credential.
struct TestSecrets;

#[async_trait]
impl Secrets for TestSecrets {
    async fn resolve(&self, _reference: &SecretRef) -> Result<Resolved, Fault> {
        let value = token(ADMIN);
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _reference: &SecretRef) {}
}

/// A clock that stands still but for sleeping, which takes no time.
pub(crate) struct TestClock(Mutex<(Timestamp, Vec<SignedDuration>)>);

impl Default for TestClock {
    fn default() -> Self {
        let start = "2026-06-01T12:00:00Z".parse().expect("a time");
        Self(Mutex::new((start, Vec::new())))
    }
}

impl TestClock {
    pub(crate) fn slept(&self) -> Vec<SignedDuration> {
        self.0.lock().expect("the clock").1.clone()
    }

    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.0.lock().expect("the clock").0 += duration;
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().expect("the clock").0
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.advance(duration);
        self.0.lock().expect("the clock").1.push(duration);
    }
}
