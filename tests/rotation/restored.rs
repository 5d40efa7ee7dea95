//! After Vault was restored from a snapshot.

use jiff::Timestamp;
use scim_rotator::rotation::apply::restored;
use scim_rotator::rotation::capability::LiveTokens;
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::{ListedToken, Listing, Outcome, Preparation};
use scim_rotator::rotation::record::{Record, Restored, RestoredTodo, Stage, Trigger};
use scim_rotator::scim::evidence::Verdict;
use scim_rotator::secret::shown_parts::ShownParts;

use crate::scene::{Scene, ago, ahead, days, evidence, healthy, hours, in_stage, mins, now, secs};

const MARK: &str = "f00dfeed42";

fn label(rotation: u32) -> String {
    format!("scim-rotator-crm-{}-1", id(rotation))
}

fn id(rotation: u32) -> String {
    format!("01a21ba004b77771{rotation:08x}{MARK}")
}

fn listed(id: &str, label: &str, expires_at: Option<Timestamp>) -> ListedToken {
    ListedToken {
        id: id.to_owned(),
        label: Some(label.to_owned()),
        created_at: None,
        expires_at,
        shown: ShownParts::default(),
        last_used_at: None,
        last_used_by: None,
        scopes: None,
    }
}

fn listing(tokens: Vec<ListedToken>) -> Listing {
    Listing { tokens, etag: None }
}

/// A token whose record was found restored; its newest known rotation is the
/// fourth.
fn found_restored() -> Scene {
    let mut scene = healthy();
    scene.record.mark = Some(MARK.to_owned());
    let mut past = scene
        .clone()
        .stage(Stage::Proving)
        .record
        .rotation
        .expect("one");
    past.id = id(4);
    scene.record.history = vec![scim_rotator::rotation::record::PastRotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: id(4),
        trigger: Trigger::Schedule,
        began_at: ago(days(1)),
        ended_at: ago(days(1)),
        result: scim_rotator::rotation::record::RotationResult::Success,
        old: None,
        new: None,
        old_refused: None,
        detail: None,
    }];
    scene.record = restored(&scene.record, None, now());
    scene
}

fn looked(scene: &Scene, tokens: Vec<ListedToken>) -> Scene {
    let outcome = Outcome::Recovered {
        listing: listing(tokens),
        next_label: String::new(),
    };
    let after = scene.apply(outcome).expect("legal");
    invariant::check(&after).expect("valid");
    scene.clone().with(|s| s.record = after)
}

#[test]
fn it_is_looked_for_before_anything_else() {
    let scene = found_restored();
    let decision = scene.plan();
    assert_eq!(decision.action, Action::Do(Step::Recover));
    assert_eq!(decision.reason, Reason::VaultRestored);
}

#[test]
fn the_newest_record_is_put_back_if_it_is_known() {
    let old = healthy().record;
    let mut newest = old.clone();
    newest.generation = 7;
    newest.updated_at = old.updated_at + secs(1);
    let back = restored(&old, Some(&newest), now());
    assert_eq!(back.generation, 7);
    assert_eq!(back.restored_todo(), RestoredTodo::Nothing);
    let written_since = Record {
        updated_at: newest.updated_at + secs(1),
        ..old
    };
    let kept = restored(&written_since, Some(&newest), now());
    assert_eq!(kept.generation, 1, "another replica works on it already");
    assert_eq!(kept.restored_todo(), RestoredTodo::Look);
}

#[test]
fn another_replicas_note_is_enough() {
    let mut record = healthy().record;
    record.restored = Some(Restored {
        at: ago(mins(5)),
        todo: RestoredTodo::Nothing,
    });
    assert_eq!(restored(&record, None, now()), record);
    record.restored = Some(Restored {
        at: ago(days(5)),
        todo: RestoredTodo::Nothing,
    });
    let again = restored(&record, None, now());
    assert_eq!(
        again.restored_todo(),
        RestoredTodo::Look,
        "a second restore"
    );
}

#[test]
fn only_living_tokens_of_a_later_rotation_of_this_record_are_of_the_lost_time() {
    let foreign = "scim-rotator-crm-01a21ba004b7777100000009c0ffee1234-1";
    let rows = [
        ("a later rotation's", listed("x", &label(5), None), true),
        ("an earlier one's", listed("x", &label(3), None), false),
        ("the last known one's", listed("x", &label(4), None), false),
        ("the current one", listed("id-a", &label(5), None), false),
        (
            "a dead one",
            listed("x", &label(5), Some(ago(secs(1)))),
            false,
        ),
        ("one with another mark", listed("x", foreign, None), false),
        (
            "one that only names the mark",
            listed("x", MARK, None),
            false,
        ),
        ("one of a person", listed("x", "my own token", None), false),
    ];
    for (what, token, expected) in rows {
        let scene = found_restored();
        let after = looked(&scene, vec![token]).record;
        assert_eq!(!after.orphans.is_empty(), expected, "{what}");
        let todo = match expected {
            true => RestoredTodo::Replace,
            false => RestoredTodo::Test,
        };
        assert_eq!(after.restored_todo(), todo, "{what}");
        assert_eq!(
            after.probe, None,
            "{what}: the current token is tested at once"
        );
    }
}

