//! Values: who may supply a token.

use scim_rotator::rotation::apply::may_precede_its_commit;
use scim_rotator::rotation::capability::Supply;
use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::outcome::{Outcome, Supplied};
use scim_rotator::rotation::record::{
    ExpiryKnown, HaltCause, Origin, Record, Stage, StageName, StatedEnd, Trigger,
};
use scim_rotator::rotation::tenant;
use scim_rotator::scim::evidence::{FindingReason, Tenancy, Verdict};

use crate::apply_table::{preparation, proved, supplied};
use crate::scene::{
    Scene, ago, ahead, days, evidence, finding, healthy, hours, in_stage, mins, now, print,
    renewal_due,
};

pub(super) fn take(supplied: Supplied) -> Outcome {
    Outcome::Supplied {
        rotation_id: "r9".to_owned(),
        supplied,
    }
}

fn by_ann(name: &str) -> Supplied {
    Supplied {
        by: Some("userpass-ann".to_owned()),
        ..supplied(name)
    }
}

/// The record without what is noted for people.
fn without_notes(mut record: Record) -> Record {
    record.supplied = None;
    record.refused_values.clear();
    record.published_end = None;
    record.updated_at = now();
    record
}

/// Every state in which a token can be when somebody writes a value.
fn states() -> Vec<(String, Scene)> {
    let mut all: Vec<_> = Stage::ALL
        .into_iter()
        .map(|stage| (stage.name().as_str().to_owned(), in_stage(stage)))
        .collect();
    all.push(("idle".to_owned(), healthy()));
    all.push(("due".to_owned(), renewal_due()));
    all.push((
        "halted".to_owned(),
        healthy().halted(HaltCause::EndpointOpen, ago(hours(1))),
    ));
    all.push((
        "backing off".to_owned(),
        renewal_due().failed("prepare", 5, ago(mins(1))),
    ));
    all.push((
        "compromised".to_owned(),
        healthy().requested(Trigger::Compromise, ago(mins(1))),
    ));
    all
}

/// A2: with an issuer that makes tokens itself, the right value is written back
/// at once, whatever else the token waits for.
#[test]
fn a_planted_value_is_written_back_in_every_state_and_changes_nothing() {
    for (state, scene) in states() {
        let planted = scene.person_wrote("x");
        let decision = planted.plan();
        assert_eq!(decision.action, Action::Do(Step::TakeSupplied), "{state}");
        assert_eq!(decision.reason, Reason::SuppliedRefused, "{state}");
        let refused = planted.clone().then(take(by_ann("x")));
        let note = refused.record.supplied.clone().expect("a note");
        assert_eq!(note.by.as_deref(), Some("userpass-ann"), "{state}");
        assert_eq!(note.fingerprint, print("x"), "{state}");
        assert_eq!((note.count, note.written_back_at), (1, None), "{state}");
        assert_eq!(
            without_notes(refused.record.clone()),
            without_notes(planted.record.clone()),
            "{state}"
        );
        assert_eq!(refused.plan().action, Action::Do(Step::Publish), "{state}");
        let back = refused.then(Outcome::Published).person_wrote("a");
        let note = back.record.supplied.clone().expect("a note");
        assert_eq!(note.written_back_at, Some(now()), "{state}");
        assert_ne!(
            back.plan().action,
            Action::Do(Step::TakeSupplied),
            "{state}"
        );
        assert_ne!(back.plan().action, Action::Do(Step::Publish), "{state}");
    }
}

#[test]
fn the_same_value_again_is_noted_again() {
    let mut scene = healthy();
    for times in 1..=3 {
        scene = scene.person_wrote("x").then(take(by_ann("x")));
        let note = scene.record.supplied.clone().expect("a note");
        assert_eq!((note.count, note.written_back_at), (times, None));
        scene = scene.then(Outcome::Published).person_wrote("a");
    }
}

#[test]
fn what_failed_just_now_is_not_repeated_at_once() {
    let planted = healthy()
        .person_wrote("x")
        .failed("take_supplied", 1, now());
    assert_ne!(planted.plan().action, Action::Do(Step::TakeSupplied));
    let refused = healthy().person_wrote("x").then(take(by_ann("x")));
    let refused = refused.failed("publish", 1, now());
    assert_ne!(refused.plan().action, Action::Do(Step::Publish));
}

