//! Processes that die, replicas that come late, a Vault that is away.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::rotation::outcome::ListedToken;
use scim_rotator::rotation::record::Stage;

use super::play::{DAY, HOUR, Play, profile, ruled};
use crate::case::{Look, Start, run};
use crate::fault::{Nature, Script, Trouble};
use crate::profile::{strategies, variants};
use crate::tenant::Tenant;

#[test]
fn killed_after_the_issue_it_revokes_the_lost_token_and_issues_another() {
    for name in [
        "S1 overlapping, by label",
        "S1 overlapping, by set difference",
        "S1 overlapping, two slots",
    ] {
        let mut play = Play::due(&profile(name)).on("issuer.issue", Trouble::CrashAfter);
        let old = play.current();
        play.until("the issue", |t| t.provider.tokens.len() == 2);
        assert!(play.accepts(&old.value), "{name}: the old one still works");
        assert!(play.all_hold(&old), "{name}: nobody was given another");
        let record = play.rest(2);
        assert_eq!(play.made(), 3, "{name}: the first, the lost one, the new");
        assert_eq!(play.live(), ["id-3"], "{name}");
        assert_eq!(play.count("issuer.revoke id-2"), 1, "{name}: found by list");
        assert!(play.all_hold(&play.current()), "{name}");
        assert!(record.orphans_uncounted.is_empty(), "{name}");
        assert!(!play.accepts(&old.value), "{name}");
    }
}

