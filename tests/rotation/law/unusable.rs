//! A complete answer that cannot be used: one request, then a person, or
//! corrected settings.

use scim_rotator::fault::{Fault, FaultClass, FaultKind, Unusable};
use scim_rotator::rotation::capability::Recovery;
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::outcome::{ListedToken, Listing, Outcome};
use scim_rotator::rotation::record::{HaltCause, Record, Stage, Trigger};

use super::issuing::listed;
use crate::apply_table::recovered;
use crate::scene::{Scene, ago, hours, in_stage, mins, now};

const SHAPE: &str = "there is no token at `/tokn`: it has a JSON object with the fields `token`";

/// The request of the intent was just answered.
fn answered(recovery: Recovery, made: Option<&str>) -> Scene {
    let unusable = Unusable {
        made: made.map(str::to_owned),
        is_page: false,
    };
    answered_with(recovery, unusable)
}

/// The same with a page for people.
fn answered_with_a_page(recovery: Recovery) -> Scene {
    let unusable = Unusable {
        made: None,
        is_page: true,
    };
    answered_with(recovery, unusable)
}

fn answered_with(recovery: Recovery, unusable: Unusable) -> Scene {
    let mut fault = Fault::new(FaultClass::Ambiguous, FaultKind::Schema, SHAPE).complete();
    fault.unusable = Some(unusable);
    let failed = Outcome::Failed {
        step: Step::Issue,
        fault,
    };
    in_stage(Stage::Issuing)
        .issuer(|i| i.recovery = recovery)
        .with(|s| s.record.issues = vec![ago(mins(5))])
        .fresh()
        .then(failed)
        .with(|s| s.intent_is_fresh = false)
}

/// The listing after the settling time shows these tokens.
fn looked(scene: Scene, tokens: Vec<ListedToken>) -> Scene {
    let scene = scene.at(now() + hours(1));
    assert_eq!(scene.plan().action, Action::Do(Step::Recover));
    let listing = Listing { tokens, etag: None };
    let scene = scene.then(recovered(listing));
    scim_rotator::rotation::invariant::check(&scene.record).expect("valid");
    scene
}

fn is_stopped(record: &Record) {
    let halt = record.halt.as_ref().expect("halted");
    assert_eq!(halt.cause, HaltCause::UnusableAnswer);
    assert!(halt.detail.contains(SHAPE), "{}", halt.detail);
    assert_eq!(record.issues.len(), 1, "one request, and no other");
}

#[test]
fn what_was_made_is_found_and_revoked_and_no_second_request_is_sent() {
    let mine = ListedToken {
        label: Some("crm-r1-1".to_owned()),
        ..listed("id-1")
    };
    for recovery in [Recovery::ByLabel, Recovery::BySetDifference] {
        let scene = looked(answered(recovery, None), vec![mine.clone()]);
        is_stopped(&scene.record);
        let ids: Vec<_> = scene.record.orphans.iter().map(|o| o.id.as_str()).collect();
        assert_eq!(ids, ["id-1"]);
        let revoke = Step::RevokeOrphan {
            id: "id-1".to_owned(),
        };
        assert_eq!(scene.plan().action, Action::Do(revoke.clone()));
        let id = "id-1".to_owned();
        let scene = scene.then(Outcome::OrphanRevoked { id });
        let decision = scene.plan();
        assert_eq!(decision.reason, Reason::Halted);
    }
}

#[test]
fn where_nothing_was_made_the_person_is_told_so() {
    let scene = looked(answered(Recovery::ByLabel, None), Vec::new());
    is_stopped(&scene.record);
    let detail = &scene.record.halt.as_ref().expect("halted").detail;
    assert!(detail.contains("No token of that request"), "{detail}");
    assert!(scene.record.orphans_uncounted.is_empty());
}