/// A4: with an operator issuer each wrong value is tried, and none counts
/// against the token.
#[test]
fn wrong_values_halt_nothing() {
    for scene in [healthy().by_hand(), healthy().accepting()] {
        let mut scene = scene;
        for index in 0..12 {
            let name = format!("wrong-{index}");
            scene = scene.person_wrote(&name).then(take(by_ann(&name)));
            assert_eq!(scene.record.stage_name(), StageName::Proving);
            let unusable = Verdict::Fail(finding(FindingReason::Forbidden));
            scene = scene.then(Outcome::Proved(unusable));
            assert_eq!(scene.record.stage_name(), StageName::Idle, "{name}");
            let note = scene.record.supplied.clone().expect("a note");
            assert_eq!(note.fingerprint, print(&name));
            assert_eq!(note.by.as_deref(), Some("userpass-ann"));
            assert_eq!(scene.plan().action, Action::Do(Step::Publish), "{name}");
            scene = scene.then(Outcome::Published).person_wrote("a");
        }
        assert_eq!(scene.record.halt, None);
        let due = scene.issued(days(20) + hours(1));
        let prepare = Step::Prepare {
            trigger: Trigger::Schedule,
        };
        assert_eq!(due.plan().action, Action::Do(prepare), "it delays nothing");
    }
}

#[test]
fn a_person_may_say_that_a_value_is_meant() {
    let said = healthy()
        .person_wrote("x")
        .requested(Trigger::Force, now())
        .with(|s| s.record.request.as_mut().expect("a request").supplied = true);
    assert_eq!(said.plan().reason, Reason::OperatorSupplied);
    let taken = said.then(take(by_ann("x")));
    assert_eq!(taken.record.stage_name(), StageName::Proving);
    assert_eq!(taken.record.request, None, "it is fulfilled");

    // Before the value is there, nothing is asked of the issuer.
    let early = healthy()
        .requested(Trigger::Force, now())
        .with(|s| s.record.request.as_mut().expect("a request").supplied = true);
    assert!(matches!(early.plan().action, Action::Wait));
}

/// What the predecessor saw before it died may have been deleted since: only a person
/// can tell that from another tenant.
#[test]
fn entries_that_are_gone_count_against_a_value_that_nobody_says_is_meant() {
    let plain = || healthy().by_hand().person_wrote("x");
    let meant = || {
        plain()
            .requested(Trigger::Force, now())
            .with(|s| s.record.request.as_mut().expect("a request").supplied = true)
    };
    let judged = |scene: Scene, tenancy: Tenancy| {
        let taken = scene.then(take(by_ann("x")));
        assert!(tenant::is_compared(&taken.record));
        tenant::judge(&taken.record, evidence("x", now()), &tenancy)
    };
    let gone = || Tenancy::Gone("no entry is there".to_owned());
    let Verdict::Fail(finding) = judged(plain(), gone()) else {
        panic!("it counts against the value");
    };
    assert_eq!(finding.reason, FindingReason::OtherTenant);
    assert!(
        finding
            .detail
            .contains("rotate crm --supplied --reason TEXT"),
        "{}",
        finding.detail
    );
    let Verdict::Pass(proof) = judged(meant(), gone()) else {
        panic!("a person answers for it");
    };
    assert_eq!(
        proof.tenant_doubt(),
        Some("no entry is there"),
        "it is shown"
    );
    let other = || Tenancy::Other("it lists others".to_owned());
    for scene in [plain(), meant()] {
        assert!(matches!(judged(scene, other()), Verdict::Fail(_)));
    }
    let unknown = Tenancy::Unknown("no entries".to_owned());
    assert!(matches!(judged(plain(), unknown), Verdict::Pass(_)));
}

/// A supplied value is often wrong, so no connection is written for one before it is
/// proven: each delivery of it is stored first.
#[test]
fn only_a_token_that_was_issued_may_be_delivered_before_that_is_stored() {
    let deliver = Step::Deliver {
        connection: "canary".to_owned(),
    };
    let taken = healthy()
        .by_hand()
        .person_wrote("x")
        .then(take(by_ann("x")));
    let delivering = |scene: Scene, stage| scene.rotation(|r| r.stage = stage).record;
    let supplied = delivering(taken, Stage::Delivering);
    assert!(!may_precede_its_commit(&supplied, &deliver));
    let issued = |stage| {
        let scene = in_stage(stage).rotation(|r| r.may_be_delivered = true);
        scene.record
    };
    let record = issued(Stage::Delivering);
    assert!(may_precede_its_commit(&record, &deliver));
    assert!(!may_precede_its_commit(&record, &Step::Prove));
    let handed = issued(Stage::HandedOver);
    assert!(
        !may_precede_its_commit(&handed, &deliver),
        "a person sees it"
    );
}

