//! HCP Terraform's SCIM tokens, in JSON:API.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use jiff::Timestamp;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};

use super::{Mint, Reply, Served, carries, reply, serve};
use crate::house::text;

pub const TOKEN: &str = "terraform-owners-token-of-the-tests";

/// Starts it.
pub async fn start(mint: &Mint) -> Served {
    let all = "/api/v2/scim-configurations/scim-1/authentication-tokens";
    let routes = Router::new()
        .route(all, post(issue).get(list))
        .route(
            "/api/v2/authentication-tokens/{id}",
            get(show).delete(revoke),
        )
        .with_state(Arc::new(mint.clone()));
    serve(routes).await
}

/// `[issuers.sp.terraform]` at this server, with this reference to its token.
pub fn issuer(server: &Served, token: &str) -> String {
    let address = &server.address;
    format!(
        r#"
[issuers.sp.terraform]
scim_configuration = "scim-1"
token = {token}
http.address = "{address}/api/v2"
"#
    )
}

fn hidden() -> Reply {
    reply(
        404,
        json!({"errors": [{"status": "404", "title": "not found"}]}),
    )
}

fn resource(token: &Value) -> Value {
    json!({
        "id": token["id"],
        "type": "authentication-tokens",
        "attributes": {
            "description": token["label"],
            "token": token["token"],
            "created-at": token["created_at"],
            "last-used-at": token["last_used_at"],
            "expired-at": token["expires_at"],
        },
    })
}

async fn issue(
    State(mint): State<Arc<Mint>>,
    headers: HeaderMap,
    Json(wish): Json<Value>,
) -> Reply {
    if !carries(&headers, TOKEN) {
        return hidden();
    }
    let attributes = &wish["data"]["attributes"];
    let end: Timestamp = text(&attributes["expired-at"]).parse().expect("a time");
    let seconds = end.duration_since(SystemClock.now()).as_secs();
    let made = mint.issue(text(&attributes["description"]), seconds).await;
    reply(201, json!({ "data": resource(&made) }))
}

async fn list(State(mint): State<Arc<Mint>>, headers: HeaderMap) -> Reply {
    if !carries(&headers, TOKEN) {
        return hidden();
    }
    let all: Vec<Value> = mint.list().await.iter().map(resource).collect();
    reply(200, json!({ "data": all, "links": { "next": null } }))
}

async fn show(State(mint): State<Arc<Mint>>, headers: HeaderMap, Path(id): Path<String>) -> Reply {
    let all = mint.list().await;
    match all.iter().find(|token| token["id"] == id.as_str()) {
        Some(token) if carries(&headers, TOKEN) => reply(200, json!({ "data": resource(token) })),
        Some(_) | None => hidden(),
    }
}

async fn revoke(
    State(mint): State<Arc<Mint>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    match carries(&headers, TOKEN) {
        true => reply(mint.revoke(&id).await, Value::Null),
        false => hidden(),
    }
}
