//! The intent before an issue, and the token after it.

use scim_rotator::rotation::capability::{IssueEffect, LiveTokens, Overlap, Recovery, Supply};
use scim_rotator::rotation::outcome::{IssuedToken, ListedToken, Listing, Outcome, Preparation};
use scim_rotator::rotation::record::{ExpiryKnown, HaltCause, Origin, Stage, StageName, Trigger};
use scim_rotator::secret::shown_parts::ShownParts;

use crate::apply_table::{issued, preparation, supplied};
use crate::scene::{
    Scene, ago, ahead, days, healthy, hours, in_stage, mins, now, print, renewal_due,
};

pub(crate) fn listed(id: &str) -> ListedToken {
    ListedToken {
        id: id.to_owned(),
        label: None,
        created_at: Some(now()),
        expires_at: None,
        shown: ShownParts::default(),
        last_used_at: None,
        last_used_by: None,
        scopes: None,
    }
}

pub(crate) fn listing(ids: &[&str]) -> Listing {
    Listing {
        tokens: ids.iter().map(|id| listed(id)).collect(),
        etag: None,
    }
}

fn prepared(scene: &Scene, ids: Option<&[&str]>) -> Scene {
    scene.clone().then(Outcome::Prepared(Preparation {
        listing: ids.map(listing),
        ..preparation(Trigger::Schedule)
    }))
}

#[test]
fn the_intent_holds_what_a_lost_reply_needs() {
    let after = prepared(&renewal_due(), Some(&["id-a", "id-foreign"])).record;
    let rotation = after.rotation.expect("a rotation");
    let intent = rotation.intent.expect("an intent");
    assert_eq!(rotation.stage, Stage::Issuing);
    assert_eq!(rotation.attempts, 1);
    assert_eq!(after.ordinal, 1);
    assert_eq!(intent.label, "crm-r1-1");
    assert!(
        intent.ids_before.is_empty(),
        "a label names its token by itself"
    );
    assert_eq!(after.issues, [now()], "counted before it is sent");
}

#[test]
fn ids_are_kept_only_where_they_are_compared_and_only_so_many() {
    let many: Vec<_> = (0..40_000).map(|n| format!("id-{n}")).collect();
    let all: Vec<_> = many.iter().map(String::as_str).collect();
    let kept = |recovery, overlap, ids: &[&str]| {
        let scene = renewal_due().issuer(|i| {
            i.recovery = recovery;
            i.overlap = overlap;
        });
        let outcome = Outcome::Prepared(Preparation {
            listing: Some(listing(ids)),
            ..preparation(Trigger::Schedule)
        });
        let record = scene.then(outcome).record;
        let size = serde_json::to_string(&record).expect("JSON").len();
        assert!(size < 500_000, "{size} bytes");
        record
            .rotation
            .and_then(|r| r.intent)
            .expect("an intent")
            .ids_before
    };
    let explicit = Overlap::ExplicitRetire;
    let kept_ids = kept(Recovery::BySetDifference, explicit, &all[..30_000]);
    assert!(kept_ids.contains("id-29999") && !kept_ids.contains("id-30000"));
    let two_phase = Overlap::TwoPhase { next_usable: true };
    assert!(kept(Recovery::ByLabel, two_phase, &["id-a"]).contains("id-a"));
    assert!(kept(Recovery::ByLabel, explicit, &all).is_empty());
    let too_many = kept(Recovery::BySetDifference, explicit, &all);
    assert_eq!(too_many.too_many(), Some(40_000));
}

#[test]
fn the_runaway_guard_forgets_what_is_older_than_a_day() {
    let scene = renewal_due().with(|s| s.record.issues = vec![ago(days(1)), ago(hours(23))]);
    let after = prepared(&scene, None).record;
    assert_eq!(after.issues, [ago(hours(23)), now()]);
}

#[test]
fn a_person_is_waited_for_until_a_deadline() {
    let scene = renewal_due().issuer(|i| i.supply = Supply::Operator);
    let after = prepared(&scene, None).record;
    let rotation = after.rotation.expect("a rotation");
    assert_eq!(rotation.stage, Stage::WaitingOperator);
    assert_eq!(rotation.operator_deadline, Some(ahead(days(7))));
    assert!(after.issues.is_empty(), "nothing is issued");
}

