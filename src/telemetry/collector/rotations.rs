//! Series of rotations.

use super::with;
use crate::rotation::record::RotationResult;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, counter, gauge};

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_rotation_stage_entered_timestamp_seconds",
        "Since when the rotation is in its stage.",
        |entry, to| {
            with(entry, |s| {
                let labels = [("stage", s.stage.as_str())];
                to.time(&s.facts.name, &labels, Some(s.stage_entered_at));
            })
        },
    ),
    counter(
        "scim_rotator_rotations_total",
        "Rotations that this process finished.",
        rotations,
    ),
    gauge(
        "scim_rotator_rotation_consecutive_failures",
        "Failures in a row since the last success; absent when there is none, and while the record cannot be read.",
        |entry, to| {
            with(entry, |s| {
                if s.consecutive_failures > 0 && entry.trouble.is_none() {
                    let failures = u64::from(s.consecutive_failures);
                    to.count(&s.facts.name, &[], failures);
                }
            })
        },
    ),
];

fn rotations(entry: &Entry, to: &mut Series<'_>) {
    if entry.is_federated() {
        return;
    }
    let counters = entry.counters.as_deref();
    for result in RotationResult::ALL {
        let labels = [("result", result.as_str())];
        let count = counters.map_or(0, |counters| counters.rotations(result));
        to.count(&entry.facts.name, &labels, count);
    }
}
