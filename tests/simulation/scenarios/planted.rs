//! Somebody who may write to the published path, and nothing else, does so.

use jiff::Timestamp;
use scim_rotator::rotation::record::{Origin, Trigger};

use super::play::{DAY, HOUR, Play, profile};
use crate::planted::Planted;

/// Plants this, and lets the next look pass.
fn planted(play: &mut Play, what: Planted) {
    let now = play.now();
    play.tenant(|tenant| tenant.plant(what, now));
    play.pass(HOUR * 4);
}

fn at_rest(name: &str) -> Play {
    let mut play = Play::due(&profile(name));
    play.rest(2);
    play
}

#[test]
fn a_planted_value_is_written_back_and_told() {
    for what in [Planted::OtherTenant, Planted::Garbage] {
        let mut play = at_rest("S1 overlapping, by label");
        let before = play.current();
        let (delivered, revoked) = (
            play.count("connection.deliver"),
            play.count("issuer.revoke"),
        );
        for times in 1..=6 {
            planted(&mut play, what);
            let record = play.record();
            assert_eq!(record.halt, None, "{what:?} {times}");
            assert_eq!(record.generation, 2, "{what:?} {times}");
            let note = record.supplied.expect("a note");
            assert_eq!(note.count, times, "{what:?}");
            assert!(note.written_back_at.is_some(), "{what:?} {times}");
            let published = play.tenant(|t| t.published.clone()).expect("a secret");
            assert_eq!(published.value, before.value, "{what:?} {times}");
            assert_eq!(published.expires_at, before.expires_at, "{what:?}");
        }
        assert_eq!(play.count("connection.deliver"), delivered, "{what:?}");
        assert_eq!(play.count("issuer.revoke"), revoked, "{what:?}");
        play.rest(3);
        assert!(play.all_hold(&play.current()));
    }
}

/// The secret in use with the id of another client is of no use to anybody: the whole
/// is published again, and nothing else is done.
#[test]
fn another_client_id_beside_the_secret_in_use_is_written_back() {
    let mut play = at_rest("S1 overlapping, by label");
    let before = play.current();
    assert!(before.value.client().is_some());
    let calls = |play: &Play| {
        let names = ["issuer.issue", "issuer.revoke", "connection.deliver"];
        names.map(|name| play.count(name))
    };
    let made = calls(&play);
    planted(&mut play, Planted::StrangersClient);
    let published = play.tenant(|t| t.published.clone()).expect("a secret");
    assert_eq!(published.value, before.value, "with its own client id");
    assert_eq!(play.current().value, before.value);
    assert_eq!(calls(&play), made);
}

#[test]
fn a_compromise_is_answered_by_the_issuer() {
    let mut play = at_rest("S1 overlapping, by label");
    let old = play.current();
    let now = play.now();
    play.tenant(|tenant| tenant.plant(Planted::OtherTenant, now));
    play.asks(Trigger::Compromise);
    let record = play.rest(3);
    assert_eq!(record.history[0].trigger, Trigger::Compromise);
    assert_eq!(play.current().origin, Origin::Issued);
    assert!(!play.accepts(&old.value), "the old one is revoked");
}

#[test]
fn the_id_of_a_stranger_reaches_no_revocation() {
    let mut play = at_rest("S1 overlapping, by label");
    let foreign = play.foreign_token();
    let old = play.current();
    planted(&mut play, Planted::StrangersId);
    play.asks(Trigger::Force);
    play.rest(3);
    assert_eq!(play.count(&format!("issuer.revoke {foreign}")), 0);
    let own = old.id.expect("an id");
    assert_eq!(play.count(&format!("issuer.revoke {}", own.as_str())), 1);
    assert!(play.live().contains(&foreign));
}

/// A token that was there before, with a stranger's id beside it.
#[test]
fn an_adopted_token_is_revoked_by_its_own_id_or_not_at_all() {
    for strangers in [0, 1] {
        let mut play = Play::first(&profile("S1 overlapping, by label"));
        let now = play.now();
        let (own, victim) = play.tenant(|tenant| {
            tenant.supply(now);
            let own = tenant.published.as_ref().and_then(|p| p.token_id.clone());
            let victim = (0..strangers)
                .map(|_| tenant.provider.issue_by_hand(true, now).id)
                .next();
            if let (Some(secret), Some(victim)) = (tenant.published.as_mut(), &victim) {
                secret.token_id = Some(victim.clone());
            }
            (own.expect("an id"), victim)
        });
        play.until("it is adopted", |t| {
            t.record.as_ref().is_some_and(|r| r.current.is_some())
        });
        play.asks(Trigger::Force);
        play.until("the next token is in use", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 2)
        });
        play.pass(DAY * 2);
        match victim {
            None => {
                assert_eq!(play.count(&format!("issuer.revoke {own}")), 1);
                assert!(!play.live().contains(&own), "the only one in the list");
            }
            Some(victim) => {
                assert_eq!(play.count("issuer.revoke"), 0, "it cannot be told");
                assert!(play.live().contains(&victim) && play.live().contains(&own));
                let entry = play.record().retiring[0].clone();
                let told = entry.last_finding.unwrap_or_default();
                assert!(told.contains("not known"), "{told}");
            }
        }
    }
}

#[test]
fn an_end_in_the_far_future_delays_no_renewal() {
    let mut play = at_rest("S1 overlapping, by label");
    let before = play.current();
    planted(&mut play, Planted::FarEnd);
    let after = play.current();
    assert_eq!(after.expires_at, before.expires_at);
    let published = play.tenant(|t| t.published.clone()).expect("a secret");
    assert_eq!(
        published.expires_at, before.expires_at,
        "it is written back"
    );
    assert!(play.record().stated_end.is_some(), "and told");
    play.rest(3);
}

/// Where a person is the issuer, the tenant is compared before any delivery.
#[test]
fn a_token_of_another_tenant_reaches_no_connection() {
    let mut play = Play::due(&profile("S9"));
    play.rest(2);
    let delivered = play.count("connection.deliver");
    let before = play.current();
    for _ in 0..6 {
        planted(&mut play, Planted::OtherTenant);
        planted(&mut play, Planted::Garbage);
    }
    let record = play.record();
    assert_eq!(play.count("connection.deliver"), delivered);
    assert_eq!(record.current.as_ref(), Some(&play.current()));
    assert_eq!(play.current().value, before.value);
    assert_eq!(record.halt, None);
    assert!(record.supplied.is_some());
    play.rest(3);
    assert!(play.all_hold(&play.current()));
}

/// The predecessor may have died before: what it saw of its tenant is remembered.
#[test]
fn a_token_of_another_tenant_is_refused_also_when_its_predecessor_is_dead() {
    let mut play = Play::due(&profile("S9"));
    play.rest(2);
    let delivered = play.count("connection.deliver");
    let before = play.current();
    play.tenant(|tenant| tenant.provider.end(&before.value, Timestamp::MIN));
    play.tenant(|tenant| tenant.note_cut_from_outside());
    planted(&mut play, Planted::OtherTenant);
    play.until("it is looked at", |t| {
        t.record.as_ref().is_some_and(|r| r.supplied.is_some())
    });
    assert_eq!(play.count("connection.deliver"), delivered);
    assert_eq!(play.current().value, before.value);
    let note = play.record().supplied.expect("a note");
    assert!(note.detail.contains("another tenant"), "{}", note.detail);
}
