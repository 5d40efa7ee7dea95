//! Which meanings a rule of the probe's `answers` may have. A rule may say what
//! an answer means that is not SCIM; it may not make a proof out of an answer
//! that shows nothing.

use super::answer::ProbeAnswer;
use crate::http::exchange::{Means, Rule};
use crate::problem::Problems;

impl ProbeAnswer {
    /// The meaning by a rule of `answers` that fits the answer.
    ///
    /// An answer that is a SCIM list stays an acceptance, whatever a rule says:
    /// a service provider that accepts a wrong token must be found out. A rule
    /// cannot make a refusal an acceptance either, nor a failure of the network
    /// a refusal ([`may_accept`], [`may_refuse`]).
    #[must_use]
    pub fn by_rule(self, means: Means, status: u16) -> Self {
        match means {
            _ if self.is_accepted() => self,
            Means::Success if may_accept(status) => Self::Accepted,
            Means::Refused | Means::Gone | Means::Unauthorized if may_refuse(status) => {
                Self::RefusedByRule(status)
            }
            Means::Throttled => Self::Throttled,
            Means::Later | Means::Unknown => Self::LaterByRule(status),
            Means::Success
            | Means::Refused
            | Means::Gone
            | Means::Unauthorized
            | Means::Applied
            | Means::Conflict => self,
        }
    }
}

/// Whether a rule may say that this status accepts the credential: a success, or
/// 404 for a search that finds nobody.
#[must_use]
pub fn may_accept(status: u16) -> bool {
    (200..300).contains(&status) || status == 404
}

/// Whether a rule may say that this status refuses the credential. A rate limit,
/// a timeout or a gateway without a server behind it says nothing of it.
#[must_use]
pub fn may_refuse(status: u16) -> bool {
    !matches!(status, 408 | 425 | 429 | 502..=504)
}

/// Reports rules whose meaning cannot be justified for a read.
pub(in crate::scim) fn check_meanings(rules: &[Rule], path: &str, problems: &mut Problems) {
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("{path}[{index}]");
        match rule.means {
            Means::Success => check_success(rule, &at, problems),
            Means::Refused | Means::Gone | Means::Unauthorized => {
                check_refusal(rule, &at, problems);
            }
            Means::Applied | Means::Conflict => problems.error(
                format!("{at}.means"),
                "a probe only reads: there is nothing to apply, and nothing to be in conflict with",
                "write `success`, `refused`, `unauthorized`, `gone`, `later`, `throttled` or `unknown`",
            ),
            Means::Later | Means::Throttled | Means::Unknown => {}
        }
    }
}

fn check_success(rule: &Rule, at: &str, problems: &mut Problems) {
    if rule.status.is_any() {
        return;
    }
    if let Some(status) = first_status(rule, |status| !may_accept(status)) {
        problems.error(
            format!("{at}.status"),
            format!("{status} never shows that a token was accepted"),
            "write 2xx codes, or 404 for a search that finds nobody",
        );
    } else if rule.status.fits(404) && rule.when.is_empty() {
        problems.error(
            at,
            "every 404 would be a success, that of a wrong URL too",
            "add a `when` that tells a search without a match apart",
        );
    }
}

fn check_refusal(rule: &Rule, at: &str, problems: &mut Problems) {
    if rule.status.is_any() {
        return;
    }
    if let Some(status) = first_status(rule, |status| !may_refuse(status)) {
        problems.error(
            format!("{at}.status"),
            format!("{status} is a rate limit, a timeout or a gateway's failure: it shows nothing of the token"),
            "write the codes one by one, without 408, 425, 429, 502, 503 and 504",
        );
    } else if rule.when.is_empty()
        && let Some(status) = first_status(rule, |status| (200..300).contains(&status))
    {
        problems.error(
            at,
            format!("every {status} would be a refusal"),
            "add a `when` that tells a refusal apart",
        );
    }
}

fn first_status(rule: &Rule, test: impl Fn(u16) -> bool) -> Option<u16> {
    (100..600).find(|status| rule.status.fits(*status) && test(*status))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule says what an answer means that is no list. It makes no proof.
    #[test]
    fn a_rule_cannot_make_a_proof() {
        let silent = || ProbeAnswer::Unexpected(299);
        let (yes, no) = (ProbeAnswer::Accepted, ProbeAnswer::RefusedByRule);
        for (means, status, usual, expected) in [
            (Means::Success, 299, silent(), yes.clone()),
            (Means::Success, 404, ProbeAnswer::NotFound, yes.clone()),
            (Means::Refused, 500, ProbeAnswer::ServerError(500), no(500)),
            (Means::Gone, 418, ProbeAnswer::Unexpected(418), no(418)),
            (Means::Later, 401, refused(), ProbeAnswer::LaterByRule(401)),
            (Means::Throttled, 403, refused(), ProbeAnswer::Throttled),
            // No rule hides that a wrong token is accepted.
            (Means::Refused, 200, yes.clone(), yes.clone()),
            (Means::Later, 200, yes.clone(), yes.clone()),
            // No rule makes a refusal, a redirect or a failure an acceptance.
            (Means::Success, 401, refused(), refused()),
            (
                Means::Success,
                500,
                ProbeAnswer::ServerError(500),
                ProbeAnswer::ServerError(500),
            ),
            // No rule makes a rate limit or an outage a refusal.
            (
                Means::Refused,
                429,
                ProbeAnswer::Throttled,
                ProbeAnswer::Throttled,
            ),
            (
                Means::Refused,
                503,
                ProbeAnswer::ServerError(503),
                ProbeAnswer::ServerError(503),
            ),
            (Means::Conflict, 409, silent(), silent()),
        ] {
            let row = format!("{means:?} {status} {usual:?}");
            assert_eq!(usual.by_rule(means, status), expected, "{row}");
        }
    }

    fn refused() -> ProbeAnswer {
        ProbeAnswer::Unauthorized(None)
    }
}
