//! Steps shown as they happen: lines for people or JSON lines for programs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::OutputFormat;
use super::output::Output;
use crate::driver::unit::Unit;
use crate::driver::witness::{StepEnded, Witness};
use crate::rotation::decision::{Action, Decision, Reason, Step};
use crate::rotation::record::Record;
use crate::telemetry::witness::trouble_of;
use crate::telemetry::words;

/// Shows what the driver does on a command's output.
pub struct Live {
    shown: Mutex<Shown>,
}

struct Shown {
    output: Output,
    waits: BTreeMap<String, Reason>,
}

impl Live {
    /// Writes to this output.
    #[must_use]
    pub fn new(output: Output) -> Self {
        let waits = BTreeMap::new();
        Self {
            shown: Mutex::new(Shown { output, waits }),
        }
    }

    /// One line: text for people, or an object with the same facts.
    pub fn tell(&self, now: Timestamp, token: &str, text: &str, facts: Value) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed output ends no work.
        drop(match shown.output.format() {
            OutputFormat::Text => {
                let time = now.strftime("%H:%M:%S");
                shown.output.line(&format!("{time}  {token:<16}  {text}"))
            }
            OutputFormat::Json => {
                let mut line = json!({ "at": now, "token": token });
                if let (Some(line), Value::Object(facts)) = (line.as_object_mut(), facts) {
                    line.extend(facts);
                }
                shown.output.json(&line)
            }
        });
    }

    /// Whether this wait was not the last thing said of the token.
    fn is_new_wait(&self, token: &str, reason: Option<Reason>) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            None => shown.waits.remove(token).is_some(),
            Some(reason) => shown.waits.insert(token.to_owned(), reason) != Some(reason),
        }
    }
}

/// Waits inside a rotation are short and many; the end of it is told anyway.
fn is_worth_telling(reason: Reason) -> bool {
    !matches!(reason, Reason::Fresh | Reason::InFlight)
}

fn name_of(step: &Step) -> String {
    match step.connection() {
        Some(connection) => format!("{} {connection}", step.as_str()),
        None => step.as_str().replace('_', " "),
    }
}

impl Witness for Live {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        let reason = decision.reason;
        let wait = match decision.action {
            Action::Do(_) => None,
            Action::Wait => Some(reason).filter(|reason| is_worth_telling(*reason)),
        };
        if !self.is_new_wait(&unit.name, wait) || wait.is_none() {
            return;
        }
        let until = words::relative(decision.wake_at, now);
        let word = reason.as_str().replace('_', " ");
        let facts = json!({
            "event": "waits",
            "reason": reason,
            "wake_at": decision.wake_at,
            "stage": record.stage_name(),
        });
        let text = format!("waits: {word} (looks again {until})");
        self.tell(now, &unit.name, &text, facts);
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.output.format() == OutputFormat::Json {
            // A closed output ends no work.
            drop(shown.output.json(&json!({
                "at": now,
                "token": unit.name,
                "event": "step_began",
                "step": step.as_str(),
                "connection": step.connection(),
                "stage": record.stage_name(),
            })));
        }
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let trouble = trouble_of(ended.outcome);
        let millis = ended.elapsed.as_millis();
        let name = name_of(ended.step);
        let facts = json!({
            "event": "step_ended",
            "step": ended.step.as_str(),
            "connection": ended.step.connection(),
            "result": if trouble.is_some() { "failed" } else { "success" },
            "detail": trouble,
            "millis": u64::try_from(millis).unwrap_or_default(),
            "stage": ended.after.stage_name(),
            "generation": ended.after.generation,
        });
        let text = match trouble {
            None => format!("{name:<24}  done in {millis} ms"),
            Some(trouble) => format!("{name:<24}  NOT done: {trouble}"),
        };
        self.tell(ended.now, &unit.name, &text, facts);
        self.tell_milestone(unit, ended);
    }

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        let facts = json!({ "event": "store_failed", "detail": error });
        let text = format!("Vault cannot be used now, it is tried again: {error}");
        self.tell(now, &unit.name, &text, facts);
    }
}

impl Live {
    fn tell_milestone(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let (before, after) = (ended.before, ended.after);
        if after.generation > before.generation
            && let Some(current) = &after.current
        {
            let expires = current.expires_at.map(|at| words::relative(at, ended.now));
            let facts = json!({
                "event": "promoted",
                "generation": after.generation,
                "fingerprint": current.fingerprint(),
                "expires_at": current.expires_at,
            });
            let text = format!(
                "new token in use, generation {}, expires {}",
                after.generation,
                expires.unwrap_or_else(|| current.expiry.as_str().to_owned())
            );
            self.tell(ended.now, &unit.name, &text, facts);
        }
        if let (Some(halt), None) = (&after.halt, &before.halt) {
            let facts = json!({ "event": "halted", "cause": halt.cause, "detail": halt.detail });
            let text = format!("HALTED, a person must decide: {}", halt.detail);
            self.tell(ended.now, &unit.name, &text, facts);
        }
    }
}
