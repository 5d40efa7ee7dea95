//! What several answers of a service provider prove. This is pure code: the same
//! answers give the same verdict, from a server or from a simulation.
//!
//! Only an acceptance whose controls were refused is full proof, and only a clear
//! refusal shows that a token does not work. Everything else proves nothing in
//! either direction.

use jiff::Timestamp;

use super::answer::{Answer, AuthError, NotScim, RedirectTo};
use super::evidence::{Controls, Evidence, Finding, FindingReason, Refusal, Verdict};
use crate::secret::BearerToken;

/// The answers in the probe of one token (L2, L3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The answers to the reads with the token, in order, each of another kind.
    /// The first one that does not mean "this read is not supported" decides.
    pub reads: Vec<Answer>,
    /// The answers to the deciding read with wrong credentials, if it was sent.
    pub controls: Option<ControlAnswers>,
    /// The answer to a listing with the token, if the deciding read was none.
    pub listing: Option<Answer>,
}

/// The answers to the same read with wrong credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlAnswers {
    /// Without a token (N1).
    pub none: Answer,
    /// With a wrong token of the same shape (N2).
    pub garbage: Answer,
}

/// The answers in one round that shows whether an old token is refused (L6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRound {
    /// The answers to the reads with the new token; the last decides.
    pub before: Vec<Answer>,
    /// The answers to the same read with the old token.
    pub old: Vec<Answer>,
    /// The answer to the same read with the new token once more.
    pub after: Option<Answer>,
}

/// The answer that decides among reads of several kinds.
#[must_use]
pub fn decisive(reads: &[Answer]) -> Option<&Answer> {
    reads
        .iter()
        .find(|answer| !answer.suggests_another_read())
        .or_else(|| reads.iter().find(|a| matches!(a, Answer::ServerError(_))))
        .or_else(|| reads.last())
}

