//! The end of the process: running steps finish, leases are given back.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join;
use jiff::SignedDuration;

use super::Supervisor;

/// Time that is left for giving leases back even if running steps used up the
/// grace time.
const LEAST_FOR_LEASES: SignedDuration = SignedDuration::from_secs(5);

impl Supervisor {
    /// Lets running steps finish within the grace time. Returns whether all
    /// did.
    pub(super) async fn end(mut self) -> bool {
        let clock = Arc::clone(&self.runner.clock);
        let deadline = clock.sleep(self.settings.grace);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                finished = self.running.join_next() => match finished {
                    None => {
                        self.tell_unfinished();
                        let least = clock.sleep(LEAST_FOR_LEASES);
                        tokio::select! {
                            () = self.release_all() => {}
                            _ = join(least, deadline) => {}
                        }
                        return true;
                    }
                    Some(finished) => self.settle(finished),
                },
                () = &mut deadline => {
                    self.running.abort_all();
                    return false;
                }
            }
        }
    }

    /// Gives back the leases of idle tokens, as many at once as tokens are
    /// worked on.
    async fn release_all(self) {
        let runner = &self.runner;
        futures_util::stream::iter(self.idle.into_values())
            .for_each_concurrent(self.settings.concurrency, async |idle| {
                if let Some(mut memory) = idle.memory {
                    runner.release(&mut memory).await;
                }
            })
            .await;
    }

    /// The next start does not know the tokens that were taken out of the
    /// configuration.
    fn tell_unfinished(&self) {
        for unit in self.units.values().filter(|unit| unit.leaving) {
            tracing::warn!(
                token = %unit.name,
                "no longer configured, and its work is not finished: configure it again to have it finished"
            );
        }
    }
}
