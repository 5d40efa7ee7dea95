//! Cron rules and windows in a time zone, across changes of the clocks.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::schedule::{CronRule, Windows};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// Berlin sets its clocks forward on 2026-03-29 at 01:00 UTC and back on
/// 2026-10-25 at 01:00 UTC; Lord Howe Island moves them by half an hour only.
#[test]
fn a_cron_rule_follows_the_clocks_of_its_zone() {
    let rows = [
        (
            "every day at three",
            "0 3 * * *",
            "UTC",
            "2026-11-24T02:59:59Z",
            "2026-11-24T03:00:00Z",
        ),
        (
            "the moment itself is past",
            "0 3 * * *",
            "UTC",
            "2026-11-24T03:00:00Z",
            "2026-11-25T03:00:00Z",
        ),
        (
            "in winter",
            "0 3 * * *",
            "Europe/Berlin",
            "2026-03-27T12:00:00Z",
            "2026-03-28T02:00:00Z",
        ),
        (
            "in summer",
            "0 3 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-29T01:00:00Z",
        ),
        (
            "a time that is skipped comes after the change",
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-29T01:30:00Z",
        ),
        (
            "a time that comes twice is taken the first time",
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "2026-10-25T00:30:00Z",
        ),
        (
            "and not again",
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        ),
        (
            "every minute goes on after the hour that comes twice",
            "* * * * *",
            "Europe/Berlin",
            "2026-10-25T01:10:00Z",
            "2026-10-25T02:00:00Z",
        ),
        (
            "every five minutes too",
            "*/5 * * * *",
            "Europe/Berlin",
            "2026-10-25T01:10:00Z",
            "2026-10-25T02:00:00Z",
        ),
        (
            "a change by half an hour",
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:50:00Z",
            "2026-04-05T15:15:00Z",
        ),
        (
            "a day of the week",
            "0 3 * * Mon",
            "UTC",
            "2026-11-24T00:00:00Z",
            "2026-11-30T03:00:00Z",
        ),
        (
            "the last day of the month",
            "0 3 L * *",
            "UTC",
            "2026-11-24T00:00:00Z",
            "2026-11-30T03:00:00Z",
        ),
        (
            "a leap day years ahead",
            "0 0 29 2 *",
            "UTC",
            "2026-11-24T00:00:00Z",
            "2028-02-29T00:00:00Z",
        ),
        (
            "quarters",
            "0 0 1 1,4,7,10 *",
            "America/New_York",
            "2026-11-24T00:00:00Z",
            "2027-01-01T05:00:00Z",
        ),
    ];
    for (sentence, pattern, name, after, next) in rows {
        let rule = CronRule::parse(pattern, zone(name)).expect(sentence);
        assert_eq!(rule.next_after(at(after)), Some(at(next)), "{sentence}");
    }
}

#[test]
fn a_cron_rule_always_moves_on() {
    for pattern in ["* * * * *", "*/7 * * * *", "30 2 * * *"] {
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "UTC"] {
            let rule = CronRule::parse(pattern, zone(name)).expect("a rule");
            // A step that is coprime to the hour visits all its minutes.
            for begin in [
                "2026-03-28T22:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-04-04T10:00:00Z",
            ] {
                let mut time = at(begin);
                for _ in 0..150 {
                    let next = rule.next_after(time).expect("a next time");
                    assert!(next > time, "{pattern} in {name} after {time}");
                    time += SignedDuration::from_mins(7);
                }
            }
        }
    }
}

#[test]
fn a_cron_rule_that_never_fires_has_no_next_time() {
    let rule = CronRule::parse("0 0 30 2 *", TimeZone::UTC).expect("a rule");
    assert_eq!(rule.next_after(at("2026-11-24T00:00:00Z")), None);
}

fn windows(allow: &[&str], deny: &[&str]) -> Windows {
    let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let zero = SignedDuration::ZERO;
    Windows::parse(&own(allow), &own(deny), zone("Europe/Berlin"), zero).expect("windows")
}

