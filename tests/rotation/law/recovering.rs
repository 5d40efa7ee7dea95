//! A lost reply: what the issuer shows now, against the ids listed before.

use jiff::Timestamp;
use scim_rotator::rotation::capability::{IssueEffect, LiveTokens, Overlap, Recovery, Revoke};
use scim_rotator::rotation::decision::{Action, Step};
use scim_rotator::rotation::outcome::{ListedToken, Listing};
use scim_rotator::rotation::record::{HaltCause, IdsBefore, MOST_IDS, Record, Stage};

use super::issuing::listed;
use crate::apply_table::recovered;
use crate::scene::{Scene, ago, hours, in_stage, mins, now};

fn lost(recovery: Recovery) -> Scene {
    in_stage(Stage::Issuing).issuer(|i| i.recovery = recovery)
}

fn labelled(id: &str, label: &str) -> ListedToken {
    ListedToken {
        label: Some(label.to_owned()),
        ..listed(id)
    }
}

fn created(id: &str, at: Timestamp) -> ListedToken {
    ListedToken {
        created_at: Some(at),
        ..listed(id)
    }
}

fn look(scene: &Scene, tokens: Vec<ListedToken>, etag: Option<&str>) -> Record {
    let listing = Listing {
        tokens,
        etag: etag.map(str::to_owned),
    };
    let after = scene.apply(recovered(listing)).expect("folded");
    scim_rotator::rotation::invariant::check(&after).expect("valid");
    after
}

fn orphans(record: &Record) -> Vec<&str> {
    record.orphans.iter().map(|o| o.id.as_str()).collect()
}

/// `id-a` and `id-foreign` were listed before; the intent's label is
/// `crm-r1-1`, written five minutes ago.
#[test]
fn what_was_lost_is_told_from_what_is_foreign() {
    use Recovery as R;
    let rows: Vec<(&str, Scene, Vec<ListedToken>, &[&str])> = vec![
        (
            "our label",
            lost(R::ByLabel),
            vec![labelled("id-1", "crm-r1-1")],
            &["id-1"],
        ),
        (
            "another label",
            lost(R::ByLabel),
            vec![labelled("id-1", "other")],
            &[],
        ),
        ("no label", lost(R::ByLabel), vec![listed("id-1")], &[]),
        (
            "our label on a token that was there before is somebody's copy",
            lost(R::ByLabel),
            vec![labelled("id-foreign", "crm-r1-1")],
            &[],
        ),
        (
            "our name is the id",
            lost(R::ClientNamed),
            vec![listed("crm-r1-1")],
            &["crm-r1-1"],
        ),
        (
            "our name is the label, and the id another",
            lost(R::ClientNamed),
            vec![labelled("4711", "crm-r1-1")],
            &["4711"],
        ),
        (
            "another name",
            lost(R::ClientNamed),
            vec![listed("id-1")],
            &[],
        ),
        (
            "exactly one new id",
            lost(R::BySetDifference),
            vec![listed("id-a"), listed("id-foreign"), listed("id-1")],
            &["id-1"],
        ),
        (
            "no new id",
            lost(R::BySetDifference),
            vec![listed("id-a")],
            &[],
        ),
        (
            "a new id that is older than the intent",
            lost(R::BySetDifference),
            vec![created("id-1", ago(hours(1)))],
            &[],
        ),
        (
            "a clock that differs a little is no reason to overlook it",
            lost(R::BySetDifference),
            vec![created("id-1", ago(mins(7)))],
            &["id-1"],
        ),
        (
            "a token that we know to be lost is not found twice",
            lost(R::BySetDifference).orphan("id-1", None),
            vec![listed("id-1")],
            &["id-1"],
        ),
    ];
    for (sentence, scene, tokens, wanted) in rows {
        let after = look(&scene, tokens, None);
        assert_eq!(orphans(&after), wanted, "{sentence}");
        assert_eq!(after.orphans_uncounted.len(), 0, "{sentence}");
        assert_eq!(after.halt, None, "{sentence}");
    }
}

#[test]
fn two_new_ids_cannot_be_told_apart_and_are_left_to_a_person() {
    let tokens = vec![listed("id-1"), listed("id-2")];
    let after = look(&lost(Recovery::BySetDifference), tokens, None);
    let halt = after.halt.expect("halted");
    assert_eq!(halt.cause, HaltCause::ForeignTokens);
    assert!(halt.detail.contains("id-1, id-2"), "{}", halt.detail);
    assert!(after.orphans.is_empty(), "none of them is revoked");
    assert!(
        after.rotation.expect("rotation").intent.is_some(),
        "the question stays open"
    );
}

