//! A stand-in for the API of HCP Terraform, as far as Vault's plug-in asks it;
//! and a service that takes its tokens. Where a SCIM service provider is given, the
//! tokens are that server's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use super::part;
use super::vault::RealVault;

const PLUGIN: &str = "vault-plugin-secrets-terraform";

/// A Vault in memory that knows the plug-in; `None`, said loudly, if a part is
/// missing.
pub async fn vault_with_plug_in() -> Option<RealVault> {
    let plug_ins = part::find("vault-terraform")?.join("plugins");
    RealVault::start_dev_with_plugins(&plug_ins).await
}

/// The running server; it stops when dropped.
pub struct Terraform {
    /// Where it listens.
    pub url: Url,
    inner: Arc<Inner>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Inner {
    tokens: Mutex<Tokens>,
    /// Where scim2-server makes and ends its tokens.
    provider: Option<(reqwest::Client, String)>,
}

/// Runs when a token was made, before that is answered.
type Hook = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Tokens {
    made: usize,
    /// By their ids.
    live: BTreeMap<String, String>,
    away: bool,
    hook: Option<Hook>,
}

type Shared = State<Arc<Inner>>;

impl Terraform {
    /// Listens on a free port.
    pub async fn start() -> Self {
        Self::serve(None).await
    }

    /// The same, with the tokens of the scim2-server at this address.
    pub async fn before(provider: &str) -> Self {
        let provider = provider.trim_end_matches('/').to_owned();
        Self::serve(Some((super::bare_http(), provider))).await
    }

    async fn serve(provider: Option<(reqwest::Client, String)>) -> Self {
        let inner = Arc::new(Inner {
            provider,
            ..Inner::default()
        });
        let app = Router::new()
            .route("/api/v2/ping", get(ping))
            .route("/api/v2/users/{id}/authentication-tokens", post(make))
            .route("/api/v2/authentication-tokens/{id}", delete(end))
            .route("/service", get(service))
            .with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            inner,
            _server: server,
        }
    }

    /// Mounts the plug-in before this API, with the role `scim`.
    pub async fn mount(&self, vault: &RealVault, mount: &str, ttl: &str, max_ttl: &str) {
        let wish = json!({ "type": PLUGIN });
        vault
            .must("POST", &format!("sys/mounts/{mount}"), wish)
            .await;
        let address = self.url.as_str().trim_end_matches('/');
        let wish = json!({ "address": address, "token": "of-the-organisation" });
        vault.must("POST", &format!("{mount}/config"), wish).await;
        Self::role(vault, mount, ttl, max_ttl).await;
    }

    /// Sets the lives of the tokens of the role `scim`.
    pub async fn role(vault: &RealVault, mount: &str, ttl: &str, max_ttl: &str) {
        let wish = json!({ "user_id": "user-1", "ttl": ttl, "max_ttl": max_ttl });
        vault
            .must("POST", &format!("{mount}/role/scim"), wish)
            .await;
    }

    /// How many tokens were made.
    pub fn made(&self) -> usize {
        self.inner.tokens.lock().made
    }

    /// Whether a token is alive.
    pub fn is_alive(&self, token: &str) -> bool {
        self.live().iter().any(|live| live == token)
    }

    /// The tokens that are alive.
    pub fn live(&self) -> Vec<String> {
        self.inner.tokens.lock().live.values().cloned().collect()
    }

    /// Whether it fails from now on.
    pub fn is_away(&self, away: bool) {
        self.inner.tokens.lock().away = away;
    }

    /// Does this whenever a token was made, before it answers.
    pub fn when_made(&self, hook: impl Fn() + Send + 'static) {
        self.inner.tokens.lock().hook = Some(Box::new(hook));
    }
}

impl Inner {
    /// Id and text of a new token.
    async fn new_token(&self) -> (String, String) {
        let number = {
            let mut tokens = self.tokens.lock();
            tokens.made += 1;
            tokens.made
        };
        let Some((http, base)) = &self.provider else {
            let id = format!("at-{number}");
            let token = token_of(&id);
            return (id, token);
        };
        let wish = json!({ "ttl": 86_400, "label": format!("lease-{number}") });
        let answer = http.post(format!("{base}/_tokens")).json(&wish).send();
        let body: Value = answer.await.expect("an answer").json().await.expect("JSON");
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        (text("id"), text("token"))
    }
}

async fn ping() -> Response {
    let headers = [("tfp-api-version", "2.6"), ("tfp-appname", "HCP Terraform")];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn make(State(inner): Shared) -> Response {
    if inner.tokens.lock().away {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let (id, token) = inner.new_token().await;
    let mut tokens = inner.tokens.lock();
    tokens.live.insert(id.clone(), token.clone());
    if let Some(hook) = &tokens.hook {
        hook();
    }
    let body = json!({ "data": {
        "id": id,
        "type": "authentication-tokens",
        "attributes": { "token": token, "created-at": "2026-01-01T00:00:00.000Z" },
    }});
    api(StatusCode::CREATED, &body)
}

async fn end(State(inner): Shared, Path(id): Path<String>) -> Response {
    if inner.tokens.lock().away {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if let Some((http, base)) = &inner.provider {
        let url = format!("{base}/_tokens/{id}");
        http.delete(url).send().await.expect("an answer");
    }
    inner.tokens.lock().live.remove(&id);
    StatusCode::NO_CONTENT.into_response()
}

async fn service(State(inner): Shared, headers: HeaderMap) -> StatusCode {
    let header = headers.get("authorization").and_then(|h| h.to_str().ok());
    let token = header.and_then(|text| text.strip_prefix("Bearer "));
    let tokens = inner.tokens.lock();
    match token {
        Some(token) if tokens.live.values().any(|live| live == token) => StatusCode::OK,
        Some(_) | None => StatusCode::UNAUTHORIZED,
    }
}

/// The token with this id, `at-1` and so on.
pub fn token_of(id: &str) -> String {
    format!("{id}.atlasv1.made-for-the-tests")
}

fn api(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let kind = "application/vnd.api+json".parse().expect("a header");
    response.headers_mut().insert("content-type", kind);
    response
}
