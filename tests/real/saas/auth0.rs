//! Auth0's Management API, as far as SCIM tokens go.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::{Mint, Reply, Served, carries, reply, serve};

pub const CLIENT_SECRET: &str = "auth0-client-secret-of-the-tests";
const ACCESS: &str = "auth0-access-token-of-the-tests";
const TOKENS: &str = "/api/v2/connections/con_1/scim-configuration/tokens";

/// Starts it.
pub async fn start(mint: &Mint) -> Served {
    let mint = Arc::new(mint.clone());
    let one = format!("{TOKENS}/{{id}}");
    let routes = Router::new()
        .route("/oauth/token", post(login))
        .route(TOKENS, get(list).post(issue))
        .route(&one, delete(revoke))
        .with_state(mint);
    serve(routes).await
}

/// `[issuers.sp.auth0]` at this server, with this reference to its secret.
pub fn issuer(server: &Served, secret: &str) -> String {
    let address = &server.address;
    format!(
        r#"
[issuers.sp.auth0]
domain = "acme.eu.auth0.com"
connection_id = "con_1"
client_id = "rotator"
client_secret = {secret}
http.address = "{address}/api/v2"
http.auth.oauth2.token_url = "{address}/oauth/token"
"#
    )
}

async fn login(body: String) -> Reply {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let has = |name: &str, value: &str| fields.iter().any(|(n, v)| n == name && v == value);
    let right = has("grant_type", "client_credentials")
        && has("client_id", "rotator")
        && has("client_secret", CLIENT_SECRET)
        && has("audience", "https://acme.eu.auth0.com/api/v2/");
    match right {
        true => reply(
            200,
            json!({"access_token": ACCESS, "expires_in": 86400, "token_type": "Bearer"}),
        ),
        false => reply(
            403,
            json!({"error": "access_denied", "error_description": "Unauthorized"}),
        ),
    }
}

fn stranger() -> Reply {
    reply(401, json!({"statusCode": 401, "message": "Invalid token"}))
}

async fn issue(
    State(mint): State<Arc<Mint>>,
    headers: HeaderMap,
    Json(wish): Json<Value>,
) -> Reply {
    if !carries(&headers, ACCESS) {
        return stranger();
    }
    let seconds = wish["token_lifetime"].as_i64().unwrap_or(31_536_000);
    let made = mint.issue("", seconds).await;
    reply(
        201,
        json!({
            "token_id": made["id"],
            "token": made["token"],
            "scopes": wish["scopes"],
            "created_at": made["created_at"],
            "valid_until": made["expires_at"],
        }),
    )
}

async fn list(State(mint): State<Arc<Mint>>, headers: HeaderMap) -> Reply {
    if !carries(&headers, ACCESS) {
        return stranger();
    }
    let shown = |token: &Value| {
        json!({
            "token_id": token["id"],
            "scopes": ["get:users"],
            "created_at": token["created_at"],
            "valid_until": token["expires_at"],
            "last_used_at": token["last_used_at"],
        })
    };
    reply(200, mint.list().await.iter().map(shown).collect())
}

async fn revoke(
    State(mint): State<Arc<Mint>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    match carries(&headers, ACCESS) {
        true => reply(mint.revoke(&id).await, Value::Null),
        false => stranger(),
    }
}
