//! Observers of decisions and steps: logs, metrics, live output, tests.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::condition::Condition;
use super::unit::Unit;
use crate::fault::Fault;
use crate::ports::Version;
use crate::rotation::decision::{Decision, Step};
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{Handled, Record};

/// Is told of decisions and steps, and cannot change them.
pub trait Witness: Send + Sync {
    /// A decision was made for a token.
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        let _ = (unit, record, decision, now);
    }

    /// A step is about to be performed. If it needs a lease, its intent is
    /// stored.
    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        let _ = (unit, record, step, now);
    }

    /// A step has ended.
    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let _ = (unit, ended);
    }

    /// The state of a connection was asked for.
    fn connection_seen(
        &self,
        unit: &Unit,
        connection: &str,
        seen: &Result<Condition, Fault>,
        now: Timestamp,
    ) {
        let _ = (unit, connection, seen.is_ok(), now);
    }

    /// A token waits, and its record is stored as it is shown.
    fn stored(&self, unit: &Unit, stored: &Stored<'_>) {
        let _ = (unit, stored);
    }

    /// A request of a person was accepted or refused, and that is stored.
    fn request_handled(&self, unit: &Unit, record: &Record, version: Version, handled: &Handled) {
        let _ = (unit, record, version, handled);
    }

    /// The store could not be used; the token waits.
    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        let _ = (unit, error, now);
    }

    /// The record cannot be used until a person acts; called besides
    /// [`Witness::store_failed`].
    fn unusable(&self, unit: &Unit, error: &str) {
        let _ = (unit, error);
    }

    /// Another writer stored the record first.
    fn conflict(&self, unit: &Unit) {
        let _ = unit;
    }

    /// A token was removed from the configuration and has no work left.
    fn removed(&self, name: &str) {
        let _ = name;
    }
}

/// A finished step.
#[derive(Debug, Clone)]
pub struct StepEnded<'a> {
    /// Which step.
    pub step: &'a Step,
    /// Its outcome.
    pub outcome: &'a Outcome,
    /// The record before.
    pub before: &'a Record,
    /// The record after.
    pub after: &'a Record,
    /// How long it took.
    pub elapsed: SignedDuration,
    /// When it ended.
    pub now: Timestamp,
}

/// A stored record, and the decision to wait that was made on it.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The record.
    pub record: &'a Record,
    /// Its version.
    pub version: Version,
    /// Whether this process wrote this version.
    pub by_us: bool,
    /// What is waited for.
    pub decision: &'a Decision,
}

/// Several witnesses as one.
#[derive(Clone, Default)]
pub struct Witnesses(pub Vec<Arc<dyn Witness>>);

impl Witness for Witnesses {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        self.0
            .iter()
            .for_each(|w| w.decided(unit, record, decision, now));
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        self.0
            .iter()
            .for_each(|w| w.step_began(unit, record, step, now));
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        self.0.iter().for_each(|w| w.step_ended(unit, ended));
    }

    fn connection_seen(
        &self,
        unit: &Unit,
        connection: &str,
        seen: &Result<Condition, Fault>,
        now: Timestamp,
    ) {
        self.0
            .iter()
            .for_each(|w| w.connection_seen(unit, connection, seen, now));
    }

    fn stored(&self, unit: &Unit, stored: &Stored<'_>) {
        self.0.iter().for_each(|w| w.stored(unit, stored));
    }

    fn request_handled(&self, unit: &Unit, record: &Record, version: Version, handled: &Handled) {
        let all = self.0.iter();
        all.for_each(|w| w.request_handled(unit, record, version, handled));
    }

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        self.0.iter().for_each(|w| w.store_failed(unit, error, now));
    }

    fn unusable(&self, unit: &Unit, error: &str) {
        self.0.iter().for_each(|w| w.unusable(unit, error));
    }

    fn conflict(&self, unit: &Unit) {
        self.0.iter().for_each(|w| w.conflict(unit));
    }

    fn removed(&self, name: &str) {
        self.0.iter().for_each(|w| w.removed(name));
    }
}
