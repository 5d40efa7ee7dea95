//! Series of rotations.

use super::with;
use crate::rotation::record::{RotationResult, StageName, Trigger};
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, counter, gauge};

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_rotation_stage",
        "Stage of the rotation: 1 for the stage it is in, 0 for all others.",
        rotation_stage,
    ),
    gauge(
        "scim_rotator_rotation_stage_entered_timestamp_seconds",
        "Since when the rotation is in its stage.",
        |entry, to| {
            with(entry, |s| {
                to.time(&s.facts.name, &[], Some(s.stage_entered_at));
            })
        },
    ),
    counter(
        "scim_rotator_rotations_total",
        "Rotations that this process finished.",
        rotations,
    ),
    gauge(
        "scim_rotator_rotation_last_success_timestamp_seconds",
        "When a rotation last succeeded.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.last_success_at)),
    ),
    gauge(
        "scim_rotator_rotation_last_attempt_timestamp_seconds",
        "When a rotation was last attempted.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.last_attempt_at)),
    ),
    gauge(
        "scim_rotator_rotation_consecutive_failures",
        "Failures in a row since the last success.",
        |entry, to| {
            with(entry, |s| {
                to.count(&s.facts.name, &[], u64::from(s.consecutive_failures));
            })
        },
    ),
    gauge(
        "scim_rotator_rotation_next_attempt_timestamp_seconds",
        "When something is done for the token next; absent while paused or halted.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.next_attempt_at)),
    ),
    counter(
        "scim_rotator_rotation_step_failures_total",
        "Steps that failed, by step and reason.",
        step_failures,
    ),
];

fn rotation_stage(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        for stage in StageName::ALL {
            let labels = [("stage", stage.as_str())];
            to.flag(&s.facts.name, &labels, s.stage == stage);
        }
    });
}

fn rotations(entry: &Entry, to: &mut Series<'_>) {
    if entry.is_federated() {
        return;
    }
    for trigger in Trigger::ALL {
        for result in RotationResult::ALL {
            let labels = [("trigger", trigger.as_str()), ("result", result.as_str())];
            let count = entry.counters.rotations(trigger, result);
            to.count(&entry.facts.name, &labels, count);
        }
    }
}

/// Only failures that happened: all combinations would be 160 series a token.
fn step_failures(entry: &Entry, to: &mut Series<'_>) {
    for ((step, reason), count) in entry.counters.step_failures() {
        let labels = [("step", step), ("reason", reason)];
        to.count(&entry.facts.name, &labels, count);
    }
}
