//! What the answers of connections change, and how a rotation is rolled back.

use scim_rotator::rotation::capability::{IssueEffect, Overlap, Revoke};
use scim_rotator::rotation::outcome::{Confirmation, Outcome};
use scim_rotator::rotation::record::{
    DeliveryState, HaltCause, Origin, Record, RotationResult, Stage, StageName,
};

use crate::apply_table::confirmed;
use crate::scene::{Scene, ago, ahead, hours, in_stage, mins, now, print, secs};

fn not_yet(ask_again: Option<jiff::SignedDuration>) -> Confirmation {
    Confirmation::NotYet {
        detail: "the next cycle is in an hour".to_owned(),
        ask_again,
    }
}

fn refused() -> Confirmation {
    Confirmation::Refused {
        detail: "quarantine".to_owned(),
    }
}

fn state(record: &Record, connection: &str) -> Option<DeliveryState> {
    let rotation = record.rotation.as_ref()?;
    Some(rotation.deliveries.get(connection)?.state)
}

#[test]
fn a_delivery_is_remembered_beyond_the_rotation() {
    let scene = in_stage(Stage::Delivering).failed("deliver", 3, ago(mins(1)));
    let after = scene
        .apply(Outcome::Delivered {
            connection: "canary".to_owned(),
        })
        .expect("folded");
    assert_eq!(state(&after, "canary"), Some(DeliveryState::Delivered));
    assert_eq!(after.connections["canary"].fingerprint, print("b"));
    assert_eq!(after.failures.consecutive, 0, "it is progress");
    assert_eq!(after.stage_name(), StageName::Delivering);
}

#[test]
fn an_unproven_token_is_completed_once_all_hold_it() {
    let scene = in_stage(Stage::Delivering)
        .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: false })
        .rotation(|r| r.pending.as_mut().expect("pending").evidence = None);
    let give = |connection: &str| Outcome::Delivered {
        connection: connection.to_owned(),
    };
    let scene = scene.then(give("canary"));
    assert_eq!(scene.record.stage_name(), StageName::Delivering);
    let scene = scene.then(give("second"));
    assert_eq!(scene.record.stage_name(), StageName::Completing);
    let scene = scene.then(Outcome::Completed);
    assert_eq!(scene.record.stage_name(), StageName::Proving);
    let end = scene.record.current.as_ref().and_then(|t| t.expires_at);
    assert_eq!(end, Some(now()), "the old token has ended");
}

#[test]
fn every_answer_of_a_connection() {
    let fresh = || in_stage(Stage::Confirming);
    let late = || in_stage(Stage::Confirming).rotation(|r| r.stage_entered_at = ago(hours(2)));
    use DeliveryState as D;
    let rows = [
        (
            "it works",
            fresh(),
            Confirmation::Works,
            Some(D::Confirmed),
            StageName::Confirming,
        ),
        (
            "it cannot tell",
            fresh(),
            Confirmation::CannotTell,
            Some(D::Confirmed),
            StageName::Confirming,
        ),
        (
            "not yet",
            fresh(),
            not_yet(None),
            Some(D::Delivered),
            StageName::Confirming,
        ),
        (
            "not yet, and too late",
            late(),
            not_yet(None),
            Some(D::Delivered),
            StageName::Reverting,
        ),
        (
            "refused once",
            fresh(),
            refused(),
            Some(D::Delivered),
            StageName::Confirming,
        ),
        (
            "refused, and too late",
            late(),
            refused(),
            Some(D::Delivered),
            StageName::Reverting,
        ),
        (
            "works, if late",
            late(),
            Confirmation::Works,
            Some(D::Confirmed),
            StageName::Confirming,
        ),
    ];
    for (sentence, scene, confirmation, wanted, stage) in rows {
        let after = scene
            .apply(confirmed("canary", confirmation))
            .expect(sentence);
        assert_eq!(state(&after, "canary"), wanted, "{sentence}");
        assert_eq!(after.stage_name(), stage, "{sentence}");
    }
}

#[test]
fn a_connection_is_asked_again_when_it_wishes() {
    for (wish, at) in [(None, ahead(mins(1))), (Some(hours(1)), ahead(hours(1)))] {
        let after = in_stage(Stage::Confirming)
            .apply(confirmed("canary", not_yet(wish)))
            .expect("folded");
        let rotation = after.rotation.expect("rotation");
        assert_eq!(rotation.deliveries["canary"].ask_again_at, Some(at));
    }
}

#[test]
fn three_refusals_are_believed_and_doubts_are_not_counted() {
    let mut scene = in_stage(Stage::Confirming).failed("confirm", 9, ago(mins(1)));
    for _ in 0..2 {
        scene = scene.then(confirmed("canary", refused()));
        assert_eq!(scene.record.stage_name(), StageName::Confirming);
    }
    scene = scene.then(confirmed("canary", refused()));
    assert_eq!(scene.record.stage_name(), StageName::Reverting);
    let detail = scene.record.rotation.and_then(|r| r.rollback).expect("why");
    assert!(
        detail.contains("canary") && detail.contains("quarantine"),
        "{detail}"
    );
}

