//! The admin API of the service provider.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::{IssueFault, Shared};
use crate::demo::loopback::{answer, broken_off, carries, complaint, empty, fresh_token, stranger};
use crate::secret::BearerToken;

/// Ten years: longer lives are refused.
const LONGEST_LIFE: i64 = 315_360_000;

/// The routes below `/admin`.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/tokens", get(list).post(post_token))
        .route("/tokens/{id}", get(show).delete(revoke))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if carries(request.headers(), &shared.admin_token) {
        next.run(request).await
    } else {
        stranger()
    }
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    label: String,
    ttl_seconds: i64,
    token: Option<String>,
}

impl Wish {
    /// The token that the caller chose, or a new one; `None` if it cannot be one.
    fn value(&self) -> Option<BearerToken> {
        match &self.token {
            Some(chosen) => BearerToken::parse(chosen.as_str()).ok(),
            None => fresh_token("demo_").ok(),
        }
    }
}

async fn post_token(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wish = match serde_json::from_slice::<Wish>(&body) {
        Ok(wish) if (1..=LONGEST_LIFE).contains(&wish.ttl_seconds) => wish,
        Ok(_) | Err(_) => {
            return complaint(
                StatusCode::BAD_REQUEST,
                "expected {\"label\": text, \"ttl_seconds\": a positive integer, \"token\": text or nothing}",
            );
        }
    };
    let fault = shared.faults.issue.take();
    if fault == Some(IssueFault::Refuse) {
        let mut response = complaint(
            StatusCode::SERVICE_UNAVAILABLE,
            "issuing is refused for now",
        );
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    let response = issue(&shared, wish);
    match fault {
        None | Some(IssueFault::Refuse) => response,
        Some(IssueFault::LoseReply) => broken_off(),
        Some(IssueFault::Slow(wait)) => {
            shared.clock.sleep(wait).await;
            response
        }
    }
}

fn issue(shared: &Shared, wish: Wish) -> Response {
    let Some(token) = wish.value() else {
        return complaint(StatusCode::BAD_REQUEST, "that cannot be a token");
    };
    let now = shared.clock.now();
    let mut state = shared.lock();
    if let Some(known) = state.tokens.find(token.expose(), now) {
        return answer(StatusCode::OK, &known);
    }
    if state.tokens.live(now).len() >= shared.max_live_tokens {
        return complaint(
            StatusCode::CONFLICT,
            "too many live tokens: revoke one first",
        );
    }
    let life = SignedDuration::from_secs(wish.ttl_seconds);
    let id = state.tokens.add(token.expose(), wish.label, life, now);
    let mut shown = state.tokens.get(&id, now).unwrap_or_default();
    shown["token"] = token.expose().into();
    answer(StatusCode::CREATED, &shown)
}

#[derive(Deserialize)]
#[serde(default)]
struct Page {
    page: usize,
    per_page: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            page: 1,
            per_page: 50,
        }
    }
}

async fn list(State(shared): State<Arc<Shared>>, Query(wanted): Query<Page>) -> Response {
    let (page, size) = (wanted.page, wanted.per_page);
    if page == 0 || size == 0 {
        return complaint(
            StatusCode::BAD_REQUEST,
            "page and per_page must be positive",
        );
    }
    let all = shared.lock().tokens.live(shared.clock.now());
    let from = (page - 1).saturating_mul(size);
    let to = from.saturating_add(size);
    let next_page = (to < all.len()).then(|| page + 1);
    let tokens: Vec<_> = all.into_iter().skip(from).take(size).collect();
    answer(
        StatusCode::OK,
        &json!({ "tokens": tokens, "next_page": next_page }),
    )
}

async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.lock().tokens.get(&id, shared.clock.now()) {
        Some(token) => answer(StatusCode::OK, &token),
        None => complaint(StatusCode::NOT_FOUND, "no such token"),
    }
}

async fn revoke(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    if shared.lock().tokens.revoke(&id, shared.clock.now()) {
        empty(StatusCode::NO_CONTENT)
    } else {
        complaint(StatusCode::NOT_FOUND, "no such token")
    }
}
