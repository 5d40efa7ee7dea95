//! What several answers of a service provider prove. This is pure code: the same
//! answers give the same verdict, from a server or from a simulation.
//!
//! Only an acceptance whose controls were refused is full proof, and only a clear
//! refusal shows that a token does not work. Everything else proves nothing in
//! either direction.

use jiff::Timestamp;

use super::answer::{AuthError, NotScim, ProbeAnswer, RedirectTo};
use super::evidence::{Controls, Evidence, Finding, FindingReason, Refusal, Verdict};
use crate::secret::BearerToken;

/// The answers in the probe of one token (L2, L3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The answers to the reads with the token, in the order asked, each of
    /// another kind. The first that is no mere "not this read" decides.
    pub reads: Vec<ProbeAnswer>,
    /// The answers to the decisive read with other credentials, if it was asked.
    pub controls: Option<ControlAnswers>,
    /// The answer to a listing with the token, if the decisive read was none.
    pub listing: Option<ProbeAnswer>,
}

/// The answers to the same read with wrong credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlAnswers {
    /// Without a token (N1).
    pub none: ProbeAnswer,
    /// With a wrong token of the same shape (N2).
    pub garbage: ProbeAnswer,
}

/// The answers in one round that shows whether an old token is refused (L6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRound {
    /// The answers to the reads with the new token; the last decides.
    pub before: Vec<ProbeAnswer>,
    /// The answers to the same read with the old token.
    pub old: Vec<ProbeAnswer>,
    /// The answer to the same read with the new token once more.
    pub after: Option<ProbeAnswer>,
}

/// The answer that decides among reads of several kinds.
#[must_use]
pub fn decisive(reads: &[ProbeAnswer]) -> Option<&ProbeAnswer> {
    reads
        .iter()
        .find(|answer| !answer.suggests_another_read())
        .or_else(|| {
            reads
                .iter()
                .find(|a| matches!(a, ProbeAnswer::ServerError(_)))
        })
        .or_else(|| reads.last())
}

/// Whether the controls can change the verdict on this answer.
#[must_use]
pub fn needs_controls(read: &ProbeAnswer) -> bool {
    matches!(
        read,
        ProbeAnswer::Accepted
            | ProbeAnswer::Forbidden(_)
            | ProbeAnswer::NotFound
            | ProbeAnswer::TooLarge(_)
    )
}

/// The verdict on one token.
#[must_use]
pub fn judge(token: &BearerToken, at: Timestamp, observed: &Observed) -> Verdict<Evidence> {
    let controls = observed.controls.as_ref();
    if controls.is_some_and(ControlAnswers::any_accepted) {
        return Verdict::Fail(finding(
            FindingReason::EndpointOpen,
            "the service provider answers the same request without a token, or with a wrong one: it does not check tokens. Nothing is rotated there until it does; tell its owner at once",
        ));
    }
    match decisive(&observed.reads) {
        Some(ProbeAnswer::Accepted) => match observed.listing.as_ref().and_then(listing_doubt) {
            Some(doubt) => Verdict::Inconclusive(doubt),
            None => Verdict::Pass(Evidence::new(
                token.fingerprint(),
                at,
                controls.map_or(Controls::Unclear, ControlAnswers::outcome),
            )),
        },
        Some(answer) => not_accepted(answer, controls),
        None => Verdict::Inconclusive(finding(
            FindingReason::NoReadVariant,
            "the service provider was not asked",
        )),
    }
}

/// The verdict on whether an old token is refused while its successor works.
#[must_use]
pub fn judge_refusal(old: &BearerToken, at: Timestamp, round: &RefusalRound) -> Verdict<Refusal> {
    if !decisive(&round.before).is_some_and(ProbeAnswer::is_accepted) {
        return Verdict::Inconclusive(new_token_in_doubt(decisive(&round.before)));
    }
    if round.old.iter().any(ProbeAnswer::is_accepted) {
        return Verdict::Fail(finding(
            FindingReason::StillAccepted,
            "the service provider still accepts the old token: it may keep tokens in a cache for a while, or the revocation did not take effect",
        ));
    }
    if let Some(unclear) = round.old.iter().find(|answer| !is_plain_refusal(answer)) {
        return Verdict::Inconclusive(describe(unclear));
    }
    match &round.after {
        Some(ProbeAnswer::Accepted) if !round.old.is_empty() => {
            Verdict::Pass(Refusal::new(old.fingerprint(), at))
        }
        Some(ProbeAnswer::Accepted) => Verdict::Inconclusive(finding(
            FindingReason::Unreachable,
            "the service provider was not asked about the old token",
        )),
        after => Verdict::Inconclusive(new_token_in_doubt(after.as_ref())),
    }
}

