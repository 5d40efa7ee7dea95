//! What is done with a value that somebody wrote to the published path. Who can
//! write there is not who may rotate.

use super::capability::Supply;
use super::policy::AcceptSupplied;
use super::record::{Record, Trigger};
use super::situation::Situation;

/// What is done with a value at the published path that is no token of the
/// record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supplying {
    /// It becomes the pending token.
    Accept,
    /// The token in use is written back. Says why, for a person.
    Refuse(&'static str),
    /// It stays there until a person says whether it is meant.
    Leave,
}

/// Decides that for this record; `plan` and `apply` ask the same.
#[must_use]
pub fn supplying(record: &Record, situation: &Situation<'_>) -> Supplying {
    let asked_for = record.request.as_ref().is_some_and(|r| r.supplied);
    if asked_for {
        return Supplying::Accept;
    }
    let rotation = record.rotation.as_ref();
    let hasty =
        record.is_compromised() || rotation.is_some_and(|r| r.trigger == Trigger::Compromise);
    match (situation.issuer.supply, situation.policy.accept_supplied) {
        (Supply::Operator, _) if hasty => Supplying::Leave,
        (Supply::Operator, _) => Supplying::Accept,
        (Supply::Issuer, _) if hasty => {
            Supplying::Refuse("the token in use is compromised, and the issuer makes its successor")
        }
        (Supply::Issuer, AcceptSupplied::Always) => Supplying::Accept,
        (Supply::Issuer, AcceptSupplied::OperatorOnly) => Supplying::Refuse(
            "the issuer makes the tokens here, and `accept_supplied` is \"operator_only\"",
        ),
    }
}
