//! What pairs of troubles and random months have shown, by name.

use crate::case::{Look, Start, run};
use crate::fault::{Script, Trouble};
use crate::happy::{TOKEN, settle};
use crate::story::profile;

/// Runs one pair of troubles from a renewal.
fn must_hold(name: &str, first: (usize, Trouble), second: (usize, Trouble)) {
    let begin = Start::Renewal.world(&profile(name));
    let script = Script::one(first.0, first.1).and(second.0, second.1);
    let seen = run(Start::Renewal, &begin, &script, Look::Close).violation;
    assert_eq!(seen, None, "{script:?}");
}

#[test]
fn a_secret_that_was_registered_before_a_crash_is_counted_when_it_is_refused_again() {
    for refusal in [Trouble::Refused, Trouble::Throttled] {
        must_hold(
            "S4 the secret is chosen by us",
            (6, Trouble::CrashBefore),
            (12, refusal),
        );
    }
}

#[test]
fn a_lost_next_token_that_cannot_be_dropped_at_once_is_not_a_strangers() {
    must_hold(
        "S7 two phases, next works after completion",
        (7, Trouble::CrashBefore),
        (17, Trouble::Refused),
    );
}

#[test]
fn a_clock_that_is_set_back_before_a_late_publication_costs_no_overlap() {
    must_hold(
        "S1 overlapping, by label",
        (17, Trouble::Throttled),
        (19, Trouble::ClockBack),
    );
}

#[test]
fn a_late_issue_that_was_refused_leaves_no_doubt() {
    must_hold(
        "S2 overlap timed by the issuer",
        (6, Trouble::TakenOver),
        (39, Trouble::Slow),
    );
}

#[test]
fn a_compromise_outlives_a_rotation_that_is_rolled_back() {
    let mut world = Start::Compromise.world(&profile("S1 overlapping, by label"));
    let tenant = world.tenants.get_mut(TOKEN).expect("the token");
    tenant.note_request(true);
    tenant.provider.next_is_useless = true;
    let world = settle(world, 2).unwrap_or_else(|why| panic!("{why}"));
    let seen = world.tenants[TOKEN].check_rest(world.now);
    assert_eq!(seen, Ok(()));
}
