//! Times and counts of one token, held against each other.

use super::Token;
use crate::problem::Problems;
use crate::scim::round::MOST_REQUESTS;
use crate::value::length;

pub(super) fn check(token: &Token<'_>, problems: &mut Problems) {
    times_are_above_zero(token, problems);
    pairs_are_in_order(token, problems);
    counts_are_above_zero(token, problems);
    probes_are_closer_than_the_overlap(token, problems);
    a_paced_probe_ends_within_the_lease(token, problems);
}

fn times_are_above_zero(token: &Token<'_>, problems: &mut Problems) {
    let p = &token.settings.policy;
    let times = [
        ("renew_before", p.renew.before),
        ("max_age", p.renew.max_age),
        ("lifetime", p.lifetime),
        ("declared_lifetime", p.declared_lifetime),
        ("retry_min", Some(p.retry_min)),
        ("retry_max", Some(p.retry_max)),
        ("probe_every", Some(p.probe_every)),
        ("new_token_patience", Some(p.new_token_patience)),
        ("confirm_timeout", Some(p.confirm_timeout)),
        ("confirm_every", Some(p.confirm_every)),
        ("operator_deadline", Some(p.operator_deadline)),
        ("operator_poll", Some(p.operator_poll)),
        ("max_clock_skew", Some(p.max_clock_skew)),
    ];
    for (key, time) in times {
        if time.is_some_and(|t| t.is_zero()) {
            problems.error(
                token.key(key),
                format!("`{key}` is zero"),
                "write a time above zero, or leave the key out",
            );
        }
    }
}

fn pairs_are_in_order(token: &Token<'_>, problems: &mut Problems) {
    let p = &token.settings.policy;
    let pairs = [
        ("retry_min", p.retry_min, "retry_max", p.retry_max),
        (
            "confirm_every",
            p.confirm_every,
            "confirm_timeout",
            p.confirm_timeout,
        ),
        (
            "operator_poll",
            p.operator_poll,
            "operator_deadline",
            p.operator_deadline,
        ),
    ];
    for (small_key, small, large_key, large) in pairs {
        if small > large {
            problems.error(
                token.key(small_key),
                format!(
                    "`{small_key}` ({}) is longer than `{large_key}` ({})",
                    length(small),
                    length(large)
                ),
                "make it the shorter of the two",
            );
        }
    }
}

fn counts_are_above_zero(token: &Token<'_>, problems: &mut Problems) {
    let p = &token.settings.policy;
    let counts = [
        ("max_attempts", p.max_attempts),
        ("issues_per_day", p.issues_per_day),
    ];
    for (key, count) in counts {
        if count == 0 {
            problems.error(
                token.key(key),
                format!("`{key}` is zero: no rotation could ever run"),
                "write 1 or more",
            );
        }
    }
}

fn probes_are_closer_than_the_overlap(token: &Token<'_>, problems: &mut Problems) {
    let policy = &token.settings.policy;
    if !policy.overlap.is_zero() && policy.probe_every >= policy.overlap {
        problems.warning(
            token.key("probe_every"),
            format!(
                "probes every {} may miss a whole overlap of {}: a refused new token would be noticed after the old one is gone",
                length(policy.probe_every),
                length(policy.overlap)
            ),
            "probe more often, or use a longer overlap",
        );
    }
}

/// A probe is cut off at the end of the lease; its pauses take half of it at
/// most.
fn a_paced_probe_ends_within_the_lease(token: &Token<'_>, problems: &mut Problems) {
    let pauses = i32::from(MOST_REQUESTS) - 1;
    let pace = token.settings.probe.pace.0;
    let lease = token.settings.policy.lease;
    if pace.saturating_mul(pauses).saturating_mul(2) > lease {
        problems.error(
            token.key("probe.pace"),
            format!(
                "{pauses} pauses of {pace:#} take more than half of the lease ({lease:#}): a probe would be cut off"
            ),
            "write a shorter pause, or a longer `limits.lease`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::{capabilities, said};
    use crate::problem::Severity::{Error, Warning};

    #[test]
    fn times_are_held_against_each_other() {
        let cases = [
            ("", vec![]),
            ("retry_min = '2h'", vec![(Error, "retry_min")]),
            ("retry_min = '0s'", vec![(Error, "retry_min")]),
            ("confirm_every = '3h'", vec![(Error, "confirm_every")]),
            ("operator_poll = '8d'", vec![(Error, "operator_poll")]),
            ("max_attempts = 0", vec![(Error, "max_attempts")]),
            ("issues_per_day = 0", vec![(Error, "issues_per_day")]),
            ("probe_every = '24h'", vec![(Warning, "probe_every")]),
            ("overlap = '0s'", vec![]),
        ];
        for (policy, expected) in cases {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(severity, key)| (severity, format!("t.{key}")))
                .collect();
            assert_eq!(said(policy, capabilities(), check), expected, "{policy}");
        }
    }
}
