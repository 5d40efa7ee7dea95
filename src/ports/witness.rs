//! Who is told of what happens: logs, metrics, live output, tests.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::condition::Condition;
use super::unit::Unit;
use crate::fault::Fault;
use crate::rotation::decision::{Decision, Step};
use crate::rotation::outcome::Outcome;
use crate::rotation::record::Record;

/// Is told of what happens, and cannot change it.
pub trait Witness: Send + Sync {
    /// A decision was made for a token.
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        let _ = (unit, record, decision, now);
    }

    /// A step is about to be performed; its intent is stored.
    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        let _ = (unit, record, step, now);
    }

    /// A step came to its outcome.
    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let _ = (unit, ended);
    }

    /// A connection was asked how it fares.
    fn connection_seen(
        &self,
        unit: &Unit,
        connection: &str,
        seen: &Result<Condition, Fault>,
        now: Timestamp,
    ) {
        let _ = (unit, connection, seen.is_ok(), now);
    }

    /// The store could not be used; the token waits.
    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        let _ = (unit, error, now);
    }

    /// Somebody else wrote the record first.
    fn conflict(&self, unit: &Unit) {
        let _ = unit;
    }

    /// A token left the configuration.
    fn removed(&self, name: &str) {
        let _ = name;
    }
}

/// A finished step.
#[derive(Debug, Clone)]
pub struct StepEnded<'a> {
    /// Which step.
    pub step: &'a Step,
    /// What came of it.
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

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        self.0.iter().for_each(|w| w.store_failed(unit, error, now));
    }

    fn conflict(&self, unit: &Unit) {
        self.0.iter().for_each(|w| w.conflict(unit));
    }

    fn removed(&self, name: &str) {
        self.0.iter().for_each(|w| w.removed(name));
    }
}