#[test]
fn a_person_is_not_given_more_time_than_is_left() {
    let deadline = |left| {
        let scene = renewal_due().issuer(|i| i.supply = Supply::Operator);
        let scene = scene.current(|token| token.expires_at = Some(left));
        let rotation = prepared(&scene, None).record.rotation;
        rotation.and_then(|rotation| rotation.operator_deadline)
    };
    assert_eq!(deadline(ahead(days(3))), Some(ahead(days(3))));
    assert_eq!(deadline(ago(days(3))), Some(now()), "it is late already");
}

#[test]
fn with_two_slots_a_foreign_token_stops_the_rotation() {
    let two = || renewal_due().issuer(|i| i.live_tokens = LiveTokens::Two);
    let rows: Vec<(&str, Scene, &[&str], bool)> = vec![
        ("only ours", two(), &["id-a"], false),
        ("ours and a foreign one", two(), &["id-a", "id-x"], true),
        ("two foreign ones", two(), &["id-x", "id-y"], true),
        (
            "ours and one that we lost",
            two().orphan("id-l", None),
            &["id-a", "id-l"],
            false,
        ),
        (
            "an issuer that makes room by itself",
            two().issuer(|i| i.issue_effect = IssueEffect::SchedulesDeath),
            &["id-a", "id-x"],
            false,
        ),
        ("many slots", renewal_due(), &["id-a", "id-x"], false),
    ];
    for (sentence, scene, ids, stops) in rows {
        let after = prepared(&scene, Some(ids)).record;
        let cause = after.halt.as_ref().map(|halt| halt.cause);
        assert_eq!(cause, stops.then_some(HaltCause::SlotBlocked), "{sentence}");
        assert_eq!(after.issues.is_empty(), stops, "{sentence}");
    }
}

#[test]
fn an_issue_does_to_the_old_token_what_the_issuer_says() {
    let dies = |at| IssuedToken {
        old_dies_at: at,
        ..issued("b")
    };
    let old_end = ahead(days(10) - hours(1));
    let rows = [
        ("keeps", IssueEffect::Keeps, dies(None), old_end),
        ("kills", IssueEffect::Kills, dies(None), now()),
        (
            "schedules its death",
            IssueEffect::SchedulesDeath,
            dies(Some(ahead(hours(1)))),
            ahead(hours(1)),
        ),
        (
            "never prolongs it",
            IssueEffect::SchedulesDeath,
            dies(Some(ahead(days(90)))),
            old_end,
        ),
        (
            "a death that nobody reports changes nothing",
            IssueEffect::SchedulesDeath,
            dies(None),
            old_end,
        ),
    ];
    for (sentence, effect, token, end) in rows {
        let scene = in_stage(Stage::Issuing).issuer(|i| i.issue_effect = effect);
        let after = scene.apply(Outcome::Issued(token)).expect(sentence);
        let current = after.current.expect("a current token");
        assert_eq!(current.expires_at, Some(end), "{sentence}");
    }
}

#[test]
fn a_new_token_enters_the_stage_that_its_issuer_allows() {
    let two_phase = |next_usable| Overlap::TwoPhase { next_usable };
    let rows = [
        ("proven first", Overlap::ExplicitRetire, 2, Stage::Proving),
        ("usable at once", two_phase(true), 2, Stage::Proving),
        (
            "works only after `complete`",
            two_phase(false),
            2,
            Stage::Delivering,
        ),
        (
            "nobody to deliver to",
            two_phase(false),
            0,
            Stage::Completing,
        ),
    ];
    for (sentence, overlap, connections, stage) in rows {
        let scene = in_stage(Stage::Issuing)
            .issuer(|i| i.overlap = overlap)
            .with(|s| s.connections.truncate(connections));
        let after = scene.apply(Outcome::Issued(issued("b"))).expect(sentence);
        assert_eq!(after.stage_name(), stage.name(), "{sentence}");
        assert!(after.rotation.expect("a rotation").intent.is_none());
        assert_eq!(after.failures.consecutive, 0);
    }
}

