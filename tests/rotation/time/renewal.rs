//! When a token is renewed.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::policy::{Policy, Renew, share};
use scim_rotator::rotation::record::{ExpiryKnown, HeldToken};
use scim_rotator::rotation::schedule::{CronRule, Windows};

use crate::scene::{days, held, hours, mins, now, policy};

/// Issued now, with this life.
fn living(life: SignedDuration) -> HeldToken {
    HeldToken {
        issued_at: now(),
        expires_at: Some(now() + life),
        ..held("a")
    }
}

fn endless() -> HeldToken {
    HeldToken {
        issued_at: now(),
        expires_at: None,
        expiry: ExpiryKnown::Unknown,
        ..held("a")
    }
}

fn renewing(renew: Renew) -> Policy {
    Policy { renew, ..policy() }
}

fn cron(pattern: &str) -> Option<CronRule> {
    Some(CronRule::parse(pattern, TimeZone::UTC).expect("a rule"))
}

#[test]
fn the_earliest_rule_wins() {
    let none = Renew::default;
    let rows: Vec<(&str, Renew, HeldToken, Option<SignedDuration>)> = vec![
        ("no rule", none(), living(days(30)), None),
        (
            "a share of the life",
            Renew {
                fraction: Some(0.5),
                ..none()
            },
            living(days(30)),
            Some(days(15)),
        ),
        (
            "of an endless life",
            Renew {
                fraction: Some(0.5),
                ..none()
            },
            endless(),
            None,
        ),
        (
            "a lead",
            Renew {
                before: Some(days(7)),
                ..none()
            },
            living(days(30)),
            Some(days(23)),
        ),
        (
            "a lead on an endless life",
            Renew {
                before: Some(days(7)),
                ..none()
            },
            endless(),
            None,
        ),
        (
            "a lead as long as the life is two thirds",
            Renew {
                before: Some(days(30)),
                ..none()
            },
            living(days(30)),
            Some(days(20)),
        ),
        (
            "a lead longer than the life is two thirds",
            Renew {
                before: Some(days(90)),
                ..none()
            },
            living(days(30)),
            Some(days(20)),
        ),
        (
            "a person has a week",
            Renew {
                fraction: Some(0.9),
                person_before: Some(days(7)),
                ..none()
            },
            living(days(30)),
            Some(days(23)),
        ),
        (
            "the share gives a person more than a week",
            Renew {
                fraction: Some(0.5),
                person_before: Some(days(7)),
                ..none()
            },
            living(days(30)),
            Some(days(15)),
        ),
        (
            "a person has half of a life that is too short for a week",
            Renew {
                fraction: Some(0.9),
                person_before: Some(days(7)),
                ..none()
            },
            living(days(10)),
            Some(days(5)),
        ),
        (
            "a person is not asked about an endless life",
            Renew {
                person_before: Some(days(7)),
                ..none()
            },
            endless(),
            None,
        ),
        (
            "an age",
            Renew {
                max_age: Some(days(9)),
                ..none()
            },
            living(days(30)),
            Some(days(9)),
        ),
        (
            "an age of an endless life",
            Renew {
                max_age: Some(days(9)),
                ..none()
            },
            endless(),
            Some(days(9)),
        ),
        (
            "a cron rule",
            Renew {
                cron: cron("0 3 * * *"),
                ..none()
            },
            living(days(30)),
            Some(hours(15)),
        ),
        (
            "a cron rule on an endless life",
            Renew {
                cron: cron("0 3 * * *"),
                ..none()
            },
            endless(),
            Some(hours(15)),
        ),
        (
            "the age comes first",
            Renew {
                fraction: Some(0.5),
                before: Some(days(7)),
                max_age: Some(hours(3)),
                cron: cron("0 3 * * *"),
                jitter: false,
                person_before: None,
            },
            living(days(30)),
            Some(hours(3)),
        ),
        (
            "the share comes first",
            Renew {
                fraction: Some(0.5),
                before: Some(days(5)),
                max_age: Some(days(16)),
                cron: cron("0 3 1 * *"),
                jitter: false,
                person_before: None,
            },
            living(days(12)),
            Some(days(6)),
        ),
        (
            "the lead comes first",
            Renew {
                fraction: Some(0.9),
                before: Some(days(15)),
                max_age: Some(days(16)),
                ..none()
            },
            living(days(30)),
            Some(days(15)),
        ),
    ];
    for (sentence, renew, token, after) in rows {
        let found = renewing(renew).renew_at("crm", 1, &token);
        assert_eq!(found, after.map(|after| now() + after), "{sentence}");
    }
}

