//! Whether the token in use was shown to work.

use jiff::{SignedDuration, Timestamp};

use super::policy::Policy;
use super::record::Record;
use crate::scim::evidence::{Evidence, Finding, FindingReason};

/// What is shown of the token in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'r> {
    /// The service provider accepted it.
    Works,
    /// The service provider refuses it.
    Refused(&'r Finding),
    /// Nothing shows that it works; the finding says why, if it was tested.
    Unproven(Option<&'r Finding>),
}

impl Proof<'_> {
    /// The word for status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Refused(_) => "refused",
            Self::Unproven(_) => "unproven",
        }
    }
}

/// A failed probe that shows nothing does not outweigh a success that is at
/// most this much older than two intervals of probes.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// What is shown of the token in use; `None` if there is none.
#[must_use]
pub fn of_current<'r>(record: &'r Record, policy: &Policy) -> Option<Proof<'r>> {
    let current = record.current.as_ref()?;
    let probe = record.probe.as_ref();
    let accepted_at = current.evidence.as_ref().map(Evidence::at);
    let passed_at = probe.and_then(|probe| probe.passed_at).max(accepted_at);
    let Some((probe, finding)) = probe.and_then(|p| Some((p, p.finding.as_ref()?))) else {
        return Some(match passed_at {
            Some(_) => Proof::Works,
            None => Proof::Unproven(None),
        });
    };
    Some(match meaning(finding.reason) {
        Meaning::Refused => Proof::Refused(finding),
        Meaning::Transient if is_recent(passed_at, probe.at, policy) => Proof::Works,
        Meaning::Transient | Meaning::ShowsNothing => Proof::Unproven(Some(finding)),
    })
}

fn is_recent(passed_at: Option<Timestamp>, probed_at: Timestamp, policy: &Policy) -> bool {
    let patience = policy.probe_every.saturating_mul(2).saturating_add(SLACK);
    passed_at.is_some_and(|passed| probed_at.duration_since(passed) <= patience)
}

/// What a failed probe says of the token in use.
enum Meaning {
    Refused,
    /// The service provider did not answer for now.
    Transient,
    /// What answers there does not show whether the token works.
    ShowsNothing,
}

fn meaning(reason: FindingReason) -> Meaning {
    match reason {
        FindingReason::Rejected
        | FindingReason::Forbidden
        | FindingReason::NotInForce
        | FindingReason::Malformed
        | FindingReason::OtherTenant
        | FindingReason::NoAccess
        | FindingReason::TokenTooLarge => Meaning::Refused,
        FindingReason::Unreachable
        | FindingReason::Throttled
        | FindingReason::ServerError
        | FindingReason::Flapping => Meaning::Transient,
        FindingReason::Ambiguous403
        | FindingReason::WrongBaseUrl
        | FindingReason::EndpointOpen
        | FindingReason::NoReadVariant
        | FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::Tls
        | FindingReason::RefusalUnclear
        | FindingReason::LikeWrongToken
        | FindingReason::ControlsOff
        | FindingReason::StillAccepted => Meaning::ShowsNothing,
    }
}

/// What a probe that failed says of a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewToken {
    /// A person must look at the service provider first: it lets anybody in.
    Halts,
    /// It is not used: waiting changes nothing.
    CannotBeUsed,
    /// It may work once it is known everywhere.
    MayWorkLater,
}

/// What follows for a new token from a probe that failed; for a rotation, and for a
/// rehearsal, which shows what a rotation would do.
#[must_use]
pub fn of_new_token(reason: FindingReason) -> NewToken {
    match reason {
        FindingReason::EndpointOpen => NewToken::Halts,
        FindingReason::Malformed
        | FindingReason::NotInForce
        | FindingReason::Forbidden
        | FindingReason::OtherTenant
        | FindingReason::TokenTooLarge => NewToken::CannotBeUsed,
        FindingReason::Rejected
        | FindingReason::Ambiguous403
        | FindingReason::WrongBaseUrl
        | FindingReason::NoReadVariant
        | FindingReason::NoAccess
        | FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::Tls
        | FindingReason::Unreachable
        | FindingReason::Throttled
        | FindingReason::ServerError
        | FindingReason::StillAccepted
        | FindingReason::Flapping
        | FindingReason::RefusalUnclear
        | FindingReason::LikeWrongToken
        | FindingReason::ControlsOff => NewToken::MayWorkLater,
    }
}
