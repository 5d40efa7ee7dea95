//! How long a failure is waited out.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::policy::{Policy, share};
use scim_rotator::rotation::record::{Failures, HeldToken, LastFailure};

use crate::scene::{ago, ahead, days, held, hours, mins, now, policy, secs};

fn failures(consecutive: u32, retry_after: Option<SignedDuration>) -> Failures {
    Failures {
        consecutive,
        last: Some(LastFailure {
            at: now(),
            step: "deliver".to_owned(),
            class: FaultClass::Throttled,
            kind: FaultKind::Throttled,
            message: "429".to_owned(),
            retry_after,
        }),
        ..Failures::default()
    }
}

/// The pause after so many failures, without the spread of up to a tenth.
fn pause(consecutive: u32, expiry: Option<Timestamp>) -> SignedDuration {
    let failed = failures(consecutive, None);
    let at = policy().retry_at("crm", &failed, expiry).expect("a time");
    let spread = 1.0 + 0.1 * share("crm", u64::from(consecutive));
    let bare = at.duration_since(now()).as_secs_f64() / spread;
    SignedDuration::try_from_secs_f64(bare.round()).expect("a duration")
}

#[test]
fn the_pause_doubles_up_to_its_longest() {
    let pauses: Vec<_> = (1..=9).map(|n| pause(n, None)).collect();
    let wanted = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600].map(secs);
    assert_eq!(pauses, wanted);
    assert_eq!(pause(u32::MAX, None), hours(1));
}

#[test]
fn the_pause_shrinks_as_the_life_runs_out() {
    let rows = [
        ("much life left", days(30), hours(1)),
        ("twenty hours left", hours(20), hours(1)),
        ("ten hours left", hours(10), mins(30)),
        ("an hour left", hours(1), mins(3)),
        ("ten minutes left", mins(10), secs(30)),
        ("none left", secs(0), secs(30)),
        ("dead since a day", -days(1), secs(30)),
    ];
    for (sentence, left, wanted) in rows {
        assert_eq!(pause(9, Some(now() + left)), wanted, "{sentence}");
    }
}

#[test]
fn a_wish_of_the_server_is_honoured_within_reason() {
    let rows = [
        ("shorter than our pause", secs(5), None),
        ("longer than our pause", mins(10), Some(mins(10))),
        ("an hour", hours(1), Some(hours(1))),
        ("longer than is believed", days(3), Some(hours(1))),
        ("nonsense", -days(3), None),
    ];
    let without = policy().retry_at("crm", &failures(1, None), None);
    for (sentence, wish, wanted) in rows {
        let at = policy().retry_at("crm", &failures(1, Some(wish)), None);
        assert_eq!(
            at,
            wanted.map_or(without, |p| Some(now() + p)),
            "{sentence}"
        );
    }
}

#[test]
fn near_expiry_a_wish_of_the_server_is_only_a_hint() {
    let rows = [
        ("much life is left", days(10), hours(1)),
        ("a quarter of two hours", hours(2), mins(30)),
        ("less than a minute is left", secs(40), secs(31)),
        ("it has expired", -hours(1), secs(31)),
    ];
    for (sentence, left, longest) in rows {
        let wish = failures(1, Some(hours(1)));
        let at = policy().retry_at("crm", &wish, Some(ahead(left)));
        let pause = at.expect("a time").duration_since(now());
        let least = longest.min(mins(30));
        assert!(
            pause <= longest + secs(3) && pause >= least - secs(3),
            "{sentence}: {pause:#}"
        );
    }
}

#[test]
fn patience_shrinks_before_the_expiry_to_a_third() {
    let policy = Policy {
        new_token_patience: mins(15),
        ..policy()
    };
    let rows = [
        (None, mins(15)),
        (Some(ahead(days(9))), mins(15)),
        (Some(ahead(mins(30))), mins(15)),
        (Some(ahead(mins(20))), mins(10)),
        (Some(ahead(mins(4))), mins(5)),
        (Some(ago(mins(4))), mins(15)),
    ];
    for (expiry, expected) in rows {
        assert_eq!(policy.patience(now(), expiry), expected, "{expiry:?}");
    }
}

#[test]
fn without_a_failure_nothing_is_waited_for() {
    assert_eq!(policy().retry_at("crm", &Failures::default(), None), None);
    assert_eq!(
        policy().retry_at("crm", &failures(0, None), None),
        None,
        "it was made good"
    );
}

#[test]
fn the_spread_is_at_most_a_tenth_and_stays_put() {
    for name in 0..100 {
        let name = format!("token-{name}");
        let at = policy()
            .retry_at(&name, &failures(3, None), None)
            .expect("a time");
        let pause = at.duration_since(now());
        assert!(
            (mins(2)..mins(2) + secs(12)).contains(&pause),
            "{name}: {pause}"
        );
        assert_eq!(policy().retry_at(&name, &failures(3, None), None), Some(at));
    }
}

