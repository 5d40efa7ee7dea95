//! The state of a token: one word, its urgency, one sentence, the next command.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use scim_rotator::rotation::proof::{self, Proof};
use scim_rotator::rotation::record::{
    ConnectionHolds, DeliveryState, HaltCause, Paused, Record, Stage, Trigger,
};
use scim_rotator::rotation::state::{
    About, AboutConnection, HandoverTold, Hindered, Life, STATES, State, Urgency, Word, judge,
    quoted, supply,
};
use scim_rotator::scim::evidence::FindingReason;

use crate::properties::any;
use crate::scene::{
    Scene, ago, ahead, days, healthy, hours, in_stage, mins, nothing_yet, now, print, renewal_due,
    windows_in_december,
};

fn about() -> About<'static> {
    let connection = |name| AboutConnection {
        name,
        can_confirm: true,
        handover: None,
    };
    About {
        vault_path: "kv/scim/crm",
        token_field: "token",
        instructions: Some("Open CRM > Settings and create a token"),
        connections: vec![connection("canary"), connection("second")],
    }
}

/// Both connections have confirmed the token in use.
fn confirmed(mut scene: Scene) -> Scene {
    for name in ["canary", "second"] {
        let holds = ConnectionHolds {
            fingerprint: print("a"),
            at: ago(days(1)),
            confirmed_at: Some(ago(days(1))),
            in_doubt: false,
            by_person: false,
            ack: None,
        };
        scene.record.connections.insert(name.to_owned(), holds);
    }
    scene
}

fn judged_about(scene: &Scene, about: &About<'_>) -> State {
    judge(
        &scene.record,
        &scene.policy,
        &scene.plan(),
        about,
        scene.now,
    )
}

fn life(record: &Record, scene: &Scene) -> Life {
    let policy = &scene.policy;
    let current = record.current.as_ref();
    Life {
        issued_at: current.map(|token| token.issued_at),
        renew_at: current.and_then(|token| policy.renew_at("crm", record.generation, token)),
        expires_at: current.and_then(|token| policy.expiry(token)),
        person_due: record.rotation.as_ref().and_then(|r| r.operator_deadline),
    }
}

/// What people see of it at its time.
fn state(scene: &Scene) -> State {
    judged_about(scene, &about()).at("crm", &life(&scene.record, scene), scene.now)
}

fn paused(mut scene: Scene) -> Scene {
    scene.record.paused = Some(Paused {
        since: ago(hours(2)),
        reason: "the vendor migrates".to_owned(),
        by: Some("ann".to_owned()),
    });
    scene
}

fn limit_reached() -> Scene {
    let mut scene = renewal_due();
    scene.record.issues = vec![ago(hours(5)), ago(hours(4)), ago(hours(3))];
    scene
}

/// What it is about, the token, its word, how urgent it is, a part of the sentence, the
/// command.
type Case<'c> = (&'c str, Scene, Word, Urgency, &'c str, Option<&'c str>);

