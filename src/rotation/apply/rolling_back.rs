//! Back to the current token, or forward to another one.

use super::failing::halt;
use super::promoting::{enter, remember};
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, Overlap};
use crate::rotation::record::{
    DeliveryState, HaltCause, HeldToken, Origin, Orphan, PastRotation, RotationResult, Stage,
};

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
pub(super) fn abandon_pending(change: &mut Change<'_, '_>) {
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
