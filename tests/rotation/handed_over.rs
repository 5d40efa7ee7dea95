//! A person writes the pending token into a connection that no program can
//! write.

use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::apply::take_requests;
use scim_rotator::rotation::capability::{ConnectionTest, LastUsed, Writer};
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::outcome::{Confirmation, Outcome};
use scim_rotator::rotation::record::{
    ConnectionHolds, DeliveryState, Failures, Record, RequestsOf, Stage, StageName, Trigger, Wish,
    WrittenRequest,
};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::{FindingReason, Verdict};

use crate::apply_table::outcomes;
use crate::scene::{
    Scene, ago, ahead, days, evidence, finding, healthy, hours, in_stage, mins, now,
    plain_connection, print, renewal_due,
};

/// The canary, and a second connection that a person writes.
fn by_hand(scene: Scene) -> Scene {
    scene.with(|s| {
        let mut can = plain_connection();
        can.writer = Writer::Person;
        can.test = ConnectionTest::None;
        s.connections[1].1 = can;
    })
}

/// The second connection was handed the token `b`.
fn waiting() -> Scene {
    by_hand(renewal_due()).stage(Stage::HandedOver)
}

fn confirm(connection: &str) -> Step {
    Step::Confirm {
        connection: connection.to_owned(),
    }
}

fn step(scene: &Scene) -> Option<Step> {
    match scene.plan().action {
        Action::Do(step) => Some(step),
        Action::Wait => None,
    }
}

fn ack(fingerprint: &str) -> RequestsOf {
    RequestsOf {
        author: "e-1".to_owned(),
        name: Some("ann".to_owned()),
        version: 1,
        requests: Ok(vec![WrittenRequest {
            id: "id-1".to_owned(),
            seq: 1,
            at: now(),
            what: Wish::Ack,
            compromised: false,
            override_guards: false,
            supplied: false,
            reason: "users arrive".to_owned(),
            connection: "second".to_owned(),
            fingerprint: fingerprint.to_owned(),
            issued_at: None,
            expires_at: None,
            token_id: String::new(),
        }]),
    }
}

fn acknowledged(mut scene: Scene) -> Scene {
    scene.record = take_requests(&scene.record, &[ack(&print("b").short())], now());
    scene
}

fn state(record: &Record) -> DeliveryState {
    let rotation = record.rotation.as_ref().expect("in flight");
    rotation.deliveries["second"].state
}

#[test]
fn the_person_is_asked_when_all_else_works() {
    let delivering = by_hand(renewal_due()).stage(Stage::Delivering);
    let give = |name: &str| Step::Deliver {
        connection: name.to_owned(),
    };
    assert_eq!(step(&delivering), Some(give("canary")));
    let delivered = |name: &str| Outcome::Delivered {
        connection: name.to_owned(),
    };
    let confirming = delivering.then(delivered("canary"));
    assert_eq!(confirming.record.stage_name(), StageName::Confirming);
    assert_eq!(step(&confirming), Some(confirm("canary")));
    let works = Outcome::Confirmed {
        connection: "canary".to_owned(),
        confirmation: Confirmation::Works,
    };
    let handing = confirming.then(works);
    let rotation = handing.record.rotation.as_ref().expect("in flight");
    assert_eq!(rotation.stage, Stage::HandedOver);
    assert_eq!(rotation.operator_deadline, Some(ahead(days(7))));
    assert_eq!(
        handing.record.stage_name(),
        StageName::WaitingOperator,
        "shown"
    );
    assert_eq!(step(&handing), Some(give("second")));
    let waiting = handing.then(delivered("second"));
    assert_eq!(state(&waiting.record), DeliveryState::Delivered);
    let decision = waiting.plan();
    assert_eq!(
        (decision.action, decision.reason),
        (Action::Wait, Reason::WaitingConnection)
    );
    assert!(decision.wake_at > now());
}

#[test]
fn a_token_whose_only_connection_a_person_writes_goes_there_at_once() {
    let scene = by_hand(renewal_due())
        .with(|s| drop(s.connections.remove(0)))
        .stage(Stage::Proving);
    let proved = Outcome::Proved(Verdict::Pass(evidence("b", now())));
    let scene = scene.then(proved);
    let rotation = scene.record.rotation.as_ref().expect("in flight");
    assert_eq!(rotation.stage, Stage::HandedOver);
}

