//! How a rotation is rolled back to the current token, or goes on with another
//! new one.

use super::change::{Change, IllegalOutcome};
use super::failures::forget_counts;
use super::halting::halt;
use super::losing::lost;
use super::promoting::{enter, remember};
use super::refusing::refuse;
use crate::rotation::capability::{IssueEffect, Overlap, Writer};
use crate::rotation::record::{
    Delivery, DeliveryState, HaltCause, HeldToken, LastProbe, Origin, PastRotation, Request,
    RotationResult, Stage, Trigger,
};

/// Rolls back to the current token if it still works. If it does not, a proven
/// pending token is kept and the token halted, and an unproven one is replaced
/// by another.
pub(super) fn roll_back(change: &mut Change<'_, '_>, detail: String) {
    let pending = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.pending.as_ref());
    let proven = pending.is_some_and(|p| p.evidence.is_some());
    if current_serves(change) {
        forget_counts(change);
        revert(change, detail);
    } else if proven {
        keep_and_halt(change, &detail);
    } else if goes_only_forward(change) {
        forget_counts(change);
        issue_another(change, detail);
    } else {
        forget_counts(change);
        give_up_pending(change, detail);
    }
}

/// Whether connections can use the current token: it works, and no issue of
/// this rotation has ended it or set its end.
fn current_serves(change: &Change<'_, '_>) -> bool {
    let Some(current) = change.record.current.as_ref() else {
        return false;
    };
    let expiry = change.situation.policy.expiry(current);
    let expired = expiry.is_some_and(|end| end <= change.now);
    let refused = change
        .record
        .probe
        .as_ref()
        .is_some_and(LastProbe::is_drift);
    let cut = change.situation.issuer.issue_effect != IssueEffect::Keeps
        && change.pending_origin() == Some(Origin::Issued);
    let completed = change.record.rotation.as_ref().is_some_and(|r| r.completed);
    !(expired || refused || cut || completed)
}

/// Whether the next issue ends the pending token too, so that there is nothing
/// to revoke.
fn goes_only_forward(change: &Change<'_, '_>) -> bool {
    let issuer = &change.situation.issuer;
    let ends_others = issuer.issue_effect != IssueEffect::Keeps
        || issuer.overlap == Overlap::TwoPhase { next_usable: false };
    ends_others && change.pending_origin() == Some(Origin::Issued)
}

fn revert(change: &mut Change<'_, '_>, detail: String) {
    let (now, situation) = (change.now, change.situation);
    let Some(rotation) = change.record.rotation.as_mut() else {
        return;
    };
    if rotation.may_be_delivered && !situation.knows_deliveries {
        // A person is handed the token in a stage of its own.
        let handed_over = rotation.stage == Stage::HandedOver;
        let written = situation.connections.iter();
        let written = written.filter(|(_, can)| handed_over || can.writer == Writer::Daemon);
        for (name, _) in written {
            let maybe = Delivery::started(now);
            rotation.deliveries.entry(name.clone()).or_insert(maybe);
        }
    }
    rotation.rollback = Some(detail);
    rotation
        .deliveries
        .retain(|_, d| d.state != DeliveryState::Reverted);
    if rotation.deliveries.is_empty() {
        begin_discarding(change);
    } else {
        enter(change, Stage::Reverting);
    }
}

/// The pending token is the only one that works, so it is kept although a
/// connection does not accept it. It is proven again when a person lifts the
/// halt.
fn keep_and_halt(change: &mut Change<'_, '_>, detail: &str) {
    enter(change, Stage::Proving);
    forget_evidence(change);
    let token = &change.record.token;
    let detail = format!(
        "{detail}; the old token no longer works, so there is nothing to go back to: fix the connection, then run `scim-rotator rotate {token}`"
    );
    halt(change, HaltCause::AttemptsUsedUp, detail);
}

/// The service provider refuses a token that it accepted before.
pub(super) fn forget_evidence(change: &mut Change<'_, '_>) {
    let rotation = change.record.rotation.as_mut();
    if let Some(pending) = rotation.and_then(|r| r.pending.as_mut()) {
        pending.evidence = None;
    }
}

/// Begins another issue, which ends the refused token at once or sets its end.
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
    if change.situation.issuer.issue_effect == IssueEffect::SchedulesDeath {
        lost(change, None, refused.and_then(|token| token.expires_at));
    }
    if attempts >= change.situation.policy.max_attempts {
        halt(change, HaltCause::AttemptsUsedUp, detail);
    }
}

