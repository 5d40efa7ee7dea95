//! The HTTP server. It is read-only: commands change things through Vault.
//!
//! `/` and `/tokens/NAME` for people, `/runbook` for what to do, `/events` for open
//! pages; `/api/v1/` for programs, as `/api/v1/openapi.json` describes it; `/metrics`
//! for Prometheus, `/healthz` (the process is alive) and `/readyz` (it can work; with
//! the reason of each token).

mod api;
pub mod config;
mod connections;
mod events;
mod host;
mod page;
mod past;
mod patient;
mod people;
mod query;
mod scrape;
mod selection;
mod slot;
#[cfg(test)]
mod tests;
mod whole;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::ports::Clock;
use crate::secret::redact;
use crate::telemetry::Telemetry;
use crate::telemetry::board::Entry;
use config::ServerConfig;
use connections::Limits;
use events::{EVENTS_TYPE, Streams};
use host::Names;
use past::Past;

pub use past::Rotations;

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
    /// The pages do not compile, which a test rules out.
    #[error("the pages cannot be rendered: {0}")]
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
    /// When the pages cannot be rendered.
    pub async fn serve(self, told: Told, cancel: CancellationToken) -> Result<(), ServerError> {
        let app = App {
            pages: Arc::new(page::Pages::new().map_err(ServerError::Page)?),
            past: Arc::new(Past::new(told.rotations)),
            streams: Streams::new(cancel.clone()),
            walks: Arc::new(Semaphore::new(MOST_WALKS)),
            telemetry: told.telemetry,
            clock: told.clock,
            replica: told.replica.into(),
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

/// What the server tells of.
pub struct Told {
    /// The state of every token, and the metrics.
    pub telemetry: Telemetry,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The id of this process, as in the leases.
    pub replica: String,
    /// Where the rotations of a token are kept.
    pub rotations: Arc<dyn Rotations>,
}

#[derive(Clone)]
struct App {
    telemetry: Telemetry,
    clock: Arc<dyn Clock>,
    replica: Arc<str>,
    pages: Arc<page::Pages>,
    past: Arc<Past>,
    streams: Streams,
    /// Answers that walk through all tokens.
    walks: Arc<Semaphore>,
}

/// How many answers that walk through all tokens are made at once.
const MOST_WALKS: usize = 2;

fn routes(app: App, names: Arc<Names>) -> Router {
    Router::new()
        .route("/", get(people::list))
        .route("/tokens/{name}", get(people::token))
        .route("/runbook", get(people::runbook))
        .route("/style.css", get(people::style))
        .route("/script.js", get(people::script))
        .route("/icons/{name}", get(people::icon))
        .route("/events", get(events::events))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/api/v1/openapi.json", get(api::description))
        .route("/api/v1/state", get(api::whole))
        .route("/api/v1/tokens", get(api::tokens))
        .route("/api/v1/tokens/{name}", get(api::token))
        .route("/api/v1/tokens/{name}/history", get(api::history))
        .route(
            "/api/v1/tokens/{name}/connections",
            get(api::token_connections),
        )
        .route("/api/v1/tokens/{name}/plan", get(api::token_plan))
        .route("/api/v1/connections", get(api::connections))
        .route("/api/v1/plan", get(api::plan))
        .layer(from_fn_with_state(names, host::check))
        .layer(map_response(redacted))
        .layer(map_response(harden))
        .with_state(app)
}

/// Masks the secrets of this process in the body. The metrics hold no texts of
/// others, and are too large to be searched at each scrape; events hold nothing but
/// numbers, and do not end.
async fn redacted(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is =
        |searched: &str| kind.is_some_and(|kind| kind.as_bytes().starts_with(searched.as_bytes()));
    if is(METRICS_TYPE) || is(EVENTS_TYPE) {
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

/// Security headers: no content from other sites, no frames, no guessed types,
/// no caching.
async fn harden(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
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
