//! A person lifts a halt.

use scim_rotator::rotation::record::Trigger;

use super::play::{DAY, MINUTE, Play, changed};

/// A rotation that was asked for, and that is halted at once: the issuer answers
/// with the token that is in use.
fn halted(trigger: Trigger) -> Play {
    let profile = changed("S1 overlapping, by label", |p| p.sweep = DAY * 5);
    let mut play = Play::due(&profile);
    play.tenant(|t| t.provider.quirks.next_is_the_same = true);
    play.asks(trigger);
    play.until("it halts", |t| {
        t.record.as_ref().is_some_and(|r| r.halt.is_some())
    });
    play
}

#[test]
fn who_lifts_a_halt_does_not_wait_for_the_next_sweep() {
    let mut play = halted(Trigger::Force);
    play.pass(MINUTE);
    play.asks(Trigger::Force);
    play.pass(MINUTE * 10);
    assert_eq!(play.record().generation, 2);
}

#[test]
fn a_token_in_the_wrong_hands_is_in_haste_after_a_halt_too() {
    let mut play = halted(Trigger::Compromise);
    let old = play.current();
    let halt = play.record().halt.expect("a halt");
    assert!(halt.compromised, "it is remembered");
    play.asks(Trigger::Force);
    play.pass(MINUTE * 10);
    let record = play.record();
    assert_eq!(record.generation, 2);
    assert_eq!(record.history[0].trigger, Trigger::Compromise);
    assert!(!play.accepts(&old.value), "no overlap is waited for");
}
