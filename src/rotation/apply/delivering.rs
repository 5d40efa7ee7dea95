//! The outcomes of steps at connections.

use super::change::{Change, IllegalOutcome};
use super::failures::{note_failure, note_refusal};
use super::handed_over;
use super::promoting::{advance, all_given, enter};
use super::rolling_back::{begin_discarding, roll_back};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::capability::{Overlap, Writer};
use crate::rotation::decision::Step;
use crate::rotation::outcome::Confirmation;
use crate::rotation::record::{
    ConnectionHolds, Delivery, DeliveryState, ExpiryKnown, Failures, Stage,
};

/// An identity provider may refuse a new token until it is known everywhere.
/// After this many refusals in a row the token is rolled back.
const REFUSALS_BELIEVED: u32 = 3;

pub(super) fn delivered(
    mut change: Change<'_, '_>,
    connection: &str,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let by_person = is_by_person(&change, connection);
    let rotation = change
        .record
        .rotation
        .as_mut()
        .filter(|r| matches!(r.stage, Stage::Delivering | Stage::HandedOver));
    let Some((rotation, pending)) = rotation.and_then(|r| r.pending.clone().map(|p| (r, p))) else {
        return Err(change.illegal("delivered"));
    };
    let delivery = Delivery {
        state: DeliveryState::Delivered,
        at: now,
        ask_again_at: None,
    };
    rotation.deliveries.insert(connection.to_owned(), delivery);
    let proven = pending.evidence.is_some();
    let holds = ConnectionHolds {
        fingerprint: pending.fingerprint(),
        at: now,
        confirmed_at: None,
        in_doubt: false,
        by_person,
        ack: None,
    };
    change
        .record
        .connections
        .insert(connection.to_owned(), holds);
    change.record.failures = Failures::default();
    if completes_first(&change) && !proven {
        if all_given(&change, Writer::Daemon) {
            enter(&mut change, Stage::Completing);
        }
    } else {
        advance(&mut change);
    }
    Ok(())
}

fn is_by_person(change: &Change<'_, '_>, connection: &str) -> bool {
    let can = change.situation.connection(connection);
    can.is_some_and(|can| can.writer == Writer::Person)
}

/// Whether the new token works only after `complete`.
fn completes_first(change: &Change<'_, '_>) -> bool {
    change.situation.issuer.overlap == Overlap::TwoPhase { next_usable: false }
}

pub(super) fn completed(mut change: Change<'_, '_>) -> Result<(), IllegalOutcome> {
    let may_follow = change
        .record
        .rotation
        .as_ref()
        .is_some_and(|rotation| match rotation.stage {
            Stage::Completing => true,
            // The connection that had not been given the token has left the
            // configuration.
            Stage::Delivering => {
                let unproven = rotation
                    .pending
                    .as_ref()
                    .is_some_and(|p| p.evidence.is_none());
                unproven && completes_first(&change)
            }
            Stage::Issuing
            | Stage::Proving
            | Stage::Confirming
            | Stage::Reverting
            | Stage::Discarding
            | Stage::WaitingOperator
            | Stage::HandedOver => false,
        });
    if !may_follow {
        return Err(change.illegal("completed"));
    }
    let now = change.now;
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.completed = true;
    }
    if let Some(current) = change.record.current.as_mut() {
        current.expires_at = Some(now);
        current.expiry = ExpiryKnown::Api;
    }
    change.record.failures = Failures::default();
    enter(&mut change, Stage::Proving);
    Ok(())
}

