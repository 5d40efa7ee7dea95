//! What the failure of each step changes.

use super::change::{Change, IllegalOutcome};
use super::failures::note_failure;
use super::halting::{halt_at, halt_unusable};
use super::handed_over;
use super::losing::{latest_death, lost};
use super::proving::verify_failed;
use super::rehearsing;
use super::retiring::use_unknown;
use super::rolling_back::{abandon_pending, roll_back};
use crate::fault::{Fault, FaultClass, FaultKind, Unusable};
use crate::rotation::capability::Recovery;
use crate::rotation::decision::Step;
use crate::rotation::record::{HaltCause, Stage, UnusableAnswer};

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
        Step::CheckUse { fingerprint } => use_unknown(change, fingerprint, fault),
        Step::RevokeOrphan { id } => {
            let policy = change.situation.policy;
            if let Some(orphan) = change
                .record
                .orphans
                .iter_mut()
                .find(|o| o.id.as_str() == id)
            {
                orphan.attempts = orphan.attempts.saturating_add(1);
                orphan.retry_at = change
                    .now
                    .checked_add(policy.side_pause(orphan.attempts))
                    .ok();
            }
        }
        Step::EndRehearsal => rehearsing::end_failed(change),
        // Counted by the process that knows the token, not in the record.
        Step::RevokeUnrecorded { .. } => {}
        Step::Issue => issue_failed(&mut change, &fault),
        Step::Verify => verify_failed(change, fault),
        // What somebody writes to the published path does not halt the token.
        Step::TakeSupplied => note_failure(&mut change, step, &fault),
        // A wait for a person uses up no attempts.
        Step::Confirm { connection } if handed_over::waits(&change) => {
            handed_over::not_seen(&mut change, connection);
        }
        Step::Adopt
        | Step::Prepare { .. }
        | Step::Recover
        | Step::Prove
        | Step::Deliver { .. }
        | Step::Confirm { .. }
        | Step::Complete
        | Step::Publish
        | Step::Revert { .. }
        | Step::Discard => {
            note_failure(&mut change, step, &fault);
            give_up_if_permanent(&mut change, step, &fault);
        }
    }
    Ok(())
}

/// If it is certain that no token was issued, the intent is dropped, and the
/// cap on issued tokens does not count the attempt; otherwise both stay. The
/// same intent may have been sent before, by a recovery that sends it again:
/// then a token may exist although this request was refused.
fn issue_failed(change: &mut Change<'_, '_>, fault: &Fault) {
    let doubted = change.record.failures.last.as_ref().is_some_and(|last| {
        last.step == Step::Issue.as_str() && last.class == FaultClass::Ambiguous
    });
    let sent_before = doubted || !change.situation.intent_is_fresh;
    note_failure(change, &Step::Issue, fault);
    match fault.class {
        FaultClass::Ambiguous => {
            if let Some(unusable) = &fault.unusable {
                note_unusable(change, fault, unusable);
            }
        }
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
                let dies_at = latest_death(change);
                lost(change, None, dies_at);
            } else {
                change.record.issues.pop();
            }
            give_up_if_permanent(change, &Step::Issue, fault);
        }
    }
}

/// The issuer answered completely, and the answer cannot be used. First the
/// token is looked for that may have been made, then the daemon stops. Where
/// the same request gives the same token again, the intent stays as it is: under
/// corrected settings the request is sent again and gets that token.
fn note_unusable(change: &mut Change<'_, '_>, fault: &Fault, unusable: &Unusable) {
    let answer = UnusableAnswer {
        detail: fault.message.clone(),
        settings: change.situation.issuer_settings.to_owned(),
        made: unusable.made.clone(),
        is_page: unusable.is_page,
    };
    match change.situation.issuer.recovery {
        // The same request may be sent again at any time.
        Recovery::ClientChosen | Recovery::Replay if unusable.is_page => {}
        Recovery::ClientChosen | Recovery::Replay => {
            let found = "The same request is sent again, so no other token is made.";
            halt_unusable(change, &answer, found);
        }
        Recovery::ClientNamed
        | Recovery::ByLabel
        | Recovery::BySetDifference
        | Recovery::ByStatus
        | Recovery::None => {
            let rotation = change.record.rotation.as_mut();
            if let Some(intent) = rotation.and_then(|r| r.intent.as_mut()) {
                intent.unusable = Some(answer);
            }
        }
    }
}

/// After the permitted number of permanent failures: rolls back where that
/// helps, else halts the token.
fn give_up_if_permanent(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) {
    let touches_connections = matches!(step, Step::Deliver { .. } | Step::Prepare { .. });
    if touches_connections && fault.kind == FaultKind::WrongTarget {
        halt_at(change, step, HaltCause::WrongTarget, fault.message.clone());
        return;
    }
    if change.record.failures.permanent < change.situation.policy.max_attempts {
        return;
    }
    if *step == Step::Publish && change.record.rotation.is_some() {
        // A failed publication does not concern the rotation in flight.
        return;
    }
    match change.record.rotation.as_ref().map(|r| r.stage) {
        Some(Stage::Delivering | Stage::Confirming | Stage::Proving) => {
            roll_back(change, format!("{}: {}", step.as_str(), fault.message));
        }
        Some(Stage::Discarding) => abandon_pending(change),
        None
        | Some(
            Stage::Issuing
            | Stage::Completing
            | Stage::Reverting
            | Stage::WaitingOperator
            | Stage::HandedOver,
        ) => {
            let detail = format!(
                "`{}` failed {} times with a permanent error; the last answer: {}",
                step.as_str(),
                change.record.failures.permanent,
                fault.message
            );
            halt_at(change, step, HaltCause::AttemptsUsedUp, detail);
        }
    }
}
