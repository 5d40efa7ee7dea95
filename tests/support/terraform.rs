//! A stand-in for the API of HCP Terraform, as far as Vault's plug-in asks it;
//! and a service that takes its tokens.

use std::collections::BTreeSet;
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
    tokens: Arc<Mutex<Tokens>>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Tokens {
    made: usize,
    live: BTreeSet<String>,
}

type Shared = State<Arc<Mutex<Tokens>>>;

impl Terraform {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let tokens = Arc::new(Mutex::new(Tokens::default()));
        let app = Router::new()
            .route("/api/v2/ping", get(ping))
            .route("/api/v2/users/{id}/authentication-tokens", post(make))
            .route("/api/v2/authentication-tokens/{id}", delete(end))
            .route("/service", get(service))
            .with_state(Arc::clone(&tokens));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            tokens,
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
        self.tokens.lock().made
    }

    /// Whether a token is alive.
    pub fn is_alive(&self, token: &str) -> bool {
        self.tokens.lock().live.contains(token)
    }
}

async fn ping() -> Response {
    let headers = [("tfp-api-version", "2.6"), ("tfp-appname", "HCP Terraform")];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn make(State(tokens): Shared) -> Response {
    let mut tokens = tokens.lock();
    tokens.made += 1;
    let id = format!("at-{}", tokens.made);
    let token = token_of(&id);
    tokens.live.insert(token.clone());
    let body = json!({ "data": {
        "id": id,
        "type": "authentication-tokens",
        "attributes": { "token": token, "created-at": "2026-01-01T00:00:00.000Z" },
    }});
    api(StatusCode::CREATED, &body)
}

async fn end(State(tokens): Shared, Path(id): Path<String>) -> Response {
    tokens.lock().live.remove(&token_of(&id));
    StatusCode::NO_CONTENT.into_response()
}

async fn service(State(tokens): Shared, headers: HeaderMap) -> StatusCode {
    let header = headers.get("authorization").and_then(|h| h.to_str().ok());
    let token = header.and_then(|text| text.strip_prefix("Bearer "));
    match token {
        Some(token) if tokens.lock().live.contains(token) => StatusCode::OK,
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