/// Each case with the word, the urgency, a part of the sentence, and the command.
#[test]
fn each_case_has_its_word_sentence_and_command() {
    use Urgency::{Attention, Fine, Urgent};
    let rotate = "scim-rotator rotate crm";
    let verify = "scim-rotator verify crm";
    let resume = "scim-rotator resume crm";
    let put = "vault kv put kv/scim/crm token=@file";
    let past = "scim-rotator rotate crm --override-guards --reason TEXT";
    let fresh = || confirmed(healthy());
    let refused = |scene: Scene| scene.probed(mins(1), Some(FindingReason::Rejected), 1);
    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        ("works everywhere", fresh(), Word::Fresh, Fine, "It works", None),
        ("never tested", confirmed(healthy().with(|s| { s.record.probe = None; }).current(|t| t.evidence = None)),
            Word::Unproven, Attention, "never tested", Some(verify)),
        ("anybody is let in", confirmed(healthy().probed(mins(1), Some(FindingReason::EndpointOpen), 0)),
            Word::Unproven, Attention, "Nothing shows that the token in use works", Some(verify)),
        ("refused", refused(fresh()), Word::Refused, Urgent, "refuses the token in use", Some(verify)),
        ("refused and halted", refused(fresh()).halted(HaltCause::ForeignTokens, ago(hours(1))),
            Word::Refused, Urgent, "It is halted", Some(rotate)),
        ("refused and paused", paused(refused(fresh())), Word::Refused, Urgent, "It is paused", Some(resume)),
        ("halted", fresh().halted(HaltCause::ForeignTokens, ago(hours(1))),
            Word::Halted, Attention, "Halted, foreign tokens", Some(rotate)),
        ("paused", paused(fresh()), Word::Paused, Attention, "Paused by ann: the vendor migrates.", Some(resume)),
        ("all is paused", fresh().with(|s| s.all_paused = true),
            Word::Paused, Attention, "All work is paused", Some("scim-rotator resume --all --reason TEXT")),
        ("no token yet", nothing_yet(), Word::Renewing, Fine, "There is no token yet", None),
        ("a rotation is in flight", confirmed(in_stage(Stage::Delivering)),
            Word::Renewing, Fine, "The new token is written to the connections.", None),
        ("a rotation fails", confirmed(in_stage(Stage::Proving)).failed("prove", 2, ago(mins(1))),
            Word::Renewing, Attention, "Prove failed", Some(rotate)),
        ("the renewal waits for a window", confirmed(renewal_due().with(windows_in_december)),
            Word::Renewing, Fine, "no window allows the rotation now, until ", None),
        ("the limit is reached", confirmed(limit_reached()), Word::LimitReached, Attention,
            "LIMIT REACHED: 3 tokens in 24 h; next at ", Some(past)),
        ("a person must supply it", confirmed(in_stage(Stage::WaitingOperator)),
            Word::WaitingForYou, Attention,
            "Waiting for you: create a token (Open CRM > Settings and create a token), then `vault kv put", Some(put)),
        ("compromised, and a person must supply it",
            confirmed(in_stage(Stage::WaitingOperator).rotation(|r| r.trigger = Trigger::Compromise)),
            Word::WaitingForYou, Attention, "Waiting for you", Some(
            "vault kv put kv/scim/crm token=@file && scim-rotator rotate crm --compromised --supplied --reason TEXT")),
        ("a person is late", confirmed(in_stage(Stage::WaitingOperator).rotation(|r| r.operator_deadline = Some(ago(mins(1))))),
            Word::WaitingForYou, Urgent, "Waiting for you", Some(put)),
        ("never updated by us", healthy(), Word::Unproven, Attention,
            "canary: assumed current (never updated by us)", Some(rotate)),
        ("given, and never confirmed", fresh().with(|s| s.record.connections.get_mut("second").expect("one").confirmed_at = None),
            Word::Unproven, Attention, "second was given the token in use and has not confirmed", Some(rotate)),
        ("holds another", fresh().with(|s| s.record.connections.get_mut("second").expect("one").fingerprint = print("old")),
            Word::Unproven, Attention, "second may hold another token", Some(rotate)),
        ("overdue", confirmed(healthy().issued(days(24))), Word::Expiring, Attention, "should have been renewed", Some(rotate)),
        ("soon over", confirmed(healthy().issued(days(29))), Word::Expiring, Urgent, "should have been renewed", Some(rotate)),
        ("expired", confirmed(healthy().issued(days(31))), Word::Expired, Urgent, "provisioning has stopped", Some(rotate)),
        ("expired and paused", paused(confirmed(healthy().issued(days(31)))), Word::Expired, Urgent, "Paused by ann", Some(resume)),
        ("paused until its end", paused(confirmed(healthy().issued(days(29)))), Word::Paused, Urgent, "Paused by ann", Some(resume)),
    ];
    for (case, scene, word, urgency, part, command) in cases {
        let state = state(&scene);
        assert_eq!(
            (state.word, state.urgency),
            (word, urgency),
            "{case}: {state:?}"
        );
        assert!(state.sentence.contains(part), "{case}: {}", state.sentence);
        assert_eq!(state.command.as_deref(), command, "{case}: {state:?}");
    }
}

