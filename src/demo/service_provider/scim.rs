//! SCIM as the service provider speaks it: who may ask, and what is answered instead of
//! an answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::answers::error;
use super::{ScimFault, Shared, discovery, resources};
use crate::demo::loopback::{bearer, caller};

/// The routes below `/scim/v2`.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let guarded = resources::router()
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard));
    discovery::router()
        .merge(guarded)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), faults))
        .with_state(shared)
}

async fn unknown() -> Response {
    error(StatusCode::NOT_FOUND, None)
}

async fn wrong_method() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, None)
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
