//! Every step × every class of fault: what is stored of it.

use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::capability::{LastUsed, Recovery};
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{
    DeliveryState, Failures, HaltCause, LastFailure, Record, Stage, Trigger,
};
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{
    check_use, confirm, deliver, prepare, retire, revert, revoke_orphan, revoke_unrecorded,
};
use crate::scene::{
    Scene, ago, ahead, healthy, hours, in_stage, intent, mins, nothing_yet, now, renewal_due, secs,
};

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, FaultKind::Server, "it answered 503").after(Some(secs(7)))
}

/// A step that failed.
pub(super) fn failed(step: &Step, class: FaultClass) -> Outcome {
    Outcome::Failed {
        step: step.clone(),
        fault: fault(class),
    }
}

/// Every step, in a scene in which it can fail.
fn steps() -> Vec<(Step, Scene)> {
    vec![
        (Step::Adopt, nothing_yet().person_wrote("x")),
        (prepare(Trigger::Schedule), renewal_due()),
        (Step::Issue, in_stage(Stage::Issuing).fresh()),
        (Step::Recover, in_stage(Stage::Issuing)),
        (Step::TakeSupplied, healthy().person_wrote("x")),
        (Step::Prove, in_stage(Stage::Proving)),
        (deliver("canary"), in_stage(Stage::Delivering)),
        (confirm("canary"), in_stage(Stage::Confirming)),
        (Step::Complete, in_stage(Stage::Completing)),
        (Step::Publish, healthy()),
        (
            revert("canary"),
            in_stage(Stage::Reverting).delivery("canary", DeliveryState::Delivered),
        ),
        (Step::Discard, in_stage(Stage::Discarding)),
        (check_use("old"), healthy().retire_due()),
        (retire("old"), healthy().retire_due()),
        (revoke_orphan("lost"), healthy().orphan("lost", None)),
        (
            revoke_unrecorded("crm-r1-1"),
            healthy().unrecorded("b", intent(ago(mins(5)))),
        ),
        (
            Step::EndRehearsal,
            healthy().rehearsed(ago(mins(9)), Some("x")),
        ),
        (Step::Verify, healthy()),
    ]
}

#[test]
fn every_step_and_every_class_of_fault() {
    let steps = steps();
    let words: Vec<_> = steps.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(words, Step::NAMES, "no step is forgotten");
    for (step, scene) in steps {
        for class in FaultClass::ALL {
            let place = format!("`{}` fails as `{}`", step.as_str(), class.as_str());
            let after = scene.apply(failed(&step, class)).expect(&place);
            invariant::check(&after).expect(&place);
            assert_eq!(after, expected(&scene, &step, class), "{place}");
        }
    }
}

/// What one failure changes: a counter and the last failure, and for an issue
/// that surely did not happen its intent.
fn expected(scene: &Scene, step: &Step, class: FaultClass) -> Record {
    let mut record = scene.record.clone();
    record.updated_at = now();
    match step {
        Step::CheckUse { .. } | Step::Retire { .. } => {
            let entry = &mut record.retiring[0];
            entry.attempts = 1;
            entry.retry_at = Some(ahead(secs(30)));
            entry.last_finding = Some("it answered 503".to_owned());
        }
        Step::RevokeOrphan { .. } => {
            let orphan = &mut record.orphans[0];
            orphan.attempts = 1;
            orphan.retry_at = Some(ahead(secs(30)));
        }
        Step::EndRehearsal => {
            let rehearsal = record.rehearsal.as_mut().expect("a rehearsal");
            rehearsal.attempts = 1;
            rehearsal.retry_at = Some(ahead(secs(30)));
        }
        // The process counts it: it may have no lease on the record.
        Step::RevokeUnrecorded { .. } => record.updated_at = scene.record.updated_at,
        Step::Verify => {
            let probe = record.probe.as_mut().expect("a probe");
            probe.at = now();
            probe.finding = Some(scim_rotator::scim::evidence::Finding {
                reason: FindingReason::Unreachable,
                detail: "it answered 503".to_owned(),
            });
        }
        Step::Adopt
        | Step::Prepare { .. }
        | Step::Issue
        | Step::Recover
        | Step::TakeSupplied
        | Step::Prove
        | Step::Deliver { .. }
        | Step::Confirm { .. }
        | Step::Complete
        | Step::Publish
        | Step::Revert { .. }
        | Step::Discard => record.failures = counted(step, class),
    }
    if *step == Step::Issue && class != FaultClass::Ambiguous {
        record.issues.clear();
        let rotation = record.rotation.as_mut().expect("a rotation");
        rotation.intent = None;
        rotation.attempts = 0;
    }
    record
}