pub(super) fn confirmed(
    mut change: Change<'_, '_>,
    connection: &str,
    confirmation: Confirmation,
) -> Result<(), IllegalOutcome> {
    let has_ended = change.record.rotation.is_none();
    if has_ended || handed_over::waits(&change) || is_by_person(&change, connection) {
        return handed_over::confirmed(change, connection, confirmation);
    }
    let now = change.now;
    let rotation = change
        .record
        .rotation
        .as_mut()
        .filter(|r| r.stage == Stage::Confirming);
    let Some(entered) = rotation.as_ref().map(|r| r.stage_entered_at) else {
        return Err(change.illegal("confirmed"));
    };
    let Some(delivery) = rotation.and_then(|r| r.deliveries.get_mut(connection)) else {
        return Err(change.illegal("confirmed"));
    };
    let policy = change.situation.policy;
    let late = now.duration_since(entered) >= policy.confirm_timeout;
    match confirmation {
        Confirmation::Works | Confirmation::CannotTell => {
            delivery.state = DeliveryState::Confirmed;
            delivery.ask_again_at = None;
            if confirmation == Confirmation::Works
                && let Some(holds) = change.record.connections.get_mut(connection)
            {
                holds.confirmed_at = Some(now);
            }
            change.record.failures = Failures::default();
            advance(&mut change);
        }
        Confirmation::NotYet { detail, .. } if late => {
            let detail = format!(
                "connection `{connection}` did not show in time that it works with the new token: {detail}"
            );
            note_failure(
                &mut change,
                &confirm_step(connection),
                &refused(&detail, FaultKind::Timeout),
            );
            roll_back(&mut change, detail);
        }
        Confirmation::NotYet { ask_again, .. } => {
            let end = entered.checked_add(policy.confirm_timeout);
            let asked = ask_again.and_then(|pause| now.checked_add(pause).ok());
            let usual = now.checked_add(policy.confirm_every).ok();
            // A wish for a pause beyond the time limit is only a hint.
            let asked = asked.map(|at| at.min(end.unwrap_or(at)));
            delivery.ask_again_at = asked.or(usual);
        }
        Confirmation::Refused { detail } => {
            delivery.ask_again_at = now.checked_add(policy.confirm_every).ok();
            let detail = format!("connection `{connection}` refuses the new token: {detail}");
            let fault = refused(&detail, FaultKind::Refused);
            let count = note_refusal(&mut change, &confirm_step(connection), &fault);
            let expiry = current_expiry(&change);
            let patience = policy.patience(entered, expiry);
            let has_had_its_time = now.duration_since(entered) >= patience;
            if late || (count >= REFUSALS_BELIEVED && has_had_its_time) {
                roll_back(&mut change, detail);
            }
        }
    }
    Ok(())
}

fn current_expiry(change: &Change<'_, '_>) -> Option<jiff::Timestamp> {
    let current = change.record.current.as_ref()?;
    change.situation.policy.expiry(current)
}

fn confirm_step(connection: &str) -> Step {
    Step::Confirm {
        connection: connection.to_owned(),
    }
}

fn refused(detail: &str, kind: FaultKind) -> Fault {
    Fault::new(FaultClass::NotApplied, kind, detail)
}

pub(super) fn reverted(mut change: Change<'_, '_>, connection: &str) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let by_person = is_by_person(&change, connection);
    let current = change
        .record
        .current
        .as_ref()
        .map(crate::rotation::record::HeldToken::fingerprint);
    let Some(fingerprint) = current else {
        return Err(change.illegal("reverted"));
    };
    let given = fingerprint;
    let holds = ConnectionHolds {
        fingerprint,
        at: now,
        confirmed_at: None,
        in_doubt: false,
        by_person,
        ack: None,
    };
    let connections = &mut change.record.connections;
    let before = connections.insert(connection.to_owned(), holds);
    let Some(rotation) = change.record.rotation.as_mut() else {
        let lacked = before.is_some_and(|holds| holds.in_doubt || holds.fingerprint != given);
        change.record.failures = Failures::default();
        return match lacked {
            true => Ok(()),
            false => Err(change.illegal("reverted")),
        };
    };
    if rotation.stage != Stage::Reverting {
        return Err(change.illegal("reverted"));
    }
    let delivery = Delivery {
        state: DeliveryState::Reverted,
        at: now,
        ask_again_at: None,
    };
    rotation.deliveries.insert(connection.to_owned(), delivery);
    let all_back = rotation
        .deliveries
        .values()
        .all(|d| d.state == DeliveryState::Reverted);
    change.record.failures = Failures::default();
    if all_back {
        begin_discarding(&mut change);
    }
    Ok(())
}
