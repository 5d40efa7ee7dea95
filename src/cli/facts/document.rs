//! What a document of facts contains.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::ports::unit::Unit;
use crate::rotation::decision::Decision;
use crate::rotation::forecast::Forecast;
use crate::rotation::record::{Handled, Record, StatedEnd};
use crate::rotation::situation::Published;
use crate::secret::Fingerprint;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::foreseen::{decision_json, upcoming_json};
use crate::telemetry::snapshot::TokenSnapshot;

/// The published path is followed by the daemon: the facts tell what happens if
/// nobody writes there.
pub(super) fn published_as_recorded(record: &Record) -> Published {
    match &record.current {
        Some(current) => Published::Token(current.fingerprint()),
        None => Published::Unknown,
    }
}

pub(super) fn stated_as_recorded(record: &Record) -> StatedEnd {
    let end = record
        .current
        .as_ref()
        .and_then(|current| current.expires_at);
    end.map_or(StatedEnd::Absent, StatedEnd::At)
}

/// The state of a token as people and programs see it.
pub(super) fn snapshot(unit: &Unit, record: &Record, decision: &Decision) -> Value {
    let facts = Arc::new(TokenFacts::of(unit));
    let snapshot = TokenSnapshot::from_record(&facts, record, decision, &unit.policy);
    snapshot_json(&snapshot)
}

/// The same as the daemon's API tells it.
pub(super) fn snapshot_json(snapshot: &TokenSnapshot) -> Value {
    let mut value = serde_json::to_value(snapshot).unwrap_or_default();
    value["standing"] = json!(snapshot.standing());
    value["doubt"] = json!(snapshot.doubt_detail());
    value
}

/// What is decided now, and the next step.
pub(in crate::cli) fn forecast_json(Forecast { now, next }: &Forecast) -> Value {
    json!({ "now": decision_json(now), "next": upcoming_json(next.as_ref()) })
}

/// What changes without a change of the state: who works on it, and when it is
/// looked at and tested again.
const UNSEEN: [&str; 4] = [
    "lease",
    "next_wake_at",
    "next_attempt_at",
    "last_attempt_at",
];

pub(super) fn digest_of(shown: &Value, handled: &[Handled]) -> Fingerprint {
    let mut seen = shown.clone();
    if let Some(fields) = seen.as_object_mut() {
        for unseen in UNSEEN {
            fields.remove(unseen);
        }
        if let Some(probe) = fields.get_mut("probe").and_then(Value::as_object_mut) {
            probe.remove("at");
            probe.remove("passed_at");
        }
        if let Some(current) = fields.get_mut("current").and_then(Value::as_object_mut) {
            current.remove("proven_at");
        }
    }
    Fingerprint::of(&format!("{seen}{}", json!(handled)))
}
