//! Which texts of a record quote others: they are masked before each commit.

use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::record::{
    HaltCause, LastFailure, PastRotation, Record, RotationResult, Stage, Trigger, UnusableAnswer,
};
use scim_rotator::scim::evidence::FindingReason;

use crate::scene::{ago, hours, in_stage, mins, now};

const QUOTED: &str = "quoted";

/// A record in which every text for people is this one.
fn full_of_texts() -> Record {
    let mut record = in_stage(Stage::Issuing)
        .halted(HaltCause::AttemptsUsedUp, ago(mins(1)))
        .retire_due()
        .probed(mins(1), Some(FindingReason::Malformed), 1)
        .record;
    record.halt.as_mut().expect("halted").detail = QUOTED.to_owned();
    record.retiring[0].last_finding = Some(QUOTED.to_owned());
    let finding = record.probe.as_mut().and_then(|p| p.finding.as_mut());
    finding.expect("a finding").detail = QUOTED.to_owned();
    record.failures.last = Some(LastFailure {
        at: now(),
        step: "deliver".to_owned(),
        class: FaultClass::Rejected,
        kind: FaultKind::Refused,
        message: QUOTED.to_owned(),
        retry_after: None,
    });
    let rotation = record.rotation.as_mut().expect("a rotation");
    rotation.rollback = Some(QUOTED.to_owned());
    let intent = rotation.intent.as_mut().expect("an intent");
    intent.unusable = Some(UnusableAnswer {
        detail: QUOTED.to_owned(),
        settings: String::new(),
        made: None,
        is_page: false,
    });
    record.history.push(PastRotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: "r0".to_owned(),
        trigger: Trigger::Force,
        began_at: ago(hours(2)),
        ended_at: ago(hours(1)),
        result: RotationResult::RolledBack,
        detail: Some(QUOTED.to_owned()),
        old: None,
        new: None,
        old_refused: None,
    });
    record
}

#[test]
fn every_text_for_people_is_shown_to_who_masks_it() {
    let mut record = full_of_texts();
    let count = |record: &Record| {
        let text = serde_json::to_string(record).expect("JSON");
        text.matches(QUOTED).count()
    };
    assert_eq!(count(&record), 7);
    record.texts_mut().for_each(String::clear);
    assert_eq!(count(&record), 0);
}
