//! Rows of the tables over `plan`: a sentence, a scene, what is decided.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::decision::{Action, Decision, Reason, Step};

use crate::scene::Scene;

/// What a row expects.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    Does(Step, Reason),
    WaitsUntil(Timestamp, Reason),
    WaitsFor(SignedDuration, Reason),
}

pub(crate) fn does(step: Step, reason: Reason) -> Expected {
    Expected::Does(step, reason)
}

pub(crate) fn waits(until: Timestamp, reason: Reason) -> Expected {
    Expected::WaitsUntil(until, reason)
}

pub(crate) fn waits_for(pause: SignedDuration, reason: Reason) -> Expected {
    Expected::WaitsFor(pause, reason)
}

/// One row: the sentence, the scene, what is decided.
pub(crate) type Row = (&'static str, Scene, Expected);

/// Checks every row, and reports all that differ together.
pub(crate) fn check(rows: &[Row]) {
    let wrong: Vec<_> = rows.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn differs((sentence, scene, expected): &Row) -> Option<String> {
    let found = scene.plan();
    let wanted = decision(scene, expected);
    if scene.record.schema == scim_rotator::rotation::record::SCHEMA {
        scim_rotator::rotation::invariant::check(&scene.record).expect(sentence);
    }
    (found != wanted).then(|| format!("{sentence}\n  wanted {wanted:?}\n  found  {found:?}"))
}

fn decision(scene: &Scene, expected: &Expected) -> Decision {
    match expected {
        Expected::Does(step, reason) => Decision {
            action: Action::Do(step.clone()),
            reason: *reason,
            wake_at: scene.now,
        },
        Expected::WaitsUntil(wake_at, reason) => Decision {
            action: Action::Wait,
            reason: *reason,
            wake_at: *wake_at,
        },
        Expected::WaitsFor(pause, reason) => Decision {
            action: Action::Wait,
            reason: *reason,
            wake_at: scene.now + *pause,
        },
    }
}

pub(crate) fn deliver(connection: &str) -> Step {
    Step::Deliver {
        connection: connection.to_owned(),
    }
}

pub(crate) fn confirm(connection: &str) -> Step {
    Step::Confirm {
        connection: connection.to_owned(),
    }
}

pub(crate) fn revert(connection: &str) -> Step {
    Step::Revert {
        connection: connection.to_owned(),
    }
}

pub(crate) fn retire(name: &str) -> Step {
    Step::Retire {
        fingerprint: crate::scene::print(name),
    }
}

pub(crate) fn check_use(name: &str) -> Step {
    Step::CheckUse {
        fingerprint: crate::scene::print(name),
    }
}

pub(crate) fn revoke_orphan(id: &str) -> Step {
    Step::RevokeOrphan { id: id.to_owned() }
}

pub(crate) fn revoke_unrecorded(label: &str) -> Step {
    Step::RevokeUnrecorded {
        label: label.to_owned(),
    }
}

pub(crate) fn prepare(trigger: scim_rotator::rotation::record::Trigger) -> Step {
    Step::Prepare { trigger }
}
