//! How long the steps of a rotation took is noted with it, and is not more than that.

use jiff::SignedDuration;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::apply::with_step;
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{
    MOST_STEPS, PastRotation, Record, RotationResult, Stage, Trigger,
};

use crate::scene::{ago, held, hours, in_stage, now, print};

fn failed(step: &Step) -> Outcome {
    let fault = Fault::new(FaultClass::NotApplied, FaultKind::Network, "away");
    Outcome::Failed {
        step: step.clone(),
        fault,
    }
}

fn after(record: &Record, step: &Step, outcome: &Outcome, milliseconds: i64) -> Record {
    let took = SignedDuration::from_millis(milliseconds);
    with_step(record, record.clone(), (step, outcome), now(), took)
}

fn shown(steps: &[scim_rotator::rotation::record::PastStep]) -> Vec<String> {
    let text = |one: &scim_rotator::rotation::record::PastStep| {
        let at = one.connection.as_deref().unwrap_or("-");
        format!(
            "{} {at} {} ms {}x {} failed",
            one.step, one.took_ms, one.times, one.failed
        )
    };
    steps.iter().map(text).collect()
}

fn of_flight(record: &Record) -> Vec<String> {
    shown(&record.rotation.as_ref().expect("a rotation").steps)
}

fn past(id: &str, old: &str, new: &str) -> PastRotation {
    PastRotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: id.to_owned(),
        trigger: Trigger::Schedule,
        began_at: ago(hours(2)),
        ended_at: ago(hours(1)),
        result: RotationResult::Success,
        old: Some(print(old)),
        new: Some(print(new)),
        old_refused: None,
        detail: None,
    }
}

#[test]
fn steps_of_a_kind_that_follow_each_other_are_one_entry_and_there_are_not_too_many() {
    let record = in_stage(Stage::Proving).record;
    let record = after(&record, &Step::Issue, &failed(&Step::Issue), 20);
    let record = after(&record, &Step::Prove, &failed(&Step::Prove), 70);
    let record = after(&record, &Step::Prove, &failed(&Step::Prove), 30);
    let deliver = |name: &str| Step::Deliver {
        connection: name.to_owned(),
    };
    let record = after(&record, &deliver("a"), &failed(&deliver("a")), 5);
    let mut record = after(&record, &deliver("b"), &Outcome::Discarded, 7);
    assert_eq!(
        of_flight(&record),
        [
            "issue - 20 ms 1x 1 failed",
            "prove - 100 ms 2x 2 failed",
            "deliver a 5 ms 1x 1 failed",
            "deliver b 7 ms 1x 0 failed",
        ]
    );
    for number in 0..MOST_STEPS * 2 {
        let step = deliver(&number.to_string());
        record = after(&record, &step, &failed(&step), 1);
    }
    assert_eq!(of_flight(&record).len(), MOST_STEPS);
}

#[test]
fn the_step_that_ends_a_rotation_and_what_follows_are_noted_with_it() {
    let before = in_stage(Stage::Proving).record;
    let mut ended = before.clone();
    let id = ended.rotation.take().expect("a rotation").id;
    ended.history.insert(0, past(&id, "a", "b"));
    ended.history.insert(1, past("earlier", "z", "a"));
    let confirm = Step::Confirm {
        connection: "idp".to_owned(),
    };
    let took = SignedDuration::from_millis(9);
    let ended = with_step(&before, ended, (&confirm, &Outcome::Discarded), now(), took);

    let mut current = ended.clone();
    if let Some(token) = current.current.as_mut() {
        *token = held("b");
    }
    let failure = failed(&Step::Publish);
    let published = after(&current, &Step::Publish, &failure, 2);
    let published = after(&published, &Step::Publish, &Outcome::Discarded, 3);
    // Somebody wrote there: that is no part of the rotation.
    let again = after(&published, &Step::Publish, &Outcome::Discarded, 4);
    let retire = |name: &str| Step::Retire {
        fingerprint: print(name),
    };
    let retired = after(&again, &retire("a"), &Outcome::Discarded, 11);
    let retired = after(&retired, &retire("z"), &Outcome::Discarded, 12);
    let retired = after(&retired, &retire("unknown"), &Outcome::Discarded, 13);
    assert_eq!(
        shown(&retired.history[0].steps),
        [
            "confirm idp 9 ms 1x 0 failed",
            "publish - 5 ms 2x 1 failed",
            "retire - 11 ms 1x 0 failed",
        ]
    );
    assert_eq!(
        shown(&retired.history[1].steps),
        ["retire - 12 ms 1x 0 failed"]
    );
}

#[test]
fn a_record_without_steps_is_read_as_before() {
    let mut record = in_stage(Stage::Proving).record;
    record.history.push(past("r0", "z", "a"));
    let text = serde_json::to_string(&record).expect("JSON");
    assert!(!text.contains("steps"), "nothing is noted: {text}");
    let read: Record = serde_json::from_str(&text).expect("a record");
    assert_eq!(read, record);
    let noted = after(&record, &Step::Issue, &failed(&Step::Issue), 20);
    let text = serde_json::to_string(&noted).expect("JSON");
    let read: Record = serde_json::from_str(&text).expect("a record");
    assert_eq!(read, noted);
}
