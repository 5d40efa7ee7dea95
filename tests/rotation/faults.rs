//! Every step × every class of fault: what is stored of it.

use scim_rotator::rotation::capability::{IssueEffect, LastUsed, Overlap, Recovery, Revoke};
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{
    DeliveryState, Failures, HaltCause, LastFailure, Record, RotationResult, Stage, StageName,
    Trigger,
};
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{check_use, confirm, deliver, prepare, retire, revert, revoke_orphan};
use crate::scene::{
    Scene, ago, ahead, healthy, hours, in_stage, mins, nothing_yet, now, renewal_due, secs,
};

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, FaultKind::Server, "it answered 503").after(Some(secs(7)))
}

fn failed(step: &Step, class: FaultClass) -> Outcome {
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

/// One more failure that repeating cannot mend, after all but one permitted.
fn exhausted(step: &Step, scene: &Scene) -> Record {
    let mut scene = scene.clone();
    scene.record.failures.consecutive = scene.policy.max_attempts - 1;
    scene.record.failures.permanent = scene.policy.max_attempts - 1;
    let after = scene.then(failed(step, FaultClass::Rejected)).record;
    invariant::check(&after).expect("valid");
    after
}

#[test]
fn attempts_used_up_ask_for_a_person_or_roll_back() {
    use StageName as S;
    let touched = |scene: Scene| scene.delivery("canary", DeliveryState::Delivered);
    let rows: Vec<(&str, Step, Scene, S)> = vec![
        (
            "an adoption",
            Step::Adopt,
            nothing_yet().person_wrote("x"),
            S::Halted,
        ),
        (
            "a preparation",
            prepare(Trigger::Schedule),
            renewal_due(),
            S::Halted,
        ),
        ("an issue", Step::Issue, in_stage(Stage::Issuing), S::Halted),
        (
            "a recovery",
            Step::Recover,
            in_stage(Stage::Issuing),
            S::Halted,
        ),
        (
            "taking a person's token",
            Step::TakeSupplied,
            healthy().person_wrote("x"),
            S::Halted,
        ),
        (
            "a proof",
            Step::Prove,
            in_stage(Stage::Proving),
            S::Discarding,
        ),
        (
            "the delivery to the canary, which may have begun",
            deliver("canary"),
            in_stage(Stage::Delivering).delivery("canary", DeliveryState::Started),
            S::Reverting,
        ),
        (
            "the delivery to another",
            deliver("second"),
            touched(in_stage(Stage::Delivering)),
            S::Reverting,
        ),
        (
            "a confirmation",
            confirm("canary"),
            in_stage(Stage::Confirming),
            S::Reverting,
        ),
        (
            "a completion",
            Step::Complete,
            in_stage(Stage::Completing),
            S::Halted,
        ),
        ("a publication", Step::Publish, healthy(), S::Halted),
        (
            "taking a delivery back",
            revert("canary"),
            touched(in_stage(Stage::Reverting)),
            S::Halted,
        ),
        (
            "a revocation",
            Step::Discard,
            in_stage(Stage::Discarding),
            S::Idle,
        ),
        (
            "the question of use",
            check_use("old"),
            healthy().retire_due(),
            S::Idle,
        ),
        (
            "a retirement",
            retire("old"),
            healthy().retire_due(),
            S::Idle,
        ),
        (
            "the revocation of a lost token",
            revoke_orphan("lost"),
            healthy().orphan("lost", None),
            S::Idle,
        ),
        ("a probe", Step::Verify, healthy(), S::Idle),
    ];
    for (sentence, step, scene, stage) in rows {
        let after = exhausted(&step, &scene);
        assert_eq!(after.stage_name(), stage, "{sentence}");
        let cause = after.halt.map(|halt| halt.cause);
        let wanted = (stage == S::Halted).then_some(HaltCause::AttemptsUsedUp);
        assert_eq!(cause, wanted, "{sentence}");
    }
}

/// What readers find is no fault of the rotation that happens to be in flight.
#[test]
fn a_publication_that_fails_does_not_touch_the_rotation_in_flight() {
    for stage in Stage::ALL {
        let scene = in_stage(stage);
        let after = exhausted(&Step::Publish, &scene);
        assert_eq!(after.stage_name(), stage.name());
        assert_eq!(after.rotation, scene.record.rotation);
    }
}

#[test]
fn a_pending_token_that_cannot_be_revoked_is_remembered() {
    let after = exhausted(&Step::Discard, &in_stage(Stage::Discarding));
    assert_eq!(after.orphans.len(), 1);
    assert_eq!(after.orphans[0].id, "id-b");
    assert_eq!(after.history[0].result, RotationResult::RolledBack);

    let without_id = in_stage(Stage::Discarding).rotation(|r| {
        r.pending.as_mut().expect("pending").id = None;
    });
    let after = exhausted(&Step::Discard, &without_id);
    assert_eq!((after.orphans.len(), after.orphans_uncounted.len()), (0, 1));

    let by_value = in_stage(Stage::Discarding).issuer(|i| i.revoke = Revoke::ByValue);
    let after = exhausted(&Step::Discard, &by_value);
    assert_eq!(
        (after.orphans.len(), after.orphans_uncounted.len()),
        (0, 1),
        "an id alone revokes nothing there"
    );
}

/// Where the current token no longer works, going back would make the outage.
#[test]
fn a_proven_token_is_kept_when_there_is_nothing_to_go_back_to() {
    let base = || in_stage(Stage::Delivering).delivery("canary", DeliveryState::Delivered);
    let rows: Vec<(&str, Scene)> = vec![
        (
            "the current token has expired",
            base().current(|t| t.expires_at = Some(ago(secs(1)))),
        ),
        (
            "the current token is refused",
            base().probed(mins(1), Some(FindingReason::Rejected), 2),
        ),
        ("there is no current token", {
            let mut scene = base();
            scene.record.current = None;
            scene.record.generation = 0;
            scene
        }),
        (
            "the issue has killed the current token",
            base()
                .issuer(|i| i.issue_effect = IssueEffect::Kills)
                .current(|t| t.expires_at = Some(ago(mins(6)))),
        ),
        (
            "the issue has scheduled the current token's death",
            base()
                .issuer(|i| i.issue_effect = IssueEffect::SchedulesDeath)
                .current(|t| t.expires_at = Some(ahead(hours(1)))),
        ),
        (
            "the old token of the two-phase issuer was ended",
            base()
                .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: false })
                .current(|t| t.expires_at = Some(ago(mins(1)))),
        ),
    ];
    for (sentence, scene) in rows {
        let after = exhausted(&deliver("second"), &scene);
        assert_eq!(after.stage_name(), StageName::Halted, "{sentence}");
        let rotation = after.rotation.as_ref().expect(sentence);
        assert!(rotation.pending.is_some(), "{sentence}: the token is kept");
        assert_eq!(
            rotation.deliveries.len(),
            1,
            "{sentence}: what was delivered stays"
        );
        // A person's word lets it go on: proven anew, then delivered.
        let on = Scene {
            record: after,
            ..scene
        };
        let on = on.requested(Trigger::Force, now());
        assert_eq!(
            on.plan().action,
            scim_rotator::rotation::decision::Action::Do(Step::Prove),
            "{sentence}"
        );
        let on = on.then(crate::apply_table::proved("b"));
        assert_eq!(
            on.plan().action,
            scim_rotator::rotation::decision::Action::Do(deliver("second")),
            "{sentence}"
        );
    }
}

#[test]
fn a_wrong_target_stops_at_once() {
    let wrong = |step: &Step| Outcome::Failed {
        step: step.clone(),
        fault: Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
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
