//! What a process did before another writer stored the record: what of it is
//! put into that record, and which tokens the process revokes itself.

use jiff::Timestamp;
use scim_rotator::fault::FaultClass;
use scim_rotator::rotation::apply::{Reconciled, reconcile_uncommitted};
use scim_rotator::rotation::capability::{IssueEffect, Overlap, Revoke};
use scim_rotator::rotation::decision::{Action, Reason};
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{Intent, Record, Stage};
use scim_rotator::rotation::uncommitted::{SentIssue, Uncommitted};

use crate::apply_table::issued;
use crate::decided::{Row, check, does, revoke_unrecorded, waits, waits_for};
use crate::faults::failed;
use crate::scene::{Scene, ago, ahead, healthy, hours, in_stage, intent, mins, now, print, secs};

const LABEL: &str = "crm-r1-1";

fn sent(name: Option<&str>) -> Uncommitted {
    Uncommitted {
        issues: vec![SentIssue {
            intent: intent(ago(mins(5))),
            token: name.map(issued),
        }],
        ..Uncommitted::default()
    }
}

/// Another replica has finished the rotation and holds the lease.
fn overtaken() -> Scene {
    healthy().leased_to("replica-b", ahead(secs(90)))
}

fn reconcile(scene: &Scene, uncommitted: &Uncommitted) -> Reconciled {
    reconcile_uncommitted(&scene.record, uncommitted, &scene.situation(), scene.now)
}

fn revoked() -> Outcome {
    Outcome::UnrecordedRevoked {
        label: LABEL.to_owned(),
    }
}

/// The scene after `uncommitted` was reconciled and stored.
fn after(mut scene: Scene, uncommitted: &Uncommitted) -> Scene {
    let reconciled = reconcile(&scene, uncommitted);
    scene.record = reconciled.record;
    scene.unrecorded = reconciled.unrecorded;
    scene
}

fn listed(record: &Record) -> Vec<&str> {
    let intents = record.issues_after_lease_loss.iter();
    intents.map(|intent| intent.label.as_str()).collect()
}

#[test]
fn a_token_that_another_writer_came_first_with_is_listed_and_then_revoked() {
    let scene = after(overtaken(), &sent(Some("b")));
    assert_eq!(listed(&scene.record), [LABEL], "before it is revoked");
    check(&[(
        "the lease of another replica does not matter",
        scene.clone(),
        does(revoke_unrecorded(LABEL), Reason::TokenUnrecorded),
    )]);
    let scene = scene.then(revoked());
    assert!(listed(&scene.record).is_empty(), "there is nothing to find");
    assert!(scene.unrecorded[0].revoked);
    let at_rest = after(scene, &Uncommitted::default());
    assert!(at_rest.unrecorded.is_empty());
}

#[test]
fn a_failed_revocation_is_retried_at_the_pace_of_side_tasks_and_changes_no_record() {
    let long = overtaken().leased_to("replica-b", ahead(hours(9)));
    let mut scene = after(long, &sent(Some("b")));
    let stored = scene.record.clone();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let step = revoke_unrecorded(LABEL);
        assert_eq!(scene.plan().action, Action::Do(step.clone()));
        scene = scene.then(failed(&step, FaultClass::Rejected));
        assert_eq!(scene.record, stored, "it is the record of another replica");
        let decision = scene.plan();
        assert_eq!(decision.action, Action::Wait);
        assert_eq!(decision.reason, Reason::LeaseElsewhere, "what it waits for");
        waits.push(decision.wake_at.duration_since(scene.now));
        scene.now = decision.wake_at;
    }
    assert_eq!(waits, [secs(30), secs(60), secs(120), secs(240)]);
}

#[test]
fn nothing_is_revoked_that_a_record_contains_or_that_somebody_else_looks_after() {
    let other_issuer = Intent {
        issuer: Some("another".to_owned()),
        ..intent(ago(mins(5)))
    };
    let elsewhere = Uncommitted {
        issues: vec![SentIssue {
            intent: other_issuer,
            token: Some(issued("b")),
        }],
        ..Uncommitted::default()
    };
    let rows = [
        ("the current token", overtaken(), sent(Some("a")), 0),
        (
            "the pending token",
            in_stage(Stage::Proving),
            sent(Some("b")),
            0,
        ),
        ("no answer arrived", overtaken(), sent(None), 1),
        ("another issuer made it", overtaken(), elsewhere, 1),
        (
            "the issuer cannot revoke one token",
            overtaken().issuer(|i| i.revoke = Revoke::AllOnly),
            sent(Some("b")),
            1,
        ),
    ];
    for (sentence, scene, uncommitted, expected) in rows {
        let reconciled = reconcile(&scene, &uncommitted);
        assert!(reconciled.unrecorded.is_empty(), "{sentence}");
        assert_eq!(listed(&reconciled.record).len(), expected, "{sentence}");
    }
}