#[test]
fn a_lost_token_that_nobody_can_find_is_counted_until_it_dies() {
    let mut play = Play::due(&profile("S8 short-lived")).on("issuer.issue", Trouble::CrashAfter);
    play.until("the new token is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    let record = play.record();
    assert_eq!(
        record.orphans_uncounted.len(),
        1,
        "a person sees that one lives"
    );
    assert_eq!(play.made(), 3);
    assert!(play.all_hold(&play.current()));
    let dies_at = record.orphans_uncounted[0];
    let lives = |play: &Play| {
        let now = play.now();
        play.tenant(|t| t.provider.tokens[1].is_live(now))
    };
    assert!(lives(&play), "nothing can end it");
    play.pass(dies_at.duration_since(play.now()));
    assert!(!lives(&play), "it was counted no shorter than it lived");
}

#[test]
fn killed_around_a_delivery_it_delivers_the_same_token() {
    for (trouble, times) in [(Trouble::CrashBefore, 2), (Trouble::CrashAfter, 2)] {
        let mut play =
            Play::due(&profile("S1 overlapping, by label")).on("connection.deliver", trouble);
        let old = play.current();
        play.until("it may be delivered", |t| {
            let rotation = t.record.as_ref().and_then(|r| r.rotation.as_ref());
            rotation.is_some_and(|r| r.pending.is_some() && r.may_be_delivered)
        });
        assert!(play.accepts(&old.value), "{trouble:?}");
        play.rest(2);
        assert_eq!(play.made(), 2, "{trouble:?}: one issue was enough");
        assert_eq!(play.count("connection.deliver 0"), times, "{trouble:?}");
        assert_eq!(play.live(), ["id-2"], "{trouble:?}");
        assert!(play.all_hold(&play.current()), "{trouble:?}");
    }
}

#[test]
fn a_sealed_vault_loses_no_issued_token() {
    // The commit of the intent, then the one of the token.
    let mut play =
        Play::due(&profile("S1 overlapping, by label")).after(1, "vault.commit", Trouble::Sealed);
    let old = play.current();
    play.until("the issue", |t| t.provider.tokens.len() == 2);
    let rotation = play.record().rotation.expect("a rotation");
    assert_eq!(
        rotation.stage,
        Stage::Issuing,
        "the intent is all that is stored"
    );
    assert!(
        play.all_hold(&old),
        "a token that is not stored is given to nobody"
    );
    let record = play.rest(2);
    assert_eq!(play.made(), 2, "it was kept until Vault was back");
    assert_eq!(
        record.current.expect("current").id,
        Some(ListedToken::with_id("id-2").issuer_id())
    );
    assert_eq!(play.count("issuer.issue"), 1);
    assert_eq!(play.live(), ["id-2"]);
}

#[test]
fn killed_while_vault_is_sealed_it_finds_its_token_again() {
    let mut play = Play::due(&profile("S1 overlapping, by label"))
        .after(1, "vault.commit", Trouble::Sealed)
        .after(2, "vault.commit", Trouble::CrashBefore);
    play.rest(2);
    assert_eq!(play.made(), 3, "the value was lost with the process");
    assert_eq!(play.count("issuer.revoke id-2"), 1, "its token was not");
    assert_eq!(play.live(), ["id-3"]);
    assert!(play.all_hold(&play.current()));
}

#[test]
fn a_late_replica_writes_nothing_and_its_token_is_revoked() {
    for trouble in [Trouble::TakenOver, Trouble::TakenOverCut] {
        let mut play = Play::due(&profile("S1 overlapping, by label")).on("issuer.issue", trouble);
        let old = play.current();
        let record = play.rest(2);
        assert_eq!(play.count("issuer.issue"), 2, "{trouble:?}: both issued");
        let current = play.current();
        assert!(play.was_refused_a_write("crm#1"), "{trouble:?}");
        assert!(play.all_hold(&current), "{trouble:?}");
        assert!(play.accepts(&current.value), "{trouble:?}");
        assert!(!play.accepts(&old.value), "{trouble:?}");
        play.pass(HOUR);
        let live = play.live();
        assert_eq!(
            live,
            [current.id.expect("an id").text()],
            "{trouble:?}: no orphan"
        );
        assert!(record.issues_after_lease_loss.is_empty(), "{trouble:?}");
    }
}

/// The late replica's revocation is a step like any other: witnesses are told
/// that it began, how it ended, and a failure by its own name.
#[test]
fn a_late_replica_tells_of_the_revocation_of_its_token_and_of_its_failures() {
    let label = profile("S1 overlapping, by label");
    let mut play = Play::due(&label)
        .on("issuer.issue", Trouble::TakenOver)
        .on("issuer.revoke", Trouble::Refused)
        .after(1, "issuer.revoke", Trouble::Unreachable);
    play.rest(2);
    play.pass(HOUR);
    let told = |words: &str| play.told("crm#1", words);
    let failed = told("step revoke_unrecorded failed");
    let failures: Vec<_> = failed.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        failures,
        [
            "step revoke_unrecorded failed: refused (422)",
            "step revoke_unrecorded failed: connection refused"
        ]
    );
    assert_eq!(told("step revoke_unrecorded ended").len(), 1);
    let began = told("step revoke_unrecorded");
    let began: Vec<_> = began
        .iter()
        .filter(|(_, what)| what == "step revoke_unrecorded")
        .collect();
    assert!(
        told("store failed").is_empty(),
        "the store did what it was asked"
    );
    let pauses: Vec<_> = began
        .windows(2)
        .map(|two| two[1].0.duration_since(two[0].0))
        .collect();
    let pace = [1, 2].map(|attempts| label.policy.side_pause(attempts));
    assert_eq!(pauses, pace, "the pace of every revocation");
    let current = play.current();
    assert_eq!(
        play.live(),
        [current.id.expect("an id").text()],
        "no token is left over"
    );
}

#[test]
fn restarts_issue_nothing() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.rest(2);
    for _ in 0..200 {
        play.restart();
        play.pass(SignedDuration::from_mins(7));
    }
    assert_eq!(play.made(), 2, "two hundred restarts, not one issue");
    assert_eq!(play.count("connection.deliver"), 2, "not one delivery");
    assert_eq!(play.record().generation, 2);
}

