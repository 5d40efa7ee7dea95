//! How a token is issued: the intent is stored before the request, the token
//! after it.

use super::change::{Change, IllegalOutcome};
use super::fitting::refuse_if_too_broad;
use super::halting::halt_at;
use super::identifying::identify_current;
use super::losing::owns;
use super::restoring;
use super::rolling_back::roll_back;
use crate::rotation::capability::{IssueEffect, LiveTokens, Overlap, Recovery, Supply};
use crate::rotation::decision::Step;
use crate::rotation::gate::{GateSays, gate_says};
use crate::rotation::issue_limit::ISSUE_WINDOW;
use crate::rotation::outcome::{IssuedToken, Listing, Preparation};
use crate::rotation::record::{
    ExpiryKnown, HaltCause, HeldToken, IdsBefore, Intent, Origin, Record, Request, Rotation, Stage,
    Trigger,
};

pub(super) fn prepared(
    mut change: Change<'_, '_>,
    facts: Preparation,
) -> Result<(), IllegalOutcome> {
    if let Some(listing) = &facts.listing {
        restoring::take_in(&mut change, listing);
    }
    begin_or_resume(&mut change, facts.trigger, &facts.rotation_id);
    if let Some(lookup) = &facts.lookup {
        identify_current(&mut change, lookup);
    }
    let blocked = facts
        .listing
        .as_ref()
        .and_then(|listing| blocked_slot(&change, listing));
    let now = change.now;
    let policy = change.situation.policy;
    let current = change.record.current.as_ref();
    let expiry = current.and_then(|token| policy.expiry(token));
    let Some(rotation) = change.record.rotation.as_mut() else {
        return Err(change.illegal("prepared"));
    };
    let asks_issuer_instead = rotation.stage == Stage::WaitingOperator
        && change.situation.issuer.supply == Supply::Issuer;
    if asks_issuer_instead {
        rotation.stage = Stage::Issuing;
        rotation.stage_entered_at = now;
        rotation.operator_deadline = None;
    }
    if rotation.stage != Stage::Issuing || rotation.intent.is_some() {
        return Err(change.illegal("prepared"));
    }
    if let Some(detail) = blocked {
        let step = Step::Prepare {
            trigger: facts.trigger,
        };
        halt_at(&mut change, &step, HaltCause::SlotBlocked, detail);
        return Ok(());
    }
    match change.situation.issuer.supply {
        Supply::Operator => {
            rotation.stage = Stage::WaitingOperator;
            rotation.stage_entered_at = now;
            rotation.operator_deadline = policy.person_deadline(now, expiry);
            // A value that is meant may be written from now on.
            change.record.request.take_if(|request| !request.supplied);
        }
        Supply::Issuer => {
            let listing = facts.listing.unwrap_or_default();
            set_intent(&mut change, facts.label, &listing, facts.chosen);
        }
    }
    Ok(())
}

/// Notes whether the rotation begins although its full cycle has not passed.
fn note_full_cycle(change: &mut Change<'_, '_>, trigger: Trigger) {
    let situation = change.situation;
    let current = change.record.current.as_ref();
    let passed = situation.full_cycle.as_ref();
    let says = gate_says(situation.policy, passed, trigger, current, change.now);
    change.record.full_cycle_ignored_at = match says {
        GateSays::BeginAllTheSame => Some(change.now),
        GateSays::Begin | GateSays::Wait(_) => None,
    };
}

pub(super) fn begin_or_resume(change: &mut Change<'_, '_>, trigger: Trigger, id: &str) {
    if change.record.rotation.is_some() {
        return;
    }
    restoring::keep_mark(change.record, id);
    change.record.ordinal += 1;
    note_full_cycle(change, trigger);
    let request = change.record.request.as_ref();
    change.record.rotation = Some(Rotation {
        steps: Vec::new(),
        id: id.to_owned(),
        trigger,
        asked_by: request.and_then(|request| request.by.clone()),
        asked_why: request.and_then(Request::why),
        began_at: change.now,
        stage: Stage::Issuing,
        stage_entered_at: change.now,
        intent: None,
        attempts: 0,
        pending: None,
        deliveries: std::collections::BTreeMap::new(),
        may_be_delivered: false,
        supplied_is_meant: false,
        completed: false,
        rollback: None,
        operator_deadline: None,
    });
}