#[test]
fn it_is_dropped_when_the_holder_of_the_lease_has_found_it() {
    let mut scene = after(overtaken(), &sent(Some("b")));
    assert_eq!(scene.unrecorded.len(), 1);
    scene.record.issues_after_lease_loss.clear();
    let scene = after(scene.orphan("id-b", None), &Uncommitted::default());
    assert!(scene.unrecorded.is_empty());
}

#[test]
fn a_revocation_that_could_not_be_committed_is_committed_to_the_next_record() {
    let scene = after(overtaken(), &sent(Some("b")));
    let stored = scene.record.clone();
    let mut scene = scene.then(revoked());
    scene.record = stored;
    let scene = after(scene, &Uncommitted::default());
    assert!(listed(&scene.record).is_empty());
    assert!(scene.unrecorded.is_empty());
}

#[test]
fn a_token_that_the_stored_intent_waits_for_is_taken_into_the_record() {
    let free = in_stage(Stage::Issuing);
    let scene = after(free, &sent(Some("b")));
    let rotation = scene.record.rotation.as_ref().expect("a rotation");
    let pending = rotation.pending.as_ref().map(|token| token.fingerprint());
    assert_eq!(pending, Some(print("b")));
    assert!(scene.unrecorded.is_empty() && listed(&scene.record).is_empty());

    let leased = in_stage(Stage::Issuing).leased_to("replica-b", ahead(secs(90)));
    let scene = after(leased, &sent(Some("b")));
    assert_eq!(scene.unrecorded.len(), 1, "the other replica issues again");
    assert!(
        listed(&scene.record).is_empty(),
        "the stored intent tells of it"
    );
}

#[test]
fn reconciling_twice_changes_nothing_more() {
    let mut both = sent(Some("b"));
    both.delivered.insert("canary".to_owned(), print("b"));
    both.ended = true;
    for effect in [
        IssueEffect::Keeps,
        IssueEffect::SchedulesDeath,
        IssueEffect::Kills,
    ] {
        let scene = overtaken().issuer(|i| {
            i.issue_effect = effect;
            i.overlap = Overlap::ExplicitRetire;
        });
        let once = after(scene, &both);
        let later = once.clone().at(now() + secs(5));
        let twice = reconcile(&later, &both);
        assert_eq!(twice.record, once.record, "{effect:?}");
        assert_eq!(twice.unrecorded, once.unrecorded, "{effect:?}");
    }
}

/// An issuance that ends or dates the current token is noted even though the
/// token that it made is revoked.
#[test]
fn the_effect_on_the_current_token_is_noted() {
    let dies: fn(&Record) -> Option<Timestamp> = |r| r.current.as_ref()?.expires_at;
    let scheduled = overtaken().issuer(|i| i.issue_effect = IssueEffect::SchedulesDeath);
    let scene = after(scheduled, &sent(Some("b")));
    assert_eq!(dies(&scene.record), Some(now() + hours(24)));
    assert_eq!(scene.unrecorded.len(), 1);
    let killed = overtaken().issuer(|i| i.issue_effect = IssueEffect::Kills);
    let scene = after(killed, &sent(Some("b")));
    assert!(scene.record.probe.is_none(), "it is tested at once");
    assert_eq!(scene.unrecorded.len(), 1);
}

#[test]
fn persons_come_first_and_a_retry_ends_every_wait() {
    let open = || after(overtaken(), &sent(Some("b")));
    let retry_in = |pause| open().with(|s| s.unrecorded[0].retry_at = Some(now() + pause));
    let rows: Vec<Row> = vec![
        (
            "a pause holds it back",
            open().with(|s| s.all_paused = true),
            waits_for(mins(5), Reason::Paused),
        ),
        (
            "a retry comes before the end of the lease",
            retry_in(secs(30)),
            waits_for(secs(30), Reason::LeaseElsewhere),
        ),
        (
            "a retry comes after the end of the lease",
            retry_in(mins(9)),
            waits(ahead(secs(90)), Reason::LeaseElsewhere),
        ),
        (
            "a token that leaves the configuration is not let go before",
            healthy()
                .unrecorded("b", intent(ago(mins(5))))
                .with(|s| s.leaving = true),
            does(revoke_unrecorded(LABEL), Reason::TokenUnrecorded),
        ),
    ];
    check(&rows);
}

#[test]
fn the_earlier_name_of_the_list_is_still_read() {
    let mut stored = serde_json::to_value(after(overtaken(), &sent(None)).record).expect("json");
    let fields = stored.as_object_mut().expect("an object");
    let listed_before = fields.remove("issues_after_lease_loss").expect("the list");
    fields.insert("strays".to_owned(), listed_before);
    let read: Record = serde_json::from_value(stored).expect("a record");
    assert_eq!(listed(&read), [LABEL]);
}
