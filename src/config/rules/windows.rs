//! Windows of one token against its life: a window that never opens in time
//! is as good as none.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Token;
use super::life::{life, renewal_age};
use crate::problem::Problems;
use crate::rotation::policy::Policy;
use crate::rotation::schedule::Windows;
use crate::value::length;

/// The longest closed stretches of windows that were already looked at: many
/// tokens share theirs.
#[derive(Default)]
pub(super) struct Gaps(Vec<(Windows, Option<SignedDuration>)>);

pub(super) fn check(token: &Token<'_>, gaps: &mut Gaps, problems: &mut Problems) {
    let policy = &token.settings.policy;
    if !policy.windows.is_restricted() {
        return;
    }
    match gaps.of(&policy.windows) {
        None => problems.error(
            token.key("windows"),
            "these windows never open",
            "let `allow` leave some time that `deny` does not take away",
        ),
        Some(gap) => windows_open_in_time(token, gap, problems),
    }
}

fn windows_open_in_time(token: &Token<'_>, gap: SignedDuration, problems: &mut Problems) {
    let policy = &token.settings.policy;
    let Some(life) = life(policy) else {
        return;
    };
    let last = life.saturating_sub(deadline(policy, life));
    let time = last.saturating_sub(renewal_age(policy, life));
    if time <= SignedDuration::ZERO {
        problems.error(
            token.key("windows"),
            "the renewal is due after the deadline from which windows are ignored: they would never be heeded",
            "renew earlier (`renew_at`, `renew_before`), or use a shorter `windows.deadline`",
        );
    } else if gap > time {
        problems.warning(
            token.key("windows"),
            format!(
                "the windows may stay closed for {}, but only {} lie between renewal and the deadline: some rotations will run outside of them",
                length(gap),
                length(time)
            ),
            "renew earlier (`renew_at`, `renew_before`), or open the windows more often",
        );
    }
}

/// How long before expiry windows are ignored; see [`Policy::window_deadline`].
fn deadline(policy: &Policy, life: SignedDuration) -> SignedDuration {
    let lead = if policy.windows.deadline.is_zero() {
        life / 10
    } else {
        policy.windows.deadline
    };
    lead.min(life / 2)
}

impl Gaps {
    fn of(&mut self, windows: &Windows) -> Option<SignedDuration> {
        if let Some((_, gap)) = self.0.iter().find(|(known, _)| known == windows) {
            return *gap;
        }
        let gap = longest_gap(windows);
        self.0.push((windows.clone(), gap));
        gap
    }
}

/// The longest time, from any hour of two plain weeks, until windows open.
/// Ranges of days are left out: they are too far apart to be the rule.
fn longest_gap(windows: &Windows) -> Option<SignedDuration> {
    // A Monday. Any will do, for weekly windows do not know the year.
    let start = Timestamp::from_second(1_767_571_200).ok()?;
    let mut longest = SignedDuration::ZERO;
    for hour in 0..14 * 24 {
        let from = start.checked_add(hour.hours()).ok()?;
        let opens = windows.next_opening(from)?;
        longest = longest.max(opens.duration_since(from));
    }
    Some(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules::testing::{capabilities, said};
    use crate::problem::Severity::{Error, Warning};

    #[test]
    fn windows_are_held_against_the_life() {
        let weekdays = "windows = { allow = ['Mon-Fri 08:00-17:00'] }\n";
        let sundays = "windows = { allow = ['Sun 02:00-04:00'] }\n";
        let never = "windows = { allow = ['Sun 02:00-04:00'], deny = ['daily 00:00-24:00'] }\n";
        let late = "windows = { allow = ['Sun 02:00-04:00'], deadline = '15d' }\n";
        let cases = [
            (weekdays, "lifetime = '90d'", None),
            (weekdays, "", None),
            (sundays, "lifetime = '90d'", None),
            (sundays, "lifetime = '25d'", Some(Warning)),
            (never, "", Some(Error)),
            (late, "lifetime = '30d'", Some(Error)),
        ];
        for (windows, life, expected) in cases {
            let policy = format!("{windows}{life}");
            let found = said(&policy, capabilities(), |token, problems| {
                check(token, &mut Gaps::default(), problems);
            });
            let expected: Vec<_> = expected
                .map(|severity| (severity, "t.windows".to_owned()))
                .into_iter()
                .collect();
            assert_eq!(found, expected, "{policy}");
        }
    }
}
