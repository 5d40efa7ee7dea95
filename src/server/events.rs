//! Tells open pages when something changed, as server-sent events: no content, only
//! that it is time to ask again. Their number and their time are bounded; an event is
//! made when the client can take it, so a slow one holds nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::App;

pub(super) const EVENTS_TYPE: &str = "text/event-stream";

/// Most open streams at a time. Their connections count as idle: the oldest is closed
/// where others need the place, and its page asks by itself then.
const MOST: usize = 24;
/// How often it is looked whether something changed.
const LOOK: Duration = Duration::from_secs(1);
/// Least time between two events of changes.
const PAUSE: Duration = Duration::from_secs(2);
/// How often an event comes although nothing changed: pages show stale data as stale
/// if none does.
const TICK: Duration = Duration::from_secs(10);
/// Longest life of a stream; browsers then connect again.
const LIFE: Duration = Duration::from_secs(120);

/// The open streams of a server.
#[derive(Clone)]
pub(super) struct Streams {
    places: Arc<Semaphore>,
    end: CancellationToken,
}

impl Streams {
    /// `end` ends all of them.
    pub(super) fn new(end: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
            end,
        }
    }
}

/// The answer to `/events`.
pub(super) async fn events(State(app): State<App>) -> Response {
    let Ok(place) = Arc::clone(&app.streams.places).try_acquire_owned() else {
        let why = "too many pages are open: this one asks by itself now and then\n";
        let after = [(header::RETRY_AFTER, "60")];
        return (StatusCode::SERVICE_UNAVAILABLE, after, why).into_response();
    };
    let began = Instant::now();
    let open = Open {
        seen: None,
        began,
        told: began,
        end: app.streams.end.clone(),
        app,
        _place: place,
    };
    let events = stream::unfold(open, |mut open| async move {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    let headers = [
        (header::CONTENT_TYPE, EVENTS_TYPE),
        // Proxies that know this word pass each event on at once.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// One open stream.
struct Open {
    /// The number of changes that was told; `None` before the first event.
    seen: Option<u64>,
    began: Instant,
    /// When the last event was told.
    told: Instant,
    app: App,
    end: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        if self.seen.is_none() {
            return Some(self.event("open"));
        }
        loop {
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.end.cancelled() => return None,
            }
            if self.began.elapsed() >= LIFE {
                return None;
            }
            let since = self.told.elapsed();
            if self.seen != Some(self.app.telemetry.changes()) && since >= PAUSE {
                return Some(self.event("change"));
            }
            if since >= TICK {
                return Some(self.event("tick"));
            }
        }
    }

    fn event(&mut self, name: &str) -> Bytes {
        let changes = self.app.telemetry.changes();
        self.seen = Some(changes);
        self.told = Instant::now();
        let now: Timestamp = self.app.clock.now();
        let text = format!(
            "retry: 3000\nevent: {name}\ndata: {{\"now\":\"{now}\",\"changes\":{changes}}}\n\n"
        );
        text.into()
    }
}
