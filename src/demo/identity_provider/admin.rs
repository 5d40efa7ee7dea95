//! The admin API of the identity provider.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::connection::{Reply, SavedConnection};
use super::{AdminFault, Shared, WriteFault};
use crate::demo::loopback::{answer, broken_off, carries, complaint, stranger};

/// All routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/admin/connection", get(show).put(replace))
        .route("/admin/connection/test", post(test))
        .route("/admin/connection/state", get(state))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if !carries(request.headers(), &shared.admin_token) {
        return stranger();
    }
    match shared.faults.admin.take() {
        None => next.run(request).await,
        Some(AdminFault::Unavailable) => complaint(
            StatusCode::SERVICE_UNAVAILABLE,
            "the identity provider is down for now",
        ),
        Some(AdminFault::Slow(wait)) => {
            shared.clock.sleep(wait).await;
            next.run(request).await
        }
    }
}

async fn show(State(shared): State<Arc<Shared>>) -> Response {
    shown(&shared.lock().held)
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    answer(StatusCode::OK, &shared.lock().held.fares())
}

async fn replace(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = shared.faults.write.take();
    if fault == Some(WriteFault::Refuse) {
        return complaint(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the connection is not changed, on purpose",
        );
    }
    let now = shared.clock.now();
    let mut state = shared.lock();
    if let Some(wanted) = headers.get(IF_MATCH)
        && wanted != "*"
        && *wanted != etag(&state.held)
    {
        return complaint(
            StatusCode::PRECONDITION_FAILED,
            "the connection was changed by somebody else",
        );
    }
    match state.held.replace(&body, now) {
        Ok(changed) => state.stats.token_changes += u64::from(changed),
        Err(why) => return complaint(StatusCode::BAD_REQUEST, why),
    }
    match fault {
        Some(WriteFault::LoseReply) => broken_off(),
        Some(WriteFault::Refuse) | None => shown(&state.held),
    }
}

async fn test(State(shared): State<Arc<Shared>>) -> Response {
    let access = shared.lock().held.access();
    let reply = match &access {
        Some(access) => shared.service.test(access).await,
        None => return answer(StatusCode::OK, &json!({ "ok": false, "status": null })),
    };
    let (ok, status) = match reply {
        Reply::Ok => (true, Some(200)),
        Reply::Refused(status) | Reply::Failed(status) => (false, Some(status)),
        Reply::Unreachable => (false, None),
    };
    answer(StatusCode::OK, &json!({ "ok": ok, "status": status }))
}

fn shown(held: &SavedConnection) -> Response {
    let mut response = answer(StatusCode::OK, &held.shown());
    response.headers_mut().insert(ETAG, etag(held));
    response
}

fn etag(held: &SavedConnection) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", held.version()))
        .unwrap_or(HeaderValue::from_static("\"0\""))
}