/// Puts the intent into the record, and counts the request that may follow from
/// it: the cap on issued tokens must count a request even if the process dies
/// after it.
pub(super) fn set_intent(
    change: &mut Change<'_, '_>,
    label: String,
    listing: &Listing,
    chosen: Option<crate::secret::BearerToken>,
) {
    let now = change.now;
    let intent = Intent {
        at: now,
        issuer: Some(change.situation.issuer_name.to_owned()),
        label,
        ids_before: ids_before(change, listing),
        etag: listing.etag.clone(),
        chosen,
        unusable: None,
    };
    count_issue(change.record, now);
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.intent = Some(intent);
        rotation.attempts = rotation.attempts.saturating_add(1);
    }
}

/// Only where a lost token is found by comparison, its predecessors are kept. A
/// label names its token by itself.
pub(super) fn ids_before(change: &Change<'_, '_>, listing: &Listing) -> IdsBefore {
    let issuer = &change.situation.issuer;
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    let compared = match issuer.recovery {
        Recovery::BySetDifference | Recovery::ByStatus | Recovery::None => true,
        Recovery::ByLabel | Recovery::ClientNamed | Recovery::ClientChosen | Recovery::Replay => {
            two_phase
        }
    };
    match compared {
        true => IdsBefore::of(listing.tokens.iter().map(|token| token.id.as_str())),
        false => IdsBefore::default(),
    }
}

pub(super) fn count_issue(record: &mut Record, now: jiff::Timestamp) {
    record
        .issues
        .retain(|at| now.duration_since(*at) < ISSUE_WINDOW);
    record.issues.push(now);
}

/// Both slots of the issuer are taken, one of them by a foreign token: the
/// daemon may not revoke that one. An issuer that ends a token with each issue
/// needs no free slot.
fn blocked_slot(change: &Change<'_, '_>, listing: &Listing) -> Option<String> {
    let issuer = &change.situation.issuer;
    let needs_room =
        issuer.live_tokens == LiveTokens::Two && issuer.issue_effect == IssueEffect::Keeps;
    if !needs_room || listing.tokens.len() < 2 {
        return None;
    }
    let foreign = listing
        .tokens
        .iter()
        .find(|t| !owns(change.record, &t.id))?;
    Some(format!(
        "both slots at the issuer are taken, and the token with id `{}` is not ours: delete it at the issuer if it is unused, then run `scim-rotator rotate {}`",
        foreign.id, change.record.token
    ))
}

pub(super) fn issued(mut change: Change<'_, '_>, token: IssuedToken) -> Result<(), IllegalOutcome> {
    let expected = change
        .record
        .rotation
        .as_ref()
        .is_some_and(|r| r.stage == Stage::Issuing && r.intent.is_some());
    if !expected {
        return Err(change.illegal("issued"));
    }
    if change.record.knows(&token.value.fingerprint()) {
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        let detail = "the issuer returned a token that is already in use, not a new one: check its `issue` operation".to_owned();
        halt_at(&mut change, &Step::Issue, HaltCause::SameToken, detail);
        return Ok(());
    }
    let rotation = change.record.rotation.as_ref();
    let intent = rotation.and_then(|r| r.intent.as_ref());
    let issuer = intent.and_then(|intent| intent.issuer.clone());
    note_effect_on_current(&mut change, &token);
    if matches!(change.situation.issuer.overlap, Overlap::TwoPhase { .. }) {
        // The issuer replaced a lost token by the new one.
        change.record.orphans.clear();
        change.record.rehearsal = None;
    }
    let now = change.now;
    let (expires_at, expiry) = known_expiry(&change, token.expires_at, token.expiry, now);
    let life = expires_at.map(|end| end.duration_since(now));
    let policy = change.situation.policy;
    let asked_life = policy.asked_in_vain(token.asked_life, life);
    let pending = HeldToken {
        id: token.issuer_id(),
        value: token.value,
        stated_id: None,
        issued_at_is_seen: false,
        supplied_by: None,
        issuer,
        issued_at: now,
        expires_at,
        expiry,
        origin: Origin::Issued,
        evidence: None,
        scopes: token.scopes.map(Box::new),
        asked_life,
    };
    put_pending(&mut change, pending);
    // Some are delivered before they are proven.
    let is_kept = change.pending_origin().is_some();
    if is_kept
        && change
            .record
            .rotation
            .as_ref()
            .is_some_and(|r| r.rollback.is_none())
    {
        refuse_if_too_broad(&mut change);
    }
    Ok(())
}

