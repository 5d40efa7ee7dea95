//! After the permitted number of permanent failures.

use scim_rotator::fault::FaultClass;
use scim_rotator::rotation::capability::{IssueEffect, Overlap, Revoke};
use scim_rotator::rotation::decision::{Action, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{
    DeliveryState, HaltCause, Record, RotationResult, Stage, StageName, Trigger,
};
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{check_use, confirm, deliver, prepare, retire, revert, revoke_orphan};
use crate::faults::failed;
use crate::scene::{
    Scene, ago, ahead, healthy, hours, in_stage, mins, nothing_yet, now, renewal_due, secs,
};

/// One more permanent failure, after all but one permitted.
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
            "a person's token: who can write to the published path halts nothing",
            Step::TakeSupplied,
            healthy().person_wrote("x"),
            S::Idle,
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
    assert_eq!(after.orphans[0].id.as_str(), "id-b");
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
        assert_eq!(on.plan().action, Action::Do(Step::Prove), "{sentence}");
        let on = on.then(crate::apply_table::proved("b"));
        assert_eq!(
            on.plan().action,
            Action::Do(deliver("second")),
            "{sentence}"
        );
    }
}