#[test]
fn an_issuer_of_nonsense_is_asked_three_times_a_day() {
    let profile = ruled("S1 overlapping, by label", |policy| {
        policy.max_attempts = 50;
    });
    let mut play = Play::due(&profile);
    let old = play.current();
    for _ in 0..(3 * 24) {
        play.tenant(|t| t.provider.next_is_useless = true);
        play.restart();
        play.pass(HOUR);
    }
    let asked = play.times("issuer.issue");
    let most = asked.iter().map(|first| {
        let within = |at: &&jiff::Timestamp| **at >= *first && at.duration_since(*first) < DAY;
        asked.iter().filter(within).count()
    });
    assert!(asked.len() >= 6, "it is tried again: {asked:?}");
    assert!(most.max() <= Some(3), "whatever is restarted: {asked:?}");
    assert!(play.all_hold(&old), "nobody was given nonsense");
    assert!(play.accepts(&old.value));
    let now = play.now();
    let useless = play.tenant(|t| t.provider.live(now).count());
    assert!(useless <= 2, "what does not work is revoked");
    assert!(play.last_failure().contains("does not work") || play.reason() == "issue_cap");
}

/// A process that reads its record again, and finds what it wrote itself, still knows
/// that it has delivered the new token nowhere.
#[test]
fn a_record_read_again_does_not_make_the_roll_back_write_to_connections() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.tenant(|t| t.provider.next_is_useless = true);
    let pending = |t: &Tenant| {
        let record = t.record.as_deref();
        record.is_some_and(|r| r.rotation.as_ref().is_some_and(|r| r.pending.is_some()))
    };
    play.until("the new token is stored", pending);
    for _ in 0..3 {
        play.world(|world| {
            let token = Arc::clone(world.tenants.keys().next().expect("a token"));
            world.ring(0, &token);
        });
        play.pass(SignedDuration::from_secs(20));
    }
    play.until("it is rolled back", |t| !pending(t));
    assert_eq!(play.count("connection.deliver"), 0);
}

/// Every write that a rotation waits for is one of the arrows of its protocol.
#[test]
fn killed_on_either_side_of_each_write() {
    let mut runs = 0;
    for profile in strategies().iter().chain(&variants()) {
        let begin = Start::Renewal.world(profile);
        let plain = run(Start::Renewal, &begin, &Script::none(), Look::Logged);
        let commits = plain.calls.iter().enumerate();
        for (index, _) in commits.filter(|(_, call)| call.nature == Nature::Commit) {
            for trouble in [Trouble::CrashBefore, Trouble::CrashAfter] {
                let script = Script::one(index, trouble);
                let ran = run(Start::Renewal, &begin, &script, Look::Logged);
                let name = profile.name;
                assert_eq!(ran.violation, None, "{name}, {trouble:?} at {index}");
                let issues = ran
                    .log
                    .iter()
                    .filter(|event| event.call.is_some() && event.what.starts_with("issuer.issue"));
                let issues = issues.count();
                assert!(
                    issues <= 2,
                    "{name}, {trouble:?} at {index}: {issues} issues"
                );
                runs += 1;
            }
        }
    }
    println!("{runs} writes were died at");
    assert!(runs > 100);
}

#[test]
fn a_commit_that_fails_is_made_good_and_no_token_is_made_in_vain() {
    for name in ["S1 overlapping, by label", "S8 short-lived"] {
        for lost in [None, Some(("issuer.issue", Trouble::ReplyLost))] {
            let begin = || {
                let play = Play::due(&profile(name));
                lost.into_iter()
                    .fold(play, |play, (word, trouble)| play.on(word, trouble))
            };
            let mut undisturbed = begin();
            let intents = undisturbed.rest(2).issues.len();
            let issues = undisturbed.count("issuer.issue");
            for nth in 0..undisturbed.count("vault.commit") {
                for trouble in [
                    Trouble::Unreachable,
                    Trouble::Uncertain,
                    Trouble::ReplyLost,
                    Trouble::Slow,
                    Trouble::Sealed,
                ] {
                    let mut play = begin().after(nth, "vault.commit", trouble);
                    let record = play.rest(2);
                    let at = format!("{name}, {lost:?}, commit {nth}, {trouble:?}");
                    assert_eq!(play.count("issuer.issue"), issues, "{at}");
                    assert_eq!(record.issues.len(), intents, "{at}");
                }
            }
        }
    }
}
