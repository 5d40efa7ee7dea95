//! A scripted identity provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) use super::pushed::class;
use super::pushed::{Pushed, TestClock};

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
                log.lock().push(request.clone());
                let reply = (script.lock())(&request);
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

    pub(crate) fn clock(&self) -> &Arc<TestClock> {
        &self.clock
    }

    /// All requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
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
        Pushed::through(
            self.clock(),
            toml::from_str(&indented(&text)).expect("settings"),
        )
    }

    /// The connection of a file in `config/connections`, at this server:
    /// `path` is the path of its address.
    pub(crate) fn shipped(&self, name: &str, path: &str) -> Pushed {
        let file = format!(
            "{}/config/connections/{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(file).expect("a shipped file");
        let mut file: toml::Table = toml::from_str(&text).expect("TOML");
        let kind = &mut file["connections"][name];
        kind["http"]["address"] = format!("{}{path}", self.address).into();
        Pushed::through(self.clock(), kind.clone().try_into().expect("settings"))
    }
}

/// TOML tables of a call become tables below `http`.
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
