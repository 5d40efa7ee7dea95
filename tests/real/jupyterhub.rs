//! JupyterHub issues tokens for a service that accepts whom the hub knows. The hub
//! answers 403 to a token that has ended, and takes it out of its list.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use serde_json::{Value, json};
use url::Url;

use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, due_fields, read_users, token};
use super::saas::{Served, serve};
use super::support::jupyterhub::{ADMIN_TOKEN, JupyterHub};

#[tokio::test]
async fn a_hub_that_forgets_ended_tokens_and_answers_403_turns_over() {
    let Some(mut house) = House::new().await else {
        return;
    };
    let Some(hub) = JupyterHub::start(&house.path("hub")).await else {
        return;
    };
    let hub = Arc::new(hub);
    let service = service(&hub).await;
    let scim_url = Url::parse(&format!("{}/scim/v2", service.address)).expect("a URL");
    let made = hub.mint("by hand", 3600).await;
    let (old_id, old) = (text(&made["id"]), text(&made["token"]));
    house.write_by_hand(due_fields(old, old_id)).await;
    let keeper = Keeper::new(&house);
    let admin = house.credential("jupyterhub", ADMIN_TOKEN).await;
    let issuer = format!(
        "\n[issuers.sp.jupyterhub]\nurl = \"{}\"\nuser = \"scim\"\ntoken = {admin}\n",
        hub.url()
    );
    let sections = [
        issuer,
        keeper.connection(&house),
        token(&scim_url, "idp", DUE),
    ];
    let daemon = house.run(&sections.concat()).await;
    let second = |record: &Value| record["generation"] == 2 && is_settled(record);
    let record = house.until("the new token, alone", second).await;
    daemon.stop().await;

    let (new, new_id) = (
        text(&record["current"]["value"]),
        text(&record["current"]["id"]),
    );
    assert!(record["history"][0]["old_refused"].is_object(), "{record}");
    assert_eq!(keeper.holds().as_deref(), Some(new));
    assert_eq!(hub.status_for(old).await, 403, "it is dead");
    assert_eq!(read_users(&scim_url, new).await, 200);
    assert_eq!(hub.live().await, [new_id]);
    house.close().await;
}

/// A SCIM service behind the hub: it asks the hub who sends a request, as JupyterHub's
/// services do, and passes its refusal on.
async fn service(hub: &Arc<JupyterHub>) -> Served {
    let routes = Router::new()
        .route("/scim/v2/Users", get(users))
        .with_state(Arc::clone(hub));
    serve(routes).await
}

async fn users(
    State(hub): State<Arc<JupyterHub>>,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    let sent = headers.get(header::AUTHORIZATION);
    let sent = sent
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let token = sent.strip_prefix("Bearer ").unwrap_or_default();
    let status = hub.status_for(token).await;
    let body = match status {
        200 => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0,
            "Resources": [],
        }),
        _ => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
        }),
    };
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(body))
}
