//! How a new token comes into the record.

use jiff::SignedDuration;

use super::failing::{halt, roll_back};
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, LiveTokens, Overlap, Recovery, Supply};
use crate::rotation::outcome::{IssuedToken, Listing, Preparation, Supplied};
use crate::rotation::record::{
    ExpiryKnown, HaltCause, HeldToken, Intent, Origin, Orphan, Record, Rotation, Stage, Trigger,
};

/// The runaway guard looks back this far.
pub(in crate::rotation) const ISSUE_WINDOW: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn adopted(change: Change<'_, '_>, supplied: Supplied) -> Result<(), IllegalOutcome> {
    if change.record.current.is_some() || change.record.rotation.is_some() {
        return Err(change.illegal("adopted"));
    }
    change.record.current = Some(held(&change, supplied, Origin::Adopted));
    change.record.generation += 1;
    Ok(())
}

pub(super) fn prepared(
    mut change: Change<'_, '_>,
    facts: Preparation,
) -> Result<(), IllegalOutcome> {
    begin_or_resume(&mut change, facts.trigger, &facts.rotation_id);
    let blocked = facts
        .listing
        .as_ref()
        .and_then(|listing| blocked_slot(&change, listing));
    let now = change.now;
    let Some(rotation) = change.record.rotation.as_mut() else {
        return Err(change.illegal("prepared"));
    };
    if rotation.stage != Stage::Issuing || rotation.intent.is_some() {
        return Err(change.illegal("prepared"));
    }
    if let Some(detail) = blocked {
        halt(&mut change, HaltCause::SlotBlocked, detail);
        return Ok(());
    }
    match change.situation.issuer.supply {
        Supply::Operator => {
            rotation.stage = Stage::WaitingOperator;
            rotation.stage_entered_at = now;
            rotation.operator_deadline = now
                .checked_add(change.situation.policy.operator_deadline)
                .ok();
        }
        Supply::Issuer => {
            let listing = facts.listing.unwrap_or_default();
            set_intent(&mut change, facts.label, &listing, facts.chosen);
        }
    }
    Ok(())
}

fn begin_or_resume(change: &mut Change<'_, '_>, trigger: Trigger, id: &str) {
    if change.record.rotation.is_some() {
        return;
    }
    change.record.ordinal += 1;
    change.record.request = None;
    change.record.rotation = Some(Rotation {
        id: id.to_owned(),
        trigger,
        began_at: change.now,
        stage: Stage::Issuing,
        stage_entered_at: change.now,
        intent: None,
        attempts: 0,
        pending: None,
        deliveries: std::collections::BTreeMap::new(),
        rollback: None,
        operator_deadline: None,
    });
}

/// Stores the intent, and counts the issue that may follow from it: a crash
/// must not hide an issue from the runaway guard.
fn set_intent(
    change: &mut Change<'_, '_>,
    label: String,
    listing: &Listing,
    chosen: Option<crate::secret::BearerToken>,
) {
    let now = change.now;
    let intent = Intent {
        at: now,
        label,
        ids_before: listing
            .tokens
            .iter()
            .map(|token| token.id.clone())
            .collect(),
        etag: listing.etag.clone(),
        chosen,
    };
    count_issue(change.record, now);
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.intent = Some(intent);
        rotation.attempts += 1;
    }
}

fn count_issue(record: &mut Record, now: jiff::Timestamp) {
    record
        .issues
        .retain(|at| now.duration_since(*at) < ISSUE_WINDOW);
    record.issues.push(now);
}

/// With two slots, both taken, and one of them not ours: nothing may be freed.
fn blocked_slot(change: &Change<'_, '_>, listing: &Listing) -> Option<String> {
    if change.situation.issuer.live_tokens != LiveTokens::Two || listing.tokens.len() < 2 {
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

fn owns(record: &Record, id: &str) -> bool {
    record
        .current
        .as_ref()
        .is_some_and(|t| t.id.as_deref() == Some(id))
        || record
            .retiring
            .iter()
            .any(|r| r.token.id.as_deref() == Some(id))
        || record.orphans.iter().any(|orphan| orphan.id == id)
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
        let detail = "the issuer returned a token that is already in use, not a new one: check its `mint` operation".to_owned();
        halt(&mut change, HaltCause::SameToken, detail);
        return Ok(());
    }
    note_effect_on_current(&mut change, &token);
    let now = change.now;
    let (expires_at, expiry) = known_expiry(&change, token.expires_at, token.expiry, now);
    let pending = HeldToken {
        value: token.value,
        id: token.id,
        issued_at: now,
        expires_at,
        expiry,
        origin: Origin::Issued,
        evidence: None,
    };
    put_pending(&mut change, pending);
    Ok(())
}

fn note_effect_on_current(change: &mut Change<'_, '_>, token: &IssuedToken) {
    let now = change.now;
    let Some(current) = change.record.current.as_mut() else {
        return;
    };
    match change.situation.issuer.issue_effect {
        IssueEffect::Keeps => {}
        IssueEffect::Kills => current.expires_at = Some(now),
        IssueEffect::SchedulesDeath => {
            let Some(dies) = token.old_dies_at else {
                return;
            };
            current.expires_at = Some(current.expires_at.map_or(dies, |end| end.min(dies)));
            current.expiry = ExpiryKnown::Api;
        }
    }
}

fn put_pending(change: &mut Change<'_, '_>, pending: HeldToken) {
    let now = change.now;
    let expired = pending.expires_at.is_some_and(|end| end <= now);
    let after_complete =
        change.situation.issuer.overlap == Overlap::TwoPhase { next_usable: false };
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.intent = None;
        rotation.pending = Some(pending);
        rotation.stage = if after_complete {
            Stage::Delivering
        } else {
            Stage::Proving
        };
        rotation.stage_entered_at = now;
    }
    change.record.failures = crate::rotation::record::Failures::default();
    if expired {
        roll_back(
            change,
            "the new token had already expired when it came".to_owned(),
        );
    }
}

