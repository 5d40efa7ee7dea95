//! Carries one token from one decision to the next.
//!
//! ```text
//! load ─> plan ─> [commit intent] ─> perform ─> apply ─> commit ─> plan …
//!   ^                                                      │
//!   └────────────── conflict: forget, load again ──────────┘
//! ```

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::ids;
use super::leftover::Leftover;
use super::perform::perform;
use super::unit::Unit;
use super::witness::{StepEnded, Witness};
use crate::ports::{Clock, PublishedSecret, Store, StoreError, Version};
use crate::rotation::apply::{apply, intend, must_be_stored};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::decision::{Action, Decision, Reason, Step};
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::invariant;
use crate::rotation::outcome::Outcome;
use crate::rotation::plan::plan;
use crate::rotation::record::{Failures, Record};
use crate::rotation::situation::{Published, Situation};

/// What all tokens share.
#[derive(Clone)]
pub struct Runner {
    /// Records and published secrets.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub witness: Arc<dyn Witness>,
    /// Random id of this process as a holder of leases.
    pub holder: String,
    /// Largest clock difference seen; read at each decision.
    pub clock_skew: Arc<dyn Fn() -> SignedDuration + Send + Sync>,
    /// Whether a person stopped all work; read at each decision.
    pub all_paused: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Ends the work between two steps.
    pub cancel: CancellationToken,
}

/// What is remembered of a token between two wakes. Safe to lose: everything
/// that matters is stored, and check-and-set refuses what is outdated.
#[derive(Debug, Default)]
pub struct Memory {
    known: Option<Known>,
    /// Label of an intent that was made here and whose issue was not started.
    fresh_intent: Option<String>,
    store_failures: u32,
    /// What was done since the last commit.
    undertaken: Leftover,
    /// What was done for a record that somebody else has written since.
    leftover: Leftover,
}

#[derive(Debug)]
struct Known {
    record: Record,
    version: Version,
    dirty: bool,
    /// What it says should have been stored already, before anything else is
    /// done: it may hold a token that is known nowhere else.
    overdue: bool,
}

impl Memory {
    /// Makes the next wake read from the store, unless something here is not
    /// stored yet.
    pub fn reload(&mut self) {
        if self.known.as_ref().is_some_and(|known| !known.dirty) {
            self.known = None;
        }
    }

    /// The record as last seen.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.known.as_ref().map(|known| &known.record)
    }
}

/// Why a wake ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing to do until then.
    Decided(Decision),
    /// The store could not be used.
    StoreFailed {
        /// For a person.
        error: String,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// The work is being ended.
    Stopped,
}

impl Rest {
    /// When the token wants to be woken again.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Decided(decision) => Some(decision.wake_at),
            Self::StoreFailed { retry_at, .. } => Some(*retry_at),
            Self::Stopped => None,
        }
    }

    /// Whether what is waited for is written by somebody else, so that the next
    /// wake must read again.
    #[must_use]
    pub fn waits_for_others(&self) -> bool {
        match self {
            Self::Decided(decision) => matches!(
                decision.reason,
                Reason::LeaseElsewhere | Reason::Paused | Reason::WaitingOperator
            ),
            Self::StoreFailed { .. } | Self::Stopped => false,
        }
    }
}

/// Steps in one wake after which others get their turn.
const STEPS_A_WAKE: usize = 64;

impl Runner {
    /// Decides and acts for one token until there is nothing to do right now.
    pub async fn wake(&self, unit: &Unit, memory: &mut Memory) -> Rest {
        for _ in 0..STEPS_A_WAKE {
            match self.turn(unit, memory).await {
                Ok(None) => {}
                Ok(Some(rest)) => {
                    memory.store_failures = 0;
                    return rest;
                }
                Err(StoreError::Conflict) => {
                    self.witness.conflict(unit);
                    self.give_way(unit, memory);
                }
                Err(error @ (StoreError::Fault(_) | StoreError::Unusable(_))) => {
                    return self.store_failed(unit, memory, &error);
                }
            }
        }
        let pause = SignedDuration::from_secs(1);
        let retry_at = self
            .clock
            .now()
            .checked_add(pause)
            .unwrap_or(Timestamp::MAX);
        Rest::StoreFailed {
            error: "too many steps in one wake".to_owned(),
            retry_at,
        }
    }

    /// One decision and, if it asks for one, one step.
    async fn turn(&self, unit: &Unit, memory: &mut Memory) -> Result<Option<Rest>, StoreError> {
        self.load(unit, memory).await?;
        if memory.known.as_ref().is_some_and(|known| known.overdue) {
            self.save(memory).await?;
        }
        let connections = unit.connection_capabilities();
        self.settle_leftover(unit, memory, &connections).await?;
        let published = self.published(unit).await?;
        let Some(known) = memory.known.as_ref() else {
            return Err(StoreError::Conflict);
        };
        let situation = self.situation(unit, &connections, &published, memory, &known.record);
        let now = self.clock.now();
        let decision = plan(&known.record, &situation, now);
        self.witness.decided(unit, &known.record, &decision, now);
        match &decision.action {
            Action::Wait => {
                if !self.may_ride_along(known, unit, decision.wake_at) {
                    self.save(memory).await?;
                }
                Ok(Some(Rest::Decided(decision)))
            }
            Action::Do(_) if self.cancel.is_cancelled() => {
                self.hand_back(memory).await?;
                Ok(Some(Rest::Stopped))
            }
            Action::Do(step) => {
                self.do_step(unit, memory, step, &connections, &published)
                    .await?;
                Ok(None)
            }
        }
    }