#[test]
fn what_can_be_seen_is_looked_for_and_nothing_else() {
    assert_eq!(step(&waiting()), None, "nothing can tell but a person");
    let told = waiting().with(|s| s.connections[1].1.test = ConnectionTest::Saved);
    assert_eq!(step(&told), Some(confirm("second")));
    let used = |s: Scene| s.issuer(|i| i.last_used = LastUsed::Exact);
    assert_eq!(
        step(&used(waiting())),
        None,
        "two connections: who used it?"
    );
    let alone = used(waiting()).with(|s| drop(s.connections.remove(0)));
    assert_eq!(step(&alone), Some(confirm("second")));
    let later = alone.rotation(|r| {
        let delivery = r.deliveries.get_mut("second").expect("there");
        delivery.ask_again_at = Some(ahead(mins(3)));
    });
    let decision = later.plan();
    assert_eq!(
        (decision.action, decision.wake_at),
        (Action::Wait, ahead(mins(3)))
    );
}

#[test]
fn a_look_that_shows_nothing_is_no_failure_however_long_it_takes() {
    let old = waiting().rotation(|r| r.stage_entered_at = ago(days(6)));
    let answers = [
        Confirmation::CannotTell,
        Confirmation::NotYet {
            detail: "no".to_owned(),
            ask_again: None,
        },
        Confirmation::Refused {
            detail: "no".to_owned(),
        },
    ];
    for confirmation in answers {
        let after = old.clone().then(Outcome::Confirmed {
            connection: "second".to_owned(),
            confirmation,
        });
        assert_eq!(state(&after.record), DeliveryState::Delivered);
        assert_eq!(after.record.failures, Failures::default());
        let rotation = after.record.rotation.as_ref().expect("in flight");
        assert_eq!(rotation.stage, Stage::HandedOver);
        assert!(
            rotation.deliveries["second"]
                .ask_again_at
                .is_some_and(|at| at > now())
        );
    }
    let fault = Fault::new(FaultClass::Rejected, FaultKind::Auth, "403");
    let mut scene = old;
    for _ in 0..20 {
        let step = confirm("second");
        scene = scene.then(Outcome::Failed {
            step,
            fault: fault.clone(),
        });
    }
    assert_eq!(
        scene.record.failures,
        Failures::default(),
        "no attempt is used up"
    );
    assert!(scene.record.halt.is_none());
}

#[test]
fn a_persons_word_is_taken_for_the_token_that_waits_alone() {
    let scene = acknowledged(waiting());
    let holds = &scene.record.connections["second"];
    let word = holds.ack.as_deref().expect("noted");
    assert_eq!(
        (word.by.as_str(), word.reason.as_str()),
        ("ann (e-1)", "users arrive")
    );
    assert_eq!(scene.record.handled[0].refused, None);
    assert_eq!(step(&scene), Some(confirm("second")));
    let cannot_tell = Outcome::Confirmed {
        connection: "second".to_owned(),
        confirmation: Confirmation::CannotTell,
    };
    let scene = scene.then(cannot_tell);
    assert_eq!(state(&scene.record), DeliveryState::Confirmed);
    assert_eq!(step(&scene), Some(Step::Prove), "it may have died since");
    let promoted = scene.then(Outcome::Proved(Verdict::Pass(evidence("b", now()))));
    assert_eq!(promoted.record.generation, 2);
    let old = &promoted.record.retiring[0];
    assert_eq!(old.not_before, now() + hours(24), "the overlap begins now");
}

#[test]
fn a_word_that_fits_nothing_is_refused_and_changes_nothing() {
    let refused = |record: &Record, from: RequestsOf| {
        let after = take_requests(record, &[from], now());
        let why = after.handled[0].refused.clone().expect("refused");
        assert_eq!(after.rotation, record.rotation);
        assert_eq!(after.connections, record.connections);
        why
    };
    let waiting = waiting().record;
    let stale = refused(&waiting, ack(&print("a").short()));
    assert!(stale.contains("another token waits"), "{stale}");
    let mut elsewhere = ack(&print("b").short());
    elsewhere.requests.as_mut().expect("one")[0].connection = "canary".to_owned();
    let why = refused(&waiting, elsewhere);
    assert!(
        why.contains("no token waits to be written into connection `canary`"),
        "{why}"
    );
    let idle = by_hand(renewal_due()).record;
    let why = refused(&idle, ack(&print("b").short()));
    assert!(why.contains("no token waits"), "{why}");
    let early = by_hand(renewal_due()).stage(Stage::Confirming).record;
    assert!(refused(&early, ack(&print("b").short())).contains("no token waits"));
}

#[test]
fn the_identity_providers_own_refusal_stands_against_a_persons_word() {
    let scene = acknowledged(waiting()).then(Outcome::Confirmed {
        connection: "second".to_owned(),
        confirmation: Confirmation::Refused {
            detail: "quarantine".to_owned(),
        },
    });
    assert_eq!(state(&scene.record), DeliveryState::Delivered);
}

