//! Asks identity providers for the state of the connections of a token, so that
//! people are told when one is quarantined or disabled. Nothing is decided by
//! it, and nothing is stored.

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::run::Runner;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::condition::Condition;
use crate::ports::unit::Unit;
use crate::ports::{Connection, Delivery};
use crate::rotation::decision::Step;
use crate::rotation::record::Record;

/// Longest wait for all connections, during which the token is not worked on.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

impl Runner {
    /// Asks after the steps that suit: after each probe of the current token,
    /// and after a new one was published.
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
            since: None,
        };
        let looks = unit.connections.iter().map(async |(name, connection)| {
            if let Some(seen) = self.look_at(connection.as_ref(), &delivery).await {
                let now = self.now(unit);
                self.witness.connection_seen(unit, name, &seen, now);
            }
        });
        join_all(looks).await;
    }

    /// `None` if the identity provider cannot tell, or if the work was
    /// cancelled.
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
                let text = "the identity provider did not report the state of provisioning in time";
                Some(Err(Fault::new(FaultClass::NotApplied, FaultKind::Timeout, text)))
            }
        }
    }
}
