//! The result of a step, in one word.

use crate::rotation::outcome::{Confirmation, Outcome};
use crate::scim::evidence::Verdict;

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepResult<'a> {
    /// It succeeded.
    Done,
    /// A connection was asked for proof, and has none yet.
    NoProofYet,
    /// A token was accepted, and whether wrong tokens are refused is not clear:
    /// no superseded token is retired; the reason for a person.
    PartlyProven(&'a str),
    /// It failed; the reason for a person.
    Trouble(&'a str),
}

impl<'a> StepResult<'a> {
    /// The result of this outcome.
    #[must_use]
    pub fn of(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Failed { fault, .. } => Self::Trouble(&fault.message),
            Outcome::CannotBeHeld(objections) => Self::Trouble(
                objections
                    .first()
                    .map_or("a connection cannot hold the token", |one| &one.why),
            ),
            Outcome::Proved(Verdict::Fail(finding) | Verdict::Inconclusive(finding))
            | Outcome::Verified(Verdict::Fail(finding) | Verdict::Inconclusive(finding))
            | Outcome::Retired {
                refusal: Verdict::Fail(finding) | Verdict::Inconclusive(finding),
                ..
            } => Self::Trouble(&finding.detail),
            Outcome::Confirmed { confirmation, .. } => match confirmation {
                Confirmation::Refused { detail } => Self::Trouble(detail),
                Confirmation::NotYet { .. } => Self::NoProofYet,
                Confirmation::Works | Confirmation::CannotTell => Self::Done,
            },
            Outcome::Proved(Verdict::Pass(evidence))
            | Outcome::Verified(Verdict::Pass(evidence)) => match evidence.unclear() {
                Some(cause) => Self::PartlyProven(&cause.detail),
                None => Self::Done,
            },
            Outcome::Retired {
                refusal: Verdict::Pass(_),
                ..
            }
            | Outcome::Adopted { .. }
            | Outcome::Prepared(_)
            | Outcome::Issued(_)
            | Outcome::Recovered { .. }
            | Outcome::Supplied { .. }
            | Outcome::Delivered { .. }
            | Outcome::Completed
            | Outcome::Published
            | Outcome::Reverted { .. }
            | Outcome::Discarded
            | Outcome::UseSeen { .. }
            | Outcome::OrphanRevoked { .. }
            | Outcome::UnrecordedRevoked { .. }
            | Outcome::RehearsalEnded(_) => Self::Done,
        }
    }

    /// For people, in log lines.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "succeeded",
            Self::NoProofYet => "no proof yet",
            Self::PartlyProven(_) => "accepted, without proof that wrong tokens are refused",
            Self::Trouble(_) => "failed",
        }
    }

    /// For programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::NoProofYet => "no_proof_yet",
            Self::PartlyProven(_) => "partly_proven",
            Self::Trouble(_) => "failed",
        }
    }

    /// The reason of a failure, or of a proof that does not suffice.
    #[must_use]
    pub fn trouble(self) -> Option<&'a str> {
        match self {
            Self::Done | Self::NoProofYet => None,
            Self::PartlyProven(trouble) | Self::Trouble(trouble) => Some(trouble),
        }
    }
}
