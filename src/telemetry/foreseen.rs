//! What is decided now and what comes next, as facts, API and `plan` tell it.

use serde_json::{Value, json};

use super::board::Entry;
use super::federation;
use crate::rotation::decision::{Action, Decision};
use crate::rotation::forecast::Upcoming;

/// A decision.
#[must_use]
pub fn decision_json(decision: &Decision) -> Value {
    let step = match &decision.action {
        Action::Do(step) => Some(step.as_str()),
        Action::Wait => None,
    };
    json!({ "step": step, "reason": decision.reason, "wake_at": decision.wake_at })
}

/// The next step; null if it depends on a person, or if no time is known.
#[must_use]
pub fn upcoming_json(next: Option<&Upcoming>) -> Value {
    next.map_or(Value::Null, |next| {
        json!({
            "at": next.at,
            "step": next.step.as_str(),
            "connection": next.step.connection(),
            "reason": next.reason,
        })
    })
}

/// The plan of a token; `now` is null before its record was read.
#[must_use]
pub fn plan_json(entry: &Entry) -> Value {
    let now = entry.is_federated().then(federation::decision_json);
    let decided = entry.snapshot.as_deref().map(|snapshot| {
        json!({
            "step": snapshot.step,
            "reason": snapshot.reason,
            "wake_at": snapshot.next_wake_at,
        })
    });
    json!({
        "token": entry.facts.name,
        "now": now.or(decided),
        "next": upcoming_json(entry.next.as_deref()),
        "trouble": entry.trouble.as_deref(),
    })
}