#[test]
fn the_deadline_is_known_from_the_best_source() {
    let told = Some(ahead(days(3)));
    let life = Some(days(7));
    let rows = [
        (
            "the issuer",
            told,
            ExpiryKnown::Api,
            life,
            told,
            ExpiryKnown::Api,
        ),
        (
            "the token",
            told,
            ExpiryKnown::Jwt,
            None,
            told,
            ExpiryKnown::Jwt,
        ),
        (
            "the configuration",
            None,
            ExpiryKnown::Unknown,
            life,
            Some(ahead(days(7))),
            ExpiryKnown::Declared,
        ),
        (
            "nothing",
            None,
            ExpiryKnown::Unknown,
            None,
            None,
            ExpiryKnown::Unknown,
        ),
        (
            "never",
            None,
            ExpiryKnown::Never,
            life,
            None,
            ExpiryKnown::Never,
        ),
    ];
    for (sentence, expires_at, expiry, declared, end, source) in rows {
        let scene = in_stage(Stage::Issuing).policy(|p| p.declared_lifetime = declared);
        let token = IssuedToken {
            expires_at,
            expiry,
            ..issued("b")
        };
        let after = scene.apply(Outcome::Issued(token)).expect(sentence);
        let pending = after.rotation.and_then(|r| r.pending).expect("pending");
        assert_eq!(
            (pending.expires_at, pending.expiry),
            (end, source),
            "{sentence}"
        );
    }
}

#[test]
fn a_token_that_is_already_known_is_not_a_new_one() {
    let scene = in_stage(Stage::Issuing).retiring("old", ahead(hours(1)));
    for known in ["a", "old"] {
        let after = scene.apply(Outcome::Issued(issued(known))).expect("folded");
        assert_eq!(after.halt.map(|h| h.cause), Some(HaltCause::SameToken));
        let rotation = after.rotation.expect("a rotation");
        assert!(rotation.pending.is_none() && rotation.intent.is_none());
    }
}

#[test]
fn a_token_that_comes_expired_is_thrown_away() {
    let token = || IssuedToken {
        expires_at: Some(ago(mins(1))),
        ..issued("b")
    };
    let keeps = in_stage(Stage::Issuing).then(Outcome::Issued(token()));
    assert_eq!(keeps.record.stage_name(), StageName::Discarding);
    let kills = in_stage(Stage::Issuing)
        .issuer(|i| i.issue_effect = IssueEffect::Kills)
        .then(Outcome::Issued(token()));
    assert_eq!(
        kills.record.stage_name(),
        StageName::Issuing,
        "only forward: another is issued"
    );
    assert!(kills.record.orphans.is_empty(), "the next issue kills it");
}

#[test]
fn a_person_s_token_is_proven_like_any_other() {
    let scenes = [
        healthy().accepting(),
        in_stage(Stage::WaitingOperator).issuer(|i| i.supply = Supply::Operator),
        in_stage(Stage::Issuing).without_intent().accepting(),
        healthy()
            .accepting()
            .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: false }),
    ];
    for scene in scenes {
        let stage = scene.record.stage_name();
        let after = scene
            .apply(Outcome::Supplied {
                rotation_id: "r9".to_owned(),
                supplied: supplied("x"),
            })
            .expect("folded");
        let rotation = after.rotation.expect("a rotation");
        assert_eq!(rotation.stage, Stage::Proving, "{stage:?}");
        assert_eq!(rotation.operator_deadline, None);
        let pending = rotation.pending.expect("pending");
        assert_eq!(pending.fingerprint(), print("x"));
        assert_eq!(pending.origin, Origin::Operator);
        assert_eq!(pending.issued_at, now(), "first seen now");
    }
}

#[test]
fn a_person_s_token_lifts_a_halt() {
    let scene = healthy()
        .by_hand()
        .halted(HaltCause::AttemptsUsedUp, ago(hours(1)));
    let after = scene
        .apply(Outcome::Supplied {
            rotation_id: "r9".to_owned(),
            supplied: supplied("x"),
        })
        .expect("folded");
    assert_eq!(after.stage_name(), StageName::Proving);
}

#[test]
fn a_stated_time_of_issue_is_not_believed_if_it_lies_ahead() {
    let stated = |at| Outcome::Adopted {
        supplied: scim_rotator::rotation::outcome::Supplied {
            issued_at: Some(at),
            ..supplied("x")
        },
        lookup: None,
    };
    for (at, known) in [(ago(days(3)), ago(days(3))), (ahead(days(3)), now())] {
        let after = crate::scene::nothing_yet()
            .apply(stated(at))
            .expect("adopted");
        assert_eq!(after.current.expect("current").issued_at, known);
    }
}
