//! A5: an end that a person writes for the token in use.

use jiff::Timestamp;
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::outcome::{Outcome, Supplied};
use scim_rotator::rotation::record::{ExpiryKnown, Origin, PublishedEnd, StatedEnd};

use super::values::take;
use crate::apply_table::supplied;
use crate::scene::{Scene, ahead, days, healthy, nothing_yet, print};

/// The daemon published the token with its end, and somebody changed the end.
fn patched(scene: Scene, stated: StatedEnd) -> Scene {
    let end = scene.record.current.as_ref().and_then(|t| t.expires_at);
    scene.with(|scene| {
        scene.record.published_end = Some(PublishedEnd {
            fingerprint: print("a"),
            end,
        });
        scene.stated_end = stated;
    })
}

fn found(stated: StatedEnd) -> Supplied {
    Supplied {
        expires_at: stated.time(),
        expiry: ExpiryKnown::Api,
        stated_end: stated,
        unreadable: (stated == StatedEnd::Unreadable).then(|| "write it as".to_owned()),
        by: Some("userpass-ann".to_owned()),
        ..supplied("a")
    }
}

fn looked_at(scene: Scene) -> Scene {
    let decision = scene.plan();
    assert_eq!(decision.action, Action::Do(Step::TakeSupplied));
    assert_eq!(decision.reason, Reason::EndSupplied);
    let stated = scene.stated_end;
    scene.then(take(found(stated)))
}

fn end_of(scene: &Scene) -> Option<Timestamp> {
    scene.record.current.as_ref().and_then(|t| t.expires_at)
}

#[test]
fn an_end_that_an_operator_writes_is_taken() {
    let sooner = ahead(days(12));
    let after = looked_at(patched(healthy().by_hand(), StatedEnd::At(sooner)));
    assert_eq!(end_of(&after), Some(sooner));
    assert_eq!(after.record.stated_end, None);
    assert!(matches!(after.plan().action, Action::Wait), "once");
}

#[test]
fn an_end_beyond_the_lifetime_is_bounded_and_written_back() {
    let bounded = |p: &mut scim_rotator::rotation::policy::Policy| {
        p.declared_lifetime = Some(days(30));
    };
    let far = StatedEnd::At(ahead(days(60_000)));
    let after = looked_at(patched(healthy().by_hand().policy(bounded), far));
    assert_eq!(end_of(&after), Some(ahead(days(20))), "thirty days in all");
    let note = after.record.stated_end.clone().expect("a note");
    assert!(note.detail.contains("lifetime"), "{}", note.detail);
    assert_eq!(note.by.as_deref(), Some("userpass-ann"));
    assert_eq!(after.plan().action, Action::Do(Step::Publish));
    let back = after.then(Outcome::Published);
    let right = StatedEnd::At(end_of(&back).expect("an end"));
    let back = back.with(|scene| scene.stated_end = right);
    assert!(matches!(back.plan().action, Action::Wait));
}

/// Who can write there is not who may rotate: an earlier end would cause it.
#[test]
fn the_end_that_an_issuer_tells_stays() {
    for days_ahead in [1, 60_000] {
        let scene = patched(healthy(), StatedEnd::At(ahead(days(days_ahead))));
        let before = end_of(&scene);
        let after = looked_at(scene);
        assert_eq!(end_of(&after), before);
        let note = after.record.stated_end.clone().expect("a note");
        assert!(
            note.detail.contains("issuer tells its end"),
            "{}",
            note.detail
        );
        assert_eq!(after.plan().action, Action::Do(Step::Publish));
    }
    let adopted = healthy().current(|token| {
        token.origin = Origin::Adopted;
        token.id = None;
    });
    let sooner = ahead(days(12));
    let after = looked_at(patched(adopted, StatedEnd::At(sooner)));
    assert_eq!(end_of(&after), Some(sooner), "nobody else tells it");
}

#[test]
fn an_end_that_cannot_be_read_is_told_until_it_can_be() {
    for scene in [healthy(), healthy().by_hand()] {
        let before = end_of(&scene);
        let after = looked_at(patched(scene, StatedEnd::Unreadable));
        assert_eq!(end_of(&after), before);
        let note = after.record.stated_end.clone().expect("a note");
        assert!(note.detail.contains("write it as"), "{}", note.detail);
        assert!(matches!(after.plan().action, Action::Wait), "told once");
        let right = StatedEnd::At(before.expect("an end"));
        let mended = after.with(|scene| scene.stated_end = right);
        let mended = looked_at(mended.accepting());
        assert_eq!(mended.record.stated_end, None);
        assert!(matches!(mended.plan().action, Action::Wait));
    }
}

#[test]
fn an_end_of_ours_is_not_taken_for_a_person_s() {
    let scene = healthy();
    let ours = StatedEnd::At(end_of(&scene).expect("an end"));
    assert!(matches!(patched(scene, ours).plan().action, Action::Wait));
    // The issue of a successor has moved the end since it was published.
    let moved = patched(healthy(), ours).current(|t| t.expires_at = Some(ahead(days(1))));
    assert!(!matches!(
        moved.plan().action,
        Action::Do(Step::TakeSupplied)
    ));
    let unpublished = healthy().with(|scene| scene.stated_end = ours);
    assert!(matches!(unpublished.plan().action, Action::Wait));
}

/// An adopted token is shown with the end that is believed.
#[test]
fn what_is_not_believed_of_an_adopted_token_is_told() {
    let adopt = |stated| {
        nothing_yet()
            .policy(|p| p.declared_lifetime = Some(days(90)))
            .person_wrote("a")
            .with(|scene| scene.stated_end = stated)
            .then(Outcome::Adopted {
                supplied: found(stated),
                lookup: None,
            })
    };
    let far = adopt(StatedEnd::At(ahead(days(60_000))));
    assert_eq!(end_of(&far), Some(ahead(days(90))));
    assert!(far.record.stated_end.is_some());
    assert_eq!(far.plan().action, Action::Do(Step::Publish));
    let unreadable = adopt(StatedEnd::Unreadable);
    assert!(unreadable.record.stated_end.is_some());
    let near = adopt(StatedEnd::At(ahead(days(12))));
    assert_eq!(end_of(&near), Some(ahead(days(12))));
    assert_eq!(near.record.stated_end, None);
}
