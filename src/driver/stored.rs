//! Reads from the store and writes to it.

use jiff::{SignedDuration, Timestamp};

use super::memory::{Known, Memory};
use super::run::{Runner, WakeEnd, defect};
use super::situation::Seen;
use crate::fault::FaultClass;
use crate::ids;
use crate::ports::unit::Unit;
use crate::ports::{StoreError, Version, Versioned};
use crate::rotation::apply::{intend, may_precede_its_commit, restored};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::clock;
use crate::rotation::decision::Step;
use crate::rotation::invariant;
use crate::rotation::record::{Failures, Record};
use crate::rotation::uncommitted::Uncommitted;
use crate::secret::redact;

/// How wrong our clock may be, where no token tells.
const TOLERATED: SignedDuration = SignedDuration::from_mins(2);

const LONGEST_STORE_PAUSE: SignedDuration = SignedDuration::from_mins(1);

impl Runner {
    pub(super) async fn load(&self, unit: &Unit, memory: &mut Memory) -> Result<(), StoreError> {
        if memory.known.is_some() {
            return Ok(());
        }
        self.store.forget(&unit.name);
        memory.fresh_intent = None;
        let found = self.store.load(&unit.name).await?;
        let known = match found {
            Some(stored) => {
                invariant::check(&stored.value).map_err(|e| StoreError::Unusable(e.to_string()))?;
                known_after_restore(memory, stored, self.now(unit))
            }
            None => Known {
                record: Record::new(&unit.name, self.now(unit)),
                version: Version::default(),
                dirty: false,
                written_here: false,
                must_commit_first: false,
                unanswered: Vec::new(),
            },
        };
        let newest = memory.newest.take();
        if newest.is_none_or(|newest| newest.version != known.version) {
            // Another process may have delivered the pending token.
            memory.delivers = None;
        }
        memory.known = Some(Box::new(known));
        Ok(())
    }

    pub(super) async fn published(&self, unit: &Unit, memory: &Memory) -> Result<Seen, StoreError> {
        let secret = self.store.published(&unit.name).await?;
        Ok(Seen {
            what: secret.seen(memory.record()),
            end: secret.stated_end(),
        })
    }

    /// Commits the intent of a step and the lease that covers it, with
    /// everything that was not stored yet.
    pub(super) async fn commit_intent(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        step: &Step,
    ) -> Result<(), StoreError> {
        let now = self.now(unit);
        let knows_deliveries = memory
            .record()
            .is_some_and(|record| memory.knows_deliveries(record));
        let Some(known) = memory.known.as_mut() else {
            return Err(StoreError::Conflict);
        };
        let intended = intend(&known.record, step, &self.holder, unit.policy.lease, now);
        let covered = known.record.lease.as_ref().is_some_and(|lease| {
            let left = lease.expires_at.duration_since(now);
            lease.holder == self.holder && left.saturating_mul(2) >= unit.policy.lease
        });
        if covered && !known.dirty && intended.rotation == known.record.rotation {
            return Ok(());
        }
        let may_follow = !known.must_commit_first && may_precede_its_commit(&known.record, step);
        let knows_enough = knows_deliveries || matches!(step, Step::Retire { .. });
        if covered && knows_enough && may_follow {
            // The stored lease still is what covers the step.
            let lease = known.record.lease.take();
            known.record = Record { lease, ..intended };
            known.dirty = true;
            return Ok(());
        }
        known.record = intended;
        known.dirty = true;
        self.save(memory).await
    }

    /// Whether the record need not be committed before a wait. During a
    /// rotation, or while a revoked token is asked again, with a lease that outlasts
    /// the wait, progress that may be repeated is committed later: no other replica
    /// acts meanwhile, and a successor would repeat it. What must not be repeated is
    /// stored already.
    /// After a failure the record is committed, because the pace of retries
    /// must outlive a restart.
    pub(super) fn may_defer_commit(&self, known: &Known, unit: &Unit, wake_at: Timestamp) -> bool {
        let mut retiring = known.record.retiring.iter();
        let in_flight =
            known.record.rotation.is_some() || retiring.any(|entry| entry.refused_since.is_some());
        let fares_well = known.record.failures == Failures::default();
        let lease = known.record.lease.as_ref();
        let covered = lease.filter(|l| l.holder == self.holder).is_some_and(|l| {
            let left = l.expires_at.duration_since(wake_at);
            left.saturating_mul(2) >= unit.policy.lease
        });
        in_flight && fares_well && covered && !known.must_commit_first
    }

    /// Commits the record, if it is not stored yet.
    pub(super) async fn save(&self, memory: &mut Memory) -> Result<(), StoreError> {
        let Some(known) = memory.known.as_mut().filter(|known| known.dirty) else {
            return Ok(());
        };
        let redactor = redact::global();
        known
            .record
            .texts_mut()
            .for_each(|text| redactor.mask_in_place(text));
        known.record.write_id = ids::write();
        let mut stored = self.store.commit(&known.record, known.version).await;
        if let Err(StoreError::Conflict) = stored {
            known.version = self.unanswered_version(known).await?;
            stored = self.store.commit(&known.record, known.version).await;
        }
        if let Err(StoreError::Fault(fault)) = &stored
            && fault.class == FaultClass::Ambiguous
        {
            known.unanswered.push(known.record.write_id.clone());
        }
        known.version = stored?;
        known.dirty = false;
        known.written_here = true;
        known.must_commit_first = false;
        known.unanswered.clear();
        memory.uncommitted = Uncommitted::default();
        Ok(())
    }

