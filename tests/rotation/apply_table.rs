//! Which outcome may follow in which stage, and that nothing else is folded in.

use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::apply::{apply, intend};
use scim_rotator::rotation::capability::Overlap;
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::{
    Confirmation, IssuedToken, Listing, Objection, Outcome, Preparation, Supplied, Throwaway,
};
use scim_rotator::rotation::record::{
    ExpiryKnown, Intent, Record, Stage, StageName, StatedEnd, Trigger,
};
use scim_rotator::scim::evidence::Verdict;

use crate::scene::{
    Scene, ago, ahead, days, evidence, healthy, hours, in_stage, intent, mins, nothing_yet, now,
    print, refusal_of, value,
};

pub(crate) fn issued(name: &str) -> IssuedToken {
    IssuedToken {
        value: value(name),
        id: Some(format!("id-{name}")),
        expires_at: Some(ahead(days(30))),
        expiry: ExpiryKnown::Api,
        old_dies_at: None,
        scopes: None,
        asked_life: None,
    }
}

pub(crate) fn supplied(name: &str) -> Supplied {
    Supplied {
        value: value(name),
        stated_id: None,
        issued_at: None,
        expires_at: None,
        expiry: ExpiryKnown::Unknown,
        stated_end: StatedEnd::Absent,
        unreadable: None,
        by: None,
    }
}

/// The token `name` was adopted, and the issuer was not asked.
pub(crate) fn adopted(name: &str) -> Outcome {
    Outcome::Adopted {
        supplied: supplied(name),
        lookup: None,
    }
}

pub(crate) fn preparation(trigger: Trigger) -> Preparation {
    Preparation {
        trigger,
        rotation_id: "r1".to_owned(),
        label: "crm-r1-1".to_owned(),
        listing: None,
        chosen: None,
        lookup: None,
    }
}

pub(crate) fn recovered(listing: Listing) -> Outcome {
    Outcome::Recovered {
        listing,
        next_label: "crm-r1-2".to_owned(),
    }
}

pub(crate) fn confirmed(connection: &str, confirmation: Confirmation) -> Outcome {
    Outcome::Confirmed {
        connection: connection.to_owned(),
        confirmation,
    }
}

pub(crate) fn proved(name: &str) -> Outcome {
    Outcome::Proved(Verdict::Pass(evidence(name, now())))
}

fn canary() -> String {
    "canary".to_owned()
}

/// Every outcome that is not a failure, and the stages in which it may follow.
pub(crate) fn outcomes() -> Vec<(&'static str, Outcome, Vec<StageName>)> {
    use StageName as S;
    let everywhere = StageName::ALL
        .into_iter()
        .filter(|s| *s != S::Halted)
        .collect::<Vec<_>>();
    vec![
        ("adopted", adopted("x"), vec![]),
        (
            "prepared",
            Outcome::Prepared(preparation(Trigger::Schedule)),
            // A person is not waited for where the issuer makes tokens itself.
            vec![S::Idle, S::WaitingOperator],
        ),
        ("issued", Outcome::Issued(issued("b")), vec![S::Issuing]),
        ("recovered", recovered(Listing::default()), vec![S::Issuing]),
        (
            "supplied",
            Outcome::Supplied {
                rotation_id: "r1".to_owned(),
                supplied: supplied("x"),
            },
            vec![S::Idle, S::WaitingOperator],
        ),
        (
            "proved",
            proved("b"),
            vec![S::Proving, S::Delivering, S::Confirming],
        ),
        (
            "cannot_be_held",
            Outcome::CannotBeHeld(vec![Objection {
                connection: "second".to_owned(),
                why: "it is too long".to_owned(),
            }]),
            vec![S::Proving, S::Delivering, S::Confirming],
        ),
        (
            "delivered",
            Outcome::Delivered {
                connection: canary(),
            },
            vec![S::Delivering],
        ),
        (
            "confirmed",
            confirmed("canary", Confirmation::Works),
            vec![S::Confirming],
        ),
        ("completed", Outcome::Completed, vec![S::Completing]),
        ("published", Outcome::Published, everywhere.clone()),
        (
            "reverted",
            Outcome::Reverted {
                connection: canary(),
            },
            vec![S::Reverting],
        ),
        (
            "discarded",
            Outcome::Discarded,
            vec![S::Reverting, S::Discarding],
        ),
        (
            "use_seen",
            Outcome::UseSeen {
                fingerprint: print("old"),
                last_used_at: None,
                last_used_by: None,
            },
            everywhere.clone(),
        ),
        (
            "retired",
            Outcome::Retired {
                fingerprint: print("old"),
                refusal: Verdict::Pass(refusal_of(&print("old"), now())),
            },
            everywhere.clone(),
        ),
        (
            "orphan_revoked",
            Outcome::OrphanRevoked {
                id: "lost".to_owned(),
            },
            everywhere.clone(),
        ),
        (
            "unrecorded_revoked",
            Outcome::UnrecordedRevoked {
                label: "crm-r0-1".to_owned(),
            },
            everywhere.clone(),
        ),
        (
            "verified",
            Outcome::Verified(Verdict::Pass(evidence("a", now()))),
            everywhere,
        ),
    ]
}