#[test]
fn side_tasks_have_the_same_pace() {
    let pauses: Vec<_> = [0, 1, 2, 3, 8, u32::MAX]
        .map(|n| policy().side_pause(n))
        .to_vec();
    assert_eq!(pauses, [30, 30, 60, 120, 3600, 3600].map(secs));
}

#[test]
fn the_longest_pause_is_a_twentieth_of_what_is_left() {
    let policy = policy();
    assert_eq!(policy.longest_pause(now(), None), hours(1));
    assert_eq!(
        policy.longest_pause(now(), Some(ahead(hours(10)))),
        mins(30)
    );
    assert_eq!(policy.longest_pause(now(), Some(ago(hours(10)))), secs(30));
}

#[test]
fn the_runaway_guard_counts_a_day() {
    let day = days(1);
    let capped = |cap| Policy {
        issues_per_day: cap,
        ..policy()
    };
    let rows: [(&str, u32, &[SignedDuration], Option<SignedDuration>); 7] = [
        ("none yet", 3, &[], None),
        ("two of three", 3, &[hours(2), hours(1)], None),
        (
            "three of three",
            3,
            &[hours(5), hours(2), hours(1)],
            Some(hours(19)),
        ),
        ("one of them a day ago", 3, &[day, hours(2), hours(1)], None),
        (
            "four, after an override",
            3,
            &[hours(9), hours(5), hours(2), hours(1)],
            Some(hours(19)),
        ),
        ("one a day", 1, &[hours(1)], Some(hours(23))),
        (
            "a clock that was ahead when it was counted",
            1,
            &[-hours(1)],
            Some(hours(25)),
        ),
    ];
    for (sentence, cap, issued, wait) in rows {
        let issues: Vec<_> = issued.iter().map(|before| now() - *before).collect();
        let at = capped(cap).issue_permitted_at(&issues, None, now());
        assert_eq!(at, wait.map(|wait| now() + wait), "{sentence}");
    }
}

/// The life that tokens really have is what counts, not the one that was asked for.
#[test]
fn the_runaway_guard_makes_no_outage_of_a_short_life() {
    let living = |life: SignedDuration| HeldToken {
        issued_at: ago(mins(1)),
        expires_at: Some(ago(mins(1)) + life),
        ..held("a")
    };
    let rows: [(&str, u32, SignedDuration, SignedDuration); 8] = [
        ("ninety days", 3, days(90), days(1)),
        ("a day and a half", 3, hours(36), days(1)),
        ("a day: renewed each 16 hours", 3, hours(24), days(1)),
        ("six hours: renewed each 4", 3, hours(6), hours(6)),
        ("an hour: renewed each 40 minutes", 3, hours(1), mins(60)),
        ("an hour, and one at a time", 1, hours(1), mins(20)),
        ("an hour, and many are permitted", 300, hours(1), days(1)),
        ("a second is no life", 3, secs(1), mins(3)),
    ];
    for (sentence, cap, life, window) in rows {
        let policy = Policy {
            issues_per_day: cap,
            ..policy()
        };
        let found = policy.issue_window(Some(&living(life)));
        let wrong = (found - window).abs();
        assert!(wrong <= secs(1), "{sentence}: {found:#}");
    }
    let hour = living(hours(1));
    let issues = [ago(mins(50)), ago(mins(10)), ago(mins(5))];
    let at = |current| policy().issue_permitted_at(&issues, current, now());
    let next = at(Some(&hour)).expect("it is capped");
    assert!((next - ahead(mins(10))).abs() <= secs(1), "{next}");
    assert_eq!(at(None), Some(ago(mins(50)) + days(1)));
    // Without a token, the configured life tells.
    let declared = Policy {
        declared_lifetime: Some(hours(1)),
        ..policy()
    };
    let first = declared.issue_permitted_at(&issues, None, now());
    assert!(first.is_some_and(|at| (at - ahead(mins(10))).abs() <= secs(1)));
}

#[test]
fn a_store_that_fails_is_asked_more_often_as_life_runs_out() {
    let rows: [(&str, u32, Option<SignedDuration>, SignedDuration); 7] = [
        ("at first at once", 0, None, secs(1)),
        ("then it doubles", 3, None, secs(8)),
        ("up to half a minute", 40, None, secs(32)),
        ("much life is left", 40, Some(days(20)), secs(32)),
        ("five minutes are left", 40, Some(mins(5)), secs(15)),
        ("twenty seconds are left", 40, Some(secs(20)), secs(1)),
        ("none is left", 40, Some(-hours(1)), secs(1)),
    ];
    for (sentence, failures, left, pause) in rows {
        assert_eq!(policy().store_pause(failures, left), pause, "{sentence}");
    }
}