fn give_up_pending(change: &mut Change<'_, '_>, detail: String) {
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.rollback = Some(detail);
    }
    begin_discarding(change);
}

/// A token that a person supplied is not used, but not revoked either.
pub(super) fn begin_discarding(change: &mut Change<'_, '_>) {
    enter(change, Stage::Discarding);
    if change.pending_origin() == Some(Origin::Operator) {
        finish_rolled_back(change);
    }
}

fn pending_is_of_another_issuer(change: &Change<'_, '_>) -> bool {
    let rotation = change.record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    change.is_of_another_issuer(pending.and_then(|p| p.issuer.as_deref()))
}

pub(super) fn discarded(mut change: Change<'_, '_>) -> Result<(), IllegalOutcome> {
    let stage = change.record.rotation.as_ref().map(|r| r.stage);
    if !matches!(stage, Some(Stage::Discarding | Stage::Reverting)) {
        return Err(change.illegal("discarded"));
    }
    if outlives_discard(&change) {
        let rotation = change.record.rotation.as_ref();
        let pending = rotation.and_then(|r| r.pending.as_ref());
        let dies_at = pending.and_then(|p| p.expires_at);
        lost(&mut change, None, dies_at);
    }
    finish_rolled_back(&mut change);
    Ok(())
}

/// Whether a discarded token stays valid, because the issuer cannot revoke it.
fn outlives_discard(change: &Change<'_, '_>) -> bool {
    let issuer = &change.situation.issuer;
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    let ends_it = two_phase || issuer.revokes_single_tokens();
    let made_here = !pending_is_of_another_issuer(change);
    change.pending_origin() == Some(Origin::Issued) && !(made_here && ends_it)
}

/// The pending token could not be revoked: it becomes an orphan.
pub(super) fn abandon_pending(change: &mut Change<'_, '_>) {
    let rotation = change.record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let here = !pending_is_of_another_issuer(change);
    let id = pending.and_then(|p| p.id.clone()).filter(|_| here);
    let dies_at = pending.and_then(|p| p.expires_at);
    lost(change, id, dies_at);
    finish_rolled_back(change);
}

fn finish_rolled_back(change: &mut Change<'_, '_>) {
    let now = change.now;
    let Some(rotation) = change.record.rotation.take() else {
        return;
    };
    let detail = rotation.rollback.unwrap_or_default();
    let pending = rotation.pending.as_ref();
    let supplied_by = pending.and_then(|pending| pending.supplied_by.clone());
    if let Some(pending) = pending.filter(|p| p.origin == Origin::Operator) {
        let (fingerprint, by) = (pending.fingerprint(), pending.supplied_by.clone());
        refuse(change, fingerprint, by, detail.clone());
    }
    let past = PastRotation {
        id: rotation.id,
        trigger: rotation.trigger,
        asked_by: rotation.asked_by.clone().or(supplied_by),
        asked_why: rotation.asked_why.clone(),
        began_at: rotation.began_at,
        ended_at: now,
        result: RotationResult::RolledBack,
        old: change.record.current.as_ref().map(HeldToken::fingerprint),
        new: rotation.pending.as_ref().map(HeldToken::fingerprint),
        old_refused: None,
        detail: Some(detail.clone()),
        steps: rotation.steps,
    };
    if rotation.trigger == Trigger::Compromise && change.record.request.is_none() {
        // The current token is still compromised.
        change.record.request = Some(Request {
            trigger: Trigger::Compromise,
            at: rotation.began_at,
            override_guards: false,
            supplied: false,
            by: rotation.asked_by.clone(),
            reason: rotation.asked_why.clone().unwrap_or_default(),
        });
    }
    remember(change.record, past);
    let rolled_back = change
        .record
        .history
        .iter()
        // Values that people write must not be able to halt the token.
        .filter(|past| !change.record.was_of_a_refused_value(past))
        .take_while(|h| h.result == RotationResult::RolledBack)
        .count();
    forget_counts(change);
    if u32::try_from(rolled_back).unwrap_or(u32::MAX) >= change.situation.policy.max_attempts {
        halt(
            change,
            HaltCause::AttemptsUsedUp,
            format!("{rolled_back} rotations in a row were rolled back; the last: {detail}"),
        );
    }
}
