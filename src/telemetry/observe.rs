//! What an outcome means for the metrics.

use crate::fault::FaultKind;
use crate::rotation::decision::Step;
use crate::rotation::outcome::{Confirmation, Outcome, Throwaway};
use crate::scim::evidence::{FindingReason, Verdict};

/// How a step ended; the label `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultLabel {
    Success,
    Failed,
    /// Nothing was shown in either direction.
    Inconclusive,
}

impl ResultLabel {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Where a token is tested; the label `endpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    ServiceProvider,
    IdentityProvider,
}

impl Endpoint {
    pub(super) const ALL: [Self; 2] = [Self::ServiceProvider, Self::IdentityProvider];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ServiceProvider => "sp",
            Self::IdentityProvider => "idp",
        }
    }

    /// Where this step tests a token, if it does.
    pub(super) fn of(step: &Step) -> Option<Self> {
        match step {
            Step::Prove | Step::Verify => Some(Self::ServiceProvider),
            Step::Confirm { .. } => Some(Self::IdentityProvider),
            Step::Adopt
            | Step::Prepare { .. }
            | Step::Issue
            | Step::Recover
            | Step::TakeSupplied
            | Step::Deliver { .. }
            | Step::Complete
            | Step::Publish
            | Step::Revert { .. }
            | Step::Discard
            | Step::CheckUse { .. }
            | Step::Retire { .. }
            | Step::RevokeOrphan { .. }
            | Step::RevokeUnrecorded { .. }
            | Step::EndRehearsal => None,
        }
    }
}

/// What is counted of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepReport {
    pub(super) result: ResultLabel,
    /// Why it did not succeed.
    pub(super) reason: Option<FaultKind>,
    pub(super) issued: bool,
    pub(super) revoked: bool,
}

impl StepReport {
    const SUCCESS: Self = Self {
        result: ResultLabel::Success,
        reason: None,
        issued: false,
        revoked: false,
    };

    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Issued(_) => Self {
                issued: true,
                ..Self::SUCCESS
            },
            Outcome::Discarded
            | Outcome::OrphanRevoked { .. }
            | Outcome::UnrecordedRevoked { .. }
            | Outcome::RehearsalEnded(Throwaway::Revoked) => Self {
                revoked: true,
                ..Self::SUCCESS
            },
            // Counted once it is shown: the step is repeated until then.
            Outcome::Retired { refusal, .. } => {
                let report = Self::of_verdict(refusal);
                Self {
                    revoked: report.reason.is_none(),
                    ..report
                }
            }
            Outcome::Proved(verdict) | Outcome::Verified(verdict) => Self::of_verdict(verdict),
            Outcome::Confirmed { confirmation, .. } => match confirmation {
                Confirmation::Works | Confirmation::CannotTell => Self::SUCCESS,
                Confirmation::NotYet { .. } => Self {
                    result: ResultLabel::Inconclusive,
                    ..Self::SUCCESS
                },
                Confirmation::Refused { .. } => {
                    Self::not_done(ResultLabel::Failed, FaultKind::Refused)
                }
            },
            Outcome::CannotBeHeld(_) => Self::not_done(ResultLabel::Failed, FaultKind::Refused),
            Outcome::Failed { fault, .. } => Self::not_done(ResultLabel::Failed, fault.kind),
            Outcome::Adopted { .. }
            | Outcome::Prepared(_)
            | Outcome::Recovered { .. }
            | Outcome::Supplied { .. }
            | Outcome::Delivered { .. }
            | Outcome::Completed
            | Outcome::Published
            | Outcome::Reverted { .. }
            | Outcome::RehearsalEnded(Throwaway::Listed(_) | Throwaway::LeftToExpire)
            | Outcome::UseSeen { .. } => Self::SUCCESS,
        }
    }

    fn of_verdict<T>(verdict: &Verdict<T>) -> Self {
        match verdict {
            Verdict::Pass(_) => Self::SUCCESS,
            Verdict::Fail(finding) => Self::not_done(ResultLabel::Failed, kind_of(finding.reason)),
            Verdict::Inconclusive(finding) => {
                Self::not_done(ResultLabel::Inconclusive, kind_of(finding.reason))
            }
        }
    }

    fn not_done(result: ResultLabel, reason: FaultKind) -> Self {
        Self {
            result,
            reason: Some(reason),
            issued: false,
            revoked: false,
        }
    }
}

fn kind_of(reason: FindingReason) -> FaultKind {
    match reason {
        FindingReason::Rejected | FindingReason::Forbidden | FindingReason::Ambiguous403 => {
            FaultKind::Auth
        }
        FindingReason::Malformed
        | FindingReason::NotInForce
        | FindingReason::TokenTooLarge
        | FindingReason::OtherTenant
        | FindingReason::StillAccepted => FaultKind::Refused,
        FindingReason::WrongBaseUrl
        | FindingReason::EndpointOpen
        | FindingReason::NoAccess
        | FindingReason::Redirect
        | FindingReason::ControlsOff => FaultKind::Config,
        FindingReason::NoReadVariant
        | FindingReason::NotScim
        | FindingReason::Flapping
        | FindingReason::RefusalUnclear
        | FindingReason::LikeWrongToken => FaultKind::Schema,
        FindingReason::Tls | FindingReason::Unreachable => FaultKind::Network,
        FindingReason::Throttled => FaultKind::Throttled,
        FindingReason::ServerError => FaultKind::Server,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultClass};
    use crate::scim::evidence::Finding;
    use crate::secret::Fingerprint;

    #[test]
    fn outcomes_are_counted_for_what_they_are() {
        let finding = |reason| Finding {
            reason,
            detail: String::new(),
        };
        let unreachable = finding(FindingReason::Unreachable);
        let cases = [
            (Outcome::Published, "success", None, false),
            (Outcome::Discarded, "success", None, true),
            (
                Outcome::Proved(Verdict::Fail(finding(FindingReason::Rejected))),
                "failed",
                Some(FaultKind::Auth),
                false,
            ),
            (
                Outcome::Verified(Verdict::Inconclusive(unreachable.clone())),
                "inconclusive",
                Some(FaultKind::Network),
                false,
            ),
            (
                Outcome::Retired {
                    fingerprint: Fingerprint::of("old"),
                    refusal: Verdict::Inconclusive(unreachable),
                },
                "inconclusive",
                Some(FaultKind::Network),
                false,
            ),
            (
                Outcome::Failed {
                    step: Step::Issue,
                    fault: Fault::new(FaultClass::Ambiguous, FaultKind::Timeout, "x"),
                },
                "failed",
                Some(FaultKind::Timeout),
                false,
            ),
        ];
        for (outcome, result, reason, revoked) in cases {
            let report = StepReport::of(&outcome);
            assert_eq!(report.result.as_str(), result, "{outcome:?}");
            assert_eq!((report.reason, report.revoked), (reason, revoked));
        }
    }
}
