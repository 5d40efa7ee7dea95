//! What the small servers share: a listener, a guard, JSON answers.

use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::secret::{BearerToken, random_256};

/// Serves on loopback until the tasks are dropped. Port 0 takes a free one.
pub(in crate::demo) async fn serve(
    router: Router,
    port: u16,
    tasks: &mut JoinSet<()>,
) -> std::io::Result<Url> {
    let (listener, url) = listen(port).await?;
    serve_on(listener, router, tasks);
    Ok(url)
}

/// Takes a port on loopback, a free one for 0; returns its URL too.
pub(in crate::demo) async fn listen(port: u16) -> std::io::Result<(TcpListener, Url)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let url = Url::parse(&format!("http://{address}")).map_err(std::io::Error::other)?;
    Ok((listener, url))
}

/// Serves there until the tasks are dropped.
pub(in crate::demo) fn serve_on(listener: TcpListener, router: Router, tasks: &mut JoinSet<()>) {
    tasks.spawn(async move {
        // It ends with the task only; there is nobody to tell.
        axum::serve(listener, router).await.ok();
    });
}

/// A secret with a readable prefix and 256 random bits.
pub(in crate::demo) fn fresh_token(prefix: &str) -> std::io::Result<BearerToken> {
    let hex: String = random_256().iter().map(|b| format!("{b:02x}")).collect();
    BearerToken::parse(format!("{prefix}{hex}")).map_err(std::io::Error::other)
}

/// The bearer token of a request.
pub(in crate::demo) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Whether a request carries this bearer token.
pub(in crate::demo) fn carries(headers: &HeaderMap, token: &BearerToken) -> bool {
    bearer(headers).is_some_and(|given| token.matches(given))
}

/// The first word of `User-Agent`, without its version.
pub(in crate::demo) fn caller(headers: &HeaderMap) -> String {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("unknown");
    let end = agent.find(['/', ' ']).unwrap_or(agent.len());
    agent.chars().take(end.min(40)).collect()
}

/// A JSON answer that nobody may keep.
pub(in crate::demo) fn answer(status: StatusCode, body: &Value) -> Response {
    typed(status, body, "application/json")
}

/// A SCIM answer.
pub(in crate::demo) fn scim(status: StatusCode, body: &Value) -> Response {
    typed(status, body, "application/scim+json")
}

/// An answer without a body.
pub(in crate::demo) fn empty(status: StatusCode) -> Response {
    status.into_response()
}

/// A complaint of an admin API.
pub(in crate::demo) fn complaint(status: StatusCode, text: &str) -> Response {
    answer(status, &json!({ "error": text }))
}

/// What an admin API says to a stranger.
pub(in crate::demo) fn stranger() -> Response {
    let mut response = complaint(StatusCode::UNAUTHORIZED, "admin token required");
    let challenge = HeaderValue::from_static("Bearer realm=\"admin\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// An answer that breaks off: a client that waits for it cannot know what happened.
pub(in crate::demo) fn broken_off() -> Response {
    let torn = futures_util::stream::iter([
        Ok("{"),
        Err(std::io::Error::other("the reply is lost on purpose")),
    ]);
    Response::new(Body::from_stream(torn))
}

fn typed(status: StatusCode, body: &Value, kind: &'static str) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