#[test]
fn a_token_of_the_lost_time_is_revoked_after_it_was_replaced() {
    let scene = looked(&found_restored(), vec![listed("x", &label(5), None)]);
    let decision = scene.plan();
    let prepare = Step::Prepare {
        trigger: Trigger::Drift,
    };
    assert_eq!(decision.action, Action::Do(prepare), "never revoked before");
    assert_eq!(decision.reason, Reason::VaultRestored);

    let mut promoting = scene.clone().stage(Stage::Confirming);
    for delivery in promoting
        .record
        .rotation
        .as_mut()
        .expect("one")
        .deliveries
        .values_mut()
    {
        delivery.state = scim_rotator::rotation::record::DeliveryState::Confirmed;
    }
    let proved = Outcome::Proved(Verdict::Pass(evidence("b", now())));
    let after = promoting.apply(proved).expect("legal");
    assert_eq!(after.generation, 2, "promoted");
    assert_eq!(after.restored_todo(), RestoredTodo::Nothing);
    let orphan = &after.orphans[0];
    assert!(!orphan.may_be_used);
    assert_eq!(orphan.retry_at, Some(now() + promoting.policy.overlap));
}

#[test]
fn without_one_the_connections_are_given_the_tested_token_again() {
    let mut scene = looked(&found_restored(), Vec::new());
    scene.record.connections = ["canary", "second"]
        .map(|name| {
            let holds = scim_rotator::rotation::record::ConnectionHolds {
                fingerprint: crate::scene::print("a"),
                at: ago(days(1)),
                confirmed_at: None,
                in_doubt: false,
                by_person: false,
                ack: None,
            };
            (name.to_owned(), holds)
        })
        .into();
    assert_eq!(
        scene.plan().action,
        Action::Do(Step::Verify),
        "not before it was tested"
    );
    let verified = Outcome::Verified(Verdict::Pass(evidence("a", now())));
    scene.record = scene.apply(verified).expect("legal");
    let revert = Step::Revert {
        connection: "canary".to_owned(),
    };
    assert_eq!(scene.plan().action, Action::Do(revert));
    assert_eq!(scene.record.restored_todo(), RestoredTodo::Nothing);
}

#[test]
fn after_a_restart_the_next_listing_shows_the_lost_time() {
    let mut scene = found_restored();
    scene.record.restored = None;
    let prepared = Outcome::Prepared(Preparation {
        trigger: Trigger::Drift,
        rotation_id: id(9),
        label: label(9),
        listing: Some(listing(vec![listed("x", &label(5), Some(ahead(days(9))))])),
        chosen: None,
        lookup: None,
    });
    let after = scene.apply(prepared).expect("legal");
    assert!(after.orphans[0].may_be_used);
    assert_eq!(after.restored_todo(), RestoredTodo::Replace);
    assert_eq!(after.restored.expect("told").at, now());
}

#[test]
fn a_token_of_an_old_intent_may_be_in_use() {
    let found = |age| {
        let mut scene = in_stage(Stage::Issuing);
        let intent = scene
            .record
            .rotation
            .as_mut()
            .and_then(|r| r.intent.as_mut());
        let intent = intent.expect("an intent");
        intent.at = ago(age);
        let token = listed("x", &intent.label.clone(), None);
        looked(&scene, vec![token])
            .record
            .orphans
            .remove(0)
            .may_be_used
    };
    assert!(!found(mins(5)), "the reply was lost a moment ago");
    assert!(found(hours(2)), "the snapshot was taken at that moment");
}

#[test]
fn the_last_slot_is_freed_all_the_same() {
    let tokens = || vec![listed("x", &label(5), None), listed("y", &label(6), None)];
    let scene = found_restored().issuer(|i| i.live_tokens = LiveTokens::Two);
    let mut scene = looked(&scene, tokens()).stage(Stage::Issuing).fresh();
    scene.record.current = None;
    scene.record.generation = 0;
    let revoke = Step::RevokeOrphan { id: "x".to_owned() };
    assert_eq!(scene.plan().action, Action::Do(revoke));
    scene.record.orphans.remove(0);
    assert_eq!(
        scene.plan().action,
        Action::Do(Step::Issue),
        "one slot is free"
    );
}
