//! A token that waits for the person who writes it into a connection: what
//! proves that it was written.

use super::outcome::Confirmation;
use super::record::{Acknowledged, ConnectionHolds, DeliveryState, Record, Stage, WrittenRequest};
use crate::secret::Fingerprint;

/// What a person has not confirmed: a token that was handed over, of a rotation
/// that waits for that or of one that was rolled back.
#[must_use]
pub fn open<'r>(record: &'r Record, connection: &str) -> Option<&'r ConnectionHolds> {
    let holds = record.connections.get(connection)?;
    let holds = Some(holds).filter(|holds| holds.by_person)?;
    let waits = match &record.rotation {
        None => holds.confirmed_at.is_none(),
        Some(rotation) => {
            let delivery = rotation.deliveries.get(connection)?;
            rotation.stage == Stage::HandedOver && delivery.state == DeliveryState::Delivered
        }
    };
    waits.then_some(holds)
}

/// Whether a person said that the token was written that was handed over last.
#[must_use]
pub fn is_acknowledged(record: &Record, connection: &str) -> bool {
    let holds = record.connections.get(connection);
    holds.is_some_and(|holds| holds.ack.is_some())
}

/// Whether this shows that the token was written. A person's word does not stand
/// against that of the identity provider.
#[must_use]
pub fn is_proof(acknowledged: bool, confirmation: &Confirmation) -> bool {
    match confirmation {
        Confirmation::Works => true,
        Confirmation::CannotTell | Confirmation::NotYet { .. } => acknowledged,
        Confirmation::Refused { .. } => false,
    }
}

/// How a request names the token that it speaks of: a word for a token that was
/// handed over before does not count for the next one.
#[must_use]
pub fn name_of(fingerprint: &Fingerprint) -> String {
    fingerprint.short()
}

/// Why a person's word is not taken; `None` if it is.
#[must_use]
pub fn obstacle(record: &Record, request: &WrittenRequest) -> Option<String> {
    let name = &request.connection;
    let Some(holds) = open(record, name) else {
        return Some(format!(
            "no token waits to be written into connection `{name}`"
        ));
    };
    if name_of(&holds.fingerprint) != request.fingerprint {
        return Some(format!(
            "another token waits for connection `{name}` now than when it was written: look at `scim-rotator status {}`, write that one, and say so again",
            record.token
        ));
    }
    None
}

/// Notes a person's word.
pub(super) fn acknowledge(record: &mut Record, connection: &str, ack: Acknowledged) {
    let in_flight = record.rotation.as_mut();
    let delivery = in_flight.and_then(|r| r.deliveries.get_mut(connection));
    let waits = delivery.is_some();
    if let Some(delivery) = delivery {
        delivery.ask_again_at = None;
    }
    if let Some(holds) = record.connections.get_mut(connection) {
        if !waits {
            holds.confirmed_at = Some(ack.at);
        }
        holds.ack = Some(Box::new(ack));
    }
}