fn scenes() -> Vec<(StageName, Scene)> {
    let mut all: Vec<_> = Stage::ALL
        .into_iter()
        // Shown under the same name as another; it has a table of its own.
        .filter(|stage| *stage != Stage::HandedOver)
        .map(|stage| (stage.name(), in_stage(stage)))
        .collect();
    all.push((StageName::Idle, healthy()));
    all.into_iter()
        .map(|(name, scene)| {
            let sent = Intent {
                label: "crm-r0-1".to_owned(),
                ..intent(ago(mins(5)))
            };
            let scene = scene.accepting().retire_due().orphan("lost", None);
            (name, scene.unrecorded("z", sent))
        })
        .collect()
}

#[test]
fn every_outcome_follows_in_its_stages_and_in_no_other() {
    let mut pairs = 0;
    for (stage, scene) in scenes() {
        assert_eq!(scene.record.stage_name(), stage);
        for (word, outcome, legal) in outcomes() {
            pairs += 1;
            let before = scene.record.clone();
            let result = scene.apply(outcome);
            let place = format!("`{word}` in stage `{}`", stage.as_str());
            match result {
                Ok(after) => {
                    assert!(legal.contains(&stage), "{place} was folded in");
                    invariant::check(&after).expect(&place);
                }
                Err(error) => {
                    assert!(!legal.contains(&stage), "{place}: {error}");
                    assert_eq!(error.stage, stage, "{place}");
                    assert_eq!(error.token, "crm");
                    assert!(error.to_string().contains(stage.as_str()), "{error}");
                }
            }
            assert_eq!(scene.record, before, "the record that is passed stays");
        }
    }
    assert_eq!(pairs, 9 * 18);
}

