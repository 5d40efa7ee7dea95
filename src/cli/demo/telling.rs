//! The output of the demo: lines for people, or events for programs.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::people::People;
use crate::cli::live::{Live, is_worth_telling, until_text};
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::rotation::decision::{Action, Decision, Step};
use crate::rotation::reason::Reason;
use crate::rotation::record::Record;
use crate::telemetry::result::StepResult;

/// Who reads the output.
pub(super) enum Telling {
    People(People),
    Programs(Live),
}

impl Telling {
    pub(super) fn is_for_people(&self) -> bool {
        matches!(self, Self::People(_))
    }

    /// A line about something else than a token.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub(super) fn note(
        &self,
        now: Timestamp,
        subject: &str,
        text: &str,
        facts: Value,
    ) -> io::Result<()> {
        match self {
            Self::People(people) => people.note(now, subject, text),
            Self::Programs(live) => live.note(now, subject, text, facts),
        }
    }

    /// Text for people only.
    pub(super) fn say(&self, text: &str) {
        if let Self::People(people) = self {
            // A closed output is noticed at the next report on provisioning.
            drop(people.say(text));
        }
    }

    /// A step of the daemon in another process has ended.
    pub(super) fn step_ended(
        &self,
        now: Timestamp,
        token: &str,
        (step, connection, millis): (&str, Option<&str>, u64),
        result: StepResult<'_>,
    ) {
        match self {
            Self::People(people) => people.step_ended(now, token, (step, connection), result),
            Self::Programs(live) => {
                let facts = json!({
                    "event": "step_ended",
                    "step": step,
                    "connection": connection,
                    "result": result.as_str(),
                    "detail": result.trouble(),
                    "millis": millis,
                });
                live.tell(now, token, "", facts);
            }
        }
    }

    pub(super) fn promoted(&self, now: Timestamp, token: &str, generation: u64) {
        match self {
            Self::People(people) => people.promoted(now, token, generation),
            Self::Programs(live) => {
                let facts = json!({ "event": "promoted", "generation": generation });
                live.tell(now, token, "", facts);
            }
        }
    }

    /// A token of the daemon in another process waits.
    pub(super) fn waits(
        &self,
        now: Timestamp,
        token: &str,
        reason: Reason,
        wake_at: Option<Timestamp>,
    ) {
        match self {
            Self::People(people) => {
                let until = wake_at.map_or("later".to_owned(), |at| until_text(at, now));
                people.waits(now, token, reason, &until);
            }
            Self::Programs(_) if !is_worth_telling(reason) => {}
            Self::Programs(live) => {
                let facts = json!({ "event": "waits", "reason": reason, "wake_at": wake_at });
                live.tell(now, token, "", facts);
            }
        }
    }

    pub(super) fn unstored(&self, now: Timestamp, token: &str, error: &str) {
        match self {
            Self::People(people) => people.store_failed(now, token, error),
            Self::Programs(live) => {
                let facts = json!({ "event": "store_failed", "detail": error });
                live.tell(now, token, "", facts);
            }
        }
    }
}

/// The daemon in this process.
impl Witness for Telling {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        match self {
            Self::Programs(live) => live.decided(unit, record, decision, now),
            Self::People(_) => {
                if matches!(decision.action, Action::Wait) {
                    self.waits(now, &unit.name, decision.reason, Some(decision.wake_at));
                }
            }
        }
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        match self {
            Self::Programs(live) => live.step_began(unit, record, step, now),
            Self::People(people) => {
                people.step_began(&unit.name, step.as_str(), step.connection());
            }
        }
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let people = match self {
            Self::Programs(live) => return live.step_ended(unit, ended),
            Self::People(people) => people,
        };
        let step = (ended.step.as_str(), ended.step.connection());
        let result = StepResult::of(ended.outcome);
        people.step_ended(ended.now, &unit.name, step, result);
        if ended.after.generation > ended.before.generation {
            people.promoted(ended.now, &unit.name, ended.after.generation);
        }
        if let (Some(halt), None) = (&ended.after.halt, &ended.before.halt) {
            people.halted(ended.now, &unit.name, &halt.detail);
        }
    }

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        match self {
            Self::Programs(live) => live.store_failed(unit, error, now),
            Self::People(people) => people.store_failed(now, &unit.name, error),
        }
    }
}
