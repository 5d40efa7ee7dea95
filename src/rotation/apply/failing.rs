//! Failures, roll-back, and the point where a person must decide.

use super::proving::{enter, remember};
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, Overlap};
use crate::rotation::decision::Step;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::record::{
    DeliveryState, Halt, HaltCause, HeldToken, LastFailure, Origin, Orphan, PastRotation,
    RotationResult, Stage, UseSeen,
};

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
                entry.attempts += 1;
                entry.retry_at = change
                    .now
                    .checked_add(policy.side_pause(entry.attempts))
                    .ok();
                entry.last_finding = Some(fault.message);
            }
        }
        Step::CheckUse { fingerprint } => {
            // Not knowing must not keep a token alive for ever.
            let seen = UseSeen {
                at: change.now,
                last_used_at: None,
            };
            let entry = change
                .record
                .retiring
                .iter_mut()
                .find(|r| r.token.fingerprint() == *fingerprint);
            if let Some(entry) = entry {
                entry.use_checked = Some(seen);
                entry.last_finding = Some(fault.message);
            }
        }
        Step::RevokeOrphan { id } => {
            let policy = change.situation.policy;
            if let Some(orphan) = change.record.orphans.iter_mut().find(|o| o.id == *id) {
                orphan.attempts += 1;
                orphan.retry_at = change
                    .now
                    .checked_add(policy.side_pause(orphan.attempts))
                    .ok();
            }
        }
        Step::Issue => issue_failed(&mut change, &fault),
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
        | Step::Discard
        | Step::Verify => {
            note_failure(&mut change, step, &fault);
            give_up_if_hopeless(&mut change, step, &fault);
        }
    }
    Ok(())
}

/// An issue that surely did not happen frees its intent and its place in the
/// runaway guard; one that may have happened keeps both.
fn issue_failed(change: &mut Change<'_, '_>, fault: &Fault) {
    note_failure(change, &Step::Issue, fault);
    match fault.class {
        FaultClass::Ambiguous => {}
        FaultClass::NotApplied
        | FaultClass::Throttled
        | FaultClass::Unauthorized
        | FaultClass::Rejected
        | FaultClass::Conflict => {
            change.record.issues.pop();
            if let Some(rotation) = change.record.rotation.as_mut() {
                rotation.intent = None;
                rotation.attempts = rotation.attempts.saturating_sub(1);
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

/// Stops until a person decides. What is stored stays as it is.
pub(super) fn halt(change: &mut Change<'_, '_>, cause: HaltCause, detail: String) {
    if change.record.halt.is_none() {
        change.record.halt = Some(Halt {
            cause,
            since: change.now,
            detail,
        });
    }
}

/// Goes back to the current token. Where the current token is already dead,
/// only forward is left: another token is issued.
pub(super) fn roll_back(change: &mut Change<'_, '_>, detail: String) {
    if only_forward(change) {
        issue_another(change, detail);
        return;
    }
    let has_current = change.record.current.is_some();
    let Some(rotation) = change.record.rotation.as_mut() else {
        return;
    };
    rotation.rollback = Some(detail);
    rotation
        .deliveries
        .retain(|_, d| d.state != DeliveryState::Reverted);
    if has_current && !rotation.deliveries.is_empty() {
        enter(change, Stage::Reverting);
    } else {
        begin_discarding(change);
    }
}

fn only_forward(change: &Change<'_, '_>) -> bool {
    let issuer = &change.situation.issuer;
    let operator = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.pending.as_ref())
        .is_some_and(|p| p.origin == Origin::Operator);
    let cut = issuer.issue_effect != IssueEffect::Keeps;
    let completed = issuer.overlap == Overlap::TwoPhase { next_usable: false }
        && change
            .record
            .current
            .as_ref()
            .is_some_and(|c| c.expires_at.is_some_and(|e| e <= change.now));
    !operator && (cut || completed)
}

fn issue_another(change: &mut Change<'_, '_>, detail: String) {
    let now = change.now;
    let Some(rotation) = change.record.rotation.as_mut() else {
        return;
    };
    let attempts = rotation.attempts;
    rotation.deliveries.clear();
    rotation.intent = None;
    let refused = rotation.pending.take();
    rotation.stage = Stage::Issuing;
    rotation.stage_entered_at = now;
    if let Some(id) = refused.and_then(|token| token.id) {
        change.record.orphans.push(Orphan {
            id,
            found_at: now,
            attempts: 0,
            retry_at: None,
        });
    }
    if attempts >= change.situation.policy.max_attempts {
        halt(change, HaltCause::AttemptsUsedUp, detail);
    }
}

/// A token that a person supplied is not revoked by us, only not used.
pub(super) fn begin_discarding(change: &mut Change<'_, '_>) {
    enter(change, Stage::Discarding);
    let origin = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.pending.as_ref())
        .map(|p| p.origin);
    if origin == Some(Origin::Operator) {
        finish_rolled_back(change);
    }
}

pub(super) fn discarded(mut change: Change<'_, '_>) -> Result<(), IllegalOutcome> {
    let stage = change.record.rotation.as_ref().map(|r| r.stage);
    if !matches!(stage, Some(Stage::Discarding | Stage::Reverting)) {
        return Err(change.illegal("discarded"));
    }
    finish_rolled_back(&mut change);
    Ok(())
}

/// The pending token cannot be revoked: it is remembered as an orphan.
fn abandon_pending(change: &mut Change<'_, '_>) {
    let found_at = change.now;
    let id = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.pending.as_ref())
        .and_then(|p| p.id.clone());
    match id {
        Some(id) => change.record.orphans.push(Orphan {
            id,
            found_at,
            attempts: 0,
            retry_at: None,
        }),
        None => change.record.orphans_uncounted += 1,
    }
    finish_rolled_back(change);
}

fn finish_rolled_back(change: &mut Change<'_, '_>) {
    let now = change.now;
    let Some(rotation) = change.record.rotation.take() else {
        return;
    };
    let detail = rotation.rollback.unwrap_or_default();
    if let Some(pending) = rotation
        .pending
        .as_ref()
        .filter(|p| p.origin == Origin::Operator)
    {
        change.record.refused_values.push(pending.fingerprint());
    }
    let past = PastRotation {
        id: rotation.id,
        trigger: rotation.trigger,
        began_at: rotation.began_at,
        ended_at: now,
        result: RotationResult::RolledBack,
        old: change.record.current.as_ref().map(HeldToken::fingerprint),
        new: rotation.pending.as_ref().map(HeldToken::fingerprint),
        old_refused: None,
        detail: Some(detail.clone()),
    };
    remember(change.record, past);
    let rolled_back = change
        .record
        .history
        .iter()
        .take_while(|h| h.result == RotationResult::RolledBack)
        .count();
    change.record.failures.permanent = 0;
    if u32::try_from(rolled_back).unwrap_or(u32::MAX) >= change.situation.policy.max_attempts {
        halt(
            change,
            HaltCause::AttemptsUsedUp,
            format!("{rolled_back} rotations in a row were rolled back; the last: {detail}"),
        );
    }
}