#[test]
fn a_token_is_written_into_a_connection_by_a_person() {
    let by_hand = HandoverTold {
        vault_path: "kv/handover/second/crm",
        instructions: "Paste it",
        command: "scim-rotator ack crm second --reason TEXT",
    };
    let mut about = about();
    about.connections[1].handover = Some(by_hand);
    let mut scene = confirmed(in_stage(Stage::HandedOver));
    let holds = scene.record.connections.get_mut("second").expect("one");
    holds.by_person = true;
    holds.confirmed_at = None;
    let scene = scene.delivery("second", DeliveryState::Delivered);
    let state = judged_about(&scene, &about);
    assert_eq!(state.word, Word::WaitingForYou);
    let sentence = "Waiting for you: write the token at kv/handover/second/crm into connection second. Paste it. Then run: scim-rotator ack crm second --reason TEXT";
    assert_eq!(state.sentence, sentence);
    assert_eq!(state.command.as_deref(), Some(by_hand.command));
}

#[test]
fn nothing_can_be_done_about_a_connection_that_cannot_confirm() {
    let mut scene = confirmed(healthy());
    let holds = scene.record.connections.get_mut("second").expect("one");
    holds.confirmed_at = None;
    let mut about = about();
    about.connections[1].can_confirm = false;
    let state = judged_about(&scene, &about);
    assert_eq!((state.word, state.urgency), (Word::Unproven, Urgency::Fine));
    assert!(state.sentence.contains("nothing can confirm"), "{state:?}");
    // What can be done something about comes first.
    scene.record.connections.remove("canary");
    let state = judged_about(&scene, &about);
    assert_eq!(state.urgency, Urgency::Attention);
    assert!(state.sentence.starts_with("canary"), "{state:?}");
}

#[test]
fn a_connection_that_does_not_provision_is_said_of_its_token() {
    let hindered =
        |scene: &Scene, how| state(scene).with_hindered("crm", [("canary", how)].into_iter());
    let fresh = confirmed(healthy());
    let quarantined = hindered(&fresh, Hindered::Quarantined);
    assert_eq!(quarantined.word, Word::Quarantined);
    assert_eq!(quarantined.urgency, Urgency::Urgent);
    assert!(
        quarantined.sentence.contains("connection canary"),
        "{quarantined:?}"
    );
    assert!(quarantined.command.is_some(), "{quarantined:?}");
    let disabled = hindered(&fresh, Hindered::Disabled);
    assert_eq!(disabled.word, Word::Quarantined);
    assert_eq!(disabled.urgency, Urgency::Attention);
    assert!(disabled.sentence.contains("switched off"), "{disabled:?}");
    // What only a person ends is said first.
    let halted = confirmed(healthy()).halted(HaltCause::ForeignTokens, ago(hours(1)));
    assert_eq!(hindered(&halted, Hindered::Disabled).word, Word::Halted);
    let expired = confirmed(healthy().issued(days(31)));
    let state = hindered(&expired, Hindered::Disabled);
    assert_eq!(state.word, Word::Expired);
}

#[test]
fn the_limit_is_urgent_when_the_token_ends_before_it_lets_one_through() {
    let mut scene = confirmed(limit_reached());
    let current = scene.record.current.as_mut().expect("a token");
    current.expires_at = Some(ahead(hours(1)));
    assert_eq!(state(&scene).urgency, Urgency::Urgent);
    // Between two waits something else is decided; the state stays.
    let scene = confirmed(limit_reached().probed(hours(3), None, 0));
    assert_eq!(state(&scene).word, Word::LimitReached);
}

