//! Tokens from the published path: adopted, or written by a person.

use super::change::{Change, IllegalOutcome};
use super::halting;
use super::issuing::{begin_or_resume, known_expiry, put_pending};
use crate::rotation::outcome::Supplied;
use crate::rotation::record::{Failures, HeldToken, Origin, Stage, Trigger};

pub(super) fn adopted(change: Change<'_, '_>, supplied: Supplied) -> Result<(), IllegalOutcome> {
    if change.record.current.is_some() || change.record.rotation.is_some() {
        return Err(change.illegal("adopted"));
    }
    change.record.current = Some(held(&change, supplied, Origin::Adopted));
    change.record.generation += 1;
    change.record.failures = Failures::default();
    Ok(())
}

pub(super) fn supplied(
    mut change: Change<'_, '_>,
    rotation_id: String,
    supplied: Supplied,
) -> Result<(), IllegalOutcome> {
    if change.record.knows(&supplied.value.fingerprint()) {
        return Err(change.illegal("supplied"));
    }
    let intent = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.intent.as_ref());
    match change.record.rotation.as_ref().map(|r| r.stage) {
        None => begin_or_resume(&mut change, Trigger::Operator, &rotation_id),
        Some(Stage::WaitingOperator) => {}
        // No token was issued: the person's token is used instead.
        Some(Stage::Issuing) if intent.is_none() => {}
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
    // By writing a token the person has lifted the halt.
    halting::lift(change.record);
    let pending = held(&change, supplied, Origin::Operator);
    put_pending(&mut change, pending);
    Ok(())
}

fn held(change: &Change<'_, '_>, supplied: Supplied, origin: Origin) -> HeldToken {
    let issued_at = supplied.issued_at.unwrap_or(change.now).min(change.now);
    let (expires_at, expiry) =
        known_expiry(change, supplied.expires_at, supplied.expiry, issued_at);
    HeldToken {
        value: supplied.value,
        id: supplied.id,
        issuer: None,
        issued_at,
        expires_at,
        expiry,
        origin,
        evidence: None,
    }
}
