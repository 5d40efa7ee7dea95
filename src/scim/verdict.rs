//! What several answers of a service provider prove. This is pure code: the same
//! answers give the same verdict, from a server or from a simulation.
//!
//! Only an acceptance whose controls were refused is full proof, and only a clear
//! refusal shows that a token does not work. Everything else proves nothing in
//! either direction.

use jiff::Timestamp;

use super::answer::ProbeAnswer;
use super::evidence::{Evidence, Finding, FindingReason, Refusal, Verdict};
use super::words::{block_is_possible, describe, finding, old_unclear, unclear_control};
use crate::secret::BearerToken;

/// The answers in the probe of one token (L2, L3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The answers to the reads with the token, in the order asked, each of
    /// another kind. The first that is no mere "not this read" decides.
    pub reads: Vec<ProbeAnswer>,
    /// The answers to the decisive read with other credentials, if it was asked.
    pub controls: Option<ControlAnswers>,
    /// The answer to a listing with the token, if the decisive read was none.
    pub listing: Option<ProbeAnswer>,
    /// The answer to the decisive read with the token once more, if the listing
    /// was not accepted: the service provider may have blocked this address
    /// after the wrong token.
    pub again: Option<ProbeAnswer>,
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
    let first = |test: fn(&ProbeAnswer) -> bool| reads.iter().find(|answer| test(answer));
    first(|answer| !answer.suggests_another_read())
        .or_else(|| first(|answer| matches!(answer, ProbeAnswer::ServerError(_))))
        .or_else(|| first(|answer| matches!(answer, ProbeAnswer::NotFound)))
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
            | ProbeAnswer::BadRequest(_)
            | ProbeAnswer::TooLarge(_)
    )
}

