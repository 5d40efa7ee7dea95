//! Puts what people ask for into the record. The core decides which requests are
//! new and what they change: [`take_requests`].

use jiff::Timestamp;

use super::memory::Memory;
use super::run::Runner;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::apply::take_requests;
use crate::rotation::decision::Decision;
use crate::rotation::record::{Record, SCHEMA};

impl Runner {
    /// A wait ends with the lease of another replica that left requests
    /// unhandled: it may be dead.
    pub(super) fn not_beyond_requests(
        &self,
        record: &Record,
        decision: Decision,
        now: Timestamp,
    ) -> Decision {
        let lease = record.lease.as_ref();
        match lease.filter(|_| self.inbox.has(&record.token)) {
            Some(lease) if lease.expires_at > now => Decision {
                wake_at: decision.wake_at.min(lease.expires_at),
                ..decision
            },
            Some(_) | None => decision,
        }
    }

    /// Handles the requests for a token: the record is stored with what they
    /// change. While another replica holds the lease, they are left to it.
    ///
    /// # Errors
    /// When the store cannot be used, or another write came first. The requests
    /// are kept then.
    pub(super) async fn handle_requests(
        &self,
        unit: &Unit,
        memory: &mut Memory,
    ) -> Result<(), StoreError> {
        let token = unit.name.as_str();
        let asked = self.inbox.of(token);
        if asked.is_empty() {
            return Ok(());
        }
        let now = self.now(unit);
        let Some(record) = memory.record().filter(|record| record.schema <= SCHEMA) else {
            return Ok(());
        };
        let next = take_requests(record, &asked, now);
        if next == *record {
            self.inbox.remove(token, &asked);
            return Ok(());
        }
        let lease = record.lease.as_ref();
        if lease.is_some_and(|lease| lease.holder != self.holder && lease.expires_at > now) {
            return Ok(());
        }
        let new: Vec<_> = next
            .handled
            .iter()
            .filter(|noted| !record.handled.contains(noted))
            .cloned()
            .collect();
        self.replace(memory, next).await?;
        self.inbox.remove(token, &asked);
        if let Some(known) = &memory.known {
            for noted in &new {
                self.witness
                    .request_handled(unit, &known.record, known.version, noted);
            }
        }
        Ok(())
    }
}
