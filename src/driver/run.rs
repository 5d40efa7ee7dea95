//! Works on one token: from one decision to the next.
//!
//! ```text
//! load ─> plan ─> [commit intent] ─> perform ─> apply ─> commit ─> plan …
//!   ^                                                      │
//!   └────────────── conflict: forget, load again ──────────┘
//! ```

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use super::memory::{Memory, differs_in_more_than_time, fresh_label};
use super::perform::perform;
use super::situation::{Conditions, Inputs, Seen};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Stored, Witness};
use crate::ports::{Clock, Store, StoreError};
use crate::rotation::apply::{apply, must_be_stored, with_step};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::decision::{Action, Decision, Step};
use crate::rotation::invariant;
use crate::rotation::outcome::Outcome;
use crate::rotation::plan::plan;
use crate::rotation::record::Record;
use crate::rotation::situation::Situation;
use crate::rotation::uncommitted::UnrecordedToken;

/// What all tokens of this process share.
#[derive(Clone)]
pub struct Runner {
    /// Records and published secrets.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Is told of decisions and steps.
    pub witness: Arc<dyn Witness>,
    /// Random id of this process as a holder of leases.
    pub holder: String,
    /// What holds for all tokens of this process.
    pub conditions: Conditions,
    /// What people ask for.
    pub inbox: Arc<Inbox>,
    /// Ends the work between two steps.
    pub cancel: CancellationToken,
}

/// Why a wake ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WakeEnd {
    /// Nothing is to be done until the decision's wake time.
    Decided(Decision),
    /// The store could not be used.
    StoreFailed {
        /// For a person.
        error: String,
        /// When to try again.
        retry_at: Timestamp,
        /// Whether only a person can change that: the document cannot be used, or
        /// Vault does not permit the request.
        lasting: bool,
    },
    /// The process is ending.
    Stopped,
    /// The configuration has changed: the token is woken again at once, under
    /// the new one.
    Interrupted,
}

impl WakeEnd {
    /// When the token has to be woken again.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Decided(decision) => Some(decision.wake_at),
            Self::StoreFailed { retry_at, .. } => Some(*retry_at),
            Self::Stopped | Self::Interrupted => None,
        }
    }

    /// The same end with another wake time.
    fn earlier_by(mut self, ahead: SignedDuration) -> Self {
        match &mut self {
            Self::Decided(Decision { wake_at: at, .. })
            | Self::StoreFailed { retry_at: at, .. } => {
                *at = at.checked_sub(ahead).unwrap_or(*at);
            }
            Self::Stopped | Self::Interrupted => {}
        }
        self
    }

    /// Whether another writer will change the record, so that the next wake
    /// must read it again.
    #[must_use]
    pub fn waits_for_others(&self) -> bool {
        match self {
            Self::Decided(decision) => decision.reason.waits_for_other_writer(),
            Self::StoreFailed { .. } | Self::Stopped | Self::Interrupted => false,
        }
    }
}

/// Number of steps in one wake after which other tokens get their turn.
const STEPS_A_WAKE: usize = 64;

impl Runner {
    /// The time by which is decided and written: our clock's, unless the servers say
    /// that it is far from right.
    pub(super) fn now(&self, unit: &Unit) -> Timestamp {
        self.conditions.right_time(unit, self.clock.now())
    }

    /// Decides and performs steps for one token until there is nothing to do
    /// now. The wake time in the result is one of our clock.
    pub async fn wake(&self, unit: &Unit, memory: &mut Memory) -> WakeEnd {
        let end = self.turns(unit, memory).await;
        let shown = self.clock.now();
        let ahead = self
            .conditions
            .right_time(unit, shown)
            .duration_since(shown);
        end.earlier_by(ahead)
    }

    async fn turns(&self, unit: &Unit, memory: &mut Memory) -> WakeEnd {
        self.read_full_cycle(unit).await;
        if !memory.unrecorded.is_empty() {
            // An issuer that answers a repeated request with the same token may
            // have given it to another replica meanwhile.
            memory.reload();
        }
        for _ in 0..STEPS_A_WAKE {
            let interruption = memory.interruption.as_ref();
            if interruption.is_some_and(CancellationToken::is_cancelled) {
                return WakeEnd::Interrupted;
            }
            match self.turn(unit, memory).await {
                Ok(None) => {}
                Ok(Some(rest)) => {
                    memory.store_failures = 0;
                    return rest;
                }
                Err(StoreError::Conflict) => {
                    self.witness.conflict(unit);
                    self.after_conflict(unit, memory);
                }
                Err(error @ (StoreError::Fault(_) | StoreError::Unusable(_))) => {
                    return self.store_failed(unit, memory, &error);
                }
            }
        }
        let pause = SignedDuration::from_secs(1);
        let retry_at = self.now(unit).checked_add(pause).unwrap_or(Timestamp::MAX);
        WakeEnd::StoreFailed {
            error: "too many steps in one wake".to_owned(),
            retry_at,
            lasting: false,
        }
    }

