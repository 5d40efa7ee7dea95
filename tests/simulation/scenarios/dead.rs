//! Tokens that are dead, and that no 401 shows to be.

use scim_rotator::rotation::record::Trigger;

use super::play::{DAY, MINUTE, Play, profile};
use crate::service_provider::Dead;

const DEAD: [Dead; 3] = [Dead::NotFound, Dead::BadRequest, Dead::Redirect];

#[test]
fn a_dead_token_takes_no_slot_however_it_is_answered() {
    for dead in DEAD {
        let mut play = Play::due(&profile("S1 overlapping, two slots"));
        play.tenant(|t| t.provider.quirks.answers_dead = dead);
        let old = play.current();
        let record = play.rest(2);
        assert!(record.retiring.is_empty(), "{dead:?}");
        let proof = record.history[0].old_refused.as_ref().expect("a proof");
        assert_eq!(proof.is_by_issuer(), dead == Dead::Redirect, "{dead:?}");
        assert_eq!(play.count("issuer.revoke id-1"), 1, "{dead:?}");
        assert!(!play.accepts(&old.value), "{dead:?}");

        play.asks(Trigger::Compromise);
        let record = play.rest(3);
        assert!(record.retiring.is_empty(), "{dead:?}");
        assert_eq!(play.live().len(), 1, "{dead:?}");
    }
}

#[test]
fn a_token_in_use_that_somebody_revoked_is_replaced_however_it_is_answered() {
    for dead in DEAD {
        let mut play = Play::due(&profile("S1 overlapping, by label"));
        play.tenant(|t| t.provider.quirks.answers_dead = dead);
        play.rest(2);
        let current = play.current();
        let id = current.id.clone().expect("an id");
        play.revoked_outside(id.as_str());
        play.until("it is replaced", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 3)
        });
        let record = play.rest(3);
        assert_eq!(record.history[0].trigger, Trigger::Drift, "{dead:?}");
    }
}

#[test]
fn a_revocation_that_is_refused_because_the_token_is_gone_is_done() {
    for dead in DEAD {
        let mut play = Play::due(&profile("S1 overlapping, two slots"));
        play.tenant(|t| {
            t.provider.quirks.answers_dead = dead;
            t.provider.quirks.refuses_dead_revocations = true;
        });
        play.until("it is in use", |t| {
            t.record.as_ref().is_some_and(|r| r.generation == 2)
        });
        play.revoked_outside("id-1");
        let record = play.rest(2);
        assert!(record.retiring.is_empty(), "{dead:?}");
        assert!(record.history[0].old_refused.is_some(), "{dead:?}");
        assert_eq!(play.count("issuer.revoke"), 1, "{dead:?}: not repeated");
    }
}

/// The other side: a token that lives is never taken for dead.
#[test]
fn a_token_that_is_accepted_keeps_its_slot() {
    let mut play = Play::due(&profile("S1 overlapping, two slots"));
    play.tenant(|t| t.provider.quirks.forgets_revocations = true);
    play.until("it is in use", |t| {
        t.record.as_ref().is_some_and(|r| r.generation == 2)
    });
    play.pass(DAY);
    let record = play.record();
    let entry = record.retiring.first().expect("it lives");
    assert!(entry.revoked_at.is_some() && entry.still_accepted);
    play.asks(Trigger::Compromise);
    play.pass(MINUTE * 10);
    assert_eq!(play.record().generation, 2, "both slots are taken");
    assert_eq!(play.live().len(), 2);
}