impl ControlAnswers {
    fn any_accepted(&self) -> bool {
        self.none.is_accepted() || self.garbage.is_accepted()
    }

    fn outcome(&self) -> Controls {
        if self.none.is_refused() && self.garbage.is_refused() {
            Controls::Refused
        } else {
            Controls::Unclear
        }
    }
}

/// Whether an answer refuses the credential itself: a 404 or a 400 may have
/// other causes.
fn is_plain_refusal(answer: &ProbeAnswer) -> bool {
    matches!(
        answer,
        ProbeAnswer::Unauthorized(_) | ProbeAnswer::Forbidden(_)
    )
}

/// L3 after an accepted L2: what casts doubt on the acceptance. That a server
/// does not offer a listing, or sends more than was asked for, does not.
fn listing_doubt(listing: &ProbeAnswer) -> Option<Finding> {
    match listing {
        ProbeAnswer::Accepted
        | ProbeAnswer::BadRequest(_)
        | ProbeAnswer::NotOffered(_)
        | ProbeAnswer::Oversized => None,
        ProbeAnswer::Unauthorized(_) => Some(finding(
            FindingReason::Flapping,
            "the service provider accepted the token and refused it (401) a moment later: its servers disagree, or they count requests",
        )),
        ProbeAnswer::NotScim(_)
        | ProbeAnswer::Forbidden(_)
        | ProbeAnswer::NotFound
        | ProbeAnswer::TooLarge(_)
        | ProbeAnswer::Redirect(_)
        | ProbeAnswer::Throttled
        | ProbeAnswer::ServerError(_)
        | ProbeAnswer::Unexpected(_)
        | ProbeAnswer::Tls
        | ProbeAnswer::Unreachable(_) => Some(describe(listing)),
    }
}

fn not_accepted(answer: &ProbeAnswer, controls: Option<&ControlAnswers>) -> Verdict<Evidence> {
    let found = describe(answer);
    let shown = match answer {
        ProbeAnswer::Unauthorized(_) | ProbeAnswer::Tls => true,
        ProbeAnswer::Forbidden(_) => {
            if controls.is_some_and(|c| told_apart_from_forbidden(&c.garbage)) {
                return Verdict::Fail(Finding {
                    reason: FindingReason::Forbidden,
                    ..found
                });
            }
            false
        }
        ProbeAnswer::NotFound => controls
            .is_some_and(|c| c.none == ProbeAnswer::NotFound && c.garbage == ProbeAnswer::NotFound),
        ProbeAnswer::TooLarge(_) => {
            controls.is_some_and(|c| !matches!(c.none, ProbeAnswer::TooLarge(_)))
        }
        ProbeAnswer::Accepted
        | ProbeAnswer::NotScim(_)
        | ProbeAnswer::BadRequest(_)
        | ProbeAnswer::NotOffered(_)
        | ProbeAnswer::Redirect(_)
        | ProbeAnswer::Throttled
        | ProbeAnswer::ServerError(_)
        | ProbeAnswer::Unexpected(_)
        | ProbeAnswer::Oversized
        | ProbeAnswer::Unreachable(_) => false,
    };
    if shown {
        Verdict::Fail(found)
    } else {
        Verdict::Inconclusive(found)
    }
}

/// Whether a wrong token was refused in another way than by 403.
fn told_apart_from_forbidden(garbage: &ProbeAnswer) -> bool {
    garbage.is_refused() && !matches!(garbage, ProbeAnswer::Forbidden(_))
}

fn new_token_in_doubt(answer: Option<&ProbeAnswer>) -> Finding {
    match answer {
        None | Some(ProbeAnswer::Accepted) => finding(
            FindingReason::Unreachable,
            "the service provider was not asked about the new token",
        ),
        Some(ProbeAnswer::Unauthorized(_) | ProbeAnswer::Forbidden(_)) => finding(
            FindingReason::Flapping,
            "the new token was refused in the same window, so a refusal of the old one shows nothing: the service provider's servers disagree, or it refuses everybody",
        ),
        Some(other) => describe(other),
    }
}

