//! What is wrong with what answers mean.

use crate::http::exchange::call::ErrorPlaces;
use crate::http::exchange::rule::{Means, Rule};
use crate::http::template::Names;
use crate::problem::Problems;

/// Reports rules that fit every answer, or can never fit.
pub fn check_rules(
    rules: &[Rule],
    path: &str,
    steps: &[&str],
    known: &Names,
    problems: &mut Problems,
) {
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("{path}[{index}]");
        if rule.status.is_any() && rule.when.is_empty() {
            problems.error(
                &at,
                "this rule fits every answer",
                "write `status`, `when` or both",
            );
        }
        for (number, condition) in rule.when.iter().enumerate() {
            condition.check(&format!("{at}.when[{number}]"), steps, known, problems);
        }
        let tried_again = match rule.means {
            Means::Later | Means::Throttled | Means::Conflict | Means::Unknown => true,
            Means::Success
            | Means::Applied
            | Means::Gone
            | Means::Refused
            | Means::Unauthorized => false,
        };
        if rule.after.is_some() && !tried_again {
            problems.error(
                format!("{at}.after"),
                format!("after \"{}\" nothing is tried again", rule.means.as_str()),
                "remove `after`, or write `means = \"later\"` or \"throttled\"",
            );
        }
        if rule.means == Means::Success && rule.status.fits(401) && !rule.status.is_any() {
            problems.warning(
                format!("{at}.status"),
                "a 401 that counts as a success hides that our credential was refused",
                "write the status codes of successes",
            );
        }
    }
}

pub(in crate::http) fn check_error(
    error: &ErrorPlaces,
    path: &str,
    known: &Names,
    problems: &mut Problems,
) {
    for (key, place) in [("code", &error.code), ("text", &error.text)] {
        if let Some(place) = place {
            place.check(&format!("{path}.{key}"), known, problems);
        }
    }
}
