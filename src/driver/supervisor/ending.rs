//! The end of the work: running steps end, leases are given back.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join;
use jiff::SignedDuration;

use super::Supervisor;

/// What is granted to the leases if running steps have used up the grace time.
const LEAST_FOR_LEASES: SignedDuration = SignedDuration::from_secs(5);

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

    /// Leases that outlived their work are given back, as many at a time as
    /// tokens are worked on.
    async fn release_all(self) {
        let runner = &self.runner;
        futures_util::stream::iter(self.resting.into_values())
            .for_each_concurrent(self.settings.concurrency, async |mut resting| {
                runner.release(&mut resting.memory).await;
            })
            .await;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use jiff::Timestamp;
    use tokio::sync::{mpsc, watch};
    use tokio_util::sync::CancellationToken;

    use super::super::{Change, Resting, Supervisor, SupervisorSettings};
    use super::*;
    use crate::driver::memory::{Known, Memory};
    use crate::driver::pulse::Pulse;
    use crate::driver::run::Runner;
    use crate::driver::witness::Witness;
    use crate::ports::{
        Clock, PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned,
    };
    use crate::rotation::record::{Lease, Record};

    const TOKENS: u32 = 500;

    /// Counts the leases that are given back.
    #[derive(Default)]
    struct SlowStore(std::sync::atomic::AtomicU32);

    #[async_trait]
    impl Store for SlowStore {
        async fn load(&self, _: &str) -> Result<Option<Versioned<Record>>, StoreError> {
            Ok(None)
        }

        async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let given_back = u32::from(record.lease.is_none());
            self.0
                .fetch_add(given_back, std::sync::atomic::Ordering::Relaxed);
            Ok(Version(expected.0 + 1))
        }

        async fn published(&self, _: &str) -> Result<PublishedSecret, StoreError> {
            Ok(PublishedSecret::Absent)
        }

        async fn publish(&self, _: &str, _: &PublishedToken) -> Result<(), StoreError> {
            Ok(())
        }

        fn forget(&self, _: &str) {}
    }

    struct Still;

    #[async_trait]
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn sleep(&self, duration: SignedDuration) {
            tokio::time::sleep(duration.unsigned_abs()).await;
        }
    }

    impl Witness for Still {}

    impl Pulse for Still {
        fn beat(&self, _: Timestamp) {}
        fn woke(&self, _: SignedDuration) {}
        fn leases_held(&self, _: usize) {}
        fn report(&self, _: Timestamp) {}
    }

    fn resting(token: &str) -> Resting {
        let now = Still.now();
        let mut record = Record::new(token, now);
        record.lease = Some(Lease {
            holder: "me".to_owned(),
            epoch: 1,
            expires_at: now + SignedDuration::from_secs(90),
        });
        Resting {
            memory: Box::new(Memory {
                known: Some(Known {
                    record,
                    version: Version(1),
                    dirty: false,
                    overdue: false,
                    unheard: Vec::new(),
                }),
                ..Memory::default()
            }),
            ..Resting::unread(now)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_lease_is_given_back_though_the_store_is_slow() {
        let store = Arc::new(SlowStore::default());
        let runner = Runner {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(Still),
            witness: Arc::new(Still),
            holder: "me".to_owned(),
            clock_skew: Arc::new(|| SignedDuration::ZERO),
            all_paused: Arc::new(|| false),
            cancel: CancellationToken::new(),
        };
        let change = Change {
            units: Vec::new(),
            settings: SupervisorSettings {
                concurrency: 16,
                sweep: SignedDuration::from_mins(5),
                grace: SignedDuration::from_secs(25),
            },
        };
        let (_changes, changed) = watch::channel(Arc::new(change.clone()));
        let (_ring, rings) = mpsc::channel(1);
        let mut supervisor = Supervisor::new(runner, change, changed, Arc::new(Still), rings);
        let names = (0..TOKENS).map(|number| format!("token-{number}"));
        supervisor.resting = names.map(|name| (name.clone(), resting(&name))).collect();
        assert!(supervisor.end().await);
        assert_eq!(store.0.load(std::sync::atomic::Ordering::Relaxed), TOKENS);
    }
}
