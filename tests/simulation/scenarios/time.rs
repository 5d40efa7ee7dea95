//! Clocks that are wrong, and lives that are short.

use super::play::{DAY, HOUR, MINUTE, Play, profile, ruled};
use crate::fault::Trouble;

#[test]
fn a_clock_that_jumps_retires_nothing_early() {
    for jump in [HOUR, -HOUR] {
        let mut play = Play::due(&profile("S1 overlapping, by label"));
        let old = play.current();
        play.until("it is in use", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 2)
        });
        let promoted_at = play.now();
        play.set_clock(jump);
        play.pass(HOUR * 8);
        assert!(
            play.accepts(&old.value),
            "{jump:#}: our clock is not to be trusted"
        );
        assert_eq!(play.count("issuer.revoke"), 0, "{jump:#}");
        assert_eq!(play.record().retiring.len(), 1, "{jump:#}");
        play.set_clock(-jump);
        play.rest(2);
        let lived = play.times("issuer.revoke")[0].duration_since(promoted_at);
        assert!(lived >= HOUR * 5, "{jump:#}: {lived:#}");
        assert_eq!(play.count("issuer.revoke"), 1, "{jump:#}: once");
        assert_eq!(play.made(), 2, "{jump:#}");
    }
}

#[test]
fn a_clock_that_is_set_back_during_a_step_holds_no_rotation_up() {
    let name = "S1 overlapping, by label";
    let mut play = Play::due(&profile(name)).on("probe.prove", Trouble::ClockBack);
    play.pass(MINUTE * 30);
    assert_eq!(play.record().generation, 2, "the servers know the time");
    assert!(play.record().updated_at <= play.now());
    play.rest(2);
    assert_eq!(play.made(), 2);
}

#[test]
fn work_that_a_suspended_machine_missed_is_done_once() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.rest(2);
    let before = play.count("issuer.issue");
    let renew_at = {
        let current = play.current();
        let life = current
            .expires_at
            .expect("an expiry")
            .duration_since(current.issued_at);
        current.issued_at + life * 3 / 4
    };
    let asleep = renew_at.duration_since(play.now());
    play.sleeps(asleep);
    play.rest(3);
    assert_eq!(play.count("issuer.issue"), before + 1);
    assert_eq!(play.live().len(), 1);
}

/// The guard of three issues a day would end provisioning after two hours.
#[test]
fn the_runaway_guard_lets_a_token_of_an_hour_live_on() {
    let profile = ruled("S1 overlapping, by label", |policy| {
        policy.overlap = MINUTE * 10;
        policy.probe_every = HOUR * 6;
    });
    assert_eq!(profile.policy.issues_per_day, 3, "the default");
    let mut play = Play::first(&profile);
    play.tenant(|t| t.provider.quirks.longest_life = Some(HOUR));
    // The first token may live for longer.
    play.rest(1);
    for _ in 0..(3 * 24 * 6) {
        play.pass(MINUTE * 10);
        let current = play.current();
        assert!(play.accepts(&current.value), "it works at all times");
    }
    let issued = play.times("issuer.issue");
    assert!(issued.len() > 72, "it was renewed: {}", issued.len());
    assert!(issued.len() < 72 * 3, "it is no runaway: {}", issued.len());
}

/// The last token that worked lives for six hours: three may be issued in six hours,
/// however often the process begins anew.
#[test]
fn the_runaway_guard_still_stops_an_issuer_of_nonsense() {
    let profile = ruled("S1 overlapping, by label", |policy| {
        policy.overlap = MINUTE * 10;
        policy.max_attempts = 5_000;
        policy.retry_min = MINUTE;
        policy.retry_max = MINUTE;
    });
    let mut play = Play::first(&profile);
    play.tenant(|t| t.provider.quirks.longest_life = Some(HOUR * 6));
    play.until("it is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.current.is_some())
    });
    let old = play.current();
    let before = play.count("issuer.issue");
    for _ in 0..(11 * 6) {
        play.tenant(|t| t.provider.next_is_useless = true);
        play.restart();
        play.pass(MINUTE * 5);
    }
    let asked = play.count("issuer.issue") - before;
    assert!((1..=3).contains(&asked), "{asked}");
    assert!(play.accepts(&old.value), "nobody was given nonsense");
    assert!(play.all_hold(&old));
}

#[test]
fn a_life_shorter_than_its_margins_turns_over_without_a_gap() {
    let profile = ruled("S1 overlapping, by label", |policy| {
        policy.renew.fraction = None;
        policy.renew.before = Some(DAY * 30);
        policy.overlap = DAY * 10;
    });
    let mut play = Play::first(&profile);
    play.tenant(|t| t.provider.quirks.longest_life = Some(DAY * 2));
    play.rest(1);
    for _ in 0..(20 * 24) {
        play.pass(HOUR);
        let current = play.current();
        assert!(
            play.accepts(&current.value),
            "the token in use works at all times"
        );
        assert!(play.live().len() <= 3);
    }
    let made = play.made();
    assert!((14..=17).contains(&made), "two thirds of two days: {made}");
    let past = play.record().history;
    assert!(
        past.iter()
            .skip(2)
            .all(|p| p.old.is_none() || p.old_refused.is_some())
    );
}

#[test]
fn the_life_that_was_granted_counts() {
    let profile = ruled("S1 overlapping, by label", |policy| {
        policy.lifetime = Some(DAY * 90);
    });
    let mut play = Play::first(&profile);
    play.tenant(|t| t.provider.quirks.longest_life = Some(DAY * 10));
    let begun = play.now();
    let record = play.rest(1);
    let current = record.current.expect("a token");
    let life = current
        .expires_at
        .expect("an expiry")
        .duration_since(current.issued_at);
    assert!(life <= DAY * 10 && life > DAY * 10 - MINUTE, "{life:#}");
    play.until("it is renewed", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    let after = play.now().duration_since(begun);
    assert!(
        after > DAY * 6 && after < DAY * 7,
        "two thirds of ten days: {after:#}"
    );
}

/// Whatever the moment at which replicas wake, check-and-set and the lease keep them
/// apart, also if the clock of one of them is wrong and Vault does not accept the
/// credential of the one that is about to store a new token.
#[test]
fn replicas_that_wake_together_are_kept_apart_whatever_their_clocks_show() {
    let names = ["S1 overlapping, by label", "S1 overlapping, replayed", "S8"];
    for (name, machine, hours, skip) in names.into_iter().flat_map(|name| {
        let clocks = [(0, -1), (0, 1), (1, -1), (1, 1)];
        let cases = clocks
            .into_iter()
            .flat_map(|clock| (0..7).map(move |skip| (clock, skip)));
        cases.map(move |((machine, hours), skip)| (name, machine, hours, skip))
    }) {
        let play = Play::due_at_replicas(&profile(name), 2);
        let mut play = play.after(skip, "vault.commit", Trouble::Unauthorized);
        play.set_clock_of(machine, HOUR * hours);
        play.writes_a_request();
        play.rest(2);
        let made = play.made();
        assert!(
            made <= 3,
            "{name}, {hours} h at {machine}, {skip}: {made} tokens"
        );
    }
}