/// A3: a compromise is answered by the issuer.
#[test]
fn a_planted_value_does_not_answer_a_compromise() {
    let compromised = || healthy().requested(Trigger::Compromise, ago(mins(1)));
    for scene in [compromised(), compromised().accepting()] {
        let refused = scene.person_wrote("x").then(take(by_ann("x")));
        assert_eq!(refused.record.rotation, None);
        assert!(
            refused.record.is_compromised(),
            "it is still to be answered"
        );
        let back = refused.then(Outcome::Published).person_wrote("a");
        let prepare = Step::Prepare {
            trigger: Trigger::Compromise,
        };
        assert_eq!(back.plan().action, Action::Do(prepare));
    }
}

/// Where a person is the issuer, another person says which value is the answer.
#[test]
fn a_compromise_at_an_operator_issuer_needs_a_word() {
    let asked = healthy()
        .by_hand()
        .requested(Trigger::Compromise, ago(mins(1)))
        .person_wrote("x");
    let prepare = Step::Prepare {
        trigger: Trigger::Compromise,
    };
    assert_eq!(asked.plan().action, Action::Do(prepare), "it is not taken");
    let waiting = asked.then(Outcome::Prepared(preparation(Trigger::Compromise)));
    assert_eq!(waiting.record.stage_name(), StageName::WaitingOperator);
    let decision = waiting.plan();
    assert_eq!(
        decision.action,
        Action::Wait,
        "nor written over: {decision:?}"
    );
    assert!(waiting.apply(take(by_ann("x"))).is_err());

    let said = waiting
        .requested(Trigger::Compromise, now())
        .with(|s| s.record.request.as_mut().expect("a request").supplied = true);
    assert_eq!(said.plan().action, Action::Do(Step::TakeSupplied));
    let taken = said.then(take(by_ann("x"))).then(proved("x"));
    let rotation = taken.record.rotation.expect("a rotation");
    assert_eq!(rotation.trigger, Trigger::Compromise);
}

/// The word may come before the value.
#[test]
fn a_word_that_comes_first_is_kept() {
    let said = healthy()
        .by_hand()
        .requested(Trigger::Compromise, now())
        .with(|s| s.record.request.as_mut().expect("a request").supplied = true);
    let waiting = said.then(Outcome::Prepared(preparation(Trigger::Compromise)));
    assert_eq!(waiting.record.stage_name(), StageName::WaitingOperator);
    let written = waiting.person_wrote("x");
    assert_eq!(written.plan().action, Action::Do(Step::TakeSupplied));
}

/// A person was asked before the configuration named an issuer that makes tokens
/// itself: from then on the issuer is asked.
#[test]
fn a_person_is_not_waited_for_where_the_issuer_makes_tokens() {
    for trigger in [Trigger::Schedule, Trigger::Compromise] {
        let scene = in_stage(Stage::WaitingOperator).rotation(|r| r.trigger = trigger);
        assert_eq!(scene.issuer.supply, Supply::Issuer);
        let prepare = Step::Prepare { trigger };
        assert_eq!(scene.plan().action, Action::Do(prepare));
        let asked = scene.then(Outcome::Prepared(preparation(trigger)));
        assert_eq!(asked.record.stage_name(), StageName::Issuing);
        assert_eq!(asked.fresh().plan().action, Action::Do(Step::Issue));
    }
}

/// A2: the end that stands beside a value is bounded by the lifetime.
#[test]
fn a_far_end_is_bounded_by_the_lifetime() {
    let far = Supplied {
        expires_at: Some(ahead(days(60_000))),
        expiry: ExpiryKnown::Api,
        stated_end: StatedEnd::At(ahead(days(60_000))),
        issued_at: Some(ahead(days(1_000))),
        ..by_ann("x")
    };
    let scene = healthy()
        .by_hand()
        .policy(|p| p.declared_lifetime = Some(days(90)))
        .person_wrote("x")
        .then(take(far));
    let pending = scene.record.rotation.and_then(|r| r.pending).expect("it");
    assert_eq!(pending.expires_at, Some(ahead(days(90))));
    assert_eq!(pending.expiry, ExpiryKnown::Declared);
    assert_eq!(pending.origin, Origin::Operator);
    assert_eq!(pending.supplied_by.as_deref(), Some("userpass-ann"));
}
