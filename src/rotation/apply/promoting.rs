//! The stages of a rotation whose pending token is proven, up to its promotion.

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::losing::NO_ID;
use super::restoring;
use crate::rotation::capability::{IssueEffect, Overlap, Writer};
use crate::rotation::handover;
use crate::rotation::record::{
    DeliveryState, Failures, HISTORY, HeldToken, LastProbe, PastRotation, PublishedEnd, Record,
    Retiring, RotationResult, Stage, Trigger,
};

/// Moves a rotation with a proven token to the stage that its deliveries
/// permit.
pub(super) fn advance(change: &mut Change<'_, '_>) {
    let stage = if !all_given(change, Writer::Daemon) {
        Stage::Delivering
    } else if begins_unknown(change) {
        Stage::Completing
    } else if !all_confirmed(change, Writer::Daemon) {
        Stage::Confirming
    } else if !is_proven(change) {
        Stage::Proving
    } else if !all_given(change, Writer::Person) || waits_for_a_person(change) {
        // A person is asked last: what fails before concerns nobody.
        Stage::HandedOver
    } else {
        promote(change);
        return;
    };
    enter(change, stage);
}

fn waits_for_a_person(change: &Change<'_, '_>) -> bool {
    let can_wait = handover::can_wait(change.record, change.situation.policy, change.now);
    can_wait && !all_confirmed(change, Writer::Person)
}

/// Whether all connections that are written so were given the pending token.
pub(super) fn all_given(change: &Change<'_, '_>, writer: Writer) -> bool {
    let mut written = written_by(change, writer);
    written.all(|name| handover::is_given(change.record, name, writer))
}

fn all_confirmed(change: &Change<'_, '_>, writer: Writer) -> bool {
    let deliveries = change.record.rotation.as_ref().map(|r| &r.deliveries);
    let mut written = written_by(change, writer);
    written.all(|name| {
        let delivery = deliveries.and_then(|d| d.get(name));
        delivery.is_some_and(|d| d.state == DeliveryState::Confirmed)
    })
}

fn written_by<'c>(change: &'c Change<'_, '_>, writer: Writer) -> impl Iterator<Item = &'c String> {
    let connections = change.situation.connections.iter();
    let written = connections.filter(move |(_, can)| can.writer == writer);
    written.map(|(name, _)| name)
}

/// Whether this is the first rotation of a two-phase issuer. The token that was
/// valid there before is not in the record, so only `complete` can end it.
fn begins_unknown(change: &Change<'_, '_>) -> bool {
    let completed = change.record.rotation.as_ref().is_some_and(|r| r.completed);
    let two_phase = change.situation.issuer.overlap == Overlap::TwoPhase { next_usable: true };
    two_phase && change.record.current.is_none() && !completed
}

/// Whether the service provider has accepted the pending token. No other proof
/// makes a token current.
fn is_proven(change: &Change<'_, '_>) -> bool {
    let rotation = change.record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    pending.is_some_and(|p| p.evidence.is_some())
}

/// Enters a stage; `stage_entered_at` changes only if the stage does.
pub(super) fn enter(change: &mut Change<'_, '_>, stage: Stage) {
    let now = change.now;
    let policy = change.situation.policy;
    let current = change.record.current.as_ref();
    let expiry = current.and_then(|token| policy.expiry(token));
    let deadline = policy.person_deadline(now, expiry);
    if let Some(rotation) = change.record.rotation.as_mut().filter(|r| r.stage != stage) {
        rotation.stage = stage;
        rotation.stage_entered_at = now;
        let asks_a_person = stage == Stage::HandedOver;
        rotation.operator_deadline = deadline.filter(|_| asks_a_person);
    }
}