#[test]
fn where_nothing_tells_the_loss_is_counted_or_does_not_matter() {
    use IssueEffect as E;
    use Recovery as R;
    let rows = [
        ("a token may live on unseen", R::None, E::Keeps, None, 1),
        ("the next issue kills it", R::None, E::Kills, None, 0),
        (
            "it lives until the next issue sets its end",
            R::None,
            E::SchedulesDeath,
            None,
            1,
        ),
        (
            "the state did not change",
            R::ByStatus,
            E::Keeps,
            Some("e1"),
            0,
        ),
        ("the state changed", R::ByStatus, E::Keeps, Some("e2"), 1),
        ("the state cannot be told", R::ByStatus, E::Keeps, None, 1),
        (
            "it changed, and the next issue sets the end",
            R::ByStatus,
            E::SchedulesDeath,
            Some("e2"),
            1,
        ),
    ];
    for (sentence, recovery, effect, etag, uncounted) in rows {
        let scene = lost(recovery)
            .issuer(|i| i.issue_effect = effect)
            .rotation(|r| r.intent.as_mut().expect("intent").etag = Some("e1".to_owned()));
        let after = look(&scene, Vec::new(), etag);
        assert_eq!(after.orphans_uncounted.len(), uncounted, "{sentence}");
        assert!(after.orphans.is_empty(), "{sentence}");
    }
}

#[test]
fn a_lost_next_token_of_a_two_phase_issuer_is_ours_until_the_next_attempt_drops_it() {
    let scene = lost(Recovery::ByStatus).issuer(|i| {
        i.live_tokens = LiveTokens::Two;
        i.overlap = Overlap::TwoPhase { next_usable: true };
        i.revoke = Revoke::Never;
    });
    let after = look(&scene, vec![listed("id-a"), listed("next")], None);
    let ids: Vec<_> = after.orphans.iter().map(|lost| lost.id.as_str()).collect();
    assert_eq!(ids, ["next"]);
    assert_eq!(after.orphans_uncounted.len(), 0);
}

#[test]
fn a_lost_token_that_cannot_be_revoked_by_its_id_is_counted() {
    let scene = lost(Recovery::ByLabel).issuer(|i| i.revoke = Revoke::Never);
    let after = look(&scene, vec![labelled("id-1", "crm-r1-1")], None);
    assert_eq!((after.orphans.len(), after.orphans_uncounted.len()), (0, 1));
}

#[test]
fn another_attempt_is_made_under_its_own_label_and_is_counted() {
    let tokens = vec![listed("id-a"), labelled("id-1", "crm-r1-1")];
    let after = look(&lost(Recovery::ByLabel), tokens, None);
    let rotation = after.rotation.expect("rotation");
    let intent = rotation.intent.expect("intent");
    assert_eq!(rotation.attempts, 2);
    assert_eq!(intent.label, "crm-r1-2");
    assert_eq!(intent.at, now());
    assert!(intent.ids_before.is_empty());
    assert_eq!(after.issues, [ago(mins(5)), now()]);
}

#[test]
fn lost_replies_do_not_pass_the_runaway_guard() {
    let scene = lost(Recovery::None)
        .with(|s| s.record.issues = vec![ago(hours(2)), ago(hours(1)), ago(mins(5))]);
    let after = look(&scene, Vec::new(), None);
    assert_eq!(after.issues.len(), 3);
    let rotation = after.rotation.expect("rotation");
    assert!(
        rotation.intent.is_none(),
        "it is prepared anew when the guard permits"
    );
}

#[test]
fn a_reply_that_is_lost_again_and_again_needs_a_person() {
    let scene = lost(Recovery::ByLabel).rotation(|r| r.attempts = 5);
    let after = look(&scene, vec![labelled("id-1", "crm-r1-1")], None);
    assert_eq!(
        after.halt.as_ref().map(|h| h.cause),
        Some(HaltCause::AttemptsUsedUp)
    );
    assert_eq!(orphans(&after), ["id-1"], "what was found is not forgotten");
    assert!(after.rotation.expect("rotation").intent.is_none());
}

#[test]
fn of_too_many_ids_before_nothing_is_revoked_on_suspicion() {
    let scene = lost(Recovery::BySetDifference).rotation(|rotation| {
        let intent = rotation.intent.as_mut().expect("an intent");
        let ids = vec!["x"; MOST_IDS + 1];
        intent.ids_before = IdsBefore::of(ids.into_iter());
    });
    let after = look(&scene, vec![listed("id-new")], None);
    assert_eq!((after.orphans.len(), after.orphans_uncounted.len()), (0, 1));
    assert!(after.halt.is_none(), "what is not ours does not stop us");
}

#[test]
fn the_one_that_is_left_of_several_may_be_the_foreign_one() {
    let several = vec![listed("id-1"), listed("id-2")];
    let halted = look(&lost(Recovery::BySetDifference), several, None);
    let halt = halted.halt.clone().expect("halted");
    assert_eq!(halt.cause, HaltCause::ForeignTokens);
    let mut scene = lost(Recovery::BySetDifference).with(|s| s.record = halted);
    scene.now = halt.retry_at.expect("it is tried again");
    assert_eq!(scene.plan().action, Action::Do(Step::Recover));
    let after = look(&scene, vec![listed("id-2")], None);
    assert!(
        after.halt.is_some() && after.orphans.is_empty(),
        "not revoked"
    );
    let after = look(&scene, Vec::new(), None);
    assert!(after.halt.is_none(), "its cause has ended");
}
