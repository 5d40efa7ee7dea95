//! The renewals of a year: what `plan --calendar` shows is what `plan` decides.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use scim_rotator::rotation::calendar::{MOST_RENEWALS, renewals};
use scim_rotator::rotation::policy::{Life, Policy, Renew};
use scim_rotator::rotation::schedule::Windows;

use crate::scene::healthy;

const NAME: (&str, u64) = ("crm", 4);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Half of the life, without the share that spreads tokens.
fn policy() -> Policy {
    let mut policy = healthy().policy;
    policy.renew = Renew {
        fraction: Some(0.5),
        ..Renew::default()
    };
    policy.windows = Windows::default();
    policy.declared_lifetime = None;
    policy
}

fn life_from(issued_at: Timestamp, days: i64) -> Life {
    let life = SignedDuration::from_hours(24 * days);
    Life {
        issued_at,
        expires_at: issued_at.checked_add(life).ok(),
    }
}

#[test]
fn each_renewal_follows_from_the_life_of_the_token_before() {
    let now = at("2027-01-01T00:00:00Z");
    let until = at("2027-06-30T00:00:00Z");
    let life = life_from(now, 20);
    let all = renewals(&policy(), NAME, life, Some(days(60)), (now, until));
    let begins: Vec<Timestamp> = all.iter().map(|one| one.begins).collect();
    let expected = [
        "2027-01-11",
        "2027-02-10",
        "2027-03-12",
        "2027-04-11",
        "2027-05-11",
        "2027-06-10",
    ];
    let expected: Vec<Timestamp> = expected
        .iter()
        .map(|day| at(&format!("{day}T00:00:00Z")))
        .collect();
    assert_eq!(begins, expected);
    assert_eq!(all[0].expires, Some(at("2027-01-21T00:00:00Z")));
    assert_eq!(all[1].expires, begins[0].checked_add(days(60)).ok());
    assert!(all.iter().all(|one| !one.is_outside_windows));
}

#[test]
fn what_is_overdue_begins_now_and_what_does_not_expire_is_never_renewed() {
    let now = at("2027-01-01T00:00:00Z");
    let until = at("2027-02-01T00:00:00Z");
    let old = life_from(at("2026-01-01T00:00:00Z"), 90);
    let all = renewals(&policy(), NAME, old, None, (now, until));
    assert_eq!(all.len(), 1, "its successor does not expire");
    assert_eq!(all[0].begins, now);
    let endless = Life {
        issued_at: now,
        expires_at: None,
    };
    assert_eq!(renewals(&policy(), NAME, endless, None, (now, until)), []);
}

#[test]
fn a_window_holds_a_renewal_back_and_never_until_the_token_expires() {
    let now = at("2027-01-01T00:00:00Z");
    let until = at("2027-12-31T00:00:00Z");
    let mut policy = policy();
    let sundays = ["Sun 02:00-04:00".to_owned()];
    policy.windows =
        Windows::parse(&sundays, &[], TimeZone::UTC, SignedDuration::ZERO).expect("windows");
    let all = renewals(
        &policy,
        NAME,
        life_from(now, 60),
        Some(days(60)),
        (now, until),
    );
    assert!(all.len() > 8, "{}", all.len());
    for one in &all {
        assert!(policy.windows.permit(one.begins), "{}", one.begins);
        assert!(one.begins >= one.due && !one.is_outside_windows);
    }
    let short = renewals(
        &policy,
        NAME,
        life_from(now, 4),
        Some(days(4)),
        (now, until),
    );
    assert!(short.iter().any(|one| one.is_outside_windows));
    for one in &short {
        assert!(one.expires.is_some_and(|end| one.begins < end));
    }
}

#[test]
fn a_calendar_of_a_token_that_lives_for_a_minute_has_an_end() {
    let now = at("2027-01-01T00:00:00Z");
    let until = at("2037-01-01T00:00:00Z");
    let minute = SignedDuration::from_mins(1);
    let life = Life {
        issued_at: now,
        expires_at: now.checked_add(minute).ok(),
    };
    let all = renewals(&policy(), NAME, life, Some(minute), (now, until));
    assert_eq!(all.len(), MOST_RENEWALS);
    // A life of nothing makes no progress.
    let none = renewals(
        &policy(),
        NAME,
        life,
        Some(SignedDuration::ZERO),
        (now, until),
    );
    assert_eq!(none.len(), 1);
}

/// The first renewal is the one that the daemon decides.
#[test]
fn the_first_renewal_is_the_one_that_is_planned() {
    let scene = healthy();
    let current = scene.record.current.as_ref().expect("a token");
    let due = scene
        .policy
        .renew_at("crm", scene.record.generation, current);
    let life = Life {
        issued_at: current.issued_at,
        expires_at: scene.policy.expiry(current),
    };
    let until = scene.now.checked_add(days(3650)).expect("a time");
    let all = renewals(
        &scene.policy,
        ("crm", scene.record.generation),
        life,
        None,
        (scene.now, until),
    );
    assert_eq!(all.first().map(|one| one.due), due);
}
