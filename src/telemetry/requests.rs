//! The metrics of the HTTP clients.

use super::metrics::Metrics;
use crate::http::client::{Observer, Target};

impl Observer for Metrics {
    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64) {
        self.instruments
            .http_requests
            .with_label_values(&[target.as_str(), operation, code])
            .inc();
        self.instruments
            .http_duration
            .with_label_values(&[target.as_str(), operation])
            .observe(seconds);
    }

    fn throttled(&self, target: Target) {
        self.instruments
            .http_throttled
            .with_label_values(&[target.as_str()])
            .inc();
    }

    /// The client reports how far the server's clock is ahead; the metric how
    /// far ours is.
    fn clock_skew(&self, target: Target, _host: &str, seconds: f64) {
        self.instruments
            .clock_skew
            .with_label_values(&[target.as_str()])
            .set(-seconds);
    }
}