    /// Makes one decision and performs its step, if it has one.
    async fn turn(&self, unit: &Unit, memory: &mut Memory) -> Result<Option<WakeEnd>, StoreError> {
        self.load(unit, memory).await?;
        if memory
            .known
            .as_ref()
            .is_some_and(|known| known.must_commit_first)
        {
            self.save(memory).await?;
        }
        let connections = unit.connection_capabilities();
        self.reconcile(unit, memory, &connections).await?;
        self.handle_requests(unit, memory).await?;
        let published = &self.published(unit, memory).await?;
        self.set_back(unit, memory, &connections, published).await?;
        let Some(known) = memory.known.as_ref() else {
            return Err(StoreError::Conflict);
        };
        let situation = self.situation(unit, &connections, published, memory, &known.record);
        let now = self.now(unit);
        let decision = plan(&known.record, &situation, now);
        let decision = self.not_beyond_requests(&known.record, decision, now);
        self.witness.decided(unit, &known.record, &decision, now);
        match &decision.action {
            Action::Wait => {
                if !self.may_defer_commit(known, unit, decision.wake_at) {
                    self.save(memory).await?;
                }
                self.tell_stored(unit, memory, &decision);
                Ok(Some(WakeEnd::Decided(decision)))
            }
            Action::Do(_) if self.cancel.is_cancelled() => {
                self.give_back_lease(memory).await?;
                Ok(Some(WakeEnd::Stopped))
            }
            Action::Do(step) => {
                self.do_step(unit, memory, step, &connections, published)
                    .await?;
                Ok(None)
            }
        }
    }

    /// Tells the witness of a decision to wait whose record is stored.
    fn tell_stored(&self, unit: &Unit, memory: &Memory, decision: &Decision) {
        if let Some(known) = memory.known.as_ref().filter(|known| !known.dirty) {
            let stored = Stored {
                record: &known.record,
                version: known.version,
                by_us: known.written_here,
                decision,
            };
            self.witness.stored(unit, &stored);
        }
    }

    pub(super) async fn do_step(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        step: &Step,
        connections: &[(String, ConnectionCapabilities)],
        published: &Seen,
    ) -> Result<(), StoreError> {
        if step.needs_lease() {
            self.commit_intent(unit, memory, step).await?;
        }
        let Some(before) = memory.record().cloned() else {
            return Err(StoreError::Conflict);
        };
        let was_fresh = memory.has_fresh_intent(&before);
        if *step == Step::Issue {
            memory.fresh_intent = None;
        }
        memory.uncommitted.step_began(step, &before);
        let began = self.now(unit);
        self.witness.step_began(unit, &before, step, began);
        let outcome = self.with_deadline(unit, memory, &before, step).await;
        let now = self.now(unit);
        let situation = Situation {
            intent_is_fresh: was_fresh,
            ..self.situation(unit, connections, published, memory, &before)
        };
        let after = apply(&before, outcome.clone(), &situation, now).map_err(defect)?;
        invariant::check(&after).map_err(defect)?;
        let is_changed = after != before && differs_in_more_than_time(&before, &after);
        // How long a step took is stored with the next change, and asks for no write.
        let elapsed = now.duration_since(began);
        let after = with_step(&before, after, (step, &outcome), began, elapsed);
        let ended = StepEnded {
            step,
            outcome: &outcome,
            before: &before,
            after: &after,
            elapsed,
            now,
        };
        self.witness.step_ended(unit, &ended);
        let store_now = must_be_stored(&outcome, &after, &situation);
        memory.uncommitted.step_ended(&outcome);
        UnrecordedToken::step_ended(&mut memory.unrecorded, &outcome, &unit.policy, now);
        if let Some(known) = memory.known.as_mut() {
            known.dirty |= is_changed;
            known.record = after;
        }
        memory.fresh_intent = fresh_label(&outcome, memory.record()).or(memory.fresh_intent.take());
        memory.pending_came(&before);
        if store_now {
            if let Some(known) = memory.known.as_mut() {
                known.must_commit_first = known.dirty;
            }
            self.save(memory).await?;
        }
        if matches!(outcome, Outcome::Failed { ref fault, .. } if fault.class == FaultClass::Conflict)
        {
            self.store.forget(&unit.name);
        }
        if let Some(record) = memory.record() {
            self.look_at_connections(unit, step, record).await;
        }
        Ok(())
    }

    pub(super) fn situation<'a>(
        &'a self,
        unit: &'a Unit,
        connections: &'a [(String, ConnectionCapabilities)],
        published: &'a Seen,
        memory: &'a Memory,
        record: &Record,
    ) -> Situation<'a> {
        let inputs = Inputs {
            holder: Some(&self.holder),
            connections,
            published: &published.what,
            stated_end: published.end,
            intent_is_fresh: memory.has_fresh_intent(record),
            knows_deliveries: memory.knows_deliveries(record),
            unrecorded: &memory.unrecorded,
        };
        self.conditions.situation(unit, inputs)
    }

    /// Performs a step. An effect is cancelled when the lease that covers it
    /// ends.
    async fn with_deadline(
        &self,
        unit: &Unit,
        memory: &Memory,
        record: &Record,
        step: &Step,
    ) -> Outcome {
        let now = self.now(unit);
        let lease_end = record
            .lease
            .as_ref()
            .filter(|l| l.holder == self.holder)
            .map(|l| l.expires_at);
        let left = match step.needs_lease() {
            false => unit.policy.lease,
            true => lease_end.map_or(SignedDuration::ZERO, |end| end.duration_since(now)),
        };
        let at_the_end = || self.now(unit);
        tokio::select! {
            outcome = perform(unit, self.store.as_ref(), record, &memory.unrecorded, step, &at_the_end) => outcome,
            () = self.clock.sleep(left.max(SignedDuration::ZERO)) => {
                let class = if step.only_reads() { FaultClass::NotApplied } else { FaultClass::Ambiguous };
                let text = format!("`{}` took longer than the lease on the token lasts", step.as_str());
                Outcome::Failed { step: step.clone(), fault: Fault::new(class, FaultKind::Timeout, text) }
            }
        }
    }
}

/// A defect of this program: nothing is stored, and the log says so.
pub(super) fn defect(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!(
        "{error} (this is a defect of scim-rotator; nothing was changed)"
    ))
}
