//! What the answers of a token endpoint prove of a client secret. This is pure code,
//! as [`verdict`](super::verdict) is for the answers of a service provider.

use jiff::Timestamp;

use super::evidence::{Evidence, Finding, FindingReason, Refusal, Verdict};
use super::exchange::Exchanged;
use super::words::finding;
use crate::secret::BearerToken;

/// What to look at if the endpoint grants nothing to a client that it knows.
const CHECK_CLIENT: &str = "check `client_id`, `scopes` and `token_params` of the token, and what the client may ask for at the authorization server";

/// The verdict on a secret for which no access token was granted. `wrong`: what a
/// wrong secret of the same client got, if it was tried.
#[must_use]
pub fn not_granted(answer: &Exchanged, wrong: Option<&Exchanged>) -> Verdict<Evidence> {
    match answer {
        Exchanged::Granted(_) => Verdict::Inconclusive(finding(
            FindingReason::Flapping,
            "the answers of the token endpoint contradict each other",
        )),
        Exchanged::Refused(what) => Verdict::Fail(finding(
            FindingReason::Rejected,
            format!(
                "{what}: it does not accept the client secret; how it is sent is set by `client_auth` of the token (basic or post)"
            ),
        )),
        Exchanged::Denied(what) if wrong == Some(answer) => Verdict::Inconclusive(finding(
            FindingReason::LikeWrongToken,
            format!("{what}; a wrong secret gets the same answer"),
        )),
        Exchanged::Denied(what) => Verdict::Fail(finding(
            FindingReason::NoAccess,
            format!("{what}: {CHECK_CLIENT}"),
        )),
        Exchanged::Silent(finding) => Verdict::Inconclusive(finding.clone()),
    }
}

/// The verdict on a secret whose access token was tried at the service provider.
/// `wrong`: what a wrong secret got, or `None` if the controls are off.
#[must_use]
pub fn of_access(
    secret: &BearerToken,
    access: Verdict<Evidence>,
    wrong: Option<&Exchanged>,
) -> Verdict<Evidence> {
    if wrong.is_some_and(Exchanged::is_granted) {
        return Verdict::Fail(finding(
            FindingReason::EndpointOpen,
            "the token endpoint grants an access token for a wrong secret: it does not check secrets. Nothing is rotated there until it does; tell its owner at once",
        ));
    }
    match access {
        Verdict::Pass(evidence) => {
            debug_assert_eq!(*evidence.fingerprint(), secret.fingerprint());
            Verdict::Pass(evidence.of_checked_secret(unclear_secret_control(wrong)))
        }
        Verdict::Fail(found) => Verdict::Fail(access_refused(found)),
        Verdict::Inconclusive(found) if found.reason == FindingReason::LikeWrongToken => {
            Verdict::Inconclusive(access_refused(found))
        }
        Verdict::Inconclusive(found) => Verdict::Inconclusive(found),
    }
}

/// Why a refused access token says nothing against the secret that it was granted
/// for. What is not about the access token stays as it is.
fn access_refused(found: Finding) -> Finding {
    match found.reason {
        FindingReason::Rejected
        | FindingReason::Forbidden
        | FindingReason::NotInForce
        | FindingReason::LikeWrongToken => finding(
            FindingReason::NoAccess,
            format!(
                "the token endpoint grants an access token for the client secret, and the service provider does not accept that: {}; {CHECK_CLIENT}",
                found.detail
            ),
        ),
        FindingReason::Malformed
        | FindingReason::OtherTenant
        | FindingReason::NoAccess
        | FindingReason::Ambiguous403
        | FindingReason::WrongBaseUrl
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
        | FindingReason::ControlsOff => found,
    }
}

fn unclear_secret_control(wrong: Option<&Exchanged>) -> Option<Finding> {
    match wrong {
        Some(Exchanged::Refused(_)) | None => None,
        Some(Exchanged::Granted(_)) => Some(finding(
            FindingReason::EndpointOpen,
            "the token endpoint accepts a wrong secret",
        )),
        Some(Exchanged::Denied(what)) => Some(finding(
            FindingReason::RefusalUnclear,
            format!(
                "whether the token endpoint refuses a wrong secret is not clear, so no superseded secret is revoked: {what}"
            ),
        )),
        Some(Exchanged::Silent(found)) => Some(Finding {
            reason: found.reason,
            detail: format!(
                "whether the token endpoint refuses a wrong secret is not clear, so no superseded secret is revoked: {}",
                found.detail
            ),
        }),
    }
}

/// The answers of one round that shows whether an old secret is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRound {
    /// What the old secret got, each time.
    pub old: Vec<Exchanged>,
    /// What a wrong secret of the client in use got.
    pub wrong: Exchanged,
    /// What the secret in use got after that.
    pub after: Exchanged,
}

/// The verdict on whether an old secret is refused, after it was shown that its
/// successor works.
#[must_use]
pub fn refusal(old: &BearerToken, at: Timestamp, round: &SecretRound) -> Verdict<Refusal> {
    if round.old.iter().any(Exchanged::is_granted) {
        return Verdict::Fail(finding(
            FindingReason::StillAccepted,
            "the token endpoint still grants access tokens for the old client secret: the revocation did not take effect, or not yet",
        ));
    }
    match &round.after {
        Exchanged::Granted(_) => {}
        Exchanged::Silent(found) => return Verdict::Inconclusive(found.clone()),
        Exchanged::Refused(what) | Exchanged::Denied(what) => {
            return Verdict::Inconclusive(finding(
                FindingReason::Flapping,
                format!(
                    "{what} to the new client secret in the same window, so a refusal of the old one shows nothing"
                ),
            ));
        }
    }
    match &round.wrong {
        Exchanged::Refused(_) => {}
        Exchanged::Granted(_) => {
            return Verdict::Inconclusive(finding(
                FindingReason::EndpointOpen,
                "the token endpoint grants an access token for a wrong secret, so a refusal of the old one shows nothing",
            ));
        }
        Exchanged::Denied(what) => return Verdict::Inconclusive(unclear("a wrong secret", what)),
        Exchanged::Silent(found) => return Verdict::Inconclusive(found.clone()),
    }
    let open = round.old.iter().find_map(|answer| match answer {
        Exchanged::Refused(_) | Exchanged::Granted(_) => None,
        Exchanged::Denied(what) => Some(unclear("the old client secret", what)),
        Exchanged::Silent(found) => Some(found.clone()),
    });
    match open {
        Some(found) => Verdict::Inconclusive(found),
        None if round.old.is_empty() => Verdict::Inconclusive(finding(
            FindingReason::Unreachable,
            "the token endpoint was not asked about the old client secret",
        )),
        None => Verdict::Pass(Refusal::new(old.fingerprint(), at)),
    }
}

fn unclear(which: &str, what: &str) -> Finding {
    finding(
        FindingReason::RefusalUnclear,
        format!("{what} to {which}, which is no clear refusal (401 or `invalid_client`)"),
    )
}

#[cfg(test)]
mod tests;