/// Facts of the answer first, then what the configuration declares.
fn known_expiry(
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

/// An issue whose reply was lost: what the issuer shows now tells which ids are
/// ours. The value is gone in any case, so such a token is an orphan.
pub(super) fn recovered(
    mut change: Change<'_, '_>,
    listing: &Listing,
    next_label: String,
) -> Result<(), IllegalOutcome> {
    let intent = change
        .record
        .rotation
        .as_ref()
        .filter(|r| r.stage == Stage::Issuing)
        .and_then(|r| r.intent.clone());
    let Some(intent) = intent else {
        return Err(change.illegal("recovered"));
    };
    match find_orphans(&change, &intent, listing) {
        Found::Ours(ids) => {
            let found_at = change.now;
            let orphans = ids.into_iter().map(|id| Orphan {
                id,
                found_at,
                attempts: 0,
                retry_at: None,
            });
            change.record.orphans.extend(orphans);
        }
        Found::Uncountable => change.record.orphans_uncounted += 1,
        Found::Foreign(detail) => {
            halt(&mut change, HaltCause::ForeignTokens, detail);
            return Ok(());
        }
    }
    let attempts = change.record.rotation.as_ref().map_or(0, |r| r.attempts);
    if attempts >= change.situation.policy.max_attempts {
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        let detail = format!("the reply of the issuer was lost {attempts} times in one rotation");
        halt(&mut change, HaltCause::AttemptsUsedUp, detail);
        return Ok(());
    }
    set_intent(&mut change, next_label, listing, None);
    Ok(())
}

enum Found {
    Ours(Vec<String>),
    Uncountable,
    Foreign(String),
}

fn find_orphans(change: &Change<'_, '_>, intent: &Intent, listing: &Listing) -> Found {
    let unknown = || {
        listing
            .tokens
            .iter()
            .filter(|t| !intent.ids_before.contains(&t.id) && !owns(change.record, &t.id))
    };
    match change.situation.issuer.recovery {
        Recovery::ByLabel => {
            let ours = unknown().filter(|t| t.label.as_deref() == Some(intent.label.as_str()));
            Found::Ours(ours.map(|t| t.id.clone()).collect())
        }
        Recovery::ClientNamed => {
            let ours = unknown().filter(|t| t.id == intent.label);
            Found::Ours(ours.map(|t| t.id.clone()).collect())
        }
        Recovery::BySetDifference => {
            let slack = change.situation.policy.max_clock_skew;
            let earliest = intent.at.checked_sub(slack).unwrap_or(intent.at);
            let young = unknown().filter(|t| t.created_at.is_none_or(|at| at >= earliest));
            let ids: Vec<_> = young.map(|t| t.id.clone()).collect();
            if ids.len() > 1 {
                return Found::Foreign(format!(
                    "{} tokens appeared at the issuer while one was being issued ({}): delete those that nobody uses, then run `scim-rotator rotate {}`",
                    ids.len(),
                    ids.join(", "),
                    change.record.token
                ));
            }
            Found::Ours(ids)
        }
        Recovery::ByStatus | Recovery::None => match change.situation.issuer.issue_effect {
            IssueEffect::Keeps => Found::Uncountable,
            IssueEffect::Kills | IssueEffect::SchedulesDeath => Found::Ours(Vec::new()),
        },
        Recovery::ClientChosen | Recovery::Replay => Found::Ours(Vec::new()),
    }
}

pub(super) fn supplied(
    mut change: Change<'_, '_>,
    rotation_id: String,
    supplied: Supplied,
) -> Result<(), IllegalOutcome> {
    if change.record.knows(&supplied.value.fingerprint()) {
        return Err(change.illegal("supplied"));
    }
    match change.record.rotation.as_ref().map(|r| r.stage) {
        None => begin_or_resume(&mut change, Trigger::Operator, &rotation_id),
        Some(Stage::WaitingOperator) => {}
        Some(
            Stage::Issuing
            | Stage::Proving
            | Stage::Delivering
            | Stage::Completing
            | Stage::Confirming
            | Stage::Reverting
            | Stage::Discarding,
        ) => return Err(change.illegal("supplied")),
    }
    let pending = held(&change, supplied, Origin::Operator);
    put_pending(&mut change, pending);
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.operator_deadline = None;
        if rotation.stage == Stage::Delivering {
            rotation.stage = Stage::Proving;
        }
    }
    Ok(())
}

fn held(change: &Change<'_, '_>, supplied: Supplied, origin: Origin) -> HeldToken {
    let issued_at = supplied.issued_at.unwrap_or(change.now).min(change.now);
    let (expires_at, expiry) =
        known_expiry(change, supplied.expires_at, supplied.expiry, issued_at);
    HeldToken {
        value: supplied.value,
        id: supplied.id,
        issued_at,
        expires_at,
        expiry,
        origin,
        evidence: None,
    }
}
