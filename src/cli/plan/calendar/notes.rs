//! What does not fit: lives that are too short, windows that open too seldom, renewals
//! of one issuer at the same time.

use jiff::SignedDuration;

use super::Token;
use crate::cli::plan::short;
use crate::rotation::calendar::{MOST_RENEWALS, Renewal};
use crate::telemetry::words::span;

/// Renewals of one issuer that begin within this time collide: they share its rate limit.
const AT_ONCE: SignedDuration = SignedDuration::from_hours(1);
/// Collisions that are listed.
const MOST_LISTED: usize = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is wrong with the renewals of one token.
pub(super) fn of_token(token: &Token, renewals: &[Renewal]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |text: String| notes.push(format!("{}: {text}", token.name));
    if renewals.len() == MOST_RENEWALS {
        note(format!(
            "only its first {MOST_RENEWALS} renewals are listed"
        ));
    }
    let outside = renewals.iter().filter(|one| one.is_outside_windows).count();
    if outside > 0 {
        note(format!(
            "{outside} of {} renewals begin outside the windows, because none opens before the token would expire: widen the windows or have tokens issued that live longer",
            renewals.len()
        ));
    }
    let pauses = || {
        renewals
            .windows(2)
            .map(|two| two[1].begins.duration_since(two[0].begins))
    };
    let overlap = token.policy.overlap;
    if let Some(pause) = pauses().min().filter(|pause| *pause <= overlap) {
        note(format!(
            "it is renewed every {}, and each old token stays valid for {}: shorten `overlap`, or old tokens add up",
            span(pause),
            span(overlap)
        ));
    }
    let permitted = usize::try_from(token.policy.issues_per_day).unwrap_or(usize::MAX);
    let in_a_day = most_within(renewals, DAY);
    if in_a_day > permitted {
        note(format!(
            "{in_a_day} renewals fall within 24 hours, and `issues_per_day` permits {permitted}: raise it, or have tokens issued that live longer"
        ));
    }
    let time_of_person = renewals.iter().filter_map(|one| {
        let left = one.expires?.duration_since(one.begins);
        Some(left)
    });
    let shortest = time_of_person.min().filter(|_| token.turns > 0);
    if let Some(left) = shortest.filter(|left| *left < token.policy.operator_deadline) {
        note(format!(
            "a person has only {} before the token expires, and `operator_deadline` is {}: renew earlier",
            span(left),
            span(token.policy.operator_deadline)
        ));
    }
    notes
}

fn most_within(renewals: &[Renewal], length: SignedDuration) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, one) in renewals.iter().enumerate() {
        while one.begins.duration_since(renewals[first].begins) >= length {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// Renewals of one issuer that begin at about the same time, in the order of time.
pub(super) fn collisions(entries: &[(&Token, Renewal)]) -> Vec<String> {
    let mut issuers: Vec<&str> = entries
        .iter()
        .map(|(token, _)| token.issuer.as_str())
        .collect();
    issuers.sort_unstable();
    issuers.dedup();
    let mut all = Vec::new();
    for issuer in issuers {
        let of_issuer = entries.iter().filter(|(token, _)| token.issuer == issuer);
        let mut group: Vec<&(&Token, Renewal)> = Vec::new();
        for entry in of_issuer {
            let together = group
                .first()
                .is_none_or(|first| entry.1.begins.duration_since(first.1.begins) < AT_ONCE);
            if !together {
                all.extend(collision(issuer, &group));
                group.clear();
            }
            group.push(entry);
        }
        all.extend(collision(issuer, &group));
    }
    let more = all.len().saturating_sub(MOST_LISTED);
    all.truncate(MOST_LISTED);
    if more > 0 {
        all.push(format!("{more} more collisions of this kind"));
    }
    all
}

fn collision(issuer: &str, group: &[&(&Token, Renewal)]) -> Option<String> {
    let mut names: Vec<&str> = group.iter().map(|(token, _)| token.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let (first, count) = (group.first()?, names.len());
    (count > 1).then(|| {
        names.truncate(5);
        let and_more = if count > names.len() { ", …" } else { "" };
        format!(
            "issuer {issuer}: {count} tokens are renewed within an hour of {}: {}{and_more}",
            short(first.1.begins),
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::calendar::Renewal;

    fn renewal(hour: i64) -> Renewal {
        let begins = jiff::Timestamp::from_second(hour * 3600).expect("a time");
        Renewal {
            due: begins,
            begins,
            expires: None,
            is_outside_windows: false,
        }
    }

    #[test]
    fn the_most_of_any_24_hours_are_counted() {
        let hours = |hours: &[i64]| hours.iter().map(|hour| renewal(*hour)).collect::<Vec<_>>();
        assert_eq!(most_within(&hours(&[]), DAY), 0);
        assert_eq!(most_within(&hours(&[0, 23, 24, 25, 47, 48]), DAY), 3);
        assert_eq!(most_within(&hours(&[0, 1, 2, 23, 24]), DAY), 4);
        assert_eq!(most_within(&hours(&[0, 24, 48]), DAY), 1);
    }
}
