//! What people ask for and no wake has handled yet.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::memory::Memory;
use super::run::Runner;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::apply::take_requests;
use crate::rotation::record::{RequestsOf, SCHEMA};

/// Requests that were read, by token and author. A wake handles those of its
/// token before each step.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<BTreeMap<String, BTreeMap<String, RequestsOf>>>);

impl Inbox {
    /// Adds what an author asks for; it replaces what was read of that author
    /// for this token before.
    pub fn put(&self, token: &str, requests: RequestsOf) {
        let mut all = self.0.lock();
        let of_token = all.entry(token.to_owned()).or_default();
        of_token.insert(requests.author.clone(), requests);
    }

    fn of(&self, token: &str) -> Vec<RequestsOf> {
        let all = self.0.lock();
        let of_token = all.get(token);
        of_token.map_or_else(Vec::new, |by_author| by_author.values().cloned().collect())
    }

    /// Removes what was handled, unless something newer came meanwhile.
    fn remove(&self, token: &str, handled: &[RequestsOf]) {
        let mut all = self.0.lock();
        if let Some(of_token) = all.get_mut(token) {
            of_token.retain(|_, requests| !handled.contains(requests));
            if of_token.is_empty() {
                all.remove(token);
            }
        }
    }
}

impl Runner {
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
        let now = self.clock.now();
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
