//! The end of the work: running steps end, leases are given back.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Supervisor;

impl Supervisor {
    /// Lets running steps end within the grace time. Returns whether all did.
    pub(super) async fn end(mut self) -> bool {
        let clock = Arc::clone(&self.runner.clock);
        let deadline = clock.sleep(self.settings.grace);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                finished = self.running.join_next() => match finished {
                    None => {
                        self.tell_unfinished();
                        return self.release_all().await;
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

    /// Leases that outlived their work are given back, within a short time.
    async fn release_all(mut self) -> bool {
        let runner = self.runner.clone();
        let release = async {
            for resting in self.resting.values_mut() {
                runner.release(&mut resting.memory).await;
            }
        };
        tokio::select! {
            () = release => {}
            () = runner.clock.sleep(SignedDuration::from_secs(5)) => {}
        }
        true
    }

    /// The next start does not know the tokens that were taken out.
    fn tell_unfinished(&self) {
        for unit in self.units.values().filter(|unit| unit.leaving) {
            tracing::warn!(
                token = %unit.name,
                "no longer configured, and not brought to its end: configure it again to have it finished"
            );
        }
    }
}