/// Whether the controls can change the verdict on this answer.
#[must_use]
pub fn needs_controls(read: &Answer) -> bool {
    matches!(
        read,
        Answer::Accepted | Answer::Forbidden(_) | Answer::NotFound | Answer::TooLarge(_)
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
        Some(Answer::Accepted) => match observed.listing.as_ref().and_then(listing_doubt) {
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
    if !decisive(&round.before).is_some_and(Answer::is_accepted) {
        return Verdict::Inconclusive(new_token_in_doubt(decisive(&round.before)));
    }
    if round.old.iter().any(Answer::is_accepted) {
        return Verdict::Fail(finding(
            FindingReason::StillAccepted,
            "the service provider still accepts the old token: it may keep tokens in a cache for a while, or the revocation did not take effect",
        ));
    }
    if let Some(unclear) = round.old.iter().find(|answer| !is_plain_refusal(answer)) {
        return Verdict::Inconclusive(describe(unclear));
    }
    match &round.after {
        Some(Answer::Accepted) if !round.old.is_empty() => {
            Verdict::Pass(Refusal::new(old.fingerprint(), at))
        }
        Some(Answer::Accepted) => Verdict::Inconclusive(finding(
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
fn is_plain_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Unauthorized(_) | Answer::Forbidden(_))
}

/// L3 after an accepted L2: what makes the acceptance doubtful. If the server
/// does not support the listing, or returns more entries than requested, it is
/// not doubtful.
fn listing_doubt(listing: &Answer) -> Option<Finding> {
    match listing {
        Answer::Accepted | Answer::BadRequest(_) | Answer::NotOffered(_) | Answer::Oversized => {
            None
        }
        Answer::Unauthorized(_) => Some(finding(
            FindingReason::Flapping,
            "the service provider accepted the token and refused it (401) a moment later: its servers disagree, or they count requests",
        )),
        Answer::NotScim(_)
        | Answer::Forbidden(_)
        | Answer::NotFound
        | Answer::TooLarge(_)
        | Answer::Redirect(_)
        | Answer::Throttled
        | Answer::ServerError(_)
        | Answer::Unexpected(_)
        | Answer::Tls
        | Answer::Unreachable(_) => Some(describe(listing)),
    }
}

fn not_accepted(answer: &Answer, controls: Option<&ControlAnswers>) -> Verdict<Evidence> {
    let found = describe(answer);
    let shown = match answer {
        Answer::Unauthorized(_) | Answer::Tls => true,
        Answer::Forbidden(_) => {
            if controls.is_some_and(|c| told_apart_from_forbidden(&c.garbage)) {
                return Verdict::Fail(Finding {
                    reason: FindingReason::Forbidden,
                    ..found
                });
            }
            false
        }
        Answer::NotFound => {
            controls.is_some_and(|c| c.none == Answer::NotFound && c.garbage == Answer::NotFound)
        }
        Answer::TooLarge(_) => controls.is_some_and(|c| !matches!(c.none, Answer::TooLarge(_))),
        Answer::Accepted
        | Answer::NotScim(_)
        | Answer::BadRequest(_)
        | Answer::NotOffered(_)
        | Answer::Redirect(_)
        | Answer::Throttled
        | Answer::ServerError(_)
        | Answer::Unexpected(_)
        | Answer::Oversized
        | Answer::Unreachable(_) => false,
    };
    if shown {
        Verdict::Fail(found)
    } else {
        Verdict::Inconclusive(found)
    }
}

/// Whether a wrong token was refused with another status than 403.
fn told_apart_from_forbidden(garbage: &Answer) -> bool {
    garbage.is_refused() && !matches!(garbage, Answer::Forbidden(_))
}

fn new_token_in_doubt(answer: Option<&Answer>) -> Finding {
    match answer {
        None | Some(Answer::Accepted) => finding(
            FindingReason::Unreachable,
            "the service provider was not asked about the new token",
        ),
        Some(Answer::Unauthorized(_) | Answer::Forbidden(_)) => finding(
            FindingReason::Flapping,
            "the new token was refused in the same window, so a refusal of the old one shows nothing: the service provider's servers disagree, or it refuses everybody",
        ),
        Some(other) => describe(other),
    }
}

/// The finding for an answer that is no acceptance.
#[must_use]
pub fn describe(answer: &Answer) -> Finding {
    use FindingReason as Why;
    match answer {
        Answer::Accepted => finding(Why::Flapping, "the answers contradict each other"),
        Answer::NotScim(why) => finding(Why::NotScim, not_scim(*why)),
        Answer::Unauthorized(error) => finding(
            Why::Rejected,
            format!(
                "the service provider refused the token (401{})",
                word(*error)
            ),
        ),
        Answer::Forbidden(error) => finding(
            Why::Ambiguous403,
            format!(
                "the service provider answered 403{}: the token lacks the permission to read, SCIM is switched off there, this address is not on its allow-list, or the token is wrong",
                word(*error)
            ),
        ),
        Answer::NotFound => finding(
            Why::WrongBaseUrl,
            "the service provider answered 404: check `scim_url` and the probe's `path`",
        ),
        Answer::BadRequest(scim_type) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider answered 400{} to every read: set the probe's `read` or `path` to one that it supports",
                scim_type.map_or_else(String::new, |t| format!(" ({})", t.as_str()))
            ),
        ),
        Answer::NotOffered(status) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider offers none of the reads (status {status}): set the probe's `read` or `path`"
            ),
        ),
        Answer::TooLarge(status) => finding(
            Why::TokenTooLarge,
            format!("the service provider answered {status}: the token is too long for it"),
        ),
        Answer::Redirect(to) => finding(Why::Redirect, redirect(to)),
        Answer::Throttled => finding(
            Why::Throttled,
            "the service provider answered 429: too many requests; it is asked again later",
        ),
        Answer::ServerError(status) => finding(
            Why::ServerError,
            format!(
                "the service provider failed (status {status}): this says nothing of the token"
            ),
        ),
        Answer::Unexpected(status) => finding(
            Why::NotScim,
            format!("the service provider answered {status}, which is no answer to a read"),
        ),
        Answer::Oversized => finding(
            Why::NotScim,
            "the answer was longer than is read: the service provider ignored that one entry was asked for",
        ),
        Answer::Tls => finding(
            Why::Tls,
            "the service provider's certificate cannot be trusted, so nothing was sent: check the host name, the expiry and the certification authority",
        ),
        Answer::Unreachable(how) => finding(Why::Unreachable, how.as_str()),
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