#[test]
fn outcomes_that_fit_the_stage_but_not_what_is_stored_are_refused() {
    let other = || Verdict::Pass(evidence("z", now()));
    let rows: Vec<(&str, Scene, Outcome)> = vec![
        (
            "an issue without an intent",
            in_stage(Stage::Issuing).without_intent(),
            Outcome::Issued(issued("b")),
        ),
        (
            "a recovery without an intent",
            in_stage(Stage::Issuing).without_intent(),
            recovered(Listing::default()),
        ),
        (
            "a person's token while one may have been issued",
            in_stage(Stage::Issuing).accepting(),
            Outcome::Supplied {
                rotation_id: "r9".to_owned(),
                supplied: supplied("x"),
            },
        ),
        (
            "a person's token that is the current one",
            healthy(),
            Outcome::Supplied {
                rotation_id: "r9".to_owned(),
                supplied: supplied("a"),
            },
        ),
        (
            "evidence of another token for the pending one",
            in_stage(Stage::Proving),
            Outcome::Proved(other()),
        ),
        (
            "evidence of another token for the current one",
            healthy(),
            Outcome::Verified(other()),
        ),
        (
            "a probe of a current token that is not there",
            nothing_yet(),
            Outcome::Verified(other()),
        ),
        (
            "proof of another token's end",
            healthy().retire_due(),
            Outcome::Retired {
                fingerprint: print("old"),
                refusal: Verdict::Pass(refusal_of(&print("z"), now())),
            },
        ),
        (
            "the end of a token that is not being retired",
            healthy(),
            Outcome::Retired {
                fingerprint: print("a"),
                refusal: Verdict::Pass(refusal_of(&print("a"), now())),
            },
        ),
        (
            "the use of a token that is not being retired",
            healthy(),
            Outcome::UseSeen {
                fingerprint: print("a"),
                last_used_at: None,
                last_used_by: None,
            },
        ),
        (
            "a lost token that nobody lost",
            healthy(),
            Outcome::OrphanRevoked {
                id: "lost".to_owned(),
            },
        ),
        (
            "the end of a rehearsal that nobody made",
            healthy(),
            Outcome::RehearsalEnded(Throwaway::Revoked),
        ),
        (
            "the revocation of a token that was not issued to this process",
            healthy(),
            Outcome::UnrecordedRevoked {
                label: "crm-r0-1".to_owned(),
            },
        ),
        (
            "an answer of a connection that was given nothing",
            in_stage(Stage::Confirming).rotation(|r| r.deliveries.clear()),
            confirmed("canary", Confirmation::Works),
        ),
        (
            "a completion while proven deliveries are open",
            in_stage(Stage::Delivering)
                .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: false }),
            Outcome::Completed,
        ),
    ];
    for (sentence, scene, outcome) in rows {
        assert!(scene.apply(outcome).is_err(), "{sentence} was folded in");
    }
}

#[test]
fn a_token_is_adopted_only_where_there_is_none() {
    let after = nothing_yet().apply(adopted("x")).expect("adopted");
    assert_eq!(after.generation, 1);
    assert_eq!(after.current.map(|t| t.fingerprint()), Some(print("x")));
    assert!(healthy().apply(adopted("x")).is_err());
    let in_flight = nothing_yet().stage(Stage::Issuing);
    assert!(in_flight.apply(adopted("x")).is_err());
}

/// Repeating an outcome that was folded in changes nothing but the time, or is
/// refused (I5).
#[test]
fn an_outcome_that_comes_twice_changes_nothing_more() {
    for (stage, scene) in scenes() {
        for (word, outcome, _) in outcomes() {
            let Ok(once) = scene.apply(outcome.clone()) else {
                continue;
            };
            let again = Scene {
                record: once.clone(),
                ..scene.clone()
            };
            if let Ok(twice) = again.apply(outcome) {
                assert_eq!(
                    without_counts(twice),
                    without_counts(once),
                    "`{word}` in stage `{}`",
                    stage.as_str()
                );
            }
        }
    }
}

/// A lost reply that is looked into twice counts one attempt more, and has no
/// other effect.
fn without_counts(mut record: Record) -> Record {
    if let Some(rotation) = record.rotation.as_mut().filter(|r| r.intent.is_some()) {
        rotation.attempts = 0;
        rotation.intent = None;
        record.issues.clear();
    }
    record
}

#[test]
fn a_step_during_which_the_clock_is_set_back_does_not_date_the_record_back() {
    let mut folded = 0;
    for (stage, mut scene) in scenes() {
        for (name, outcome, _) in outcomes() {
            scene.record.updated_at = now();
            let earlier = ago(hours(1));
            let Ok(after) = apply(&scene.record, outcome, &scene.situation(), earlier) else {
                continue;
            };
            folded += 1;
            assert_eq!(after.updated_at, now(), "{name} in {stage:?}");
        }
        let intended = intend(&scene.record, &Step::Prove, "me", mins(1), ago(hours(1)));
        assert_eq!(intended.updated_at, now(), "{stage:?}");
    }
    assert!(folded > 20, "{folded}");
}

#[test]
fn a_failure_may_follow_everywhere() {
    for (stage, scene) in scenes() {
        let failed = Outcome::Failed {
            step: Step::Publish,
            fault: Fault::new(FaultClass::NotApplied, FaultKind::Network, "no route"),
        };
        let after = scene.apply(failed).expect("a failure is never a bug");
        assert_eq!(after.stage_name(), stage);
        invariant::check(&after).expect("valid");
    }
}
