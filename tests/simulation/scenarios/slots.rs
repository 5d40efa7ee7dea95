//! What else lives at the issuer, and how tokens end there.

use scim_rotator::rotation::record::{HaltCause, Trigger};

use super::play::{DAY, HOUR, MINUTE, Play, profile};
use crate::fault::Trouble;

#[test]
fn a_foreign_token_in_the_second_slot_is_left_alone() {
    let mut play = Play::due(&profile("S1 overlapping, two slots"));
    let old = play.current();
    let foreign = play.foreign_token();
    play.until("a person is asked", |t| {
        t.record.as_ref().is_some_and(|r| r.halt.is_some())
    });
    let halt = play.record().halt.expect("a halt");
    assert_eq!(halt.cause, HaltCause::SlotBlocked);
    assert!(
        halt.detail.contains(&foreign),
        "it names the token: {}",
        halt.detail
    );
    assert_eq!(play.count("issuer.issue") + play.count("issuer.revoke"), 0);
    assert!(play.accepts(&old.value) && play.all_hold(&old));

    play.revoked_outside(&foreign);
    play.asks(Trigger::Force);
    play.rest(2);
    assert_eq!(play.count(&format!("issuer.revoke {foreign}")), 0);
    assert_eq!(play.live().len(), 1);
}

#[test]
fn a_limit_that_nobody_declared_asks_for_a_person() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    let foreign = play.foreign_token();
    play.tenant(|t| t.provider.quirks.most_live = Some(2));
    play.until("a person is asked", |t| {
        t.record.as_ref().is_some_and(|r| r.halt.is_some())
    });
    let record = play.record();
    let halt = record.halt.expect("a halt");
    assert_eq!(halt.cause, HaltCause::AttemptsUsedUp);
    assert!(
        halt.detail.contains("no more tokens are permitted"),
        "{}",
        halt.detail
    );
    assert!(
        record.issues.is_empty() || record.issues.len() == 1,
        "refusals do not count"
    );
    assert_eq!(play.made(), 2, "nothing was issued");
    assert_eq!(play.count("issuer.revoke"), 0, "and nothing ended");
    assert!(play.live().contains(&foreign));
    assert!(play.accepts(&old.value) && play.all_hold(&old));

    play.tenant(|t| t.provider.quirks.most_live = None);
    play.asks(Trigger::Force);
    play.rest(2);
    assert!(
        play.live().contains(&foreign),
        "a foreign token is never touched"
    );
}

#[test]
fn overtaken_by_somebody_it_reads_the_status_anew() {
    let mut play = Play::due(&profile("S2 overlap timed by the issuer"));
    play.tenant(|t| t.overtaken = true);
    play.until("it is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    assert_eq!(play.count("issuer.issue"), 2, "the first was refused");
    let (issues, lists) = (play.times("issuer.issue"), play.times("issuer.list"));
    let read_anew = lists.iter().any(|at| *at > issues[0] && *at <= issues[1]);
    assert!(read_anew, "{lists:?}, {issues:?}");
    assert_eq!(play.made(), 3, "the first, somebody's, ours");
    let record = play.record();
    assert!(
        record.orphans_uncounted.is_empty(),
        "a conflict made nothing"
    );
    assert!(play.all_hold(&play.current()));
    play.rest(2);
}

#[test]
fn a_list_that_lags_is_waited_for() {
    for name in [
        "S1 overlapping, by label",
        "S1 overlapping, by set difference",
    ] {
        let mut play = Play::due(&profile(name)).on("issuer.issue", Trouble::ReplyLost);
        play.tenant(|t| t.provider.quirks.list_lag = MINUTE / 2);
        play.rest(2);
        let issues = play.times("issuer.issue");
        assert_eq!(issues.len(), 2, "{name}");
        assert!(issues[1].duration_since(issues[0]) > MINUTE / 2, "{name}");
        assert_eq!(play.count("issuer.revoke id-2"), 1, "{name}: it was found");
        assert_eq!(play.live(), ["id-3"], "{name}");
    }
}

#[test]
fn a_revocation_that_is_refused_does_not_undo_the_rotation() {
    let mut play = Play::due(&profile("S1 overlapping, by label"))
        .on("issuer.revoke", Trouble::Refused)
        .after(1, "issuer.revoke", Trouble::Unauthorized)
        .after(2, "issuer.revoke", Trouble::Uncertain);
    let old = play.current();
    play.until("it is to be retired", |t| {
        let record = t.record.as_ref();
        record.is_some_and(|r| r.retiring.first().is_some_and(|entry| entry.attempts == 2))
    });
    let record = play.record();
    let entry = &record.retiring[0];
    assert!(entry.last_finding.is_some(), "a person sees why");
    assert_eq!(
        (record.generation, record.halt),
        (2, None),
        "the rotation stands"
    );
    assert!(play.all_hold(&play.current()));
    let record = play.rest(2);
    assert_eq!(play.count("issuer.revoke id-1"), 4, "only ever the old one");
    assert_eq!(play.count("issuer.revoke"), 4);
    assert!(
        record.history[0].old_refused.is_some(),
        "proof of its death"
    );
    assert!(!play.accepts(&old.value));
}

#[test]
fn caches_are_waited_out() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    play.tenant(|t| t.provider.quirks.revoke_lag = MINUTE + MINUTE / 2);
    play.until("it is revoked", |t| {
        let entry = t.record.as_ref().and_then(|r| r.retiring.first());
        entry.is_some_and(|entry| entry.revoked_at.is_some())
    });
    assert!(play.accepts(&old.value), "by a cache");
    let record = play.record();
    assert_eq!(record.retiring.len(), 1, "dead is what is shown to be dead");
    assert_eq!(record.history[0].old_refused, None);
    let record = play.rest(2);
    let revoked_at = play.times("issuer.revoke")[0];
    let proof = record.history[0].old_refused.clone().expect("proof");
    let took = play
        .times("probe.prove_refused")
        .last()
        .expect("a look")
        .duration_since(revoked_at);
    assert!(took >= MINUTE, "{took:#}");
    assert_eq!(proof.fingerprint(), &old.fingerprint());
}

#[test]
fn a_revocation_that_did_nothing_is_seen() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    play.tenant(|t| t.provider.quirks.forgets_revocations = true);
    play.pass(DAY * 2);
    let record = play.record();
    let entry = &record.retiring[0];
    assert!(play.accepts(&old.value));
    assert!(entry.attempts > 0, "caches do not explain two days");
    let finding = entry.last_finding.clone().expect("a finding");
    assert!(finding.contains("still accepts the old token"), "{finding}");
    assert_eq!(record.history[0].old_refused, None, "it is not believed");
    assert!(play.all_hold(&play.current()));
    let asked = play.count("issuer.revoke");
    assert!(asked < 80, "less and less often: {asked}");
    play.tenant(|t| t.provider.quirks.forgets_revocations = false);
    let record = play.rest(2);
    assert!(record.history[0].old_refused.is_some());
    assert!(!play.accepts(&old.value));
    play.pass(HOUR);
}
