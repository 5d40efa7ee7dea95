//! The time of a scene: it stands still, but for waits, which take no time.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::clock::Clock;

/// More waits than this in one scene have no end: nothing ends a loop that
/// waits for a time which passes at once.
const MOST_WAITS: u32 = 10_000;

/// A clock that stands still, but for waits, which return at once.
pub(super) struct SceneClock {
    state: Mutex<State>,
    endless: Notify,
}

struct State {
    now: Timestamp,
    slept: SignedDuration,
    waits: u32,
}

impl SceneClock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            state: Mutex::new(State {
                now,
                slept: SignedDuration::ZERO,
                waits: 0,
            }),
            endless: Notify::new(),
        }
    }

    /// Lets time pass between two operations.
    ///
    /// # Errors
    /// When the time would leave the calendar.
    pub(super) fn pass(&self, duration: SignedDuration) -> Result<(), String> {
        let mut state = self.state();
        let later = state.now.checked_add(duration);
        state.now = later.map_err(|_| "the scene runs out of the calendar".to_owned())?;
        Ok(())
    }

    /// How long was waited since this was last asked.
    pub(super) fn slept(&self) -> SignedDuration {
        std::mem::take(&mut self.state().slept)
    }

    /// Returns when somebody waits without end.
    pub(super) async fn endless(&self) {
        self.endless.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[async_trait]
impl Clock for SceneClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    async fn sleep(&self, duration: SignedDuration) {
        let waits = {
            let mut state = self.state();
            state.now = state.now.checked_add(duration).unwrap_or(Timestamp::MAX);
            state.slept = state.slept.saturating_add(duration);
            state.waits += 1;
            state.waits
        };
        if waits > MOST_WAITS {
            self.endless.notify_one();
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }
}
