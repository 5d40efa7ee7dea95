//! The outcome of revoking a token that only this process knows.

use jiff::Timestamp;

use super::change::IllegalOutcome;
use crate::rotation::decision::Step;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::Record;
use crate::rotation::situation::Situation;

/// The record after [`Step::RevokeUnrecorded`]; `None` for the outcome of any
/// other step. The process may have no lease: a success removes the issuance
/// request from the record, and nothing else changes. The process counts
/// failures in memory (`UnrecordedToken::step_ended`).
pub(super) fn revocation_ended(
    record: &Record,
    outcome: &Outcome,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Option<Result<Record, IllegalOutcome>> {
    if let Outcome::Failed {
        step: Step::RevokeUnrecorded { .. },
        ..
    } = outcome
    {
        return Some(Ok(record.clone()));
    }
    let Outcome::UnrecordedRevoked { label } = outcome else {
        return None;
    };
    let mut known = situation.unrecorded.iter();
    if !known.any(|token| token.intent.label == *label) {
        return Some(Err(IllegalOutcome {
            token: record.token.clone(),
            stage: record.stage_name(),
            outcome: "unrecorded_revoked",
        }));
    }
    let mut next = record.clone();
    delist(&mut next, label);
    if next != *record {
        next.updated_at = now.max(record.updated_at);
    }
    Some(Ok(next))
}

/// Removes an issuance request from [`Record::issues_after_lease_loss`].
pub(super) fn delist(record: &mut Record, label: &str) {
    let listed = &mut record.issues_after_lease_loss;
    listed.retain(|intent| intent.label != label);
}