/// 2026-11-24 is a Tuesday; Berlin is one hour ahead of UTC.
#[test]
fn windows_open_and_close_by_the_clocks_of_their_zone() {
    let office = ["Mon-Fri 08:00-17:00"];
    let night = ["daily 22:00-04:00"];
    let shutdown = ["2026-12-20..2027-01-03"];
    let rows: Vec<(&str, Windows, &str, bool)> = vec![
        (
            "without a rule it is always open",
            windows(&[], &[]),
            "2026-11-24T03:00:00Z",
            true,
        ),
        (
            "at its begin",
            windows(&office, &[]),
            "2026-11-24T07:00:00Z",
            true,
        ),
        (
            "before its begin",
            windows(&office, &[]),
            "2026-11-24T06:59:59Z",
            false,
        ),
        (
            "before its end",
            windows(&office, &[]),
            "2026-11-24T15:59:59Z",
            true,
        ),
        (
            "at its end",
            windows(&office, &[]),
            "2026-11-24T16:00:00Z",
            false,
        ),
        (
            "on a Saturday",
            windows(&office, &[]),
            "2026-11-28T10:00:00Z",
            false,
        ),
        (
            "before midnight",
            windows(&night, &[]),
            "2026-11-24T22:59:59Z",
            true,
        ),
        (
            "after midnight",
            windows(&night, &[]),
            "2026-11-25T02:59:59Z",
            true,
        ),
        (
            "in the morning",
            windows(&night, &[]),
            "2026-11-25T03:00:00Z",
            false,
        ),
        (
            "closed by a denial",
            windows(&office, &shutdown),
            "2026-12-21T10:00:00Z",
            false,
        ),
        (
            "a denial alone",
            windows(&[], &shutdown),
            "2026-12-21T10:00:00Z",
            false,
        ),
        (
            "outside a denial",
            windows(&[], &shutdown),
            "2026-12-19T10:00:00Z",
            true,
        ),
        (
            "several windows",
            windows(&["Mon 08:00-09:00", "Tue 10:00-11:00"], &[]),
            "2026-11-24T09:30:00Z",
            true,
        ),
        (
            "a whole day",
            windows(&["Tue 00:00-24:00"], &[]),
            "2026-11-24T22:59:59Z",
            true,
        ),
    ];
    for (sentence, windows, time, open) in rows {
        assert_eq!(windows.permit(at(time)), open, "{sentence}");
    }
}

#[test]
fn the_next_opening_is_found() {
    let rows: Vec<(&str, Windows, &str, Option<&str>)> = vec![
        (
            "now",
            windows(&["Tue 08:00-17:00"], &[]),
            "2026-11-24T10:00:00Z",
            Some("2026-11-24T10:00:00Z"),
        ),
        (
            "over the week-end",
            windows(&["Mon-Fri 08:00-17:00"], &[]),
            "2026-11-27T18:00:00Z",
            Some("2026-11-30T07:00:00Z"),
        ),
        (
            "next week",
            windows(&["Mon 08:00-09:00"], &[]),
            "2026-11-24T00:00:00Z",
            Some("2026-11-30T07:00:00Z"),
        ),
        (
            "after a denial",
            windows(&["daily 08:00-09:00"], &["2026-12-20..2027-01-03"]),
            "2026-12-20T12:00:00Z",
            Some("2027-01-04T07:00:00Z"),
        ),
        (
            "in the hour that comes twice",
            windows(&["daily 02:30-03:00"], &[]),
            "2026-10-25T00:00:00Z",
            Some("2026-10-25T00:30:00Z"),
        ),
        (
            "a window in the hour that is skipped opens the day after",
            windows(&["daily 02:10-02:50"], &[]),
            "2026-03-29T00:00:00Z",
            Some("2026-03-30T00:10:00Z"),
        ),
        (
            "never",
            windows(&["Mon 08:00-09:00"], &["daily 00:00-24:00"]),
            "2026-11-24T00:00:00Z",
            None,
        ),
    ];
    for (sentence, windows, from, opens) in rows {
        assert_eq!(windows.next_opening(at(from)), opens.map(at), "{sentence}");
    }
}