fn counted(step: &Step, class: FaultClass) -> Failures {
    Failures {
        consecutive: 1,
        permanent: u32::from(class.is_permanent()),
        last: Some(LastFailure {
            at: now(),
            step: step.as_str().to_owned(),
            class,
            kind: FaultKind::Server,
            message: "it answered 503".to_owned(),
            retry_after: Some(secs(7)),
        }),
        ..Failures::default()
    }
}

#[test]
fn a_wrong_target_stops_at_once() {
    let wrong = |step: &Step| Outcome::Failed {
        step: step.clone(),
        fault: Fault::new(
            FaultClass::Rejected,
            FaultKind::WrongTarget,
            "it points elsewhere",
        ),
    };
    let rows: Vec<(&str, Step, Scene, bool)> = vec![
        (
            "a preflight",
            prepare(Trigger::Schedule),
            renewal_due(),
            true,
        ),
        (
            "a delivery",
            deliver("canary"),
            in_stage(Stage::Delivering),
            true,
        ),
        (
            "a confirmation",
            confirm("canary"),
            in_stage(Stage::Confirming),
            false,
        ),
    ];
    for (sentence, step, scene, stops) in rows {
        let after = scene.apply(wrong(&step)).expect(sentence);
        let cause = after.halt.map(|halt| halt.cause);
        assert_eq!(cause, stops.then_some(HaltCause::WrongTarget), "{sentence}");
    }
}

#[test]
fn a_lost_reply_keeps_its_intent_and_its_place_in_the_runaway_guard() {
    let scene = in_stage(Stage::Issuing).fresh();
    let after = scene
        .apply(failed(&Step::Issue, FaultClass::Ambiguous))
        .expect("folded");
    assert_eq!(after.issues.len(), 1);
    assert!(after.rotation.is_some_and(|r| r.intent.is_some()));
}

/// Sent twice under one key, the second time refused: the first may have made a
/// token that nobody will find.
#[test]
fn a_refused_repetition_may_leave_a_token_behind() {
    for recovery in [Recovery::Replay, Recovery::ClientChosen] {
        let scene = in_stage(Stage::Issuing).issuer(|i| i.recovery = recovery);
        let scene = scene.then(failed(&Step::Issue, FaultClass::Ambiguous));
        let after = scene
            .then(failed(&Step::Issue, FaultClass::Rejected))
            .record;
        assert_eq!(after.orphans_uncounted.len(), 1, "{recovery:?}");
        assert_eq!(after.issues.len(), 1, "{recovery:?}: it counts as an issue");
    }
    let refused_at_once = in_stage(Stage::Issuing)
        .fresh()
        .issuer(|i| i.recovery = Recovery::Replay)
        .then(failed(&Step::Issue, FaultClass::Rejected));
    assert_eq!(refused_at_once.record.orphans_uncounted.len(), 0);
    assert!(refused_at_once.record.issues.is_empty());
}

/// Not knowing must not keep a token alive for ever.
#[test]
fn an_issuer_that_cannot_tell_of_use_prolongs_the_overlap_once() {
    let mut scene = healthy()
        .retire_due()
        .issuer(|i| i.last_used = LastUsed::Exact);
    let ask = |mut scene: Scene| {
        for _ in 0..3 {
            scene.superseded_due();
            scene = scene.then(failed(&check_use("old"), FaultClass::NotApplied));
        }
        scene
    };
    scene = ask(scene);
    let entry = &scene.record.retiring[0];
    assert!(entry.extended);
    assert_eq!(entry.not_before, ahead(hours(24)));
    scene = ask(scene);
    let entry = &scene.record.retiring[0];
    assert!(entry.use_checked.is_some(), "the second time it goes on");
}

impl Scene {
    /// The time of the last attempt has passed.
    fn superseded_due(&mut self) {
        for entry in &mut self.record.retiring {
            entry.retry_at = None;
        }
    }
}