    async fn do_step(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        step: &Step,
        connections: &[(String, ConnectionCapabilities)],
        published: &Published,
    ) -> Result<(), StoreError> {
        if !step.only_reads() {
            self.commit_intent(unit, memory, step).await?;
        }
        if *step == Step::Issue {
            memory.fresh_intent = None;
        }
        let Some(before) = memory.record().cloned() else {
            return Err(StoreError::Conflict);
        };
        memory.undertaken.undertake(step, &before);
        let began = self.clock.now();
        self.witness.step_began(unit, &before, step, began);
        let outcome = self.with_deadline(unit, &before, step).await;
        let now = self.clock.now();
        let situation = self.situation(unit, connections, published, memory, &before);
        let after = apply(&before, outcome.clone(), &situation, now).map_err(bug)?;
        invariant::check(&after).map_err(bug)?;
        let ended = StepEnded {
            step,
            outcome: &outcome,
            before: &before,
            after: &after,
            elapsed: now.duration_since(began),
            now,
        };
        self.witness.step_ended(unit, &ended);
        let store_now = must_be_stored(&outcome, &situation);
        if let Outcome::Issued(token) = &outcome {
            memory.undertaken.issued(token);
        }
        if let Some(known) = memory.known.as_mut() {
            known.dirty |= after != before && differs_in_more_than_time(&before, &after);
            known.record = after;
        }
        if store_now {
            if let Some(known) = memory.known.as_mut() {
                known.overdue = known.dirty;
            }
            self.save(memory).await?;
        }
        memory.fresh_intent = fresh_label(&outcome, memory.record()).or(memory.fresh_intent.take());
        if matches!(outcome, Outcome::Failed { ref fault, .. } if fault.class == FaultClass::Conflict)
        {
            self.store.forget(&unit.name);
        }
        Ok(())
    }

    async fn load(&self, unit: &Unit, memory: &mut Memory) -> Result<(), StoreError> {
        if memory.known.is_some() {
            return Ok(());
        }
        self.store.forget(&unit.name);
        memory.fresh_intent = None;
        let found = self.store.load(&unit.name).await?;
        memory.known = Some(match found {
            Some(stored) => {
                invariant::check(&stored.value).map_err(|e| StoreError::Unusable(e.to_string()))?;
                Known {
                    record: stored.value,
                    version: stored.version,
                    dirty: false,
                    overdue: false,
                }
            }
            None => Known {
                record: Record::new(&unit.name, self.clock.now()),
                version: Version::default(),
                dirty: false,
                overdue: false,
            },
        });
        Ok(())
    }

    async fn published(&self, unit: &Unit) -> Result<Published, StoreError> {
        Ok(match self.store.published(&unit.name).await? {
            PublishedSecret::Absent => Published::Absent,
            PublishedSecret::Token(token) => Published::Token(token.value.fingerprint()),
            PublishedSecret::Malformed(_) => Published::Malformed,
        })
    }