pub(super) fn note_effect_on_current(change: &mut Change<'_, '_>, token: &IssuedToken) {
    let (dies, expiry) = match (change.situation.issuer.issue_effect, token.old_dies_at) {
        (IssueEffect::Keeps, _) | (IssueEffect::SchedulesDeath, None) => return,
        (IssueEffect::Kills, _) => (change.now, ExpiryKnown::Api),
        (IssueEffect::SchedulesDeath, Some(dies)) => (dies, ExpiryKnown::Api),
    };
    for lost in &mut change.record.orphans_uncounted {
        *lost = dies.min(*lost);
    }
    if let Some(current) = change.record.current.as_mut() {
        current.expires_at = Some(current.expires_at.map_or(dies, |end| end.min(dies)));
        current.expiry = expiry;
    }
}

pub(super) fn put_pending(change: &mut Change<'_, '_>, pending: HeldToken) {
    let now = change.now;
    let expired = pending.expires_at.is_some_and(|end| end <= now);
    let stage = first_stage(change, &pending);
    // Many values that people supply are discarded unproven, so that no connection
    // should be written for them.
    let issued = pending.origin == Origin::Issued;
    let request = change.record.request.take();
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.intent = None;
        rotation.pending = Some(pending);
        rotation.may_be_delivered = !expired && issued;
        rotation.stage = stage;
        rotation.stage_entered_at = now;
        rotation.operator_deadline = None;
        // The new token is younger than the request, and fulfils it. A
        // compromise stays the trigger, whatever was requested since.
        if let Some(request) = request {
            rotation.supplied_is_meant = request.supplied && !issued;
            rotation.asked_why = request.why().or(rotation.asked_why.take());
            rotation.asked_by = request.by.or(rotation.asked_by.take());
            if rotation.trigger != Trigger::Compromise {
                rotation.trigger = request.trigger;
            }
        }
    }
    change.record.failures = crate::rotation::record::Failures::default();
    if expired {
        roll_back(
            change,
            "the new token had already expired when it came".to_owned(),
        );
    }
}

/// A token that works only after `complete` is delivered before it is proven.
fn first_stage(change: &Change<'_, '_>, pending: &HeldToken) -> Stage {
    let after_complete = change.situation.issuer.overlap
        == Overlap::TwoPhase { next_usable: false }
        && pending.origin == Origin::Issued;
    match (after_complete, change.situation.connections.is_empty()) {
        (false, _) => Stage::Proving,
        (true, false) => Stage::Delivering,
        (true, true) => Stage::Completing,
    }
}

/// The expiry in the issuer's answer, else the configured lifetime.
pub(super) fn known_expiry(
    change: &Change<'_, '_>,
    told: Option<jiff::Timestamp>,
    source: ExpiryKnown,
    issued_at: jiff::Timestamp,
) -> (Option<jiff::Timestamp>, ExpiryKnown) {
    match (told, change.situation.policy.declared_lifetime) {
        (Some(end), _) => (Some(end), source),
        (None, Some(life)) if source != ExpiryKnown::Never => {
            (issued_at.checked_add(life).ok(), ExpiryKnown::Declared)
        }
        (None, _) => (None, source),
    }
}
