//! Time: the trait that everything asks, and the real clock.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Time. The wall clock decides when something is due; waits are monotonic.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, by the wall clock.
    fn now(&self) -> Timestamp;
    /// Returns after this long.
    async fn sleep(&self, duration: SignedDuration);
}

/// The machine's wall clock, and tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the home of the wall clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: SignedDuration) {
        tokio::time::sleep(duration.unsigned_abs()).await;
    }
}