#[test]
fn a_token_that_is_refused_after_the_work_is_taken_back() {
    let scene = acknowledged(waiting()).delivery("second", DeliveryState::Confirmed);
    let mut scene = scene.rotation(|r| {
        r.pending.as_mut().expect("pending").issued_at = ago(days(1));
    });
    for _ in 0..4 {
        scene.record.failures.last = None;
        let reason = FindingReason::Rejected;
        scene = scene.then(Outcome::Proved(Verdict::Fail(finding(reason))));
    }
    let rotation = scene.record.rotation.as_ref().expect("in flight");
    assert_eq!(rotation.stage, Stage::Reverting);
    assert_eq!(rotation.operator_deadline, None);
    let back = scene.then(Outcome::Reverted {
        connection: "second".to_owned(),
    });
    let holds = &back.record.connections["second"];
    assert_eq!((holds.fingerprint, holds.by_person), (print("a"), true));
    assert_eq!(holds.ack, None, "another token waits now");
}

/// After a restart nobody knows which connections were given the token; that a
/// person was not handed it is known.
#[test]
fn a_person_who_was_handed_nothing_is_not_asked_to_take_it_back() {
    let refused = |scene: Scene| {
        let mut scene = scene.with(|s| s.knows_deliveries = false).rotation(|r| {
            r.may_be_delivered = true;
            r.pending.as_mut().expect("pending").issued_at = ago(days(1));
        });
        for _ in 0..4 {
            scene.record.failures.last = None;
            let reason = FindingReason::Rejected;
            scene = scene.then(Outcome::Proved(Verdict::Fail(finding(reason))));
        }
        let rotation = scene.record.rotation.expect("in flight");
        assert_eq!(rotation.stage, Stage::Reverting);
        rotation.deliveries.into_keys().collect::<Vec<_>>()
    };
    let early = by_hand(renewal_due()).stage(Stage::Delivering);
    assert_eq!(refused(early), ["canary"]);
    let late = waiting().rotation(|r| r.deliveries.clear());
    assert_eq!(refused(late), ["canary", "second"]);
}

#[test]
fn what_readers_find_is_restored_while_a_person_is_waited_for() {
    let scene = waiting().with(|s| s.published = Published::Absent);
    assert_eq!(step(&scene), Some(Step::Publish));
}

/// The connections hold the pending token, which is no reason to keep a token that
/// was superseded before.
#[test]
fn an_older_predecessor_is_retired_while_a_person_is_waited_for() {
    let scene = waiting().retire_due();
    let fingerprint = scene.record.retiring[0].token.fingerprint();
    assert_eq!(step(&scene), Some(Step::Retire { fingerprint }));
    let doubted = scene.with(|s| {
        let holds = s.record.connections.get_mut("canary").expect("there");
        holds.fingerprint = print("lost");
    });
    let decision = doubted.plan();
    assert_eq!(decision.action, Action::Wait);
    let soon = now() + doubted.policy.retry_min;
    assert_eq!((decision.wake_at, decision.action), (soon, Action::Wait));
}

/// An API connection was added while a person was waited for.
#[test]
fn a_persons_connection_is_not_confirmed_with_those_of_the_daemon() {
    let scene = waiting().rotation(|r| {
        r.stage = Stage::Confirming;
        let canary = r.deliveries.get_mut("canary").expect("there");
        canary.state = DeliveryState::Delivered;
    });
    let later = scene.clone().rotation(|r| {
        let canary = r.deliveries.get_mut("canary").expect("there");
        canary.ask_again_at = Some(ahead(mins(3)));
    });
    assert_eq!(step(&scene), Some(confirm("canary")));
    assert_eq!(step(&later), None, "the person's is not asked meanwhile");
    let cannot_tell = |connection: &str| Outcome::Confirmed {
        connection: connection.to_owned(),
        confirmation: Confirmation::CannotTell,
    };
    let asked = scene.clone().then(cannot_tell("second"));
    assert_eq!(state(&asked.record), DeliveryState::Delivered);
    let back = scene.then(cannot_tell("canary"));
    assert_eq!(state(&back.record), DeliveryState::Delivered);
    let rotation = back.record.rotation.as_ref().expect("in flight");
    assert_eq!(rotation.stage, Stage::HandedOver);
}