/// The finding for an answer that is no acceptance.
#[must_use]
pub fn describe(answer: &ProbeAnswer) -> Finding {
    use FindingReason as Why;
    match answer {
        ProbeAnswer::Accepted => finding(Why::Flapping, "the answers contradict each other"),
        ProbeAnswer::NotScim(why) => finding(Why::NotScim, not_scim(*why)),
        ProbeAnswer::Unauthorized(error) => finding(
            Why::Rejected,
            format!(
                "the service provider refused the token (401{})",
                word(*error)
            ),
        ),
        ProbeAnswer::Forbidden(error) => finding(
            Why::Ambiguous403,
            format!(
                "the service provider answered 403{}: the token lacks the permission to read, SCIM is switched off there, this address is not on its allow-list, or the token is wrong",
                word(*error)
            ),
        ),
        ProbeAnswer::NotFound => finding(
            Why::WrongBaseUrl,
            "the service provider answered 404: check `scim_url` and the probe's `path`",
        ),
        ProbeAnswer::BadRequest(scim_type) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider answered 400{} to every read: set the probe's `read` or `path` to one that it supports",
                scim_type.map_or_else(String::new, |t| format!(" ({})", t.as_str()))
            ),
        ),
        ProbeAnswer::NotOffered(status) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider offers none of the reads (status {status}): set the probe's `read` or `path`"
            ),
        ),
        ProbeAnswer::TooLarge(status) => finding(
            Why::TokenTooLarge,
            format!("the service provider answered {status}: the token is too long for it"),
        ),
        ProbeAnswer::Redirect(to) => finding(Why::Redirect, redirect(to)),
        ProbeAnswer::Throttled => finding(
            Why::Throttled,
            "the service provider answered 429: too many requests; it is asked again later",
        ),
        ProbeAnswer::ServerError(status) => finding(
            Why::ServerError,
            format!(
                "the service provider failed (status {status}): this says nothing of the token"
            ),
        ),
        ProbeAnswer::Unexpected(status) => finding(
            Why::NotScim,
            format!("the service provider answered {status}, which is no answer to a read"),
        ),
        ProbeAnswer::Oversized => finding(
            Why::NotScim,
            "the answer was longer than is read: the service provider ignored that one entry was asked for",
        ),
        ProbeAnswer::Tls => finding(
            Why::Tls,
            "the service provider's certificate cannot be trusted, so nothing was sent: check the host name, the expiry and the certification authority",
        ),
        ProbeAnswer::Unreachable(how) => finding(Why::Unreachable, how.as_str()),
    }
}

fn word(error: Option<AuthError>) -> String {
    error.map_or_else(String::new, |e| format!(", {}", e.as_str()))
}

fn not_scim(why: NotScim) -> String {
    let what = match why {
        NotScim::NotJson => "200 and no JSON: a login page, a proxy or another server stands at this URL".to_owned(),
        NotScim::NoSchema => "200 and JSON that names no SCIM list; if this server is known to do so, set the probe's `accept_non_scim`".to_owned(),
        NotScim::BadList => "200 and a SCIM list without its entries".to_owned(),
        NotScim::ErrorInside => "200 with a SCIM error inside".to_owned(),
        NotScim::Status(status) => format!("{status}, which is no answer to a read"),
    };
    format!("the service provider answered {what}")
}

fn redirect(to: &RedirectTo) -> String {
    let place = match to {
        RedirectTo::OtherPath => "another path of the same host".to_owned(),
        RedirectTo::OtherScheme => "the same host with another scheme or port".to_owned(),
        RedirectTo::OtherHost(Some(host)) => format!("the host {host}"),
        RedirectTo::OtherHost(None) => "another host".to_owned(),
        RedirectTo::Nowhere => "no place that can be read".to_owned(),
    };
    format!(
        "the service provider redirects to {place}; tokens do not follow redirects: write the final URL into `scim_url`"
    )
}

fn finding(reason: FindingReason, detail: impl Into<String>) -> Finding {
    Finding {
        reason,
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests;
