//! When a token counts as dead. This is the only definition; retirement, the
//! test of the token in use, revocations and the slots of an issuer all use it.
//!
//! A token is dead
//!
//! 1. if the service provider refuses it: 401, 403, or an answer that a rule of
//!    the probe's `answers` calls `refused`, `unauthorized` or `gone`;
//! 2. if it gets 404, 410 or 400 for a request that is accepted with another
//!    token, or that was accepted with this token when a wrong token got the
//!    same answer;
//! 3. if the service provider answers, does not accept it, and the issuer does
//!    not have it any more.
//!
//! It is alive while the service provider accepts it, whatever the issuer says:
//! caches keep revoked tokens alive. The slot that it takes at the issuer is free
//! earlier ([`frees_slot`]).
//!
//! The first half of rule 2 needs the answers themselves:
//! [`ProbeAnswer::is_refused`](crate::scim::answer::ProbeAnswer::is_refused)
//! beside an acceptance.

use jiff::Timestamp;

use super::{Evidence, Finding, FindingReason, Refusal, Verdict};
use crate::secret::Fingerprint;

/// What the issuer says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It was not asked, cannot tell, or did not answer.
    Unknown,
    /// It has the token.
    There,
    /// It does not have the token.
    Gone,
}

/// Whether a probe shows that a token is dead. `proven` is the last proof that
/// the same token worked.
#[must_use]
pub fn is_dead(seen: &Verdict<Evidence>, proven: Option<&Evidence>) -> bool {
    // With this proof a wrong token was refused by 404 or 400.
    let so_refused = |status| proven.is_some_and(|e| e.wrong_token == Some(status));
    match seen {
        Verdict::Pass(_) => false,
        Verdict::Fail(finding) => match finding.reason {
            FindingReason::Rejected | FindingReason::Forbidden | FindingReason::NotInForce => true,
            // Every request got 404.
            FindingReason::WrongBaseUrl => so_refused(404),
            FindingReason::Malformed
            | FindingReason::OtherTenant
            | FindingReason::NoAccess
            | FindingReason::Ambiguous403
            | FindingReason::EndpointOpen
            | FindingReason::TokenTooLarge
            | FindingReason::NoReadVariant
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
            | FindingReason::ControlsOff => false,
        },
        Verdict::Inconclusive(finding) => {
            finding.reason == FindingReason::LikeWrongToken && (so_refused(404) || so_refused(400))
        }
    }
}

/// Whether the issuer's word decides: the service provider answered, and
/// neither accepted the token nor refused it.
#[must_use]
pub fn issuer_decides(finding: &Finding) -> bool {
    match finding.reason {
        FindingReason::RefusalUnclear
        | FindingReason::LikeWrongToken
        | FindingReason::NoReadVariant
        | FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::WrongBaseUrl => true,
        FindingReason::Malformed
        | FindingReason::OtherTenant
        | FindingReason::NoAccess
        | FindingReason::NotInForce
        | FindingReason::Rejected
        | FindingReason::Forbidden
        | FindingReason::Ambiguous403
        | FindingReason::EndpointOpen
        | FindingReason::TokenTooLarge
        | FindingReason::Tls
        | FindingReason::Unreachable
        | FindingReason::Throttled
        | FindingReason::ServerError
        | FindingReason::StillAccepted
        | FindingReason::Flapping
        | FindingReason::ControlsOff => false,
    }
}

/// Whether a superseded token takes no slot at the issuer any more: its life is
/// over, or the issuer took its revocation and nothing has shown since that the
/// revocation had no effect.
#[must_use]
pub fn frees_slot(
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    still_accepted: bool,
    now: Timestamp,
) -> bool {
    expires_at.is_some_and(|end| end <= now) || (revoked_at.is_some() && !still_accepted)
}

/// The verdict on an old token, with what the issuer says of it.
#[must_use]
pub fn old_token(
    seen: Verdict<Refusal>,
    listed: Listed,
    old: Fingerprint,
    at: Timestamp,
) -> Verdict<Refusal> {
    match (seen, listed) {
        (Verdict::Inconclusive(finding), Listed::Gone) if issuer_decides(&finding) => {
            Verdict::Pass(Refusal::by_issuer(old, at))
        }
        // Caches accept it, and there is nothing left to revoke.
        (Verdict::Fail(finding), Listed::Gone)
            if finding.reason == FindingReason::StillAccepted =>
        {
            Verdict::Inconclusive(finding)
        }
        (seen, Listed::Unknown | Listed::There | Listed::Gone) => seen,
    }
}

/// The verdict on the token in use, with what the issuer says of it.
#[must_use]
pub fn token_in_use(seen: Verdict<Evidence>, listed: Listed) -> Verdict<Evidence> {
    match (seen, listed) {
        (Verdict::Inconclusive(finding) | Verdict::Fail(finding), Listed::Gone)
            if issuer_decides(&finding) =>
        {
            Verdict::Fail(Finding {
                reason: FindingReason::Rejected,
                detail: format!(
                    "the issuer does not have the token any more, and {}",
                    finding.detail
                ),
            })
        }
        (seen, Listed::Unknown | Listed::There | Listed::Gone) => seen,
    }
}

#[cfg(test)]
mod tests;
