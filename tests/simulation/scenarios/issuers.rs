//! The configuration gives a token another issuer, where the ids of the one
//! before may be somebody else's.

use scim_rotator::rotation::record::Trigger;

use super::play::{HOUR, MINUTE, Play, profile};
use crate::fault::Trouble;

#[test]
fn a_lost_reply_is_not_looked_for_at_another_issuer() {
    for name in [
        "S1 overlapping, by set difference",
        "S1 overlapping, by label",
        "S1 overlapping, replayed",
        "S4 the secret",
        "S6",
    ] {
        let mut play = Play::due(&profile(name)).on("issuer.issue", Trouble::Uncertain);
        play.until("a reply is lost", |t| {
            let record = t.record.as_deref();
            record.is_some_and(|r| r.failures.last.is_some())
        });
        let theirs = play.foreign_token();
        play.has_another_issuer();
        play.until("the next token is in use", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 2)
        });
        play.pass(HOUR);
        let record = play.record();
        assert!(play.live().contains(&theirs), "{name}: it was not ours");
        assert!(record.orphans.is_empty(), "{name}");
        assert_eq!(record.orphans_uncounted.len(), 1, "{name}: it may live");
        let current = record.current.expect("a token");
        assert_eq!(current.issuer.as_deref(), Some("another"), "{name}");
    }
}

#[test]
fn a_token_of_another_issuer_is_left_to_whoever_can_end_it() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    play.has_another_issuer();
    play.asks(Trigger::Force);
    play.until("the next token is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    play.pass(HOUR * 12);
    assert_eq!(play.count("issuer.revoke"), 0);
    let asked = format!(
        "issuer.get {}",
        old.id.as_ref().map_or("-", |id| id.as_str())
    );
    assert_eq!(play.count(&asked), 0);
    let record = play.record();
    let why = record.retiring[0].last_finding.clone().unwrap_or_default();
    assert!(why.contains("`admin`"), "a person is told where: {why}");
    // Somebody revokes it there.
    let id = old.id.expect("an id");
    let now = play.now();
    play.tenant(|t| t.provider.end_by_hand(id.as_str(), now));
    play.pass(HOUR + MINUTE * 10);
    assert!(play.record().retiring.is_empty(), "it is seen to be dead");
}
