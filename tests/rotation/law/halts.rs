//! How a halt ends by itself, and how a new token is given its time.

use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{HaltCause, Record, RotationResult, Stage, Trigger};
use scim_rotator::scim::evidence::{FindingReason, Verdict};

use crate::apply_table::preparation;
use crate::decided::{deliver, prepare};
use crate::scene::{
    Scene, ago, ahead, evidence, finding, healthy, hours, in_stage, mins, now, renewal_due, secs,
};

fn failed(step: &Step, kind: FaultKind) -> Outcome {
    Outcome::Failed {
        step: step.clone(),
        fault: Fault::new(FaultClass::Rejected, kind, "it does not work"),
    }
}

/// The scene after the step failed as often as is permitted.
fn exhausted(mut scene: Scene, step: &Step, kind: FaultKind) -> Scene {
    for _ in 0..scene.policy.max_attempts {
        assert!(scene.record.halt.is_none(), "one failure is no halt");
        scene = scene.then(failed(step, kind));
    }
    invariant::check(&scene.record).expect("valid");
    scene
}

fn cause(record: &Record) -> Option<HaltCause> {
    record.halt.as_ref().map(|halt| halt.cause)
}

/// The scene at the time at which the halted token is tried again.
fn tried_again(scene: Scene) -> Scene {
    let at = scene.record.halt.as_ref().and_then(|halt| halt.retry_at);
    let at = at.expect("it is tried again");
    assert!(
        at <= scene.now + scene.policy.retry_max,
        "at the longest pause"
    );
    let early = scene.clone().with(|s| s.now = at - secs(1));
    assert_eq!(early.plan().reason, Reason::Halted, "not before");
    scene.with(|s| s.now = at)
}

#[test]
fn only_another_address_is_a_wrong_target() {
    for kind in FaultKind::ALL {
        for (step, scene) in [
            (prepare(Trigger::Schedule), renewal_due()),
            (deliver("canary"), in_stage(Stage::Delivering)),
        ] {
            let after = scene.then(failed(&step, kind)).record;
            let wrong = kind == FaultKind::WrongTarget;
            let expected = wrong.then_some(HaltCause::WrongTarget);
            assert_eq!(cause(&after), expected, "{kind:?}");
        }
    }
}

#[test]
fn a_redirect_or_a_missing_credential_is_tried_again_and_its_halt_ends() {
    let step = prepare(Trigger::Schedule);
    let scene = exhausted(renewal_due(), &step, FaultKind::Config);
    assert_eq!(cause(&scene.record), Some(HaltCause::AttemptsUsedUp));
    let since = scene.record.halt.as_ref().expect("halted").since;
    let scene = tried_again(scene);
    assert_eq!(scene.plan().action, Action::Do(step.clone()));

    let again = scene.clone().then(failed(&step, FaultKind::Config));
    let halt = again.record.halt.as_ref().expect("still halted");
    assert_eq!((halt.cause, halt.since), (HaltCause::AttemptsUsedUp, since));
    assert!(halt.retry_at > Some(scene.now), "and tried again later");

    let over = scene.then(Outcome::Prepared(preparation(Trigger::Schedule)));
    assert!(over.record.halt.is_none(), "the credential is there again");
    assert!(over.record.rotation.is_some(), "and the rotation goes on");
}

#[test]
fn a_connection_that_points_back_ends_the_halt() {
    let step = deliver("canary");
    let scene = in_stage(Stage::Delivering).then(failed(&step, FaultKind::WrongTarget));
    assert_eq!(cause(&scene.record), Some(HaltCause::WrongTarget));
    let scene = tried_again(scene);
    assert_eq!(scene.plan().action, Action::Do(step));
    let connection = "canary".to_owned();
    let over = scene.then(Outcome::Delivered { connection });
    assert!(over.record.halt.is_none());
}

#[test]
fn an_endpoint_that_is_closed_again_ends_the_halt() {
    let open = Outcome::Proved(Verdict::Fail(finding(FindingReason::EndpointOpen)));
    let scene = tried_again(in_stage(Stage::Proving).then(open));
    assert_eq!(scene.plan().action, Action::Do(Step::Prove));
    let proved = Outcome::Proved(Verdict::Pass(evidence("b", now())));
    assert!(scene.then(proved).record.halt.is_none());
}

