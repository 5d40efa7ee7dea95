//! Folds the outcome of a step into the record. The only code that changes a
//! [`Record`].
//!
//! Promotion is not an effect: it is what `apply` does when the last proof of a
//! rotation arrives. Every pair of stage and outcome that cannot follow from
//! `plan` is an [`IllegalOutcome`], never a guess.

mod delivering;
mod failing;
mod issuing;
mod promoting;
mod proving;
mod reconciling;
mod recovering;
mod retiring;
mod rolling_back;
mod supplying;

use jiff::{SignedDuration, Timestamp};

pub use reconciling::{Reconciled, reconcile_uncommitted};

use super::decision::Step;
use super::outcome::Outcome;
use super::record::{
    Delivery, DeliveryState, Failures, HaltCause, Lease, Record, Rotation, Stage, StageName,
    Trigger,
};
use super::situation::Situation;

/// An outcome that does not belong to the stored stage: a bug, never a state of
/// the world. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("token `{token}`: the outcome `{outcome}` cannot follow in stage `{}`", stage.as_str())]
pub struct IllegalOutcome {
    /// Name of the token.
    pub token: String,
    /// The stored stage.
    pub stage: StageName,
    /// What came.
    pub outcome: &'static str,
}

/// Folds an outcome into a record.
///
/// # Errors
/// [`IllegalOutcome`] if the stage cannot have led to it.
pub fn apply(
    record: &Record,
    outcome: Outcome,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Result<Record, IllegalOutcome> {
    if let Some(folded) = reconciling::revocation_ended(record, &outcome, situation, now) {
        return folded;
    }
    let mut next = record.clone();
    lift_halt(&mut next);
    next.orphans_uncounted.retain(|dies_at| *dies_at > now);
    // A clock that was set back meanwhile dates nothing before what is written.
    let now = now.max(record.updated_at);
    next.updated_at = now;
    let change = Change {
        record: &mut next,
        situation,
        now,
    };
    match outcome {
        Outcome::Adopted(supplied) => supplying::adopted(change, supplied),
        Outcome::Prepared(preparation) => issuing::prepared(change, preparation),
        Outcome::Issued(token) => issuing::issued(change, token),
        Outcome::Recovered {
            listing,
            next_label,
        } => recovering::recovered(change, &listing, next_label),
        Outcome::Supplied {
            rotation_id,
            supplied,
        } => supplying::supplied(change, rotation_id, supplied),
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
        } => retiring::use_seen(change, &fingerprint, last_used_at),
        Outcome::Retired {
            fingerprint,
            refusal,
        } => retiring::retired(change, &fingerprint, refusal),
        Outcome::OrphanRevoked { id } => retiring::orphan_revoked(change, &id),
        Outcome::UnrecordedRevoked { .. } => Err(change.illegal("unrecorded_revoked")),
        Outcome::Failed { step, fault } => failing::failed(change, &step, fault),
    }?;
    Ok(next)
}

/// Marks in the record that an effect is about to begin, and extends the lease.
/// Committed before the effect.
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
        let started = Delivery {
            state: DeliveryState::Started,
            at: now,
            ask_again_at: None,
        };
        rotation.deliveries.insert(connection.clone(), started);
    }
    next
}

/// Whether the record must be stored at once after this outcome, because what
/// it says cannot be found out again or must not be repeated. Outcomes of mere
/// reads, and of deliveries that may be repeated, ride along with the next
/// commit.
#[must_use]
pub fn must_be_stored(outcome: &Outcome, situation: &Situation<'_>) -> bool {
    use super::capability::SideEffects;
    match outcome {
        Outcome::Issued(_)
        | Outcome::Recovered { .. }
        | Outcome::Completed
        | Outcome::Reverted { .. }
        | Outcome::Discarded
        | Outcome::Retired { .. }
        | Outcome::OrphanRevoked { .. }
        | Outcome::UnrecordedRevoked { .. }
        | Outcome::Failed { .. }
        | Outcome::Adopted(_)
        | Outcome::Supplied { .. } => true,
        Outcome::Delivered { connection } => situation
            .connection(connection)
            .is_some_and(|c| c.side_effects == SideEffects::FullSync),
        Outcome::Prepared(_)
        | Outcome::Proved(_)
        | Outcome::Confirmed { .. }
        | Outcome::Published
        | Outcome::UseSeen { .. }
        | Outcome::Verified(_) => false,
    }
}

/// A person's request lifts a halt that is older than it. The rotation in
/// flight is what was asked for, unless it has nothing issued yet: then the
/// request still tells how far the guards hold. Nor is it what was asked for if
/// the token is in the wrong hands, and the rotation began without that haste.
fn lift_halt(record: &mut Record) {
    if !record.halt_is_lifted() {
        return;
    }
    let cause = failing::lift(record);
    record.failures = Failures::default();
    if let (Some(HaltCause::ForeignTokens), Some(rotation)) = (cause, record.rotation.as_mut()) {
        // The person has sorted out whose tokens they are.
        rotation.intent = None;
    }
    let hasty = record.is_compromised();
    let is_it =
        |r: &Rotation| r.stage != Stage::Issuing && (!hasty || r.trigger == Trigger::Compromise);
    if record.rotation.as_ref().is_some_and(is_it) {
        record.request = None;
    }
}

/// What every part of `apply` works on.
struct Change<'r, 's> {
    record: &'r mut Record,
    situation: &'s Situation<'s>,
    now: Timestamp,
}

impl Change<'_, '_> {
    /// Whether something was made by an issuer that the token has no more.
    fn is_of_another_issuer(&self, issuer: Option<&str>) -> bool {
        issuer.is_some_and(|name| name != self.situation.issuer_name)
    }

    fn illegal(&self, outcome: &'static str) -> IllegalOutcome {
        IllegalOutcome {
            token: self.record.token.clone(),
            stage: self.record.stage_name(),
            outcome,
        }
    }
}
