//! A token that was taken out of the configuration: what was begun is brought
//! to its end, and nothing new begins.

use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{HaltCause, Stage, Trigger};
use scim_rotator::rotation::situation::Published;

use crate::decided::{Row, check, deliver, does, retire, waits_for};
use crate::scene::{
    Scene, ago, ahead, healthy, in_stage, mins, nothing_yet, print, renewal_due, secs,
};

fn leaving(scene: Scene) -> Scene {
    scene.with(|s| s.leaving = true)
}

#[test]
fn what_was_begun_is_brought_to_its_end() {
    let rows: Vec<Row> = vec![
        (
            "a rotation in flight goes on",
            leaving(in_stage(Stage::Delivering)),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "readers are given the token in use",
            leaving(healthy().with(|s| s.published = Published::Absent)),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a superseded token whose overlap has ended is retired",
            leaving(renewal_due().retire_due()),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "another replica's lease is respected meanwhile",
            leaving(in_stage(Stage::Delivering).leased_to("replica-b", ahead(secs(40)))),
            waits_for(secs(40), Reason::LeaseElsewhere),
        ),
    ];
    check(&rows);
}

#[test]
fn nothing_new_begins() {
    let left = || waits_for(mins(5), Reason::Left);
    let rows: Vec<Row> = vec![
        ("a healthy token is let go", leaving(healthy()), left()),
        (
            "a renewal that is due does not begin",
            leaving(renewal_due()),
            left(),
        ),
        (
            "a rotation that a person asked for does not begin",
            leaving(healthy().requested(Trigger::Force, ago(secs(1)))),
            left(),
        ),
        (
            "a token that was never there is not made",
            leaving(nothing_yet()),
            left(),
        ),
        (
            "a token of somebody else's is not adopted",
            leaving(nothing_yet().with(|s| s.published = Published::Token(print("x")))),
            left(),
        ),
        (
            "what a person wrote is theirs now",
            leaving(healthy().with(|s| s.published = Published::Token(print("x")))),
            left(),
        ),
        (
            "a lease of another replica is no reason to stay",
            leaving(healthy().leased_to("replica-b", ahead(secs(40)))),
            left(),
        ),
    ];
    check(&rows);
}

#[test]
fn what_only_a_person_could_move_on_is_left_as_it_is() {
    let left = || waits_for(mins(5), Reason::Left);
    let rows: Vec<Row> = vec![
        (
            "a token that a person must supply is not waited for",
            leaving(in_stage(Stage::WaitingOperator)),
            left(),
        ),
        (
            "a halted token is let go",
            leaving(in_stage(Stage::Delivering).halted(HaltCause::SameToken, ago(mins(1)))),
            left(),
        ),
        (
            "the kill switch ends, so it is waited for",
            leaving(in_stage(Stage::Delivering).with(|s| s.all_paused = true)),
            waits_for(mins(5), Reason::Paused),
        ),
    ];
    check(&rows);
}
