//! Which meanings a rule of the probe's `answers` may have. A rule may say what
//! an answer means that is not SCIM; it may not make a proof out of an answer
//! that shows nothing.

use super::answer::{may_accept, may_refuse};
use crate::http::exchange::{Means, Rule};
use crate::problem::Problems;

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