#[test]
fn a_token_without_an_end_is_late_by_a_tenth_of_its_age() {
    let mut scene = confirmed(healthy());
    scene.policy.renew.max_age = Some(days(10));
    scene.record.current.as_mut().expect("a token").expires_at = None;
    let at = |age: SignedDuration| {
        let mut scene = scene.clone();
        scene.record.current.as_mut().expect("a token").issued_at = ago(age);
        state(&scene).word
    };
    assert_eq!(at(days(9)), Word::Fresh);
    assert_eq!(at(days(10) + hours(1)), Word::Renewing);
    assert_eq!(at(days(12)), Word::Expiring);
}

#[test]
fn what_is_stored_ages() {
    let scene = confirmed(healthy());
    let stored = judged_about(&scene, &about());
    let life = life(&scene.record, &scene);
    let word = |after: SignedDuration| stored.clone().at("crm", &life, now() + after).word;
    assert_eq!(word(mins(1)), Word::Fresh);
    assert_eq!(word(days(14)), Word::Expiring);
    assert_eq!(word(days(20)), Word::Expired);
    let text = serde_json::to_string(&stored).expect("JSON");
    let read: State = serde_json::from_str(&text).expect("a state");
    assert_eq!(read, stored);
}

#[test]
fn words_of_a_shell_are_quoted() {
    assert_eq!(quoted("crm-prod_1.eu"), "crm-prod_1.eu");
    assert_eq!(quoted("a b"), "'a b'");
    assert_eq!(quoted("it's"), r"'it'\''s'");
    assert_eq!(
        supply("crm", "kv/scim/crm two", "", false),
        "vault kv put 'kv/scim/crm two' token=@file"
    );
}

#[test]
fn every_word_is_found_by_its_name() {
    for word in Word::ALL {
        assert_eq!(Word::from_word(word.as_str()), Some(word));
        assert_eq!(word.text().replace(' ', "_"), word.as_str());
        let json = serde_json::to_value(word).expect("a word");
        assert_eq!(json, word.as_str());
    }
    assert!(Urgency::Fine < Urgency::Attention && Urgency::Attention < Urgency::Urgent);
}

fn holds_for(scene: &Scene, later: SignedDuration) -> Result<(), TestCaseError> {
    let stored = judged_about(scene, &about());
    let life = life(&scene.record, scene);
    let at = |now: Timestamp| stored.clone().at("crm", &life, now);
    let shown = at(scene.now);
    prop_assert!(!shown.sentence.is_empty());
    prop_assert!(shown.runbook.starts_with("deploy/RUNBOOK.md#"));
    if shown.urgency == Urgency::Fine {
        prop_assert_eq!(
            &*shown.runbook == STATES || shown.word == Word::Unproven,
            true
        );
    } else {
        prop_assert!(shown.command.is_some(), "{:?}", shown);
    }
    if shown.word == Word::Fresh {
        let proof = proof::of_current(&scene.record, &scene.policy);
        prop_assert_eq!(proof, Some(Proof::Works));
        let print = scene
            .record
            .current
            .as_ref()
            .map(|token| token.fingerprint());
        for connection in about().connections {
            let holds = scene.record.connections.get(connection.name);
            let holds = holds.expect("it was given a token");
            prop_assert!(holds.confirmed_at.is_some());
            prop_assert_eq!(Some(&holds.fingerprint), print.as_ref());
        }
    }
    if life.expires_at.is_some_and(|end| end <= scene.now) {
        prop_assert_eq!(
            (shown.word, shown.urgency),
            (Word::Expired, Urgency::Urgent)
        );
    }
    // Time alone makes nothing better.
    prop_assert!(at(scene.now + later).urgency >= shown.urgency);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_record_is_called_fresh_without_proof(scene in any::scene(), later in 0_i64..40_000_000) {
        holds_for(&scene, SignedDuration::from_secs(later))?;
    }
}