#[test]
fn rotations_that_were_rolled_back_are_tried_again_until_one_is_promoted() {
    let mut scene = in_stage(Stage::Discarding);
    let past = |scene: &Scene| {
        let done = scene
            .clone()
            .then(Outcome::Discarded)
            .record
            .history
            .remove(0);
        assert_eq!(done.result, RotationResult::RolledBack);
        done
    };
    let one = past(&scene);
    let before = usize::try_from(scene.policy.max_attempts).expect("small") - 1;
    scene.record.history = vec![one; before];
    let scene = scene.then(Outcome::Discarded);
    assert_eq!(cause(&scene.record), Some(HaltCause::AttemptsUsedUp));
    let mut scene = tried_again(scene);
    scene.record.history[0].ended_at = ago(hours(9));
    assert_eq!(scene.plan().action, Action::Do(prepare(Trigger::Schedule)));
    let scene = scene.then(Outcome::Prepared(preparation(Trigger::Schedule)));
    assert!(scene.record.halt.is_some(), "not yet shown");
}

#[test]
fn what_a_person_had_asked_for_is_what_is_tried_again() {
    for (trigger, expected) in [
        (Trigger::Force, Trigger::Force),
        (Trigger::Compromise, Trigger::Compromise),
    ] {
        let asked = healthy().requested(trigger, ago(secs(1)));
        let step = prepare(trigger);
        let scene = asked.then(failed(&step, FaultKind::WrongTarget));
        assert!(scene.record.request.is_none());
        let scene = tried_again(scene);
        assert_eq!(scene.plan().action, Action::Do(prepare(expected)));
    }
}

#[test]
fn near_expiry_it_is_tried_again_sooner() {
    let scene = renewal_due().current(|token| token.expires_at = Some(ahead(mins(40))));
    let scene = scene.then(failed(&prepare(Trigger::Schedule), FaultKind::WrongTarget));
    let at = scene.record.halt.and_then(|halt| halt.retry_at);
    assert_eq!(at, Some(ahead(mins(2))));
}

#[test]
fn a_halt_of_an_earlier_program_is_tried_at_once() {
    let mut scene = renewal_due().halted(HaltCause::WrongTarget, ago(hours(99)));
    let halt = scene.record.halt.as_mut().expect("halted");
    halt.retry_at = None;
    assert_eq!(scene.plan().action, Action::Do(prepare(Trigger::Schedule)));
    let halt = scene.record.halt.as_mut().expect("halted");
    halt.cause = HaltCause::UnusableAnswer;
    assert_eq!(
        scene.plan().reason,
        Reason::Halted,
        "each trial makes a token"
    );
}

#[test]
fn a_new_token_that_works_after_minutes_is_waited_for() {
    let refused = || Outcome::Proved(Verdict::Fail(finding(FindingReason::Rejected)));
    let at_age = |age, left| {
        let mut scene = in_stage(Stage::Proving).policy(|p| p.new_token_patience = mins(15));
        scene = scene.current(|token| token.expires_at = Some(ahead(left) - age));
        let pending = scene
            .record
            .rotation
            .as_mut()
            .and_then(|r| r.pending.as_mut());
        pending.expect("a pending token").issued_at = ago(age);
        let stage = |scene: &Scene| scene.record.rotation.as_ref().expect("one").stage;
        for _ in 0..9 {
            if stage(&scene) == Stage::Proving {
                scene = scene.then(refused());
            }
        }
        stage(&scene)
    };
    let much = hours(24 * 9);
    assert_eq!(at_age(mins(4), much), Stage::Proving);
    assert_eq!(at_age(mins(14), much), Stage::Proving);
    assert_eq!(at_age(mins(15), much), Stage::Discarding);
    assert_eq!(
        at_age(mins(6), mins(16)),
        Stage::Proving,
        "half of what is left"
    );
    assert_eq!(at_age(mins(8), mins(16)), Stage::Discarding);
    assert_eq!(at_age(mins(4), mins(2)), Stage::Proving, "a third at least");
    assert_eq!(at_age(mins(5), mins(2)), Stage::Discarding);
}