/// The pending token becomes the current one, and the current one joins
/// `retiring`.
fn promote(change: &mut Change<'_, '_>) {
    let now = change.now;
    let Some(rotation) = change.record.rotation.take() else {
        return;
    };
    let Some(pending) = rotation.pending else {
        return;
    };
    let record = &mut *change.record;
    let new = pending.fingerprint();
    let supplied_by = pending.supplied_by.clone();
    record.probe = pending.evidence.as_ref().map(|evidence| LastProbe {
        at: evidence.at(),
        refused: 0,
        passed_at: Some(evidence.at()),
        finding: None,
    });
    // It is published next; stored now, the publication needs no commit.
    record.published_end = Some(PublishedEnd {
        fingerprint: new,
        end: pending.expires_at,
    });
    let old = record.current.replace(pending);
    record.generation += 1;
    remember(
        record,
        PastRotation {
            id: rotation.id,
            trigger: rotation.trigger,
            asked_by: rotation.asked_by.or(supplied_by),
            asked_why: rotation.asked_why,
            began_at: rotation.began_at,
            ended_at: now,
            result: RotationResult::Success,
            old: old.as_ref().map(HeldToken::fingerprint),
            new: Some(new),
            old_refused: None,
            detail: None,
            steps: rotation.steps,
        },
    );
    record.failures = Failures::default();
    let overlap_end = now.checked_add(change.situation.policy.overlap);
    restoring::replaced(record, overlap_end.unwrap_or(now));
    cut_overlaps_if_compromised(change, rotation.trigger);
    if let Some(old) = old {
        let not_before = retire_not_before(change, &old, rotation.trigger);
        let issuer = &change.situation.issuer;
        let lacks_id = issuer.lacks_id_to_revoke(old.id.is_some());
        let no_id = lacks_id.then(|| NO_ID.to_owned());
        change.record.retiring.push(Retiring {
            token: old,
            superseded_at: now,
            not_before,
            extended: false,
            use_checked: None,
            revoked_at: None,
            still_accepted: false,
            attempts: 0,
            retry_at: None,
            last_finding: no_id,
            still_used: false,
            used_by: None,
            refused_since: None,
        });
    }
}

/// When the superseded token may be retired: after the overlap window; at once
/// if it is compromised or does not work any more; at its expiry if it cannot
/// be revoked. An end that nobody told shortens no overlap.
fn retire_not_before(change: &Change<'_, '_>, old: &HeldToken, trigger: Trigger) -> Timestamp {
    let now = change.now;
    let issuer = &change.situation.issuer;
    let expiry = old.told_end();
    let window_end = now
        .checked_add(overlap_by_our_clock(change))
        .unwrap_or(Timestamp::MAX);
    let capped = |at: Timestamp| expiry.map_or(at, |end| at.min(end)).max(now);
    if issuer.issue_effect == IssueEffect::Kills {
        return now;
    }
    let compromised = is_compromised(change, trigger);
    match issuer.overlap {
        Overlap::None | Overlap::TwoPhase { next_usable: false } => now,
        Overlap::IssuerTimed { max } => {
            let latest = now.checked_add(max).unwrap_or(Timestamp::MAX);
            expiry.unwrap_or(latest).max(now)
        }
        Overlap::TwoPhase { next_usable: true } | Overlap::ExplicitRetire => {
            match (issuer.ends_old_token(old.id.is_some()), compromised) {
                (true, true) => now,
                (true, false) => capped(window_end),
                (false, _) => {
                    let assumed = old.expires_at.map(|end| end.max(window_end));
                    expiry.or(assumed).unwrap_or(window_end).max(now)
                }
            }
        }
    }
}

/// The configured overlap. If this machine's clock is known to be wrong by more
/// than is tolerated, the overlap is longer by as much: the clock may be
/// corrected before it ends. By the servers' time it is as long as configured.
pub(super) fn overlap_by_our_clock(change: &Change<'_, '_>) -> SignedDuration {
    let policy = change.situation.policy;
    let clock = change.situation.our_clock;
    let tolerated = policy.max_clock_skew;
    if clock.is_wrong(tolerated) && !clock.is_replaced(tolerated) {
        policy.overlap.saturating_add(clock.skew.abs())
    } else {
        policy.overlap
    }
}

/// Who has a compromised token may have its predecessors too: their overlaps
/// end now.
fn cut_overlaps_if_compromised(change: &mut Change<'_, '_>, trigger: Trigger) {
    if !is_compromised(change, trigger) {
        return;
    }
    let issuer = &change.situation.issuer;
    for entry in &mut change.record.retiring {
        if issuer.ends_old_token(entry.token.id.is_some()) {
            entry.not_before = entry.superseded_at;
        }
    }
}

/// Whether a person declared the token compromised, before this rotation began
/// or since.
fn is_compromised(change: &Change<'_, '_>, trigger: Trigger) -> bool {
    trigger == Trigger::Compromise || change.record.is_compromised()
}

pub(super) fn remember(record: &mut Record, past: PastRotation) {
    record.history.insert(0, past);
    record.history.truncate(HISTORY);
}
