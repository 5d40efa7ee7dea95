//! Answers of an issuer that are lost, late, or not what they should be.

use scim_rotator::rotation::capability::{ExpirySource, Revoke};
use scim_rotator::rotation::record::{ExpiryKnown, HaltCause, Trigger};

use super::play::{DAY, HOUR, MINUTE, Play, changed, profile};
use crate::fault::Trouble;

#[test]
fn a_lost_reply_is_looked_up_and_not_sent_again() {
    for name in [
        "S1 overlapping, by label",
        "S1 overlapping, by set difference",
        "S1 overlapping, the id is ours",
        "S1 overlapping, two slots",
    ] {
        let mut play = Play::due(&profile(name)).on("issuer.issue", Trouble::ReplyLost);
        let old = play.current();
        play.until("the issue", |t| t.provider.tokens.len() == 2);
        assert!(play.all_hold(&old) && play.accepts(&old.value), "{name}");
        play.until("the second issue", |t| t.provider.tokens.len() == 3);
        let issues = play.times("issuer.issue");
        let looks = match name.ends_with("the id is ours") {
            true => play.times("issuer.get"),
            false => play.times("issuer.list"),
        };
        let settled = issues[0] + MINUTE * 2;
        let found_out = looks.iter().any(|at| *at >= settled && *at <= issues[1]);
        assert!(found_out, "{name}: {issues:?}, {looks:?}");
        play.rest(2);
        assert_eq!(play.count("issuer.issue"), 2, "{name}");
        assert_eq!(play.live().len(), 1, "{name}: the lost one is revoked");
        assert!(play.all_hold(&play.current()), "{name}");
    }
}

#[test]
fn where_the_issuer_knows_requests_again_a_lost_reply_costs_no_token() {
    for name in ["S1 overlapping, replayed", "S4 the secret is chosen by us"] {
        let mut play = Play::due(&profile(name)).on("issuer.issue", Trouble::ReplyLost);
        play.until("it is in use", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 2)
        });
        assert_eq!(play.made(), 2, "{name}: the same request, the same token");
        assert_eq!(play.count("issuer.issue"), 2, "{name}");
        assert!(play.record().orphans_uncounted.is_empty(), "{name}");
        assert!(play.all_hold(&play.current()), "{name}");
        play.rest(2);
    }
}

#[test]
fn an_issue_that_lands_after_its_deadline_is_found() {
    let mut play =
        Play::due(&profile("S1 overlapping, by label")).on("issuer.issue", Trouble::Slow);
    let old = play.current();
    play.until("it lands", |t| t.provider.tokens.len() == 2);
    assert_eq!(
        play.count("issuer.issue"),
        1,
        "nothing was sent again before"
    );
    assert!(play.last_failure().contains("took longer"));
    assert!(play.all_hold(&old));
    play.rest(2);
    assert_eq!(play.made(), 3);
    assert_eq!(play.count("issuer.revoke id-2"), 1);
    assert_eq!(play.live(), ["id-3"]);
}

#[test]
fn a_request_that_never_left_costs_nothing() {
    let mut play =
        Play::due(&profile("S1 overlapping, by label")).on("issuer.issue", Trouble::Unreachable);
    let record = play.rest(2);
    assert_eq!(play.made(), 2);
    assert_eq!(play.count("issuer.issue"), 2);
    assert_eq!(play.count("issuer.revoke"), 1, "of the old one only");
    assert_eq!(
        record.issues.len(),
        1,
        "it does not count for the runaway guard"
    );
}

#[test]
fn without_an_id_the_old_token_lives_until_it_expires() {
    let profile = changed("S1 overlapping, by set difference", |profile| {
        profile.issuer.has_ids = false;
        profile.issuer.life = DAY * 3;
        profile.issuer.can.revoke = Revoke::ById;
    });
    let mut play = Play::due(&profile);
    // Of two tokens that the list shows, nothing tells which one is meant.
    play.foreign_token();
    let old = play.current();
    assert_eq!(old.id, None);
    play.until("it is superseded", |t| {
        t.record.as_ref().is_some_and(|r| !r.retiring.is_empty())
    });
    let entry = play.record().retiring[0].clone();
    let told = entry.last_finding.unwrap_or_default();
    assert!(told.contains("id at the issuer is not known"), "{told}");
    assert_eq!(Some(entry.not_before), old.expires_at);
    assert!(play.all_hold(&play.current()), "the rotation stands");
    let record = play.rest(2);
    let past = &record.history[0];
    assert!(
        past.old_refused.is_some(),
        "dead is what is shown to be dead"
    );
    assert!(!play.accepts(&old.value));
    assert!(play.now() >= old.expires_at.expect("an expiry"));
    assert_eq!(play.count("issuer.revoke"), 0);
}

/// An id that no answer told is found by its label in the list.
#[test]
fn an_id_that_was_not_told_is_looked_up() {
    let profile = changed("S1 overlapping, by label", |profile| {
        profile.issuer.has_ids = false;
    });
    let mut play = Play::due(&profile);
    play.foreign_token();
    let old = play.current();
    assert_eq!(old.id, None);
    play.rest(2);
    assert_eq!(play.count("issuer.revoke id-1"), 1);
    assert!(!play.accepts(&old.value));
}

#[test]
fn without_an_expiry_its_age_decides_or_nobody() {
    let unknown = |age| {
        changed("S1 overlapping, by label", move |profile| {
            profile.issuer.can.expiry = ExpirySource::None;
            profile.policy.renew.max_age = age;
        })
    };
    let mut play = Play::due(&unknown(Some(DAY * 10)));
    let first = play.current();
    assert_eq!(
        (first.expires_at, first.expiry),
        (None, ExpiryKnown::Unknown)
    );
    let record = play.rest(2);
    let second = record.current.expect("a token");
    assert!(second.issued_at.duration_since(first.issued_at) <= DAY * 10);

    let mut play = Play::first(&unknown(None));
    play.rest(1);
    play.pass(DAY * 2);
    assert_eq!(play.made(), 1);
    assert_eq!(play.reason(), "nothing_scheduled", "a person is told");
}

#[test]
fn the_same_token_again_is_not_taken_for_a_new_one() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    play.tenant(|t| t.provider.quirks.next_is_the_same = true);
    play.pass(HOUR / 2);
    let record = play.record();
    let halt = record.halt.expect("a person must look");
    assert_eq!(halt.cause, HaltCause::SameToken);
    assert!(halt.detail.contains("already in use"), "{}", halt.detail);
    assert!(play.accepts(&old.value) && play.all_hold(&old));
    assert_eq!(play.count("issuer.revoke"), 0, "it is the one in use");
    assert_eq!(play.count("connection.deliver"), 0);
    assert_eq!(play.made(), 1);

    play.asks(Trigger::Force);
    play.rest(2);
    assert_eq!(play.made(), 2);
    assert!(!play.accepts(&old.value));
}