#[test]
fn an_id_that_the_answer_tells_is_revoked_although_the_issuer_cannot_list() {
    let scene = looked(answered(Recovery::None, Some("id-new")), Vec::new());
    is_stopped(&scene.record);
    assert_eq!(scene.record.orphans[0].id.as_str(), "id-new");
    assert!(scene.record.orphans_uncounted.is_empty());
    // The id of a token of ours, or of one that was listed before, is not that
    // of a new token.
    for known in ["id-a", "id-foreign"] {
        let scene = looked(answered(Recovery::None, Some(known)), Vec::new());
        is_stopped(&scene.record);
        assert!(scene.record.orphans.is_empty(), "{known}");
        assert_eq!(scene.record.orphans_uncounted.len(), 1, "{known}");
    }
}

#[test]
fn the_same_request_can_be_sent_again_under_corrected_settings() {
    for recovery in [Recovery::Replay, Recovery::ClientChosen] {
        let scene = answered(recovery, None);
        is_stopped(&scene.record);
        assert_eq!(scene.plan().reason, Reason::Halted);
        let corrected = scene.with(|s| s.issuer_settings = "settings-2".to_owned());
        assert_eq!(corrected.plan().action, Action::Do(Step::Issue));
    }
}

#[test]
fn corrected_settings_end_the_halt_at_once() {
    let scene = looked(answered(Recovery::ByLabel, None), Vec::new());
    assert_eq!(scene.plan().reason, Reason::Halted);
    let later = scene.clone().at(now() + hours(20)).plan().action;
    let side_task = matches!(later, Action::Do(Step::Verify));
    assert!(side_task, "time alone does not end it: {later:?}");
    let corrected = scene.with(|s| s.issuer_settings = "settings-2".to_owned());
    let step = Step::Prepare {
        trigger: Trigger::Schedule,
    };
    assert_eq!(corrected.plan().action, Action::Do(step));
    let after = corrected.then(Outcome::Prepared(crate::apply_table::preparation(
        Trigger::Schedule,
    )));
    assert_eq!(after.record.halt, None);
    assert!(after.record.rotation.expect("rotation").intent.is_some());
}

/// The settings are corrected before the token was looked for.
#[test]
fn settings_that_were_corrected_meanwhile_count() {
    let scene =
        answered(Recovery::ByLabel, None).with(|s| s.issuer_settings = "settings-2".to_owned());
    let scene = looked(scene, Vec::new());
    let step = Step::Prepare {
        trigger: Trigger::Schedule,
    };
    assert_eq!(scene.plan().action, Action::Do(step));
}

#[test]
fn the_option_is_named_where_it_helps() {
    let detail = |issues: usize| {
        let scene = answered(Recovery::ByLabel, None)
            .with(|s| s.record.issues = vec![now() + hours(1); issues]);
        let scene = scene.at(now() + hours(1));
        let listing = Listing::default();
        let record = scene.then(recovered(listing)).record;
        record.halt.expect("halted").detail
    };
    assert!(!detail(1).contains("--override-guards"), "{}", detail(1));
    let full = detail(3);
    assert!(
        full.contains("`scim-rotator rotate crm --override-guards --reason TEXT`"),
        "{full}"
    );
}

#[test]
fn a_lost_reply_is_still_answered_by_another_request() {
    let failed = Outcome::Failed {
        step: Step::Issue,
        fault: Fault::new(FaultClass::Ambiguous, FaultKind::Network, "reset"),
    };
    let scene = in_stage(Stage::Issuing).fresh().then(failed);
    let scene = scene
        .with(|s| s.intent_is_fresh = false)
        .at(now() + hours(1))
        .then(recovered(Listing::default()));
    assert_eq!(scene.record.halt, None);
    let rotation = scene.record.rotation.expect("rotation");
    assert_eq!(rotation.intent.expect("intent").label, "crm-r1-2");
}

