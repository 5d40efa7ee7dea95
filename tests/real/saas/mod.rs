//! Services that exist only in the cloud, as small servers with a state: they
//! issue tokens that the demo's service provider really takes, or hold a token
//! and provision with it.

pub mod auth0;
pub mod entra;
pub mod slow;
pub mod terraform;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use reqwest::Method;
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::service_provider::{DemoServiceProvider, Options};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::house::text;
use super::support::bare_http;

/// Status and body of an answer.
pub type Reply = (axum::http::StatusCode, axum::Json<Value>);

/// An answer.
pub fn reply(status: u16, body: Value) -> Reply {
    let status = axum::http::StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(body))
}

/// Whether a request carries this bearer.
pub fn carries(headers: &HeaderMap, bearer: &str) -> bool {
    let wanted = format!("Bearer {bearer}");
    headers
        .get("authorization")
        .is_some_and(|value| value.as_bytes() == wanted.as_bytes())
}

/// A server on loopback; it ends when dropped.
pub struct Served {
    pub address: String,
    _server: JoinSet<()>,
}

/// Serves these routes.
pub async fn serve(routes: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await.expect("served") });
    Served {
        address,
        _server: server,
    }
}

/// Where the tokens come from that such a service issues: the demo's service
/// provider takes them at its SCIM endpoint until they are revoked.
#[derive(Clone)]
pub struct Mint {
    admin: Url,
    bearer: String,
}

impl Mint {
    /// A service provider, and the way to its tokens.
    pub async fn new() -> (Arc<DemoServiceProvider>, Self) {
        let options = Options::new(Arc::new(SystemClock));
        let sp = DemoServiceProvider::start(options).await.expect("a port");
        let mint = Self {
            admin: sp.base_url().join("/admin/tokens").expect("a URL"),
            bearer: sp.admin_token().expose().to_owned(),
        };
        (Arc::new(sp), mint)
    }

    /// A new token: `id`, `token`, `label`, `created_at`, `expires_at`.
    pub async fn issue(&self, label: &str, seconds: i64) -> Value {
        let wish = json!({ "label": label, "ttl_seconds": seconds });
        self.call(Method::POST, "", wish).await.1
    }

    /// The live ones.
    pub async fn list(&self) -> Vec<Value> {
        let (_, mut body) = self.call(Method::GET, "?per_page=50", Value::Null).await;
        let tokens = body["tokens"].as_array_mut().map(std::mem::take);
        tokens.unwrap_or_default()
    }

    /// Ends one; the status.
    pub async fn revoke(&self, id: &str) -> u16 {
        self.call(Method::DELETE, &format!("/{id}"), Value::Null)
            .await
            .0
    }

    /// Ids of the live ones.
    pub async fn live(&self) -> Vec<String> {
        let all = self.list().await;
        all.iter()
            .map(|token| text(&token["id"]).to_owned())
            .collect()
    }

    async fn call(&self, method: Method, rest: &str, body: Value) -> (u16, Value) {
        let request = bare_http().request(method, format!("{}{rest}", self.admin));
        let request = request.bearer_auth(&self.bearer);
        let request = match body.is_null() {
            true => request,
            false => request.json(&body),
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }
}
