//! When the predecessor of a token may be retired.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::capability::{IssueEffect, IssuerCapabilities, Overlap, Revoke};
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::Trigger;

use super::promoting::{nearly_done, promoted};
use crate::scene::{Scene, ago, ahead, days, healthy, hours, now, secs};

/// The old token lives for nine days and 23 hours more; the overlap is a day.
#[test]
fn when_the_predecessor_may_be_retired() {
    use Overlap as O;
    let old_end = ahead(days(10) - hours(1));
    let timed = O::IssuerTimed { max: hours(6) };
    let two_phase = |next_usable| O::TwoPhase { next_usable };
    let row = |sentence, overlap, revoke, trigger, at: Timestamp| {
        (sentence, overlap, revoke, trigger, at)
    };
    let rows = [
        row(
            "after the overlap",
            O::ExplicitRetire,
            Revoke::ById,
            Trigger::Schedule,
            ahead(days(1)),
        ),
        row(
            "by its value too",
            O::ExplicitRetire,
            Revoke::ByValue,
            Trigger::Schedule,
            ahead(days(1)),
        ),
        row(
            "by itself too",
            O::ExplicitRetire,
            Revoke::OfItself,
            Trigger::Drift,
            ahead(days(1)),
        ),
        row(
            "at once if compromised",
            O::ExplicitRetire,
            Revoke::ById,
            Trigger::Compromise,
            now(),
        ),
        row(
            "when it expires, if only all can be revoked",
            O::ExplicitRetire,
            Revoke::AllOnly,
            Trigger::Schedule,
            old_end,
        ),
        row(
            "when it expires, if nothing can",
            O::ExplicitRetire,
            Revoke::Never,
            Trigger::Schedule,
            old_end,
        ),
        row(
            "even if compromised",
            O::ExplicitRetire,
            Revoke::Never,
            Trigger::Compromise,
            old_end,
        ),
        row(
            "when the issuer ends it",
            timed,
            Revoke::Never,
            Trigger::Schedule,
            old_end,
        ),
        row(
            "after `complete` at the end of the overlap",
            two_phase(true),
            Revoke::Never,
            Trigger::Schedule,
            ahead(days(1)),
        ),
        row(
            "after `complete` at once",
            two_phase(true),
            Revoke::Never,
            Trigger::Compromise,
            now(),
        ),
        row(
            "at once, for `complete` has ended it",
            two_phase(false),
            Revoke::Never,
            Trigger::Schedule,
            now(),
        ),
        row(
            "at once, for nobody could avoid the cut",
            O::None,
            Revoke::Never,
            Trigger::Schedule,
            now(),
        ),
    ];
    for (sentence, overlap, revoke, trigger, at) in rows {
        let scene = nearly_done()
            .issuer(|i: &mut IssuerCapabilities| {
                i.overlap = overlap;
                i.revoke = revoke;
            })
            .rotation(|r| r.trigger = trigger);
        assert_eq!(promoted(&scene).retiring[0].not_before, at, "{sentence}");
    }
}

#[test]
fn the_overlap_ends_with_the_old_token_at_the_latest() {
    let rows: [(&str, Scene, Timestamp); 4] = [
        (
            "it expires within the overlap",
            nearly_done().current(|t| t.expires_at = Some(ahead(hours(3)))),
            ahead(hours(3)),
        ),
        (
            "it has expired already",
            nearly_done().current(|t| t.expires_at = Some(ago(hours(3)))),
            now(),
        ),
        (
            "the issue has killed it",
            nearly_done().issuer(|i| i.issue_effect = IssueEffect::Kills),
            now(),
        ),
        (
            "the issuer's clock ends it, and did not say when",
            nearly_done()
                .issuer(|i| i.overlap = Overlap::IssuerTimed { max: hours(6) })
                .current(|t| t.expires_at = None),
            ahead(hours(6)),
        ),
    ];
    for (sentence, scene, at) in rows {
        assert_eq!(promoted(&scene).retiring[0].not_before, at, "{sentence}");
    }
}

#[test]
fn a_compromised_token_takes_the_overlap_of_its_predecessors() {
    let scene = nearly_done()
        .retiring("old", ahead(hours(20)))
        .rotation(|r| r.trigger = Trigger::Compromise);
    let ends: Vec<_> = promoted(&scene)
        .retiring
        .iter()
        .map(|e| e.not_before)
        .collect();
    assert_eq!(
        ends,
        [ago(days(1)), now()],
        "its overlap is as if it had none"
    );

    let asked_meanwhile = nearly_done()
        .retiring("old", ahead(hours(20)))
        .requested(Trigger::Compromise, ago(secs(5)));
    let after = promoted(&asked_meanwhile);
    assert!(
        after.request.is_some(),
        "the new token is older than the request"
    );
    let ends: Vec<_> = after.retiring.iter().map(|e| e.not_before).collect();
    assert_eq!(
        ends,
        [ago(days(1)), now()],
        "its overlap is as if it had none"
    );

    let scheduled = promoted(&nearly_done().retiring("old", ahead(hours(20))));
    assert_eq!(scheduled.retiring[0].not_before, ahead(hours(20)));
}

/// Readers find the new token only once it is published: the overlap is theirs.
#[test]
fn a_late_publication_prolongs_the_overlap() {
    let published = |scene: Scene| scene.then(Outcome::Published).record.retiring[0].not_before;
    let superseded = |before: SignedDuration| {
        healthy()
            .retiring("old", ago(before) + days(1))
            .superseded(|e| e.superseded_at = ago(before))
    };
    assert_eq!(
        published(superseded(secs(10))),
        ago(secs(10)) + days(1),
        "in time"
    );
    assert_eq!(published(superseded(hours(5))), ahead(days(1)), "late");
    let expiring = superseded(hours(5)).superseded(|e| e.token.expires_at = Some(ahead(hours(20))));
    assert_eq!(
        published(expiring),
        ahead(hours(20)),
        "never beyond its expiry"
    );
    let compromised = superseded(hours(5)).superseded(|e| e.not_before = e.superseded_at);
    assert_eq!(
        published(compromised),
        ago(hours(5)),
        "a compromised token gets no more time"
    );
}