/// A connection that answers each delivery with the same unusable success.
#[test]
fn a_delivery_whose_answer_cannot_be_used_is_rolled_back_in_the_end() {
    let mut scene = in_stage(Stage::Delivering);
    for attempt in 1..=5 {
        assert_eq!(
            scene.record.stage_name().as_str(),
            "delivering",
            "{attempt}"
        );
        let fault = Fault::new(FaultClass::Ambiguous, FaultKind::Schema, SHAPE).complete();
        scene = scene.then(Outcome::Failed {
            step: crate::decided::deliver("canary"),
            fault,
        });
    }
    let rotation = scene.record.rotation.expect("rotation");
    assert!(rotation.rollback.is_some());
}

/// A gateway's page says nothing of the issuer: where its list shows that no token was
/// made, the request is sent again, and nobody has to act.
#[test]
fn after_a_page_the_request_is_sent_again_where_no_token_was_made() {
    for recovery in [Recovery::ByLabel, Recovery::BySetDifference] {
        let scene = looked(answered_with_a_page(recovery), Vec::new());
        let record = &scene.record;
        assert_eq!(record.halt, None, "{recovery:?}");
        let rotation = record.rotation.as_ref().expect("in flight");
        assert_eq!(rotation.attempts, 2);
        let intent = rotation.intent.as_ref().expect("another one");
        assert_eq!(intent.unusable, None);
        assert_eq!(scene.fresh().plan().action, Action::Do(Step::Issue));
    }
    for recovery in [Recovery::ClientChosen, Recovery::Replay] {
        let scene = answered_with_a_page(recovery).at(now() + hours(2));
        assert_eq!(scene.record.halt, None, "{recovery:?}");
        assert_eq!(scene.plan().action, Action::Do(Step::Issue));
    }
}

/// Where a token may have been made each time, the request is sent once more.
#[test]
fn after_a_page_that_may_have_cost_a_token_there_is_one_more_trial() {
    let mine = ListedToken {
        label: Some("crm-r1-1".to_owned()),
        ..listed("id-1")
    };
    for (recovery, tokens) in [
        (Recovery::None, Vec::new()),
        (Recovery::ByLabel, vec![mine]),
    ] {
        let scene = looked(answered_with_a_page(recovery), tokens);
        is_stopped(&scene.record);
        let halt = scene.record.halt.clone().expect("halted");
        assert!(halt.detail.contains("once more"), "{}", halt.detail);
        let trial = halt.retry_at.expect("a time");
        assert!(!asks(&scene.clone().at(trial - mins(1))), "{recovery:?}");
        let scene = scene.at(trial + mins(1));
        // The token in use has its probe, and the orphan its end, before that.
        let scene = probed_now(scene).with(|s| s.record.orphans.clear());
        assert!(asks(&scene), "{recovery:?}: {:?}", scene.plan());

        // The same again: now a person must look, or the settings change.
        let again = Fault::new(FaultClass::Ambiguous, FaultKind::Schema, SHAPE);
        let scene = scene
            .stage(Stage::Issuing)
            .issuer(|i| i.recovery = Recovery::None)
            .fresh()
            .then(Outcome::Failed {
                step: Step::Issue,
                fault: again.complete().of_page(),
            })
            .with(|s| s.intent_is_fresh = false);
        let later = scene.now + hours(1);
        let scene = scene.at(later).then(recovered(Listing::default()));
        let halt = scene.record.halt.as_ref().expect("halted again");
        assert!(!halt.may_end_by_itself(), "{}", halt.detail);
        let scene = scene.clone().at(scene.now + hours(100));
        assert!(!asks(&probed_now(scene)), "{recovery:?}");
    }
}

/// Whether another token is requested.
fn asks(scene: &Scene) -> bool {
    let action = scene.plan().action;
    matches!(action, Action::Do(Step::Prepare { .. } | Step::Issue))
}

fn probed_now(scene: Scene) -> Scene {
    scene.with(|s| {
        if let Some(probe) = s.record.probe.as_mut() {
            probe.at = s.now;
        }
    })
}