    fn situation<'a>(
        &'a self,
        unit: &'a Unit,
        connections: &'a [(String, ConnectionCapabilities)],
        published: &'a Published,
        memory: &Memory,
        record: &Record,
    ) -> Situation<'a> {
        let label = record
            .rotation
            .as_ref()
            .and_then(|r| r.intent.as_ref())
            .map(|i| &i.label);
        Situation {
            token: &unit.name,
            holder: Some(&self.holder),
            policy: &unit.policy,
            issuer: unit.issuer.capabilities(),
            connections,
            published,
            intent_is_fresh: label.is_some() && label == memory.fresh_intent.as_ref(),
            clock_skew: (self.clock_skew)(),
            all_paused: (self.all_paused)(),
        }
    }

    /// Stores what is about to happen, and the lease that covers it. One commit
    /// for both, and for everything that was not stored yet.
    async fn commit_intent(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        step: &Step,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
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
        known.record = intended;
        known.dirty = true;
        self.save(memory).await
    }

    /// Progress that may be made again needs no commit of its own before a short
    /// wait: nobody else acts while the lease is fresh, and a successor repeats
    /// it. What must not be repeated is stored already; a failure is stored,
    /// because the pace of retries outlives a restart.
    fn may_ride_along(&self, known: &Known, unit: &Unit, wake_at: Timestamp) -> bool {
        let in_flight = known.record.rotation.is_some();
        let fares_well = known.record.failures == Failures::default();
        let lease = known.record.lease.as_ref();
        let covered = lease.filter(|l| l.holder == self.holder).is_some_and(|l| {
            let left = l.expires_at.duration_since(wake_at);
            left.saturating_mul(2) >= unit.policy.lease
        });
        in_flight && fares_well && covered && !known.overdue
    }

    /// An effect never outlives the lease that covers it.
    async fn with_deadline(&self, unit: &Unit, record: &Record, step: &Step) -> Outcome {
        let now = self.clock.now();
        let lease_end = record
            .lease
            .as_ref()
            .filter(|l| l.holder == self.holder)
            .map(|l| l.expires_at);
        let left = match step.only_reads() {
            true => unit.policy.lease,
            false => lease_end.map_or(SignedDuration::ZERO, |end| end.duration_since(now)),
        };
        tokio::select! {
            outcome = perform(unit, self.store.as_ref(), record, step) => outcome,
            () = self.clock.sleep(left.max(SignedDuration::ZERO)) => {
                let class = if step.only_reads() { FaultClass::NotApplied } else { FaultClass::Ambiguous };
                let text = format!("`{}` took longer than the lease on the token lasts", step.as_str());
                Outcome::Failed { step: step.clone(), fault: Fault::new(class, FaultKind::Timeout, text) }
            }
        }
    }

    async fn save(&self, memory: &mut Memory) -> Result<(), StoreError> {
        let Some(known) = memory.known.as_mut().filter(|known| known.dirty) else {
            return Ok(());
        };
        known.record.write_id = ids::write();
        known.version = self.store.commit(&known.record, known.version).await?;
        known.dirty = false;
        known.overdue = false;
        memory.undertaken = Leftover::default();
        Ok(())
    }

    /// Somebody else wrote the record. What was done for the one that was here
    /// is looked after before anything else is.
    fn give_way(&self, unit: &Unit, memory: &mut Memory) {
        let unnoted = std::mem::take(&mut memory.undertaken);
        memory.leftover.add(unnoted);
        memory.known = None;
        memory.fresh_intent = None;
        self.store.forget(&unit.name);
    }

    async fn settle_leftover(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        connections: &[(String, ConnectionCapabilities)],
    ) -> Result<(), StoreError> {
        let mut leftover = std::mem::take(&mut memory.leftover);
        let settled = match memory.record() {
            Some(stored) if !leftover.is_empty() => {
                let unread = Published::Unknown;
                let situation = self.situation(unit, connections, &unread, memory, stored);
                let noted = self.own_up(unit, &mut leftover, &situation, stored).await;
                self.replace(memory, noted).await
            }
            Some(_) | None => Ok(()),
        };
        if settled.is_err() {
            memory.leftover.add(leftover);
        }
        settled
    }

    /// Stores another record in the place of the known one, if it differs.
    async fn replace(&self, memory: &mut Memory, record: Record) -> Result<(), StoreError> {
        invariant::check(&record).map_err(bug)?;
        if let Some(known) = memory.known.as_mut().filter(|k| k.record != record) {
            known.record = record;
            known.dirty = true;
        }
        self.save(memory).await
    }

    /// Ends cleanly: what is known is stored, and the lease is given back so
    /// that a successor need not wait for it to run out.
    async fn hand_back(&self, memory: &mut Memory) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(known) = memory.known.as_mut() {
            let held = known.record.lease.as_ref();
            if held.is_some_and(|l| l.holder == self.holder && l.expires_at > now) {
                known.record.lease = None;
                known.dirty = true;
            }
        }
        self.save(memory).await
    }

    /// Gives back the lease of a token that is not being worked on.
    pub async fn release(&self, memory: &mut Memory) {
        // Failing is harmless: the lease runs out by itself.
        let _unreleased = self.hand_back(memory).await.is_err();
    }

    fn store_failed(&self, unit: &Unit, memory: &mut Memory, error: &StoreError) -> Rest {
        let now = self.clock.now();
        let text = error.to_string();
        self.witness.store_failed(unit, &text, now);
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
        Rest::StoreFailed {
            error: text,
            retry_at,
        }
    }
}

const LONGEST_STORE_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// An intent that this outcome made, and whose effect was not started.
fn fresh_label(outcome: &Outcome, record: Option<&Record>) -> Option<String> {
    match outcome {
        Outcome::Prepared(_) | Outcome::Recovered { .. } => {
            let rotation = record.and_then(|r| r.rotation.as_ref());
            rotation
                .and_then(|r| r.intent.as_ref())
                .map(|intent| intent.label.clone())
        }
        Outcome::Adopted(_)
        | Outcome::Issued(_)
        | Outcome::Supplied { .. }
        | Outcome::Proved(_)
        | Outcome::Delivered { .. }
        | Outcome::Confirmed { .. }
        | Outcome::Completed
        | Outcome::Published
        | Outcome::Reverted { .. }
        | Outcome::Discarded
        | Outcome::UseSeen { .. }
        | Outcome::Retired { .. }
        | Outcome::OrphanRevoked { .. }
        | Outcome::Verified(_)
        | Outcome::Failed { .. } => None,
    }
}

fn differs_in_more_than_time(before: &Record, after: &Record) -> bool {
    let mut same_time = after.clone();
    same_time.updated_at = before.updated_at;
    same_time != *before
}

/// A bug of ours: nothing is stored, and the log says so.
fn bug(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!(
        "{error} (this is a defect of scim-rotator; nothing was changed)"
    ))
}
