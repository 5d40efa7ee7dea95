//! What holds from any valid record, whatever led to it.

mod answers;
pub(crate) mod any;
mod laws;

use proptest::prelude::*;
use scim_rotator::rotation::capability::LiveTokens;
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{Failures, Record, Request, Stage, StatedEnd, Trigger};
use scim_rotator::rotation::situation::Published;

use crate::scene::{Scene, days, evidence, print, secs, value};
use answers::{answers, failures, good};
use laws::{can_be_performed, forgets_nothing, grows_by_proof_only, retires_rightly};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    /// I8, and that a step finds in the record what it needs.
    #[test]
    fn every_record_gets_an_answer_that_can_be_carried_out(scene in any::scene()) {
        let decision = scene.plan();
        match &decision.action {
            Action::Wait => prop_assert!(decision.wake_at > scene.now, "{decision:?}"),
            Action::Do(step) => {
                prop_assert_eq!(decision.wake_at, scene.now);
                prop_assert!(can_be_performed(&scene, step), "{:?}", step);
            }
        }
    }

    /// The same question has the same answer.
    #[test]
    fn a_decision_does_not_depend_on_anything_else(scene in any::scene()) {
        prop_assert_eq!(scene.plan(), scene.clone().plan());
    }

    /// I2, for a token as it is, and once more with nothing else to be done first.
    #[test]
    fn nothing_is_retired_early(scene in any::scene()) {
        retires_rightly(&scene)?;
        retires_rightly(&with_its_predecessors_next(scene))?;
    }

    /// A token is paused, leased away or too new for us: nothing is done.
    #[test]
    fn who_may_not_act_does_nothing(scene in any::scene(), which in 0_u8..4) {
        let mut scene = scene;
        scene.record.updated_at = scene.now;
        let reason = match which {
            0 => {
                scene.record.schema += 1;
                Reason::SchemaTooNew
            }
            1 => {
                scene.all_paused = true;
                Reason::Paused
            }
            2 => {
                scene = scene.leased_to("replica-b", crate::scene::ahead(secs(9)));
                // A token that only this process knows is revoked all the same.
                scene.unrecorded.clear();
                Reason::LeaseElsewhere
            }
            _ => {
                scene.record.updated_at = scene.now + scene.policy.max_clock_skew + secs(1);
                // A person's request counts for more than a clock.
                scene.record.request = None;
                Reason::ClockBehind
            }
        };
        let decision = scene.plan();
        prop_assert_eq!(decision.action, Action::Wait);
        prop_assert_eq!(decision.reason, reason);
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// I9 and I7, for every answer that the planned step may get.
    #[test]
    fn every_answer_to_a_planned_step_leaves_a_valid_record(scene in any::scene()) {
        let Action::Do(step) = scene.plan().action else {
            return Ok(());
        };
        for outcome in answers(&scene, &step).into_iter().chain(failures(&step)) {
            let after = match scene.apply(outcome.clone()) {
                Ok(after) => after,
                Err(error) => return Err(TestCaseError::fail(format!("{error}: {outcome:?}"))),
            };
            if let Err(violation) = invariant::check(&after) {
                return Err(TestCaseError::fail(format!("{violation}: {outcome:?}")));
            }
            grows_by_proof_only(&scene, &after, &outcome)?;
            forgets_nothing(&scene, &after, &outcome)?;
        }
    }

    /// I5: an answer that comes twice has no second effect.
    #[test]
    fn a_repeated_answer_is_harmless(scene in any::scene()) {
        let Action::Do(step) = scene.plan().action else {
            return Ok(());
        };
        let once = scene.apply(good(&scene, &step)).expect("legal");
        let again = Scene { record: once.clone(), ..scene.clone() };
        if let Ok(twice) = again.apply(good(&scene, &step)) {
            prop_assert_eq!(twice.generation, once.generation);
            prop_assert_eq!(&twice.current, &once.current);
            prop_assert_eq!(&twice.retiring, &once.retiring);
            prop_assert_eq!(&twice.orphans, &once.orphans);
            prop_assert_eq!(&twice.history, &once.history);
            prop_assert_eq!(pending(&twice), pending(&once));
        }
    }

    /// A step that failed is not the very next thing that is done.
    #[test]
    fn a_failure_is_never_repeated_at_once(scene in any::scene()) {
        let Action::Do(step) = scene.plan().action else {
            return Ok(());
        };
        for outcome in failures(&step) {
            let after = scene.clone().then(outcome.clone());
            prop_assert_ne!(after.plan().action, Action::Do(step.clone()), "{:?}", outcome);
        }
    }

    /// An id that was listed before the intent is never taken for ours.
    #[test]
    fn a_foreign_token_is_never_revoked(scene in any::scene()) {
        let Action::Do(Step::Recover) = scene.plan().action else {
            return Ok(());
        };
        let rotation = scene.record.rotation.as_ref();
        let own = rotation.and_then(|r| r.intent.clone());
        let intent = own.or(scene.record.issues_after_lease_loss.first().cloned()).expect("an intent");
        for outcome in answers(&scene, &Step::Recover) {
            let after = scene.clone().then(outcome).record;
            let known = &scene.record.orphans;
            let found = after.orphans.iter().filter(|o| !known.contains(o));
            for orphan in found {
                prop_assert!(!intent.ids_before.contains(orphan.id.as_str()), "{:?}", orphan.id);
            }
        }
    }

    /// What is stored comes back as it was, and fields that another version of
    /// this program added are no obstacle.
    #[test]
    fn a_record_survives_being_stored(scene in any::scene()) {
        let stored = serde_json::to_value(&scene.record).expect("it can be stored");
        let back: Record = serde_json::from_value(stored.clone()).expect("it can be read");
        prop_assert_eq!(&back, &scene.record);
        let mut with_more = stored;
        for place in ["", "/current", "/rotation", "/failures"] {
            if let Some(fields) = with_more.pointer_mut(place).and_then(|v| v.as_object_mut()) {
                fields.insert("added_later".to_owned(), serde_json::json!({"a": [1]}));
            }
        }
        let back: Record = serde_json::from_value(with_more).expect("it can be read");
        prop_assert_eq!(&back, &scene.record);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// I4: once nothing fails any more, every token becomes fresh.
    #[test]
    fn when_faults_stop_every_token_becomes_fresh(scene in any::scene()) {
        let mut scene = scene;
        scene.record.halt = None;
        scene.record.updated_at = scene.record.updated_at.min(scene.now);
        scene.clock_skew = secs(0);
        if scene.issuer.live_tokens != LiveTokens::Many {
            // An issuer with two slots never held three tokens.
            scene.record.retiring.truncate(1);
            if scene.record.rotation.as_ref().is_some_and(|r| r.pending.is_some()) {
                scene.record.retiring.clear();
            }
        }
        if let Some(rotation) = scene.record.rotation.as_mut() {
            rotation.attempts = rotation.attempts.min(1);
        }
        // Probes would fill the story, and are not what is asked here.
        scene.policy.probe_every = days(4_000);
        let end = scene.now + days(100);
        let mut story = Vec::new();
        while story.len() < 400 && scene.now < end {
            let decision = scene.plan();
            story.push(format!("{} {}", decision.reason.as_str(), scene.now));
            if let Action::Do(step) = &decision.action {
                carry_out(&mut scene, step);
                prop_assert!(scene.record.halt.is_none(), "{:?}", story);
            } else {
                person_acts(&mut scene);
                scene.now = scene.now.max(decision.wake_at.min(scene.now + days(1)));
            }
            if is_fresh(&scene) {
                return Ok(());
            }
        }
        prop_assert!(false, "{:?} after {:#?}", scene.record, story);
    }
}

/// The same token, proven just now and published, with nothing in flight.
fn with_its_predecessors_next(mut scene: Scene) -> Scene {
    let record = &mut scene.record;
    record.rotation = None;
    record.halt = None;
    record.probe = None;
    record.failures = Failures::default();
    record.issues_after_lease_loss.clear();
    for holds in record.connections.values_mut() {
        holds.in_doubt = false;
    }
    record.updated_at = scene.now;
    if let Some(current) = record.current.as_mut() {
        current.evidence = Some(evidence("a", scene.now));
        scene.published = Published::Token(current.fingerprint());
    }
    scene
}

fn is_fresh(scene: &Scene) -> bool {
    let record = &scene.record;
    let current = record.current.as_ref();
    let lives = current.is_some_and(|c| c.expires_at.is_none_or(|end| end > scene.now));
    let readable = current.is_some_and(|c| scene.published == Published::Token(c.fingerprint()));
    let works = record.probe.as_ref().is_none_or(|p| !p.is_drift());
    record.rotation.is_none() && record.request.is_none() && lives && readable && works
}

fn carry_out(scene: &mut Scene, step: &Step) {
    let outcome = good(scene, step);
    let prepared = matches!(outcome, Outcome::Prepared(_) | Outcome::Recovered { .. });
    scene.intent_is_fresh = prepared || (scene.intent_is_fresh && *step != Step::Issue);
    *scene = scene.clone().then(outcome);
    scene.now += secs(1);
    if *step == Step::Publish {
        let current = scene.record.current.as_ref().expect("current");
        scene.published = Published::Token(current.fingerprint());
        scene.stated_end = current.expires_at.map_or(StatedEnd::Absent, StatedEnd::At);
    }
}

/// A person who is waited for writes a token, and mends what is unreadable.
fn person_acts(scene: &mut Scene) {
    let stage = scene.record.rotation.as_ref().map(|r| r.stage);
    if stage == Some(Stage::WaitingOperator) {
        scene.published = Published::Token(print("by-hand"));
        let rotation = scene.record.rotation.as_ref();
        let hasty = rotation.is_some_and(|r| r.trigger == Trigger::Compromise);
        if hasty || scene.record.is_compromised() {
            // `rotate --compromised --supplied`
            scene.record.request = Some(Request {
                by: None,
                reason: String::new(),
                trigger: Trigger::Compromise,
                at: scene.now,
                override_guards: false,
                supplied: true,
            });
        }
    } else if scene.published == Published::Unknown {
        scene.published = Published::Absent;
    }
}

fn pending(record: &Record) -> Option<&scim_rotator::secret::BearerToken> {
    let rotation = record.rotation.as_ref()?;
    Some(&rotation.pending.as_ref()?.value)
}

/// Nothing that is printed of a record shows a token (I6).
#[test]
fn a_record_in_print_holds_no_token() {
    let scene = crate::scene::in_stage(Stage::Delivering).retire_due();
    let printed = format!(
        "{:?} {:?} {:?}",
        scene.record,
        scene.plan(),
        scene.situation()
    );
    for name in ["a", "b", "old"] {
        assert!(
            !printed.contains(value(name).expose()),
            "`{name}` is printed"
        );
    }
}
