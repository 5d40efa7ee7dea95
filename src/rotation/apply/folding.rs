//! Applies the outcome of a step to the record.

use jiff::Timestamp;

use super::change::{Change, IllegalOutcome};
use super::{
    delivering, failing, fitting, halting, issuing, proving, recovering, rehearsing, retiring,
    revoking, rolling_back, supplying,
};
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{Failures, HaltCause, Record, Rotation, Stage, Trigger};
use crate::rotation::situation::Situation;

/// Applies an outcome to a record.
///
/// # Errors
/// [`IllegalOutcome`] if the stage cannot have led to it.
pub fn apply(
    record: &Record,
    outcome: Outcome,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Result<Record, IllegalOutcome> {
    if let Some(folded) = revoking::revocation_ended(record, &outcome, situation, now) {
        return folded;
    }
    let mut next = record.clone();
    lift_halt(&mut next, situation);
    next.orphans_uncounted.retain(|dies_at| *dies_at > now);
    // If the clock was set back, no time in the record goes back.
    let now = now.max(record.updated_at);
    next.updated_at = now;
    let succeeded = outcome.success_of();
    let change = Change {
        record: &mut next,
        situation,
        now,
    };
    match outcome {
        Outcome::Adopted { supplied, lookup } => {
            supplying::adopted(change, supplied, lookup.as_ref())
        }
        Outcome::Prepared(preparation) => issuing::prepared(change, preparation),
        Outcome::Issued(token) => issuing::issued(change, token),
        Outcome::Recovered {
            listing,
            next_label,
        } => recovering::recovered(change, &listing, next_label),
        Outcome::Supplied {
            rotation_id,
            supplied,
        } => supplying::supplied(change, &rotation_id, supplied),
        Outcome::CannotBeHeld(objections) => fitting::cannot_be_held(change, &objections),
        Outcome::Proved(verdict) => proving::proved(change, verdict),
        Outcome::Verified(verdict) => proving::verified(change, verdict),
        Outcome::Delivered { connection } => delivering::delivered(change, &connection),
        Outcome::Confirmed {
            connection,
            confirmation,
        } => delivering::confirmed(change, &connection, confirmation),
        Outcome::Completed => delivering::completed(change),
        Outcome::Published => retiring::published(change),
        Outcome::Reverted { connection } => delivering::reverted(change, &connection),
        Outcome::Discarded => rolling_back::discarded(change),
        Outcome::UseSeen {
            fingerprint,
            last_used_at,
            last_used_by,
        } => retiring::use_seen(change, &fingerprint, last_used_at, last_used_by),
        Outcome::Retired {
            fingerprint,
            refusal,
        } => retiring::retired(change, &fingerprint, refusal),
        Outcome::OrphanRevoked { id } => retiring::orphan_revoked(change, &id),
        Outcome::UnrecordedRevoked { .. } => Err(change.illegal("unrecorded_revoked")),
        Outcome::RehearsalEnded(throwaway) => rehearsing::ended(change, &throwaway),
        Outcome::Failed { step, fault } => failing::failed(change, &step, fault),
    }?;
    halting::end_if_over(record, &mut next, succeeded);
    Ok(next)
}

/// A person's request lifts a halt, and so do corrected settings. The request is fulfilled by the rotation in
/// flight, with two exceptions: while nothing is issued, the request still
/// tells whether the guards are overridden; and a compromised token needs a
/// rotation that began as such.
fn lift_halt(record: &mut Record, situation: &Situation<'_>) {
    if !situation.is_lifted(record) {
        return;
    }
    let cause = halting::lift(record);
    record.failures = Failures::default();
    if let (Some(HaltCause::ForeignTokens), Some(rotation)) = (cause, record.rotation.as_mut()) {
        // By this request the person states that the foreign tokens were dealt
        // with.
        rotation.intent = None;
    }
    let hasty = record.is_compromised();
    let is_it =
        |r: &Rotation| r.stage != Stage::Issuing && (!hasty || r.trigger == Trigger::Compromise);
    if record.rotation.as_ref().is_some_and(is_it) {
        record.request = None;
    }
}
