//! Failures, and the point where a person must decide.

use super::rolling_back::{abandon_pending, lost, roll_back};
use super::{Change, IllegalOutcome, proving, recovering, retiring};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::decision::Step;
use crate::rotation::record::{Halt, HaltCause, LastFailure, Record, Request, Stage, Trigger};

pub(super) fn failed(
    mut change: Change<'_, '_>,
    step: &Step,
    fault: Fault,
) -> Result<(), IllegalOutcome> {
    match step {
        Step::Retire { fingerprint } => {
            let policy = change.situation.policy;
            let entry = change
                .record
                .retiring
                .iter_mut()
                .find(|r| r.token.fingerprint() == *fingerprint);
            if let Some(entry) = entry {
                entry.attempts = entry.attempts.saturating_add(1);
                entry.retry_at = change
                    .now
                    .checked_add(policy.side_pause(entry.attempts))
                    .ok();
                entry.last_finding = Some(fault.message);
            }
        }
        Step::CheckUse { fingerprint } => retiring::use_unknown(change, fingerprint, fault),
        Step::RevokeOrphan { id } => {
            let policy = change.situation.policy;
            if let Some(orphan) = change.record.orphans.iter_mut().find(|o| o.id == *id) {
                orphan.attempts = orphan.attempts.saturating_add(1);
                orphan.retry_at = change
                    .now
                    .checked_add(policy.side_pause(orphan.attempts))
                    .ok();
            }
        }
        // Counted by the process that knows the token, not in the record.
        Step::RevokeUnrecorded { .. } => {}
        Step::Issue => issue_failed(&mut change, &fault),
        Step::Verify => proving::verify_failed(change, fault),
        Step::Adopt
        | Step::Prepare { .. }
        | Step::Recover
        | Step::TakeSupplied
        | Step::Prove
        | Step::Deliver { .. }
        | Step::Confirm { .. }
        | Step::Complete
        | Step::Publish
        | Step::Revert { .. }
        | Step::Discard => {
            note_failure(&mut change, step, &fault);
            give_up_if_hopeless(&mut change, step, &fault);
        }
    }
    Ok(())
}

/// An issue that surely did not happen frees its intent and its place in the
/// runaway guard; one that may have happened keeps both. The same intent may
/// have been sent before, by a recovery that sends again: then a token may be
/// alive although this call was refused.
fn issue_failed(change: &mut Change<'_, '_>, fault: &Fault) {
    let doubted = change.record.failures.last.as_ref().is_some_and(|last| {
        last.step == Step::Issue.as_str() && last.class == FaultClass::Ambiguous
    });
    let sent_before = doubted || !change.situation.intent_is_fresh;
    note_failure(change, &Step::Issue, fault);
    match fault.class {
        FaultClass::Ambiguous => {}
        FaultClass::NotApplied
        | FaultClass::Throttled
        | FaultClass::Unauthorized
        | FaultClass::Rejected
        | FaultClass::Conflict => {
            if let Some(rotation) = change.record.rotation.as_mut() {
                rotation.intent = None;
                rotation.attempts = rotation.attempts.saturating_sub(u32::from(!sent_before));
            }
            if sent_before {
                let dies_at = recovering::latest_death(change);
                lost(change, None, dies_at);
            } else {
                change.record.issues.pop();
            }
            give_up_if_hopeless(change, &Step::Issue, fault);
        }
    }
}

/// Counts a failure. The backoff follows from what is counted here.
pub(super) fn note_failure(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) {
    let failures = &mut change.record.failures;
    failures.consecutive = failures.consecutive.saturating_add(1);
    if fault.class.is_permanent() {
        failures.permanent = failures.permanent.saturating_add(1);
    }
    failures.last = Some(LastFailure {
        at: change.now,
        step: step.as_str().to_owned(),
        class: fault.class,
        kind: fault.kind,
        message: fault.message.clone(),
        retry_after: fault.retry_after,
    });
}

/// After the permitted number of failures that repeating cannot mend: roll
/// back where that helps, else ask for a person.
fn give_up_if_hopeless(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) {
    let wrong_target = matches!(step, Step::Deliver { .. } | Step::Prepare { .. })
        && fault.class == FaultClass::Rejected
        && fault.kind == FaultKind::Config;
    if wrong_target {
        halt(change, HaltCause::WrongTarget, fault.message.clone());
        return;
    }
    if change.record.failures.permanent < change.situation.policy.max_attempts {
        return;
    }
    if *step == Step::Publish && change.record.rotation.is_some() {
        // The rotation in flight has no part in it.
        return;
    }
    match change.record.rotation.as_ref().map(|r| r.stage) {
        Some(Stage::Delivering | Stage::Confirming | Stage::Proving) => {
            roll_back(change, format!("{}: {}", step.as_str(), fault.message));
        }
        Some(Stage::Discarding) => abandon_pending(change),
        None
        | Some(Stage::Issuing | Stage::Completing | Stage::Reverting | Stage::WaitingOperator) => {
            let detail = format!(
                "`{}` failed {} times in a way that repeating cannot mend; the last answer: {}",
                step.as_str(),
                change.record.failures.permanent,
                fault.message
            );
            halt(change, HaltCause::AttemptsUsedUp, detail);
        }
    }
}

/// Counts a failure that speaks against the pending token itself, and says how
/// many came in a row. Doubts between them neither count nor clear them.
pub(super) fn note_refusal(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) -> u32 {
    note_failure(change, step, fault);
    let failures = &mut change.record.failures;
    failures.refused = failures.refused.saturating_add(1);
    failures.refused
}

/// Stops until a person decides: what was asked for before is void, but for the
/// haste of a token in the wrong hands. All else that is stored stays as it is.
pub(super) fn halt(change: &mut Change<'_, '_>, cause: HaltCause, detail: String) {
    let compromised = change.record.is_compromised();
    change.record.request = None;
    let halt = change.record.halt.get_or_insert(Halt {
        cause,
        since: change.now,
        detail,
        compromised,
    });
    halt.compromised = compromised;
}

/// A person has decided. Returns why it was halted.
pub(super) fn lift(record: &mut Record) -> Option<HaltCause> {
    let halt = record.halt.take()?;
    if halt.compromised {
        let request = record.request.get_or_insert(Request {
            trigger: Trigger::Compromise,
            at: halt.since,
            override_guards: false,
        });
        request.trigger = Trigger::Compromise;
    }
    Some(halt.cause)
}
