//! When a rehearsal may begin, and how its throw-away token ends without its process.

use jiff::Timestamp;
use scim_rotator::rotation::apply::{rehearsal_begins, rehearsal_not_issued, rehearsal_token_came};
use scim_rotator::rotation::capability::{
    IssueEffect, IssuerCapabilities, LiveTokens, Overlap, Recovery, Revoke,
};
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::outcome::{IssuedToken, ListedToken, Listing, Outcome, Throwaway};
use scim_rotator::rotation::record::{ExpiryKnown, Record, Stage, Trigger};
use scim_rotator::rotation::rehearsal::{
    ACCEPT_LEFTOVER, ACCEPT_OUTAGE, Accepted, Gate, gate, lives_as_asked, room,
};

use crate::decided::{Row, check, does, prepare, waits};
use crate::scene::{
    Scene, ago, ahead, healthy, hours, in_stage, intent, mins, now, renewal_due, value,
};

const LABEL: &str = "crm-rehearsal-1-0";

const ALL: Accepted = Accepted {
    outage: true,
    leftover: true,
};

fn gate_of(scene: &Scene, accepted: Accepted) -> Gate {
    gate(&scene.record, &scene.situation(), accepted, scene.now)
}

/// A rehearsal fails no life that a rotation takes, and shows none that it does not.
#[test]
fn a_life_is_as_asked_for_within_what_a_rotation_tolerates() {
    let policy = healthy().policy;
    for (wanted, life, is_as_asked) in [
        (mins(60), mins(60), true),
        (mins(60), mins(54), true),
        (mins(60), mins(53), false),
        (mins(10), mins(6), false),
        (mins(60), mins(65), true),
        (mins(60), mins(66), false),
        (hours(1000), hours(1010), true),
    ] {
        assert_eq!(
            lives_as_asked(&policy, wanted, life),
            is_as_asked,
            "{wanted:#} {life:#}"
        );
        let is_shorter = policy.asked_in_vain(Some(wanted), Some(life)).is_some();
        assert!(!(is_as_asked && is_shorter));
    }
}

#[test]
fn what_keeps_a_rehearsal_from_beginning() {
    let paused = |scene: &mut Scene| scene.all_paused = true;
    let rows = [
        ("nothing", healthy(), None),
        (
            "another replica",
            healthy().leased_to("replica-b", ahead(mins(1))),
            Some("another process"),
        ),
        (
            "a lease that has ended",
            healthy().leased_to("replica-b", ago(mins(1))),
            None,
        ),
        (
            "a rotation in flight",
            in_stage(Stage::Proving),
            Some("a rotation is in flight"),
        ),
        (
            "all is paused",
            healthy().with(paused),
            Some("resume --all"),
        ),
        (
            "a lost reply",
            healthy().with(|s| s.record.issues_after_lease_loss.push(intent(ago(mins(1))))),
            Some("not resolved"),
        ),
        (
            "the cap",
            healthy().with(|s| s.record.issues = vec![ago(hours(1)); 3]),
            Some("issues_per_day"),
        ),
        (
            "a clock that is behind",
            healthy().with(|s| s.record.updated_at = ahead(hours(1))),
            Some("clock"),
        ),
        (
            "an earlier rehearsal that may still be carried out",
            healthy().rehearsed(ago(mins(3)), None),
            Some("earlier rehearsal"),
        ),
    ];
    for (sentence, scene, expected) in rows {
        match (gate_of(&scene, Accepted::default()), expected) {
            (Gate::Open, None) => {}
            (Gate::NotNow(why), Some(part)) if why.contains(part) => {}
            (found, _) => panic!("{sentence}: {found:?}"),
        }
    }
    let earlier = healthy().rehearsed(ago(mins(3)), Some("x"));
    assert_eq!(gate_of(&earlier, ALL), Gate::EndEarlier);
    let settled = healthy().rehearsed(ago(mins(5)), None);
    assert_eq!(gate_of(&settled, ALL), Gate::EndEarlier);
}

