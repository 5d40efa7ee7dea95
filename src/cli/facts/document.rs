//! What a document of facts contains.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::rotation::forecast::Forecast;
use crate::rotation::record::{Handled, Paused, Record, StatedEnd};
use crate::rotation::situation::Published;
use crate::rotation::state::Banner;
use crate::secret::Fingerprint;
use crate::telemetry::foreseen::{decision_json, upcoming_json};
use crate::telemetry::snapshot::TokenSnapshot;

/// The field of the facts of all work that tells since when the configuration in force
/// is not the one in the file.
pub(super) const CONFIG_REFUSED: &str = "config_refused_since";

/// The banners that the facts of all work tell of.
pub(super) fn banners(all: &Value) -> Vec<Banner> {
    let paused = serde_json::from_value::<Option<Paused>>(all["paused"].clone());
    let paused = paused.ok().flatten().as_ref().map(Banner::paused_all);
    let refused = all[CONFIG_REFUSED].as_str();
    let refused = refused
        .and_then(|at| at.parse().ok())
        .map(Banner::config_refused);
    paused.into_iter().chain(refused).collect()
}

/// The field with all rotations that the record remembers; the state has the newest.
pub(in crate::cli) const ROTATIONS: &str = "rotations";

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

/// The state of a token as the daemon's API tells it.
pub(super) fn snapshot_json(snapshot: &TokenSnapshot) -> Value {
    let mut value = serde_json::to_value(snapshot).unwrap_or_default();
    value["doubt"] = json!(snapshot.doubt_detail());
    value
}

/// What is decided now, and the next step.
pub(in crate::cli) fn forecast_json(Forecast { now, next }: &Forecast) -> Value {
    json!({ "now": decision_json(now), "next": upcoming_json(next.as_ref()) })
}

/// A digest of what people see. It leaves out what changes without a change of the
/// state: who works on it, and when it is looked at and tested again.
pub(super) fn digest_of(mut seen: TokenSnapshot, handled: &[Handled]) -> Fingerprint {
    const LEFT_OUT: Timestamp = Timestamp::UNIX_EPOCH;
    seen.lease = None;
    seen.next_wake_at = LEFT_OUT;
    seen.next_attempt_at = None;
    seen.last_attempt_at = None;
    if let Some(probe) = &mut seen.probe {
        probe.at = LEFT_OUT;
        probe.passed_at = None;
    }
    if let Some(current) = &mut seen.current {
        current.proven_at = None;
    }
    // To text at once: thousands of tokens are compared in each sweep.
    let seen = serde_json::to_string(&(seen, handled)).unwrap_or_default();
    Fingerprint::of(&seen)
}