/// The configuration was changed meanwhile: who writes it now gives it the token.
#[test]
fn a_connection_that_another_one_writes_now_is_given_the_token_again() {
    let give = Step::Deliver {
        connection: "second".to_owned(),
    };
    let by_daemon = waiting().with(|s| s.connections[1].1 = plain_connection());
    assert_eq!(step(&by_daemon), Some(give.clone()));
    let given = by_daemon.then(Outcome::Delivered {
        connection: "second".to_owned(),
    });
    assert!(!given.record.connections["second"].by_person);
    assert_eq!(step(&given), Some(confirm("second")));
    let mut by_person = waiting();
    let holds = by_person.record.connections.get_mut("second");
    holds.expect("there").by_person = false;
    assert_eq!(step(&by_person), Some(give));
}

/// Every other reader needs the new token then; the person's work stays open.
#[test]
fn a_person_is_not_waited_for_when_the_token_in_use_does_not_work_any_more() {
    let expired = waiting().issued(days(31));
    let refused = waiting().probed(mins(1), Some(FindingReason::Rejected), 2);
    let compromised = waiting().requested(Trigger::Compromise, now());
    let began_so = waiting().rotation(|r| r.trigger = Trigger::Compromise);
    for scene in [expired, refused, compromised, began_so] {
        assert_eq!(step(&scene), Some(Step::Prove));
        let proved = Outcome::Proved(Verdict::Pass(evidence("b", now())));
        let after = scene.then(proved).record;
        assert_eq!(after.generation, 2);
        assert_eq!(after.rotation, None);
        let open = scim_rotator::rotation::handover::open(&after, "second");
        assert_eq!(open.map(|holds| holds.fingerprint), Some(print("b")));
    }
    let unhanded = renewal_due().issued(days(31));
    let unhanded = by_hand(unhanded).stage(Stage::HandedOver).rotation(|r| {
        r.deliveries.remove("second");
    });
    let give = Step::Deliver {
        connection: "second".to_owned(),
    };
    assert_eq!(step(&unhanded), Some(give), "it is handed over first");
}

/// After a rotation the token in use waits in Vault until the person tells.
#[test]
fn a_word_after_the_rotation_closes_the_connection_and_what_waits_in_vault() {
    let mut scene = by_hand(healthy());
    let holds = ConnectionHolds {
        fingerprint: print("a"),
        at: ago(mins(3)),
        confirmed_at: None,
        in_doubt: false,
        by_person: true,
        ack: None,
    };
    scene.record.connections.insert("second".to_owned(), holds);
    assert_eq!(step(&scene), None);
    scene.record = take_requests(&scene.record, &[ack(&print("a").short())], now());
    assert_eq!(scene.record.connections["second"].confirmed_at, None);
    assert_eq!(step(&scene), Some(confirm("second")));
    let answered = |confirmation| {
        scene.clone().then(Outcome::Confirmed {
            connection: "second".to_owned(),
            confirmation,
        })
    };
    let closed = answered(Confirmation::CannotTell);
    assert_eq!(
        closed.record.connections["second"].confirmed_at,
        Some(now())
    );
    assert_eq!(step(&closed), None);
    let refused = answered(Confirmation::Refused {
        detail: "quarantine".to_owned(),
    });
    assert_eq!(refused.record.connections["second"].ack, None);
    assert_eq!(step(&refused), None, "a new word is needed");
}

#[test]
fn every_outcome_follows_or_does_not() {
    let scene = waiting()
        .with(|s| s.connections[0].1.writer = Writer::Person)
        .delivery("canary", DeliveryState::Delivered)
        .accepting()
        .retire_due()
        .orphan("lost", None);
    let follows: Vec<_> = outcomes()
        .into_iter()
        .filter(|(_, outcome, _)| scene.apply(outcome.clone()).is_ok())
        .map(|(word, _, _)| word)
        .collect();
    let everywhere = [
        "published",
        "use_seen",
        "retired",
        "orphan_revoked",
        "verified",
    ];
    for word in ["proved", "delivered", "confirmed"]
        .iter()
        .chain(&everywhere)
    {
        assert!(follows.contains(word), "{word}: {follows:?}");
    }
    for word in [
        "adopted",
        "prepared",
        "issued",
        "recovered",
        "completed",
        "reverted",
        "discarded",
    ] {
        assert!(!follows.contains(&word), "{word}");
    }
}

#[test]
fn a_record_of_before_is_read_and_one_of_now_says_what_it_says() {
    let scene = acknowledged(waiting());
    let text = serde_json::to_string(&scene.record).expect("JSON");
    assert!(text.contains("\"stage\":\"handed_over\""), "{text}");
    let read: Record = serde_json::from_str(&text).expect("read");
    assert_eq!(read, scene.record);
    let old = in_stage(Stage::Confirming).record;
    let text = serde_json::to_string(&old).expect("JSON");
    assert!(
        !text.contains("by_person") && !text.contains("\"ack\""),
        "{text}"
    );
}