/// Whether a listing that was not accepted casts doubt on the acceptance before
/// it, unless this address is blocked. That a server does not offer a listing,
/// sends more than was asked for, does not answer, or limits requests, does not.
#[must_use]
pub fn listing_is_doubtful(listing: &ProbeAnswer) -> bool {
    match listing {
        ProbeAnswer::Accepted
        | ProbeAnswer::BadRequest(_)
        | ProbeAnswer::NotOffered(_)
        | ProbeAnswer::Oversized
        | ProbeAnswer::Throttled
        | ProbeAnswer::LaterByRule(_)
        | ProbeAnswer::Unreachable(_) => false,
        ProbeAnswer::Unauthorized(_)
        | ProbeAnswer::RefusedByRule(_)
        | ProbeAnswer::NotScim(_)
        | ProbeAnswer::Forbidden(_)
        | ProbeAnswer::NotFound
        | ProbeAnswer::TooLarge(_)
        | ProbeAnswer::Redirect(_)
        | ProbeAnswer::ServerError(_)
        | ProbeAnswer::Unexpected(_)
        | ProbeAnswer::Tls => true,
    }
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
        Some(ProbeAnswer::Accepted) => match listing_doubt(observed) {
            Some(doubt) => Verdict::Inconclusive(doubt),
            None => Verdict::Pass(Evidence::new(
                token.fingerprint(),
                at,
                unclear_controls(controls),
                controls.and_then(ControlAnswers::wrong_token_status),
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
    let unclear = round.old.iter().find(|answer| !answer.is_refused());
    match (&round.after, unclear) {
        (Some(ProbeAnswer::Accepted), Some(unclear)) if unclear.is_silent() => {
            Verdict::Inconclusive(block_is_possible(describe(unclear)))
        }
        (Some(ProbeAnswer::Accepted), Some(unclear)) => Verdict::Inconclusive(old_unclear(unclear)),
        (None, Some(unclear)) => Verdict::Inconclusive(describe(unclear)),
        (Some(ProbeAnswer::Accepted), None) if !round.old.is_empty() => {
            Verdict::Pass(Refusal::new(old.fingerprint(), at))
        }
        (Some(ProbeAnswer::Accepted), None) => Verdict::Inconclusive(finding(
            FindingReason::Unreachable,
            "the service provider was not asked about the old token",
        )),
        (after, _) => Verdict::Inconclusive(block_is_possible(new_token_in_doubt(after.as_ref()))),
    }
}

impl ControlAnswers {
    fn any_accepted(&self) -> bool {
        self.none.is_accepted() || self.garbage.is_accepted()
    }

    /// The status that refused the wrong token, where it is no plain refusal.
    fn wrong_token_status(&self) -> Option<u16> {
        let not_found = (self.garbage == ProbeAnswer::NotFound).then_some(404);
        not_found.or_else(|| is_bad_request(&self.garbage).then_some(400))
    }
}

/// Why the controls do not show that the service provider checks tokens, if they
/// do not. The wrong token must be refused. Without a token it is enough that
/// the request was answered and not accepted.
fn unclear_controls(controls: Option<&ControlAnswers>) -> Option<Finding> {
    let Some(ControlAnswers { none, garbage }) = controls else {
        return Some(finding(
            FindingReason::ControlsOff,
            "whether the service provider refuses wrong tokens is not tested, since the probe's `negative_controls` is off: superseded tokens are not revoked",
        ));
    };
    if !garbage.is_refused() {
        return Some(unclear_control("a wrong token", garbage));
    }
    let none_is_clear = none.is_refused() || none.is_no_acceptance();
    (!none_is_clear).then(|| unclear_control("a request without a token", none))
}

/// L3 after an accepted L2: what casts doubt on the acceptance. If the token is
/// not accepted any more for the request that was accepted before the wrong
/// token was sent, the service provider has blocked this address for it: what
/// was shown before counts.
fn listing_doubt(observed: &Observed) -> Option<Finding> {
    let listing = observed.listing.as_ref()?;
    let blocked = observed.again.as_ref().is_some_and(|a| !a.is_accepted());
    if blocked || !listing_is_doubtful(listing) {
        return None;
    }
    let refused = matches!(
        listing,
        ProbeAnswer::Unauthorized(_) | ProbeAnswer::RefusedByRule(_)
    );
    if refused {
        return Some(finding(
            FindingReason::Flapping,
            "the service provider accepted the token and refused it for a listing a moment later: its servers disagree, they count requests (set the probe's `pace`), or the token may not list (set the probe's `listing` to false)",
        ));
    }
    let Finding { reason, detail } = describe(listing);
    let text = "; this is the answer to a listing, after a search was accepted: set the probe's `listing` to false if the service provider offers none";
    Some(finding(reason, format!("{detail}{text}")))
}

fn not_accepted(answer: &ProbeAnswer, controls: Option<&ControlAnswers>) -> Verdict<Evidence> {
    let found = describe(answer);
    let shown = match answer {
        ProbeAnswer::Unauthorized(_) | ProbeAnswer::RefusedByRule(_) | ProbeAnswer::Tls => true,
        ProbeAnswer::BadRequest(_) if controls.is_some_and(|c| is_bad_request(&c.garbage)) => {
            return Verdict::Inconclusive(like_wrong_token(400, found));
        }
        ProbeAnswer::Forbidden(_) => {
            if controls.is_some_and(|c| told_apart_from_forbidden(&c.garbage)) {
                return Verdict::Fail(Finding {
                    reason: FindingReason::Forbidden,
                    ..found
                });
            }
            false
        }
        ProbeAnswer::NotFound if controls.is_some_and(|c| c.garbage == ProbeAnswer::NotFound) => {
            if controls.is_some_and(|c| c.none != ProbeAnswer::NotFound) {
                return Verdict::Inconclusive(like_wrong_token(404, found));
            }
            true
        }
        ProbeAnswer::TooLarge(_) => {
            controls.is_some_and(|c| !matches!(c.none, ProbeAnswer::TooLarge(_)))
        }
        ProbeAnswer::Accepted
        | ProbeAnswer::NotScim(_)
        | ProbeAnswer::BadRequest(_)
        | ProbeAnswer::NotFound
        | ProbeAnswer::NotOffered(_)
        | ProbeAnswer::Redirect(_)
        | ProbeAnswer::Throttled
        | ProbeAnswer::ServerError(_)
        | ProbeAnswer::Unexpected(_)
        | ProbeAnswer::Oversized
        | ProbeAnswer::LaterByRule(_)
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

fn is_bad_request(answer: &ProbeAnswer) -> bool {
    matches!(answer, ProbeAnswer::BadRequest(_))
}

fn like_wrong_token(status: u16, found: Finding) -> Finding {
    let text = format!("{}; a wrong token gets {status} as well", found.detail);
    finding(FindingReason::LikeWrongToken, text)
}

pub(super) fn new_token_in_doubt(answer: Option<&ProbeAnswer>) -> Finding {
    match answer {
        None | Some(ProbeAnswer::Accepted) => finding(
            FindingReason::Unreachable,
            "the service provider was not asked about the new token",
        ),
        Some(
            ProbeAnswer::Unauthorized(_)
            | ProbeAnswer::Forbidden(_)
            | ProbeAnswer::RefusedByRule(_),
        ) => finding(
            FindingReason::Flapping,
            "the new token was refused in the same window, so a refusal of the old one shows nothing: the service provider's servers disagree, or it refuses everybody",
        ),
        Some(other) => describe(other),
    }
}

#[cfg(test)]
mod tests;
