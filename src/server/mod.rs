//! The HTTP server. It is read-only: commands change things through Vault.
//!
//! `/metrics` for Prometheus, `/healthz` (the process is alive), `/readyz` (it can
//! work; with the reason of each token), `/api/v1/tokens` and `/api/v1/plan`
//! for programs, and `/` for people.

pub mod config;
mod connections;
mod host;
mod page;
mod patient;
mod scrape;
mod slot;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::ports::Clock;
use crate::secret::redact;
use crate::telemetry::Telemetry;
use crate::telemetry::board::{CycleFacts, Entry};
use crate::telemetry::federation::state_json;
use crate::telemetry::foreseen::plan_json;
use config::ServerConfig;
use connections::Limits;
use host::Names;

/// How long open connections may take to end.
const GRACE: Duration = Duration::from_secs(5);

const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The server could not be started or failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be used.
    #[error(
        "cannot listen on {listen}: {source}; choose another `server.listen`, or end what uses it"
    )]
    Bind {
        /// The configured address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The status page does not compile, which a test rules out.
    #[error("the status page cannot be rendered: {0}")]
    Page(#[source] minijinja::Error),
}

/// The server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Binds the address, so that a start fails early. Nothing is answered yet.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn bind(config: &ServerConfig) -> Result<Bound, ServerError> {
        let listen = config.listen;
        let bind = |source| ServerError::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Bound {
            listener,
            address,
            names: Arc::new(Names::new(&config.hosts)),
        })
    }
}

/// A server with its address.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    names: Arc<Names>,
}

impl Bound {
    /// The address it listens on; differs from the configuration with port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is cancelled, and then gives open connections a few
    /// seconds.
    ///
    /// # Errors
    /// When the status page cannot be rendered.
    pub async fn serve(
        self,
        telemetry: Telemetry,
        clock: Arc<dyn Clock>,
        cancel: CancellationToken,
    ) -> Result<(), ServerError> {
        let app = App {
            page: Arc::new(page::Page::new().map_err(ServerError::Page)?),
            telemetry,
            clock,
        };
        let routes = routes(app, self.names);
        let limits = Limits::of_this_process();
        let served = connections::serve(self.listener, routes, limits, &cancel);
        let too_long = async {
            cancel.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = served => {}
            () = too_long => {}
        }
        Ok(())
    }
}

#[derive(Clone)]
struct App {
    telemetry: Telemetry,
    clock: Arc<dyn Clock>,
    page: Arc<page::Page>,
}

fn routes(app: App, names: Arc<Names>) -> Router {
    Router::new()
        .route("/", get(status_page))
        .route("/style.css", get(style))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/api/v1/tokens", get(tokens))
        .route("/api/v1/tokens/{name}", get(token))
        .route("/api/v1/plan", get(plan))
        .layer(from_fn_with_state(names, host::check))
        .layer(map_response(redacted))
        .layer(map_response(harden))
        .with_state(app)
}

/// Masks the secrets of this process in the body. The metrics hold no texts of
/// others, and are too large to be searched at each scrape.
async fn redacted(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(METRICS_TYPE.as_bytes())) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let masked = redact::global().mask(&bytes);
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(masked.into_owned()))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match scrape::body(&app.telemetry.metrics, app.clock.now()) {
        Ok(body) => ([(header::CONTENT_TYPE, METRICS_TYPE)], body).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the metrics could not be written");
            let text = format!("the metrics could not be written: {error}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

async fn healthz(State(app): State<App>) -> Response {
    match app.telemetry.health.dead_because() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response(),
    }
}

/// A failing token or identity provider is reported here, and does not make the
/// process unready.
async fn readyz(State(app): State<App>) -> Response {
    let reasons = app.telemetry.health.not_ready_because();
    let ready = reasons.is_empty();
    let now = app.clock.now();
    let entries = app.telemetry.board.all();
    let tokens: serde_json::Map<String, Value> = entries
        .iter()
        .map(|entry| (entry.facts.name.clone(), readiness_of(entry, now)))
        .collect();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({ "ready": ready, "reasons": reasons, "tokens": tokens });
    (status, Json(body)).into_response()
}

fn readiness_of(entry: &Entry, now: Timestamp) -> Value {
    let snapshot = entry.snapshot.as_deref();
    json!({
        "state": entry.state(now),
        "reason": snapshot.map(|s| s.reason),
        "detail": entry.trouble.as_deref().or_else(|| {
            let s = snapshot?;
            let halt = s.halt.as_ref().map(|halt| halt.detail.as_str());
            halt.or(s.last_failure.as_ref().map(|failure| failure.message.as_str()))
        }).map(str::to_owned).or_else(|| entry.federation_note()),
    })
}

async fn tokens(State(app): State<App>) -> Response {
    let now = app.clock.now();
    let entries = app.telemetry.board.all();
    let all: Vec<Value> = entries.iter().map(|entry| as_json(entry, now)).collect();
    Json(of_all(&app, now, &all)).into_response()
}

/// What a list of tokens tells: the time, what is true of all tokens, each token.
fn of_all(app: &App, now: Timestamp, tokens: &[Value]) -> Value {
    json!({ "now": now, "banners": app.telemetry.health.banners(), "tokens": tokens })
}

async fn token(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.telemetry.board.get(&name) {
        Some(entry) => Json(as_json(&entry, app.clock.now())).into_response(),
        None => {
            let body = json!({ "error": "no token of this name is configured" });
            (StatusCode::NOT_FOUND, Json(body)).into_response()
        }
    }
}

/// What is decided now for each token, and its next step.
async fn plan(State(app): State<App>) -> Response {
    let all: Vec<Value> = app.telemetry.board.all().iter().map(plan_json).collect();
    Json(of_all(&app, app.clock.now(), &all)).into_response()
}

/// The snapshot, or the public configuration if there is none yet.
fn as_json(entry: &Entry, now: Timestamp) -> Value {
    if entry.is_federated() {
        return state_json(&entry.facts, entry.federation.as_deref());
    }
    let shown = match entry.snapshot.as_deref() {
        Some(snapshot) => serde_json::to_value(snapshot),
        None => serde_json::to_value(&*entry.facts),
    };
    let mut value = shown.unwrap_or_else(|_| json!({ "name": entry.facts.name }));
    if let Some(object) = value.as_object_mut() {
        object.insert("state".to_owned(), json!(entry.state(now)));
        let doubt = entry.snapshot.as_deref().and_then(|s| s.doubt_detail());
        object.insert("doubt".to_owned(), json!(doubt));
        object.insert("trouble".to_owned(), json!(entry.trouble.as_deref()));
        let cycle = entry.cycle.as_deref().map(CycleFacts::json);
        object.insert("full_cycle".to_owned(), cycle.unwrap_or_default());
    }
    value
}

async fn status_page(State(app): State<App>) -> Response {
    match app.page.render(&app.telemetry, app.clock.now()) {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the status page could not be rendered");
            let text = "the status page could not be rendered; the log says why\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

async fn style() -> Response {
    let css = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (css, page::STYLE).into_response()
}

/// Security headers: no content from other sites, no frames, no guessed types,
/// no caching.
async fn harden(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
