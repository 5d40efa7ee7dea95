//! Who hears of every request, and how it names the server.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Whom a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// HashiCorp Vault.
    Vault,
    /// The service provider, and the issuer of its tokens.
    Sp,
    /// An identity provider.
    Idp,
    /// A receiver of messages to people.
    Notify,
    /// A collector of traces.
    Traces,
}

impl Target {
    /// The word for metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Sp => "sp",
            Self::Idp => "idp",
            Self::Notify => "notify",
            Self::Traces => "traces",
        }
    }
}

/// Is told of every request: metrics.
pub trait Observer: Send + Sync {
    /// A request came back. `code` is the status, or `timeout`, `connect`,
    /// `tls`, `network`, `too_large` or `refused_here` (never sent).
    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64);
    /// The server answered 429.
    fn throttled(&self, target: Target);
    /// How far this host's clock is ahead of ours, in seconds, to about a second.
    fn clock_skew(&self, target: Target, host: &str, seconds: f64);
    /// The right time when our clock shows `shown`, as far as the servers' clocks
    /// tell.
    fn right_time(&self, shown: Timestamp) -> Timestamp {
        shown
    }
}

/// The machine's clock, unless the servers say that it is far from right: then
/// the servers' time. What is read, sent and remembered about tokens follows it,
/// as what a clock of next year writes could not be used this year.
pub struct RightClock {
    ours: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

impl RightClock {
    /// The clock `ours`, as `observer` judges it.
    #[must_use]
    pub fn new(ours: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Self {
        Self { ours, observer }
    }
}

#[async_trait]
impl Clock for RightClock {
    fn now(&self) -> Timestamp {
        self.observer.right_time(self.ours.now())
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.ours.sleep(duration).await;
    }
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _target: Target, _operation: &'static str, _code: &str, _seconds: f64) {}
    fn throttled(&self, _target: Target) {}
    fn clock_skew(&self, _target: Target, _host: &str, _seconds: f64) {}
}
