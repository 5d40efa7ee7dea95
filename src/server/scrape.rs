//! Writes one scrape at a time, off the async threads, and caches it for a
//! moment.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep};

use crate::telemetry::metrics::Metrics;

/// How long a body answers further scrapes.
const FRESH: Duration = Duration::from_secs(1);

/// The last body of `/metrics`.
pub(super) struct Scrapes {
    metrics: Arc<Metrics>,
    last: Mutex<Option<(Instant, Bytes)>>,
    /// A body is cached.
    cached: Notify,
}

impl Scrapes {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            last: Mutex::new(None),
            cached: Notify::new(),
        }
    }

    /// The body of `/metrics`. The lock is held while it is written: a second
    /// scrape waits and gets the same body.
    pub(super) async fn body(&self, now: Timestamp) -> Result<Bytes, String> {
        let mut last = self.last.lock().await;
        if let Some((at, body)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(body.clone());
        }
        let metrics = Arc::clone(&self.metrics);
        let written = tokio::task::spawn_blocking(move || metrics.render(now)).await;
        let text = written
            .map_err(|_| "the metrics could not be written: a defect".to_owned())?
            .map_err(|error| format!("the metrics could not be written: {error}"))?;
        let body = Bytes::from(text);
        *last = Some((Instant::now(), body.clone()));
        self.cached.notify_one();
        Ok(body)
    }

    /// Drops cached bodies that are too old; with many tokens a body takes tens
    /// of MiB. Never returns.
    pub(super) async fn forget_old_ones(&self) {
        loop {
            self.cached.notified().await;
            loop {
                sleep(FRESH).await;
                let mut last = self.last.lock().await;
                if last.as_ref().is_none_or(|(at, _)| at.elapsed() >= FRESH) {
                    *last = None;
                    break;
                }
            }
        }
    }
}
