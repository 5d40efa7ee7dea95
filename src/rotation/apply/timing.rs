//! Notes how long the steps of a rotation took. Nothing is decided by it.

use jiff::{SignedDuration, Timestamp};

use crate::rotation::decision::Step;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{MOST_STEPS, PastRotation, PastStep, Record, RotationResult};
use crate::secret::Fingerprint;

/// Notes a step that has ended in the rotation that it belongs to: the one in flight, or
/// one that has ended. `before` is the record to which the outcome was applied.
#[must_use]
pub fn with_step(
    before: &Record,
    mut after: Record,
    (step, outcome): (&Step, &Outcome),
    began_at: Timestamp,
    took: SignedDuration,
) -> Record {
    let Some(steps) = steps_of(before, &mut after, step) else {
        return after;
    };
    let one = PastStep {
        step: step.as_str().to_owned(),
        connection: step.connection().map(str::to_owned),
        began_at,
        took_ms: u64::try_from(took.as_millis()).unwrap_or_default(),
        times: 1,
        failed: u32::from(matches!(outcome, Outcome::Failed { .. })),
    };
    let is_again =
        |last: &&mut PastStep| last.step == one.step && last.connection == one.connection;
    if let Some(last) = steps.last_mut().filter(is_again) {
        last.took_ms = last.took_ms.saturating_add(one.took_ms);
        last.times = last.times.saturating_add(1);
        last.failed = last.failed.saturating_add(one.failed);
    } else if steps.len() < MOST_STEPS {
        steps.push(one);
    }
    after
}

fn steps_of<'r>(
    before: &Record,
    after: &'r mut Record,
    step: &Step,
) -> Option<&'r mut Vec<PastStep>> {
    match step {
        Step::CheckUse { fingerprint } | Step::Retire { fingerprint } => {
            let is_its = |past: &PastRotation| past.old.as_ref() == Some(fingerprint);
            of_past(after, is_its)
        }
        Step::Publish => {
            let current = after.current.as_ref().map(|token| token.fingerprint());
            of_past(after, |past| is_first_publication(past, current))
        }
        Step::Prepare { .. }
        | Step::Issue
        | Step::Recover
        | Step::TakeSupplied
        | Step::Prove
        | Step::Deliver { .. }
        | Step::Confirm { .. }
        | Step::Complete
        | Step::Revert { .. }
        | Step::Discard => of_flight(before, after),
        Step::Adopt
        | Step::RevokeOrphan { .. }
        | Step::RevokeUnrecorded { .. }
        | Step::EndRehearsal
        | Step::Verify => None,
    }
}

/// The rotation in flight; the one that this step has ended, if it did.
fn of_flight<'r>(before: &Record, after: &'r mut Record) -> Option<&'r mut Vec<PastStep>> {
    if after.rotation.is_some() {
        return after.rotation.as_mut().map(|rotation| &mut rotation.steps);
    }
    let ended = before.rotation.as_ref().map(|rotation| &rotation.id)?;
    of_past(after, |past| past.id == *ended)
}

fn of_past(
    after: &mut Record,
    is_meant: impl Fn(&PastRotation) -> bool,
) -> Option<&mut Vec<PastStep>> {
    let past = after.history.iter_mut().find(|past| is_meant(past));
    past.map(|past| &mut past.steps)
}

/// Whether the token in use came with this rotation, and was not published before. A later
/// publication sets back what somebody wrote, and belongs to no rotation.
fn is_first_publication(past: &PastRotation, current: Option<Fingerprint>) -> bool {
    let published = |one: &PastStep| one.step == Step::Publish.as_str() && one.failed < one.times;
    past.result == RotationResult::Success
        && past.new == current
        && !past.steps.iter().any(published)
}

/// The id of the rotation to which a step belongs that has led from one record to the
/// other: as [`with_step`] notes it. `None` if it belongs to none.
#[must_use]
pub fn rotation_of<'r>(before: &'r Record, after: &'r Record, step: &Step) -> Option<&'r str> {
    let past = |is_meant: &dyn Fn(&PastRotation) -> bool| {
        let found = before.history.iter().find(|past| is_meant(past));
        found.map(|past| past.id.as_str())
    };
    match step {
        Step::CheckUse { fingerprint } | Step::Retire { fingerprint } => {
            past(&|past| past.old.as_ref() == Some(fingerprint))
        }
        Step::Publish => {
            let current = before.current.as_ref().map(|token| token.fingerprint());
            past(&|past| is_first_publication(past, current))
        }
        Step::Prepare { .. }
        | Step::Issue
        | Step::Recover
        | Step::TakeSupplied
        | Step::Prove
        | Step::Deliver { .. }
        | Step::Confirm { .. }
        | Step::Complete
        | Step::Revert { .. }
        | Step::Discard => {
            let rotation = after.rotation.as_ref().or(before.rotation.as_ref());
            rotation.map(|rotation| rotation.id.as_str())
        }
        Step::Adopt
        | Step::RevokeOrphan { .. }
        | Step::RevokeUnrecorded { .. }
        | Step::EndRehearsal
        | Step::Verify => None,
    }
}
