//! Tokens from the published path: adopted, or written by a person.

use super::change::{Change, IllegalOutcome};
use super::identifying::identify_current;
use super::issuing::{begin_or_resume, known_expiry, put_pending};
use super::refusing::refuse;
use super::{ends, halting};
use crate::rotation::outcome::{Lookup, Supplied};
use crate::rotation::record::{Failures, HeldToken, Origin, Stage, StatedEnd, Trigger};
use crate::rotation::supplying::{Supplying, supplying};
use crate::secret::Fingerprint;

pub(super) fn adopted(
    mut change: Change<'_, '_>,
    supplied: Supplied,
    lookup: Option<&Lookup>,
) -> Result<(), IllegalOutcome> {
    if change.record.current.is_some() || change.record.rotation.is_some() {
        return Err(change.illegal("adopted"));
    }
    change.record.current = Some(held(&change, &supplied, Origin::Adopted));
    change.record.generation += 1;
    change.record.failures = Failures::default();
    ends::note_adopted(&mut change, &supplied);
    if let Some(lookup) = lookup {
        identify_current(&mut change, lookup);
    }
    Ok(())
}

pub(super) fn supplied(
    mut change: Change<'_, '_>,
    rotation_id: &str,
    supplied: Supplied,
) -> Result<(), IllegalOutcome> {
    let fingerprint = supplied.value.fingerprint();
    let current = change.record.current.as_ref();
    if current.is_some_and(|token| token.value == supplied.value) {
        return match supplied.stated_end {
            StatedEnd::Absent => Err(change.illegal("supplied")),
            StatedEnd::At(_) | StatedEnd::Unreadable => {
                ends::stated(&mut change, &supplied);
                Ok(())
            }
        };
    }
    if change.record.owns(&fingerprint) {
        return Err(change.illegal("supplied"));
    }
    match supplying(change.record, change.situation) {
        Supplying::Leave => Err(change.illegal("supplied")),
        Supplying::Refuse(why) => {
            refuse(&mut change, fingerprint, supplied.by, why.to_owned());
            Ok(())
        }
        Supplying::Accept if is_refused_again(&change, &fingerprint) => {
            let why = "it was refused before, and is not tried again".to_owned();
            refuse(&mut change, fingerprint, supplied.by, why);
            Ok(())
        }
        Supplying::Accept => accept(change, rotation_id, &supplied),
    }
}

/// Whether a refused value was written again, and nobody said that it is meant.
fn is_refused_again(change: &Change<'_, '_>, fingerprint: &Fingerprint) -> bool {
    let request = change.record.request.as_ref();
    let is_meant = request.is_some_and(|request| request.supplied);
    change.record.refused_values.contains(fingerprint) && !is_meant
}

fn accept(
    mut change: Change<'_, '_>,
    rotation_id: &str,
    supplied: &Supplied,
) -> Result<(), IllegalOutcome> {
    let intent = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.intent.as_ref());
    match change.record.rotation.as_ref().map(|r| r.stage) {
        None => begin_or_resume(&mut change, Trigger::Operator, rotation_id),
        Some(Stage::WaitingOperator) => {}
        // No token was issued: the person's token is used instead.
        Some(Stage::Issuing) if intent.is_none() => {}
        Some(
            Stage::Issuing
            | Stage::Proving
            | Stage::Delivering
            | Stage::Completing
            | Stage::Confirming
            | Stage::HandedOver
            | Stage::Reverting
            | Stage::Discarding,
        ) => return Err(change.illegal("supplied")),
    }
    let fingerprint = supplied.value.fingerprint();
    change.record.refused_values.retain(|f| *f != fingerprint);
    // By writing a token the person has lifted the halt.
    halting::lift(change.record);
    let pending = held(&change, supplied, Origin::Operator);
    put_pending(&mut change, pending);
    Ok(())
}

/// A token from the published path. Of what is written beside it nothing is
/// believed that the configuration rules out.
fn held(change: &Change<'_, '_>, supplied: &Supplied, origin: Origin) -> HeldToken {
    let issued_at = supplied.issued_at.unwrap_or(change.now).min(change.now);
    let (end, source) = ends::bounded(change, supplied.expires_at, supplied.expiry, issued_at);
    let (expires_at, expiry) = known_expiry(change, end, source, issued_at);
    HeldToken {
        value: supplied.value.clone(),
        id: None,
        stated_id: supplied.stated_id.clone(),
        issued_at_is_seen: supplied.issued_at.is_none(),
        supplied_by: supplied.by.clone(),
        issuer: None,
        issued_at,
        expires_at,
        expiry,
        origin,
        evidence: None,
        scopes: None,
        asked_life: None,
    }
}
