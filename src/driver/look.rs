//! Looks at how the connections of a token fare, so that people are told when an
//! identity provider holds one back. Nothing is decided by it, and nothing is
//! stored.

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::run::Runner;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::condition::Condition;
use crate::ports::unit::Unit;
use crate::ports::{Connection, Delivery};
use crate::rotation::decision::Step;
use crate::rotation::record::Record;

/// Longest wait for all connections: work on the token waits meanwhile.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

impl Runner {
    /// Looks, if this step is one to look after: with each probe of the token in
    /// use, and when a new one is in use everywhere.
    pub(super) async fn look_at_connections(&self, unit: &Unit, step: &Step, record: &Record) {
        let worth_it = *step == Step::Verify || *step == Step::Publish;
        let (true, Some(current)) = (worth_it, &record.current) else {
            return;
        };
        let delivery = Delivery {
            token: &unit.name,
            value: &current.value,
            old: None,
            scim_url: &unit.scim_url,
        };
        let looks = unit.connections.iter().map(async |(name, connection)| {
            if let Some(seen) = self.look_at(connection.as_ref(), &delivery).await {
                let now = self.clock.now();
                self.witness.connection_seen(unit, name, &seen, now);
            }
        });
        join_all(looks).await;
    }

    /// `None`: it cannot tell, or the work is being ended.
    async fn look_at(
        &self,
        connection: &dyn Connection,
        delivery: &Delivery<'_>,
    ) -> Option<Result<Condition, Fault>> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            seen = connection.look(delivery) => seen.transpose(),
            () = self.clock.sleep(PATIENCE) => {
                let text = "the identity provider did not tell in time how provisioning fares";
                Some(Err(Fault::new(FaultClass::NotApplied, FaultKind::Timeout, text)))
            }
        }
    }
}
