//! SCIM as the service provider speaks it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::Filter;
use super::users::Refused;
use super::{ScimFault, Shared};
use crate::demo::loopback::{bearer, caller, empty, scim};
use crate::scim::message::{ERROR, LIST_RESPONSE, SERVICE_PROVIDER_CONFIG};

/// Entries of a page that nobody limited.
const PAGE: usize = 100;

/// The routes below `/scim/v2`.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/Users", get(list_users).post(create))
        .route(
            "/Users/{id}",
            get(show).put(replace).patch(patch).delete(delete),
        )
        .route("/Groups", get(list_groups))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard));
    Router::new()
        .route("/ServiceProviderConfig", get(discovery))
        .merge(guarded)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), faults))
        .with_state(shared)
}

async fn faults(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.faults.scim.take() {
        None => next.run(request).await,
        Some(ScimFault::Unavailable) => error(StatusCode::SERVICE_UNAVAILABLE, None),
        Some(ScimFault::Throttled) => {
            let mut response = error(StatusCode::TOO_MANY_REQUESTS, None);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        Some(ScimFault::Slow(wait)) => {
            shared.clock.sleep(wait).await;
            next.run(request).await
        }
    }
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let token = bearer(request.headers());
    let accepted = {
        let mut state = shared.lock();
        let now = shared.clock.now();
        let accepted = token.is_some_and(|token| state.tokens.use_up(token, now));
        state.count(caller(request.headers()), accepted);
        accepted
    };
    if accepted {
        return next.run(request).await;
    }
    // RFC 6750, section 3.1: no error word if no credential was sent.
    let challenge = match token {
        Some(_) => "Bearer realm=\"SCIM\", error=\"invalid_token\"",
        None => "Bearer realm=\"SCIM\"",
    };
    let mut response = error(StatusCode::UNAUTHORIZED, None);
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

async fn discovery() -> Response {
    scim(
        StatusCode::OK,
        &json!({
            "schemas": [SERVICE_PROVIDER_CONFIG],
            "patch": { "supported": true },
            "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
            "filter": { "supported": true, "maxResults": PAGE },
            "changePassword": { "supported": false },
            "sort": { "supported": false },
            "etag": { "supported": false },
            "authenticationSchemes": [{
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token of the admin API",
            }],
        }),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
}

async fn list_users(State(shared): State<Arc<Shared>>, Query(wanted): Query<Wanted>) -> Response {
    let filter = match wanted.filter.as_deref().map(Filter::parse) {
        Some(None) => return error(StatusCode::BAD_REQUEST, Some("invalidFilter")),
        Some(Some(filter)) => Some(filter),
        None => None,
    };
    let state = shared.lock();
    let found = state.users.list(filter.as_ref());
    // Below one is one, below nothing is nothing (RFC 7644, section 3.4.2.4).
    let start = usize::try_from(wanted.start_index.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let count = wanted
        .count
        .map_or(PAGE, |count| usize::try_from(count.max(0)).unwrap_or(PAGE));
    let page: Vec<&Value> = found
        .iter()
        .skip(start - 1)
        .take(count.min(PAGE))
        .copied()
        .collect();
    list(found.len(), start, &page)
}

async fn list_groups() -> Response {
    list(0, 1, &[])
}

async fn create(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let now = shared.clock.now();
    match read(&body) {
        Ok(body) => written(StatusCode::CREATED, shared.lock().users.create(&body, now)),
        Err(refused) => refusal(refused),
    }
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    written(StatusCode::OK, shared.lock().users.get(&id))
}

async fn replace(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let now = shared.clock.now();
    match read(&body) {
        Ok(body) => written(StatusCode::OK, shared.lock().users.replace(&id, &body, now)),
        Err(refused) => refusal(refused),
    }
}

async fn patch(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    let now = shared.clock.now();
    match read(&body) {
        Ok(body) => written(StatusCode::OK, shared.lock().users.patch(&id, &body, now)),
        Err(refused) => refusal(refused),
    }
}

async fn delete(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.lock().users.delete(&id) {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(refused) => refusal(refused),
    }
}

fn read(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| Refused::Invalid("invalidSyntax"))
}

fn written(status: StatusCode, user: Result<&Value, Refused>) -> Response {
    match user {
        Ok(user) => scim(status, user),
        Err(refused) => refusal(refused),
    }
}

fn refusal(refused: Refused) -> Response {
    match refused {
        Refused::Unknown => error(StatusCode::NOT_FOUND, None),
        Refused::Taken => error(StatusCode::CONFLICT, Some("uniqueness")),
        Refused::Invalid(kind) => error(StatusCode::BAD_REQUEST, Some(kind)),
    }
}

fn list(total: usize, start: usize, resources: &[&Value]) -> Response {
    scim(
        StatusCode::OK,
        &json!({
            "schemas": [LIST_RESPONSE],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        }),
    )
}

fn error(status: StatusCode, kind: Option<&str>) -> Response {
    let mut body = json!({
        "schemas": [ERROR],
        "status": status.as_str(),
        "detail": status.canonical_reason().unwrap_or("error"),
    });
    if let Some(kind) = kind {
        body["scimType"] = kind.into();
    }
    scim(status, &body)
}
