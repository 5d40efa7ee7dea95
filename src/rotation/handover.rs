//! A token that waits for the person who writes it into a connection: what
//! proves that it was written.

use jiff::Timestamp;

use super::capability::{LastUsed, Writer};
use super::outcome::Confirmation;
use super::policy::Policy;
use super::record::{
    Acknowledged, ConnectionHolds, DeliveryState, LastProbe, Record, Stage, Trigger, WrittenRequest,
};
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

/// Whether the pending token was given to the connection by the one who writes it
/// now. A connection that a person wrote, and that the daemon writes since the
/// configuration was changed, is given it again, and the other way round.
#[must_use]
pub fn is_given(record: &Record, connection: &str, writer: Writer) -> bool {
    let rotation = record.rotation.as_ref();
    let delivery = rotation.and_then(|r| r.deliveries.get(connection));
    let arrived = delivery
        .is_some_and(|d| matches!(d.state, DeliveryState::Delivered | DeliveryState::Confirmed));
    let holds = record.connections.get(connection);
    let by_same = |holds: &ConnectionHolds| holds.by_person == (writer == Writer::Person);
    arrived && holds.is_none_or(by_same)
}

/// Whether the rotation can wait for a person. It cannot when the current token no
/// longer works, or must not be used any more: every other reader needs the new
/// token then.
#[must_use]
pub fn can_wait(record: &Record, policy: &Policy, now: Timestamp) -> bool {
    let expiry = record.current.as_ref().and_then(|t| policy.expiry(t));
    let has_expired = expiry.is_some_and(|end| end <= now);
    let is_refused = record.probe.as_ref().is_some_and(LastProbe::is_drift);
    let trigger = record.rotation.as_ref().map(|r| r.trigger);
    let is_compromised = record.is_compromised() || trigger == Some(Trigger::Compromise);
    !has_expired && !is_refused && !is_compromised
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

/// Whether the issuer's record of use can show that a person wrote the token: the
/// issuer does not tell who used it, so only where one connection holds it.
#[must_use]
pub fn use_shows(last_used: LastUsed, connections: usize) -> bool {
    last_used.tells_when() && connections == 1
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
    if let Some(delivery) = in_flight.and_then(|r| r.deliveries.get_mut(connection)) {
        delivery.ask_again_at = None;
    }
    if let Some(holds) = record.connections.get_mut(connection) {
        holds.ack = Some(Box::new(ack));
    }
}
