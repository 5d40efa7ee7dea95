//! The body of `/metrics`, written while it is sent: nobody needs it as a whole.

use std::convert::Infallible;

use axum::body::Body;
use futures_util::stream;
use jiff::Timestamp;

use crate::telemetry::metrics::Metrics;

/// The metrics as they are now.
pub(super) fn body(metrics: &Metrics, now: Timestamp) -> Result<Body, prometheus::Error> {
    let chunks = metrics.chunks(now)?;
    Ok(Body::from_stream(stream::iter(
        chunks.map(Ok::<_, Infallible>),
    )))
}