    /// The version that a write of this process made whose answer was lost, if
    /// that write is why the next one is refused. No other writer wrote in
    /// between.
    async fn unanswered_version(&self, known: &Known) -> Result<Version, StoreError> {
        if known.unanswered.is_empty() {
            return Err(StoreError::Conflict);
        }
        let found = match self.store.load(&known.record.token).await {
            Err(error @ StoreError::Fault(_)) => return Err(error),
            // The record is examined when it is loaded again.
            Err(StoreError::Conflict | StoreError::Unusable(_)) => None,
            Ok(found) => found,
        };
        let ours = found.filter(|stored| known.unanswered.contains(&stored.value.write_id));
        ours.map(|stored| stored.version)
            .ok_or(StoreError::Conflict)
    }

    /// Sets the times back that a wrong clock has written, and stores that.
    pub(super) async fn set_back(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        connections: &[(String, ConnectionCapabilities)],
        published: &Seen,
    ) -> Result<(), StoreError> {
        let Some(record) = memory.record() else {
            return Ok(());
        };
        let now = self.now(unit);
        let situation = self.situation(unit, connections, published, memory, record);
        let Some(record) = clock::set_back(record, &situation, now) else {
            return Ok(());
        };
        // The end of another replica's lease cannot be told from the record, so a
        // whole lease is waited for since this process has first seen it.
        let elsewhere = record.lease.as_ref().filter(|l| l.holder != self.holder);
        if elsewhere.is_some_and(|lease| lease.expires_at > now) {
            let version = memory.known.as_ref().map(|known| known.version);
            let seen = memory.future_lease.filter(|(of, _)| Some(*of) == version);
            let since = seen.map_or(now, |(_, since)| since);
            memory.future_lease = version.map(|version| (version, since));
            if now.duration_since(since) < unit.policy.lease {
                return Ok(());
            }
        }
        self.replace(memory, record).await
    }

    /// Replaces the known record by this one and commits it.
    pub(super) async fn replace(
        &self,
        memory: &mut Memory,
        record: Record,
    ) -> Result<(), StoreError> {
        invariant::check(&record).map_err(defect)?;
        if let Some(known) = memory.known.as_mut().filter(|k| k.record != record) {
            known.record = record;
            known.dirty = true;
            known.must_commit_first = true;
        }
        self.save(memory).await
    }

    /// After a conflict: the record is loaded again, and the effects since the
    /// last commit are reconciled with it before anything else is done.
    pub(super) fn after_conflict(&self, unit: &Unit, memory: &mut Memory) {
        let uncommitted = std::mem::take(&mut memory.uncommitted);
        memory.conflicted.add(uncommitted);
        memory.keep_newest();
        memory.fresh_intent = None;
        self.store.forget(&unit.name);
    }

    /// Commits the record and gives the lease back, so that a successor need
    /// not wait until it ends.
    pub(super) async fn give_back_lease(&self, memory: &mut Memory) -> Result<(), StoreError> {
        let clock = (self.conditions.our_clock)();
        let now = clock.right_time(self.clock.now(), TOLERATED);
        if let Some(known) = memory.known.as_mut() {
            let held = known.record.lease.as_ref();
            if held.is_some_and(|l| l.holder == self.holder && l.expires_at > now) {
                known.record.lease = None;
                known.dirty = true;
            }
        }
        self.save(memory).await
    }

    /// Gives back the lease of a token that is not worked on.
    pub async fn release(&self, memory: &mut Memory) {
        // A failure is harmless: the lease ends by itself.
        let _unreleased = self.give_back_lease(memory).await.is_err();
    }

    pub(super) fn store_failed(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        error: &StoreError,
    ) -> WakeEnd {
        let now = self.now(unit);
        let text = error.to_string();
        self.witness.store_failed(unit, &text, now);
        if needs_a_person(error) {
            self.witness.unusable(unit, &text);
        }
        if matches!(error, StoreError::Unusable(_)) {
            memory.known = None;
        }
        let asked = match error {
            StoreError::Fault(fault) => fault.retry_after.unwrap_or_default(),
            StoreError::Conflict | StoreError::Unusable(_) => SignedDuration::ZERO,
        };
        let current = memory.record().and_then(|record| record.current.as_ref());
        let expiry = current.and_then(|token| unit.policy.expiry(token));
        let left = expiry.map(|end| end.duration_since(now));
        let pause = unit
            .policy
            .store_pause(memory.store_failures, left)
            .max(asked.min(LONGEST_STORE_PAUSE));
        memory.store_failures = memory.store_failures.saturating_add(1);
        let retry_at = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        WakeEnd::StoreFailed {
            error: text,
            retry_at,
            lasting: needs_a_person(error),
        }
    }
}

/// Whether the record stays unusable by itself. While Vault is away, nobody can
/// be told anything through it.
fn needs_a_person(error: &StoreError) -> bool {
    match error {
        StoreError::Unusable(_) => true,
        StoreError::Fault(fault) => fault.class == FaultClass::Unauthorized,
        StoreError::Conflict => false,
    }
}

/// The record that was loaded. If the store lost a later version of it, because
/// it was restored from a snapshot, that is noted in the record and stored
/// before anything else is done. The write proves it: check-and-set refuses it
/// if a node of the store only lagged behind.
fn known_after_restore(memory: &Memory, stored: Versioned<Record>, now: Timestamp) -> Known {
    let newest = memory.newest.as_ref();
    let newest = newest.filter(|known| Some(known.version) == stored.lost);
    let record = match stored.lost {
        None => stored.value.clone(),
        Some(_) => {
            let newest = newest.map(|known| &known.record);
            restored(&stored.value, newest, now)
        }
    };
    let changed = record != stored.value;
    Known {
        record,
        version: stored.version,
        dirty: changed,
        written_here: false,
        must_commit_first: changed,
        unanswered: Vec::new(),
    }
}
