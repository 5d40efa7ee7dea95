//! What is seen while a person writes the pending token into a connection that
//! no program can write. Nothing here counts as a failure, and nothing is rolled
//! back because it takes long: the token in use stays valid for as long as its
//! issuer permits.

use jiff::Timestamp;

use super::change::{Change, IllegalOutcome};
use crate::rotation::handover;
use crate::rotation::outcome::Confirmation;
use crate::rotation::record::{Delivery, DeliveryState, Failures, Stage};

/// A person takes long: proof is looked for once in so many polls.
const POLLS: i32 = 20;

/// Whether a person is waited for.
pub(super) fn waits(change: &Change<'_, '_>) -> bool {
    let rotation = change.record.rotation.as_ref();
    rotation.is_some_and(|r| r.stage == Stage::HandedOver)
}

/// The answer to a look. `plan` proves the token again when all connections are
/// confirmed: it may have died in the days since.
pub(super) fn confirmed(
    mut change: Change<'_, '_>,
    connection: &str,
    confirmation: Confirmation,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    if change.record.rotation.is_none() {
        return confirmed_later(change, connection, &confirmation);
    }
    if delivery(&mut change, connection).is_none() {
        return Err(change.illegal("confirmed"));
    }
    let acknowledged = handover::is_acknowledged(change.record, connection);
    if !handover::is_proof(acknowledged, &confirmation) {
        not_seen(&mut change, connection);
        return Ok(());
    }
    if let Some(delivery) = delivery(&mut change, connection) {
        delivery.state = DeliveryState::Confirmed;
        delivery.ask_again_at = None;
    }
    if let Some(holds) = change.record.connections.get_mut(connection) {
        holds.confirmed_at = Some(now);
    }
    change.record.failures = Failures::default();
    Ok(())
}

/// The answer after a person told, when no rotation waited any more, that the token
/// was written. If the identity provider refuses it, the person's word is dropped.
fn confirmed_later(
    change: Change<'_, '_>,
    connection: &str,
    confirmation: &Confirmation,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let is_told = handover::open(change.record, connection).is_some_and(|h| h.ack.is_some());
    let holds = change.record.connections.get_mut(connection);
    let Some(holds) = holds.filter(|_| is_told) else {
        return Err(change.illegal("confirmed"));
    };
    match handover::is_proof(true, confirmation) {
        true => holds.confirmed_at = Some(now),
        false => holds.ack = None,
    }
    change.record.failures = Failures::default();
    Ok(())
}

/// Retries later.
pub(super) fn not_seen(change: &mut Change<'_, '_>, connection: &str) {
    let again = next_look(change);
    if let Some(delivery) = delivery(change, connection) {
        delivery.ask_again_at = again;
    }
}

fn next_look(change: &Change<'_, '_>) -> Option<Timestamp> {
    let poll = change.situation.policy.operator_poll;
    let pause = poll.saturating_mul(POLLS);
    change.now.checked_add(pause).ok()
}

/// What was handed over there, and is not confirmed.
fn delivery<'c>(change: &'c mut Change<'_, '_>, connection: &str) -> Option<&'c mut Delivery> {
    let rotation = change.record.rotation.as_mut()?;
    let delivery = rotation.deliveries.get_mut(connection)?;
    Some(delivery).filter(|delivery| delivery.state == DeliveryState::Delivered)
}
