//! Connections that take a token late, or not at all.

use scim_rotator::rotation::capability::ConnectionTest;
use scim_rotator::rotation::record::{DeliveryState, RotationResult, Stage};

use super::play::{HOUR, MINUTE, Play, changed, profile};

#[test]
fn one_of_three_connections_is_away_and_the_old_token_stays_until_it_is_back() {
    let profile = changed("S1 overlapping, by label", |profile| {
        let (_, can) = profile.connections[1].clone();
        profile.connections.push(("third".to_owned(), can));
    });
    let mut play = Play::due(&profile);
    let old = play.current();
    let back_at = play.now() + HOUR * 9;
    play.tenant(|t| t.away = [(2, back_at)].into());
    play.pass(HOUR * 8);

    let record = play.record();
    let rotation = record.rotation.expect("it is not given up");
    assert_eq!(rotation.stage, Stage::Delivering);
    let states: Vec<_> = rotation.deliveries.values().map(|d| d.state).collect();
    use DeliveryState::{Delivered, Started};
    assert_eq!(
        states,
        [Delivered, Delivered, Started],
        "partial is a state"
    );
    let pending = rotation.pending.expect("a pending token");
    play.tenant(|t| {
        let held = t.held.iter().map(|h| h.clone().expect("a token"));
        let expected = [&pending, &pending, &old].map(|token| token.value.clone());
        assert_eq!(held.collect::<Vec<_>>(), expected);
    });
    assert!(play.accepts(&old.value) && play.accepts(&pending.value));
    assert_eq!(record.generation, 1, "not in use before all hold it");
    assert_eq!(play.count("issuer.revoke"), 0);
    assert_eq!(play.last_failure(), "connection refused");
    let taken = play.count("connection.deliver 0") + play.count("connection.deliver 1");
    assert_eq!(taken, 2, "only the missing one is tried again");

    play.until("it is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    let promoted_at = play.now();
    assert!(promoted_at >= back_at);
    play.rest(2);
    let revoked_at = play.times("issuer.revoke")[0];
    let lived = revoked_at.duration_since(promoted_at);
    assert!(
        lived >= HOUR * 5,
        "a whole overlap from then on, not {lived:#}"
    );
    assert_eq!(play.made(), 2);
}

#[test]
fn a_connection_that_comes_back_is_given_the_token_in_use() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.leaves(1);
    play.until("it is rotated", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    play.pass(HOUR * 6);
    let current = play.current();
    assert!(!play.all_hold(&current), "it was not configured");
    play.comes_back(1);
    play.pass(MINUTE * 10);
    assert!(play.all_hold(&current));
    assert_eq!(play.record().generation, 2, "no rotation was needed");
}

#[test]
fn a_quarantine_says_nothing_of_the_token() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    let free_at = play.now() + MINUTE * 50;
    play.tenant(|t| t.quarantined_until = Some(free_at));
    play.pass(MINUTE * 45);
    let rotation = play.record().rotation.expect("it goes on");
    assert_eq!(rotation.stage, Stage::Confirming);
    let pending = rotation.pending.expect("a token");
    assert!(
        pending.evidence.is_some(),
        "the service provider was asked first"
    );
    assert_eq!(rotation.rollback, None);
    assert!(play.accepts(&old.value), "nothing is retired meanwhile");
    play.rest(2);
    assert_eq!(play.made(), 2);
    assert_eq!(
        play.current().value,
        pending.value,
        "it was good all the time"
    );
    assert_eq!(play.count("connection.deliver 0"), 1, "written once");
}

#[test]
fn a_quarantine_without_end_is_rolled_back() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    let never = play.now() + HOUR * 5;
    play.tenant(|t| t.quarantined_until = Some(never));
    play.until("it is rolled back", |t| {
        let record = t.record.as_ref();
        record.is_some_and(|r| {
            r.history
                .first()
                .is_some_and(|h| h.result == RotationResult::RolledBack)
        })
    });
    assert_eq!(play.current().value, old.value);
    assert!(
        play.all_hold(&old),
        "given back to those that had the new one"
    );
    assert_eq!(play.live(), ["id-1"], "and the new one is revoked");
    let past = play.record().history[0].clone();
    let why = past.detail.expect("a reason");
    assert!(
        why.contains("`canary`") && why.contains("in quarantine"),
        "{why}"
    );
    assert_eq!(play.reason(), "backoff", "not tried again at once");
    play.rest(2);
}

#[test]
fn a_connection_that_refuses_a_good_token_gets_the_old_one_back() {
    let profile = changed("S1 overlapping, by label", |profile| {
        profile.connections[0].1.test = ConnectionTest::Saved;
    });
    let mut play = Play::due(&profile);
    let old = play.current();
    play.tenant(|t| t.dislikes_next = true);
    play.until("it is rolled back", |t| {
        t.record.as_ref().is_some_and(|r| r.history.len() > 1)
    });
    let past = play.record().history[0].clone();
    assert_eq!(past.result, RotationResult::RolledBack);
    assert!(play.all_hold(&old));
    assert_eq!(play.live(), ["id-1"]);
    let given = [
        play.count("connection.deliver 0"),
        play.count("connection.deliver 1"),
    ];
    assert_eq!(given, [2, 2], "the new one, and the old one again");
}
