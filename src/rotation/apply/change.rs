//! What every function of `apply` works on.

use jiff::Timestamp;

use crate::rotation::record::{HeldToken, Origin, Record, StageName};
use crate::rotation::situation::Situation;

/// An outcome that cannot follow from the stored stage: a defect of this
/// program. The record is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("token `{token}`: the outcome `{outcome}` cannot follow in stage `{}`", stage.as_str())]
pub struct IllegalOutcome {
    /// Name of the token.
    pub token: String,
    /// The stored stage.
    pub stage: StageName,
    /// The outcome.
    pub outcome: &'static str,
}

/// The record that is changed, and what the change depends on.
pub(super) struct Change<'r, 's> {
    pub(super) record: &'r mut Record,
    pub(super) situation: &'s Situation<'s>,
    pub(super) now: Timestamp,
}

impl Change<'_, '_> {
    /// Whether something was made by another issuer than the configured one.
    pub(super) fn is_of_another_issuer(&self, issuer: Option<&str>) -> bool {
        issuer.is_some_and(|name| name != self.situation.issuer_name)
    }

    pub(super) fn illegal(&self, outcome: &'static str) -> IllegalOutcome {
        IllegalOutcome {
            token: self.record.token.clone(),
            stage: self.record.stage_name(),
            outcome,
        }
    }

    /// Where the pending token came from, if there is one.
    pub(super) fn pending_origin(&self) -> Option<Origin> {
        Some(self.pending()?.origin)
    }

    /// The pending token of the rotation in flight.
    pub(super) fn pending(&self) -> Option<&HeldToken> {
        self.record.rotation.as_ref()?.pending.as_ref()
    }
}