#[test]
fn what_a_rehearsal_costs_is_refused_unless_it_is_accepted() {
    type Change = fn(&mut IssuerCapabilities);
    let rows: [(&str, Change, Option<&str>); 7] = [
        (
            "kills",
            |i| i.issue_effect = IssueEffect::Kills,
            Some(ACCEPT_OUTAGE),
        ),
        (
            "schedules",
            |i| i.issue_effect = IssueEffect::SchedulesDeath,
            Some(ACCEPT_OUTAGE),
        ),
        (
            "one",
            |i| i.live_tokens = LiveTokens::One,
            Some(ACCEPT_OUTAGE),
        ),
        ("never", |i| i.revoke = Revoke::Never, Some(ACCEPT_LEFTOVER)),
        (
            "all only",
            |i| i.revoke = Revoke::AllOnly,
            Some(ACCEPT_LEFTOVER),
        ),
        (
            "two phases",
            |i| {
                i.revoke = Revoke::Never;
                i.overlap = Overlap::TwoPhase { next_usable: true };
            },
            None,
        ),
        ("by value", |i| i.revoke = Revoke::ByValue, None),
    ];
    for (sentence, change, expected) in rows {
        let scene = healthy().issuer(change);
        match (gate_of(&scene, Accepted::default()), expected) {
            (Gate::Open, None) => {}
            (Gate::NotUnless(option, _), Some(wanted)) if option == wanted => {}
            (found, _) => panic!("{sentence}: {found:?}"),
        }
        assert_eq!(gate_of(&scene, ALL), Gate::Open, "{sentence}");
    }
}

#[test]
fn two_slots_that_are_taken_leave_no_room() {
    let two = healthy().issuer(|i| i.live_tokens = LiveTokens::Two);
    let listing = |count: usize| Listing {
        tokens: (0..count)
            .map(|n| ListedToken::with_id(format!("id-{n}")))
            .collect(),
        etag: None,
    };
    let asked = |count, accepted| room(&listing(count), &two.situation(), accepted);
    assert_eq!(asked(1, Accepted::default()), Gate::Open);
    assert!(matches!(
        asked(2, Accepted::default()),
        Gate::NotUnless(ACCEPT_OUTAGE, _)
    ));
    assert_eq!(asked(2, ALL), Gate::Open);
}

#[test]
fn the_throw_away_token_is_ended_when_its_process_is_gone() {
    let came = || Some("x");
    let due = |scene: Scene| {
        scene
            .with(|s| s.record.rehearsal = healthy().rehearsed(ago(mins(1)), None).record.rehearsal)
    };
    let ends = || does(Step::EndRehearsal, Reason::RehearsalOpen);
    let rows: Vec<Row> = vec![
        (
            "a token that came is revoked at once",
            healthy().rehearsed(ago(mins(1)), came()),
            ends(),
        ),
        (
            "a lost reply is looked into when the request cannot be carried out any more",
            healthy().rehearsed(ago(mins(5)), None),
            ends(),
        ),
        (
            "a token of a rotation in flight does not matter to one whose id is known",
            in_stage(Stage::Proving).rehearsed(ago(mins(5)), came()),
            ends(),
        ),
        (
            "it would disturb a comparison of lists",
            in_stage(Stage::Proving).rehearsed(ago(mins(5)), None),
            does(Step::Prove, Reason::InFlight),
        ),
        (
            "the lease of another replica is respected",
            healthy()
                .rehearsed(ago(mins(5)), came())
                .leased_to("replica-b", ahead(mins(1))),
            waits(ahead(mins(1)), Reason::LeaseElsewhere),
        ),
        (
            "no rotation begins while the request may still be carried out",
            due(renewal_due()),
            waits(ahead(mins(3)), Reason::RehearsalOpen),
        ),
        (
            "a rotation that is due comes after it",
            renewal_due().rehearsed(ago(mins(5)), came()),
            ends(),
        ),
        (
            "a rotation begins although its revocation fails",
            renewal_due().rehearsed(ago(mins(5)), came()).with(|s| {
                let rehearsal = s.record.rehearsal.as_mut().expect("a rehearsal");
                rehearsal.retry_at = Some(ahead(mins(1)));
            }),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a token that left the configuration is not let go before",
            healthy()
                .rehearsed(ago(mins(5)), came())
                .with(|s| s.leaving = true),
            ends(),
        ),
    ];
    check(&rows);
}

fn listing(tokens: &[(&str, Option<&str>)]) -> Outcome {
    let token = |(id, label): &(&str, Option<&str>)| ListedToken {
        label: label.map(str::to_owned),
        ..ListedToken::with_id(*id)
    };
    Outcome::RehearsalEnded(Throwaway::Listed(Listing {
        tokens: tokens.iter().map(token).collect(),
        etag: None,
    }))
}

fn orphans(record: &Record) -> Vec<&str> {
    record
        .orphans
        .iter()
        .map(|orphan| orphan.id.as_str())
        .collect()
}

