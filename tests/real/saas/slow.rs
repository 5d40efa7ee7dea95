//! A service that issues a token in several calls: it is asked for, it is
//! waited for, and it is disclosed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{Mint, Reply, Served, reply, serve};
use crate::house::text;

struct Service {
    mint: Mint,
    /// Tokens that nobody was told yet, by id, and how often each was asked for.
    undisclosed: Mutex<BTreeMap<String, (Value, u32)>>,
}

/// Starts it.
pub async fn start(mint: &Mint) -> Served {
    let service = Arc::new(Service {
        mint: mint.clone(),
        undisclosed: Mutex::default(),
    });
    let routes = Router::new()
        .route("/orders", post(order))
        .route("/orders/{id}", get(state))
        .route("/orders/{id}/disclose", post(disclose))
        .route("/tokens", get(list))
        .route("/tokens/{id}", delete(revoke))
        .with_state(service);
    serve(routes).await
}

/// `[issuers.sp.http]` at this address.
pub fn issuer(address: &str) -> String {
    format!(
        r#"
[issuers.sp.http]
address = "{address}"

[issuers.sp.http.capabilities]
live_tokens = "many"
issue_effect = "keeps"
recovery = "by_label"
revoke = "by_id"
expiry = "reported"
last_used = "exact"

[[issuers.sp.http.issue]]
name = "create"
url = "/orders"
body.json = {{ label = "{{{{ label }}}}", seconds = "{{{{ lifetime_seconds }}}}" }}
read.id = "/id"

[[issuers.sp.http.issue]]
name = "wait"
effect = "none"
method = "GET"
url = "/orders/{{{{ steps.create.json.id }}}}"
poll = {{ until = [{{ at = "/state", equals = "ready" }}], every = "200ms", at_most = "10s" }}

[[issuers.sp.http.issue]]
name = "disclose"
effect = "none"
url = "/orders/{{{{ steps.create.json.id }}}}/disclose"
read = {{ token = "/token", expires_at = "/expires_at" }}

[issuers.sp.http.list]
url = "/tokens"
read = {{ items = "/tokens", id = "/id", label = "/label", created_at = "/created_at", expires_at = "/expires_at", last_used_at = "/last_used_at" }}

[issuers.sp.http.revoke]
url = "/tokens/{{{{ id }}}}"
"#
    )
}

type Shared = State<Arc<Service>>;

async fn order(State(service): Shared, Json(wish): Json<Value>) -> Reply {
    let seconds = wish["seconds"].as_i64().expect("seconds");
    let made = service.mint.issue(text(&wish["label"]), seconds).await;
    let id = text(&made["id"]).to_owned();
    service.undisclosed.lock().insert(id.clone(), (made, 0));
    reply(201, json!({ "id": id }))
}

async fn state(State(service): Shared, Path(id): Path<String>) -> Reply {
    let mut undisclosed = service.undisclosed.lock();
    let Some((_, asked)) = undisclosed.get_mut(&id) else {
        return reply(404, Value::Null);
    };
    *asked += 1;
    let state = if *asked > 1 { "ready" } else { "pending" };
    reply(200, json!({ "state": state }))
}

async fn disclose(State(service): Shared, Path(id): Path<String>) -> Reply {
    match service.undisclosed.lock().remove(&id) {
        Some((made, _)) => reply(200, made),
        None => reply(404, Value::Null),
    }
}

async fn list(State(service): Shared) -> Reply {
    reply(200, json!({ "tokens": service.mint.list().await }))
}

async fn revoke(State(service): Shared, Path(id): Path<String>) -> Reply {
    reply(service.mint.revoke(&id).await, Value::Null)
}
