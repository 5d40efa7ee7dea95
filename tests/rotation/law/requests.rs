//! What a person asks for, and when it is done.

use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{HaltCause, Stage, Trigger};

use crate::apply_table::{issued, preparation};
use crate::scene::{Scene, ago, healthy, hours, in_stage, mins, secs};

#[test]
fn a_token_that_is_issued_after_the_request_satisfies_it() {
    let rows: [(&str, Trigger); 2] = [
        ("force", Trigger::Force),
        ("compromise", Trigger::Compromise),
    ];
    for (word, trigger) in rows {
        let scene = healthy()
            .requested(trigger, ago(secs(5)))
            .overriding()
            .then(Outcome::Prepared(preparation(trigger)));
        assert!(
            scene.record.request.is_some(),
            "{word}: nothing is issued yet"
        );
        let after = scene.then(Outcome::Issued(issued("b"))).record;
        assert!(after.request.is_none(), "{word}");
        assert_eq!(after.rotation.map(|r| r.trigger), Some(trigger), "{word}");
    }
}

#[test]
fn a_rotation_in_flight_takes_up_a_request_if_it_has_issued_nothing() {
    let asked = |stage| in_stage(stage).requested(Trigger::Compromise, ago(secs(5)));
    let early = asked(Stage::Issuing)
        .then(Outcome::Issued(issued("b")))
        .record;
    assert!(early.request.is_none());
    assert_eq!(early.rotation.map(|r| r.trigger), Some(Trigger::Compromise));
    let late = asked(Stage::Proving)
        .then(crate::apply_table::proved("b"))
        .record;
    assert!(
        late.request.is_some(),
        "its token is older than the request"
    );
    assert_eq!(late.rotation.map(|r| r.trigger), Some(Trigger::Schedule));
}

#[test]
fn a_request_that_waits_for_a_person_s_token_is_taken_up() {
    use scim_rotator::rotation::capability::Supply;
    let scene = healthy()
        .issuer(|i| i.supply = Supply::Operator)
        .requested(Trigger::Force, ago(secs(5)))
        .then(Outcome::Prepared(preparation(Trigger::Force)));
    assert_eq!(
        scene.record.rotation.as_ref().map(|r| r.stage),
        Some(Stage::WaitingOperator)
    );
    assert!(scene.record.request.is_none(), "the person knows");
}

#[test]
fn a_halt_ends_the_request_that_led_to_it() {
    let scene = in_stage(Stage::Issuing)
        .requested(Trigger::Force, ago(secs(5)))
        .then(Outcome::Issued(issued("a")));
    let halt = scene.record.halt.as_ref().expect("halted");
    assert_eq!(halt.cause, HaltCause::SameToken);
    assert!(scene.record.request.is_none(), "a person must decide anew");
}

#[test]
fn a_request_after_the_halt_lifts_it_and_forgets_the_failures() {
    let lifted = |stage| -> Scene {
        in_stage(stage)
            .halted(HaltCause::AttemptsUsedUp, ago(mins(10)))
            .failed("deliver", 9, ago(mins(10)))
            .requested(Trigger::Force, ago(secs(5)))
            .then(Outcome::Published)
    };
    let delivering = lifted(Stage::Delivering).record;
    assert_eq!(delivering.halt, None);
    assert_eq!(delivering.failures.consecutive, 0);
    assert!(
        delivering.request.is_none(),
        "the rotation in flight is what was asked for"
    );
    let issuing = lifted(Stage::Issuing).record;
    assert!(
        issuing.request.is_some(),
        "its word still counts for the issue"
    );
    // A halt takes older requests away, so this one was made with a clock that
    // is behind ours.
    let behind = in_stage(Stage::Delivering)
        .halted(HaltCause::AttemptsUsedUp, ago(mins(10)))
        .requested(Trigger::Force, ago(hours(1)))
        .then(Outcome::Published);
    assert_eq!(behind.record.halt, None);
}