#[test]
fn a_throw_away_token_whose_reply_was_lost_is_found_and_no_other() {
    let lost = || healthy().rehearsed(ago(mins(5)), None);
    let mine = ("id-x", Some(LABEL));
    let foreign = ("id-y", Some("somebody else"));
    let by_label = lost().then(listing(&[("id-a", None), mine, foreign]));
    assert_eq!(orphans(&by_label.record), ["id-x"]);
    assert_eq!(by_label.record.rehearsal, None);
    let none = lost().then(listing(&[("id-a", None), foreign]));
    assert_eq!(orphans(&none.record), [""; 0]);

    let compared = || lost().issuer(|i| i.recovery = Recovery::BySetDifference);
    let one = compared().then(listing(&[
        ("id-a", None),
        ("id-foreign", None),
        ("id-x", None),
    ]));
    assert_eq!(orphans(&one.record), ["id-x"]);
    // Which of two is ours cannot be told: neither is revoked, and nothing stops.
    let two = compared().then(listing(&[("id-x", None), ("id-y", None)]));
    assert_eq!(orphans(&two.record), [""; 0]);
    assert_eq!(two.record.orphans_uncounted.len(), 1);
    assert_eq!(two.record.halt, None);
}

#[test]
fn what_cannot_be_revoked_is_counted_until_it_expires() {
    let scene = healthy().rehearsed(ago(mins(5)), Some("x"));
    let end = scene
        .record
        .rehearsal
        .as_ref()
        .and_then(|r| r.issued.as_ref()?.expires_at);
    let left = scene.then(Outcome::RehearsalEnded(Throwaway::LeftToExpire));
    assert_eq!(
        left.record.orphans_uncounted,
        end.into_iter().collect::<Vec<_>>()
    );
    assert_eq!(left.record.rehearsal, None);
}

fn token(name: &str, id: &str) -> IssuedToken {
    IssuedToken {
        value: value(name),
        id: Some(id.to_owned()),
        expires_at: Some(ahead(hours(1))),
        expiry: ExpiryKnown::Api,
        old_dies_at: None,
        scopes: None,
        asked_life: None,
    }
}

fn begun(scene: &Scene, at: Timestamp) -> Record {
    let listing = Listing::default();
    let label = LABEL.to_owned();
    rehearsal_begins(&scene.record, label, &listing, None, &scene.situation(), at)
}

#[test]
fn the_intent_is_counted_and_a_token_in_use_is_never_taken_for_a_throw_away() {
    let scene = healthy();
    let record = begun(&scene, now());
    assert_eq!(record.issues, [now()], "the cap counts it");
    assert!(
        record
            .rehearsal
            .as_ref()
            .is_some_and(|r| r.intent.label == LABEL)
    );
    let came = |token: &IssuedToken| {
        rehearsal_token_came(&record, LABEL, token, &scene.situation(), now())
    };
    let (next, is_new) = came(&token("x", "id-x"));
    assert!(is_new && next.rehearsal.is_some_and(|r| r.issued.is_some()));
    for in_use in [token("a", "id-new"), token("x", "id-a")] {
        let (next, is_new) = came(&in_use);
        assert!(!is_new && next.rehearsal.is_none(), "it would be revoked");
        assert_eq!(next.current, scene.record.current);
    }
    let none = rehearsal_not_issued(&record, LABEL, &scene.situation(), now());
    assert_eq!((none.rehearsal, none.issues), (None, Vec::new()));
}

#[test]
fn an_issue_that_kills_is_noted_at_the_token_in_use() {
    let scene = healthy().issuer(|i| i.issue_effect = IssueEffect::Kills);
    let record = begun(&scene, now());
    let (next, _) = rehearsal_token_came(
        &record,
        LABEL,
        &token("x", "id-x"),
        &scene.situation(),
        now(),
    );
    assert_eq!(next.current.and_then(|token| token.expires_at), Some(now()));
}

#[test]
fn a_record_without_a_rehearsal_is_written_as_before_and_read_again() {
    let record = healthy().record;
    let written = serde_json::to_value(&record).expect("JSON");
    assert!(written.get("rehearsal").is_none());
    let with = healthy().rehearsed(ago(mins(1)), Some("x")).record;
    let again: Record =
        serde_json::from_value(serde_json::to_value(&with).expect("JSON")).expect("a record");
    assert_eq!(again, with);
}
