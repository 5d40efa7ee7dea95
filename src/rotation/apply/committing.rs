//! What is stored before an effect, and after which outcomes the record is
//! stored at once.

use jiff::{SignedDuration, Timestamp};

use crate::rotation::capability::SideEffects;
use crate::rotation::decision::Step;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{Delivery, Lease, Record, Stage};
use crate::rotation::situation::Situation;
use crate::scim::evidence::Verdict;
use crate::secret::Fingerprint;

/// Marks in the record that a step is about to begin, and extends the lease.
/// The driver commits it before it performs the step.
#[must_use]
pub fn intend(
    record: &Record,
    step: &Step,
    holder: &str,
    lease: SignedDuration,
    now: Timestamp,
) -> Record {
    let now = now.max(record.updated_at);
    let mut next = record.clone();
    next.updated_at = now;
    let epoch = match &record.lease {
        Some(lease) if lease.holder == holder => lease.epoch,
        Some(lease) => lease.epoch.saturating_add(1),
        None => 1,
    };
    let expires_at = now.checked_add(lease).unwrap_or(now);
    next.lease = Some(Lease {
        holder: holder.to_owned(),
        epoch,
        expires_at,
    });
    if let (Step::Deliver { connection }, Some(rotation)) = (step, next.rotation.as_mut()) {
        let started = Delivery::started(now);
        rotation.deliveries.insert(connection.clone(), started);
    }
    next
}

/// Whether the step may be performed before its beginning is stored: it delivers a
/// token that was stored as one that may be delivered at any time, so that a
/// successor takes it as delivered. A person sees what is handed over, so that stage
/// is stored first. Or it only asks whether a revoked token is refused still.
#[must_use]
pub fn may_precede_its_commit(record: &Record, step: &Step) -> bool {
    if let Step::Retire { fingerprint } = step {
        return is_asked_again(record, fingerprint);
    }
    let Some(rotation) = &record.rotation else {
        return false;
    };
    let delivers = matches!(step, Step::Deliver { .. });
    delivers && rotation.may_be_delivered && rotation.stage != Stage::HandedOver
}

/// Whether a token that is revoked was refused, and is asked again.
fn is_asked_again(record: &Record, fingerprint: &Fingerprint) -> bool {
    let mut all = record.retiring.iter();
    let entry = all.find(|entry| entry.token.fingerprint() == *fingerprint);
    entry.is_some_and(|entry| entry.refused_since.is_some())
}

/// Whether the record must be stored at once after this outcome, because its
/// content cannot be found out again or the step must not be repeated. What a
/// step only read, and deliveries that may be repeated, are stored with the
/// next commit. So is that a revoked token was refused, while it is asked again
/// (`refusal_window`): after a crash it is revoked and asked once more.
#[must_use]
pub fn must_be_stored(outcome: &Outcome, after: &Record, situation: &Situation<'_>) -> bool {
    match outcome {
        Outcome::Retired {
            fingerprint,
            refusal: Verdict::Pass(_),
        } => !is_asked_again(after, fingerprint),
        Outcome::Issued(_)
        | Outcome::Recovered { .. }
        | Outcome::Completed
        | Outcome::Reverted { .. }
        | Outcome::Discarded
        | Outcome::Retired { .. }
        | Outcome::OrphanRevoked { .. }
        | Outcome::UnrecordedRevoked { .. }
        | Outcome::RehearsalEnded(_)
        | Outcome::Failed { .. }
        | Outcome::Adopted { .. }
        | Outcome::Supplied { .. } => true,
        Outcome::Delivered { connection } => situation
            .connection(connection)
            .is_some_and(|c| c.side_effects == SideEffects::FullSync),
        Outcome::Prepared(_)
        | Outcome::CannotBeHeld(_)
        | Outcome::Proved(_)
        | Outcome::Confirmed { .. }
        | Outcome::Published
        | Outcome::UseSeen { .. }
        | Outcome::Verified(_) => false,
    }
}