#[test]
fn the_life_that_was_issued_counts_and_not_the_one_that_was_asked_for() {
    let policy = Policy {
        lifetime: Some(days(365)),
        declared_lifetime: Some(days(365)),
        ..policy()
    };
    let renewal = policy.renew_at("crm", 1, &living(days(30)));
    assert_eq!(renewal, Some(now() + days(20)));
}

#[test]
fn a_declared_life_counts_where_nothing_else_tells() {
    let policy = Policy {
        declared_lifetime: Some(days(60)),
        ..policy()
    };
    assert_eq!(
        policy.renew_at("crm", 1, &endless()),
        Some(now() + days(40))
    );
    let never = HeldToken {
        expiry: ExpiryKnown::Never,
        ..endless()
    };
    assert_eq!(policy.renew_at("crm", 1, &never), None);
}

fn jittered() -> Policy {
    renewing(Renew {
        fraction: Some(2.0 / 3.0),
        jitter: true,
        ..Renew::default()
    })
}

/// At most a twentieth earlier, never later, and the same whenever it is asked.
#[test]
fn jitter_brings_renewals_forward_and_stays_put() {
    let token = living(days(30));
    let planned = now() + days(20);
    for name in 0..200 {
        let name = format!("token-{name}");
        let renewal = jittered().renew_at(&name, 7, &token).expect("a time");
        assert!(renewal <= planned, "{name}");
        assert!(
            renewal >= planned - days(1),
            "{name}: a twentieth of twenty days"
        );
        assert_eq!(Some(renewal), jittered().renew_at(&name, 7, &token));
    }
}

/// Tokens that were issued together, and the same token from one generation to
/// the next, are spread over the whole span.
#[test]
fn jitter_spreads_tokens_and_generations() {
    let of_names: Vec<f64> = (0..1000).map(|n| share(&format!("crm-{n}"), 1)).collect();
    let of_generations: Vec<f64> = (0..1000).map(|n| share("crm", n)).collect();
    for shares in [of_names, of_generations] {
        let mut tenths = [0_u32; 10];
        for share in shares {
            assert!((0.0..1.0).contains(&share));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share lies between nought and one"
            )]
            let tenth = (share * 10.0) as usize;
            tenths[tenth] += 1;
        }
        assert!(
            tenths.iter().all(|count| (60..=150).contains(count)),
            "{tenths:?}"
        );
    }
}

#[test]
fn a_cron_time_is_not_moved() {
    let policy = renewing(Renew {
        cron: cron("0 3 * * *"),
        jitter: true,
        ..Renew::default()
    });
    let renewal = policy.renew_at("crm", 1, &living(days(30)));
    assert_eq!(renewal, Some(now() + hours(15)));
}

fn guarded(allow: &str, deadline: SignedDuration) -> Policy {
    let windows = Windows::parse(&[allow.to_owned()], &[], TimeZone::UTC, deadline);
    Policy {
        windows: windows.expect("windows"),
        ..policy()
    }
}

#[test]
fn a_window_never_causes_an_expiry() {
    let late = "2027-12-01..2027-12-31";
    let rows = [
        (
            "a tenth of the life",
            late,
            SignedDuration::ZERO,
            days(30),
            days(27),
        ),
        ("a lead that is stated", late, days(7), days(30), days(23)),
        (
            "never more than half of the life",
            late,
            days(90),
            days(30),
            days(15),
        ),
        ("a short life", late, hours(1), mins(60), mins(30)),
    ];
    for (sentence, allow, deadline, life, opens) in rows {
        let policy = guarded(allow, deadline);
        let token = living(life);
        assert_eq!(
            policy.window_deadline(&token),
            Some(now() + opens),
            "{sentence}"
        );
        assert_eq!(
            policy.window_opens(now(), &token),
            now() + opens,
            "{sentence}"
        );
    }
}

#[test]
fn a_window_that_opens_in_time_is_waited_for() {
    let soon = guarded("2026-12-01..2026-12-31", SignedDuration::ZERO);
    let opens: Timestamp = "2026-12-01T00:00:00Z".parse().expect("a time");
    assert_eq!(soon.window_opens(now(), &living(days(30))), opens);
    assert_eq!(soon.window_opens(now(), &endless()), opens, "however late");
    let past = living(days(30));
    let after_deadline = now() + days(28);
    let closed = guarded("2027-12-01..2027-12-31", SignedDuration::ZERO);
    assert_eq!(closed.window_opens(after_deadline, &past), after_deadline);
}