#[test]
fn a_roll_back_begins_at_once_and_has_attempts_of_its_own() {
    let mut scene = in_stage(Stage::Confirming);
    for _ in 0..3 {
        scene = scene.then(confirmed("canary", refused()));
    }
    let decision = scene.plan();
    assert_eq!(
        decision.action,
        scim_rotator::rotation::decision::Action::Do(crate::decided::revert("canary")),
        "the connection waits for its working token"
    );
    assert_eq!(scene.record.failures.permanent, 0);
    assert!(
        scene.record.failures.last.is_some(),
        "what led to it is not forgotten"
    );
}

#[test]
fn all_that_were_touched_are_taken_back_and_the_pending_token_goes() {
    let give_back = |connection: &str| Outcome::Reverted {
        connection: connection.to_owned(),
    };
    let scene = in_stage(Stage::Reverting)
        .delivery("canary", DeliveryState::Delivered)
        .delivery("second", DeliveryState::Started)
        .then(give_back("canary"));
    assert_eq!(scene.record.stage_name(), StageName::Reverting);
    assert_eq!(scene.record.connections["canary"].fingerprint, print("a"));
    let scene = scene.then(give_back("second"));
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
    let after = scene.then(Outcome::Discarded).record;
    assert_eq!(after.stage_name(), StageName::Idle);
    assert_eq!(after.generation, 1, "nothing was promoted");
    assert_eq!(after.current.map(|t| t.fingerprint()), Some(print("a")));
    let past = &after.history[0];
    assert_eq!(past.result, RotationResult::RolledBack);
    assert_eq!(past.detail.as_deref(), Some("the new token does not work"));
}

#[test]
fn what_is_left_of_a_discarded_token() {
    let rows = [
        (
            "revoked by its id",
            Overlap::ExplicitRetire,
            Revoke::ById,
            0,
        ),
        (
            "revoked by its value",
            Overlap::ExplicitRetire,
            Revoke::ByValue,
            0,
        ),
        (
            "cancelled",
            Overlap::TwoPhase { next_usable: true },
            Revoke::Never,
            0,
        ),
        (
            "it cannot be revoked and lives on",
            Overlap::ExplicitRetire,
            Revoke::Never,
            1,
        ),
        (
            "only all could be revoked",
            Overlap::ExplicitRetire,
            Revoke::AllOnly,
            1,
        ),
    ];
    for (sentence, overlap, revoke, left) in rows {
        let scene = in_stage(Stage::Discarding).issuer(|i| {
            i.overlap = overlap;
            i.revoke = revoke;
        });
        let after = scene.apply(Outcome::Discarded).expect(sentence);
        assert_eq!(after.orphans_uncounted.len(), left, "{sentence}");
    }
}

#[test]
fn a_person_s_token_is_not_revoked_but_never_taken_again() {
    let scene = in_stage(Stage::Confirming)
        .rotation(|r| r.pending.as_mut().expect("pending").origin = Origin::Operator)
        .rotation(|r| r.deliveries.clear())
        .rotation(|r| r.stage = Stage::Delivering);
    let mut record = scene.record.clone();
    record.failures.permanent = 4;
    let after = Scene { record, ..scene }
        .apply(Outcome::Failed {
            step: crate::decided::deliver("canary"),
            fault: scim_rotator::fault::Fault::new(
                scim_rotator::fault::FaultClass::Rejected,
                scim_rotator::fault::FaultKind::Refused,
                "422",
            ),
        })
        .expect("folded");
    assert_eq!(after.stage_name(), StageName::Idle);
    assert_eq!(after.refused_values, [print("b")]);
    assert!(after.orphans.is_empty());
}

#[test]
fn refused_values_are_bounded() {
    let scene = in_stage(Stage::Discarding)
        .rotation(|r| r.pending.as_mut().expect("pending").origin = Origin::Operator)
        .with(|s| {
            s.record.refused_values = (0..500).map(|n| print(&n.to_string())).collect();
        });
    let after = scene.apply(Outcome::Discarded).expect("folded");
    assert!(after.refused_values.len() <= 32);
    assert!(
        after.refused_values.contains(&print("b")),
        "the newest is kept"
    );
}

#[test]
fn rotations_that_are_rolled_back_again_and_again_need_a_person() {
    let mut scene = in_stage(Stage::Discarding);
    for round in 1..=5 {
        scene = scene.then(Outcome::Discarded);
        let halted = scene.record.halt.as_ref().map(|h| h.cause);
        assert_eq!(halted, (round == 5).then_some(HaltCause::AttemptsUsedUp));
        scene = scene.stage(Stage::Discarding);
    }
}

#[test]
fn a_cut_that_was_made_goes_only_forward() {
    let scene = in_stage(Stage::Proving)
        .issuer(|i| i.issue_effect = IssueEffect::Kills)
        .current(|t| t.expires_at = Some(ago(secs(10))));
    let mut scene = scene;
    for _ in 0..4 {
        scene = scene.then(Outcome::Proved(
            scim_rotator::scim::evidence::Verdict::Fail(crate::scene::finding(
                scim_rotator::scim::evidence::FindingReason::Rejected,
            )),
        ));
    }
    assert_eq!(
        scene.record.stage_name(),
        StageName::Issuing,
        "another is issued"
    );
    let rotation = scene.record.rotation.as_ref().expect("rotation");
    assert!(rotation.pending.is_none() && rotation.intent.is_none());
    assert!(
        scene.record.orphans.is_empty(),
        "the next issue ends the refused one"
    );
}
