//! Shows steps as they happen, as lines for people or as JSON lines for
//! programs.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::OutputFormat;
use super::output::Output;
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::rotation::decision::{Action, Decision, Reason, Step};
use crate::rotation::record::Record;
use crate::rotation::state::judge;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::result::StepResult;
use crate::telemetry::words;

/// Writes what the driver does to a command's output.
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

    /// Writes one line about a token: text for people, or an object with the
    /// same facts.
    pub fn tell(&self, now: Timestamp, token: &str, text: &str, facts: Value) {
        let mut named = json!({ "token": token });
        extend(&mut named, facts);
        // The work goes on although nobody reads the output any more.
        drop(self.note(now, token, text, named));
    }

    /// Writes one line about something else than a token; the subject is shown
    /// to people only.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn note(
        &self,
        now: Timestamp,
        subject: &str,
        text: &str,
        facts: Value,
    ) -> std::io::Result<()> {
        let mut shown = self.shown.lock();
        match shown.output.format() {
            OutputFormat::Text => {
                let time = now.strftime("%H:%M:%S");
                shown.output.line(&format!("{time}  {subject:<16}  {text}"))
            }
            OutputFormat::Json => {
                let mut line = json!({ "at": now });
                extend(&mut line, facts);
                shown.output.json(&line)
            }
        }
    }

    /// Writes text for people only.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn say(&self, text: &str) -> std::io::Result<()> {
        let mut shown = self.shown.lock();
        match shown.output.format() {
            OutputFormat::Text => shown.output.text(text),
            OutputFormat::Json => Ok(()),
        }
    }

    /// The output format.
    #[must_use]
    pub fn format(&self) -> OutputFormat {
        let shown = self.shown.lock();
        shown.output.format()
    }

    /// Whether the last line about the token was not about this wait.
    fn is_new_wait(&self, token: &str, reason: Option<Reason>) -> bool {
        let mut shown = self.shown.lock();
        match reason {
            None => shown.waits.remove(token).is_some(),
            Some(reason) => shown.waits.insert(token.to_owned(), reason) != Some(reason),
        }
    }
}

/// Whether a wait is shown. Waits inside a rotation are short and many, and the
/// end of the rotation is shown anyway.
pub(super) fn is_worth_telling(reason: Reason) -> bool {
    !matches!(reason, Reason::Fresh | Reason::InFlight)
}

fn extend(line: &mut Value, facts: Value) {
    if let (Some(line), Value::Object(facts)) = (line.as_object_mut(), facts) {
        line.extend(facts);
    }
}

/// The line about a step that ended.
pub(super) fn step_text(
    step: &str,
    connection: Option<&str>,
    millis: u64,
    result: StepResult<'_>,
) -> String {
    let name = match connection {
        Some(connection) => format!("{step} {connection}"),
        None => step.replace('_', " "),
    };
    match result {
        StepResult::Done => format!("{name:<24}  done in {millis} ms"),
        StepResult::NoProofYet => format!("{name:<24}  no proof yet, it is asked again"),
        StepResult::PartlyProven(cause) => {
            format!("{name:<24}  accepted in {millis} ms, but {cause}")
        }
        StepResult::Trouble(trouble) => format!("{name:<24}  NOT done: {trouble}"),
    }
}

/// The time until something happens.
pub(super) fn until_text(at: Timestamp, now: Timestamp) -> String {
    if at.duration_since(now) < SignedDuration::from_secs(1) {
        "at once".to_owned()
    } else {
        words::relative(at, now)
    }
}

/// The line about a wait: its reason, and when the token is checked again.
pub(super) fn wait_text(reason: Reason, until: &str) -> String {
    format!("waits: {} (next check {until})", reason.sentence())
}

/// The line about an old token that cannot be revoked.
fn left_to_expire(record: &Record) -> Option<String> {
    let ends = record
        .retiring
        .iter()
        .filter_map(|old| old.token.expires_at);
    let end = ends.min()?.strftime("%Y-%m-%d %H:%M:%S UTC");
    Some(format!(
        "old token left to expire at {end} (it cannot be revoked earlier)"
    ))
}

/// The line about a store that cannot be used.
pub(super) fn store_failed_text(error: &str) -> String {
    format!("waits, and tries again: {error}")
}

impl Witness for Live {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        let reason = decision.reason;
        let wait = match decision.action {
            // A probe during a wait is not shown.
            Action::Do(Step::Verify) => return,
            Action::Do(_) => None,
            Action::Wait => Some(reason).filter(|reason| is_worth_telling(*reason)),
        };
        if !self.is_new_wait(&unit.name, wait) || wait.is_none() {
            return;
        }
        let until = until_text(decision.wake_at, now);
        let facts = json!({
            "event": "waits",
            "reason": reason,
            "wake_at": decision.wake_at,
            "stage": record.stage_name(),
        });
        let text = if reason == Reason::WaitingExpiry {
            left_to_expire(record)
        } else if reason == Reason::IssueCap {
            let facts = TokenFacts::of(unit);
            let state = judge(record, &unit.policy, decision, &facts.about(), now);
            Some(state.sentence.into_owned())
        } else {
            None
        };
        let text = text.unwrap_or_else(|| wait_text(reason, &until));
        self.tell(now, &unit.name, &text, facts);
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        let mut shown = self.shown.lock();
        if shown.output.format() == OutputFormat::Json {
            // The work goes on although nobody reads the output any more.
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
        let result = StepResult::of(ended.outcome);
        let millis = u64::try_from(ended.elapsed.as_millis()).unwrap_or_default();
        let (step, connection) = (ended.step.as_str(), ended.step.connection());
        let facts = json!({
            "event": "step_ended",
            "step": step,
            "connection": connection,
            "result": result.as_str(),
            "detail": result.trouble(),
            "millis": millis,
            "stage": ended.after.stage_name(),
            "generation": ended.after.generation,
        });
        let text = step_text(step, connection, millis, result);
        self.tell(ended.now, &unit.name, &text, facts);
        self.tell_milestone(unit, ended);
    }

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        let facts = json!({ "event": "store_failed", "detail": error });
        let text = store_failed_text(error);
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
                "fingerprint": current.fingerprint().short(),
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
            let text = format!("HALTED until a person acts: {}", halt.detail);
            self.tell(ended.now, &unit.name, &text, facts);
        }
    }
}
