//! A rotation that waits for the full cycle of another token.

use jiff::Timestamp;
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::full_cycle::FullCycleGate;
use scim_rotator::rotation::outcome::{Listing, Outcome, Preparation};
use scim_rotator::rotation::record::Trigger;
use scim_rotator::scim::evidence::Passed;
use scim_rotator::secret::Fingerprint;

use crate::decided::{Row, check, does, prepare, waits, waits_for};
use crate::scene::{Scene, ago, ahead, days, healthy, hours, mins, nothing_yet, renewal_due, secs};

/// The scene of a token that waits for a full cycle of the last day.
fn gated(scene: Scene) -> Scene {
    scene.with(|s| {
        s.policy.full_cycle = Some(FullCycleGate {
            on: "crm-staging".to_owned(),
            within: hours(24),
        });
    })
}

fn passed(at: Timestamp, issued_at: Timestamp) -> Passed {
    Passed {
        at,
        fingerprint: Fingerprint::of("staging"),
        issued_at,
    }
}

fn after(scene: Scene, at: Timestamp, issued_at: Timestamp) -> Scene {
    scene.with(|s| s.full_cycle = Some(passed(at, issued_at)))
}

fn begins() -> crate::decided::Expected {
    does(prepare(Trigger::Schedule), Reason::RenewalDue)
}

#[test]
fn a_planned_rotation_waits_for_a_fresh_full_cycle() {
    let waits_now = || waits_for(mins(5), Reason::WaitingFullCycle);
    let rows: Vec<Row> = vec![
        (
            "without a gate nothing is waited for",
            renewal_due(),
            begins(),
        ),
        ("none has passed", gated(renewal_due()), waits_now()),
        (
            "one has passed with a fresh token",
            after(gated(renewal_due()), ago(hours(1)), ago(hours(2))),
            begins(),
        ),
        (
            "the last moment counts",
            after(gated(renewal_due()), ago(hours(24)), ago(hours(24))),
            begins(),
        ),
        (
            "it is too long ago",
            after(
                gated(renewal_due()),
                ago(hours(24) + secs(1)),
                ago(hours(24)),
            ),
            waits_now(),
        ),
        (
            "the token that it was run with is older",
            after(gated(renewal_due()), ago(mins(1)), ago(hours(25))),
            waits_now(),
        ),
        (
            "a person's request is planned too",
            gated(renewal_due()).requested(Trigger::Force, ago(secs(1))),
            waits_now(),
        ),
        (
            "a person may override it",
            gated(renewal_due())
                .requested(Trigger::Force, ago(secs(1)))
                .with(|s| {
                    if let Some(request) = s.record.request.as_mut() {
                        request.override_guards = true;
                    }
                }),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
    ];
    check(&rows);
}

#[test]
fn what_cannot_wait_does_not() {
    let rows: Vec<Row> = vec![
        (
            "a token in the wrong hands",
            gated(healthy()).requested(Trigger::Compromise, ago(secs(1))),
            does(prepare(Trigger::Compromise), Reason::Compromised),
        ),
        (
            "no token at all",
            gated(nothing_yet()),
            does(prepare(Trigger::Missing), Reason::Missing),
        ),
        (
            "an expired token",
            gated(renewal_due()).with(|s| expires(s, ago(secs(1)))),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "a token that is refused",
            gated(healthy()).with(|s| {
                if let Some(probe) = s.record.probe.as_mut() {
                    probe.refused = 2;
                }
            }),
            does(prepare(Trigger::Drift), Reason::Drift),
        ),
    ];
    check(&rows);
}

fn expires(scene: &mut Scene, at: Timestamp) {
    if let Some(current) = scene.record.current.as_mut() {
        current.expires_at = Some(at);
    }
}

/// A token of thirty days that expires at `end`.
fn of_a_month(end: Timestamp) -> Scene {
    gated(renewal_due()).with(|s| {
        if let Some(current) = s.record.current.as_mut() {
            current.issued_at = end - days(30);
            current.expires_at = Some(end);
        }
    })
}

#[test]
fn a_closed_gate_never_causes_an_expiry() {
    let rows: Vec<Row> = vec![
        (
            "with a tenth of the life left it is ignored",
            of_a_month(ahead(days(3))),
            begins(),
        ),
        (
            "a moment before it is not, and no wait goes beyond",
            of_a_month(ahead(days(3) + mins(2))),
            waits(ahead(mins(2)), Reason::WaitingFullCycle),
        ),
        (
            "the deadline of windows is that of the gate",
            of_a_month(ahead(days(5))).with(|s| s.policy.windows.deadline = days(5)),
            begins(),
        ),
    ];
    check(&rows);
}

#[test]
fn a_rotation_that_did_not_wait_is_noted_until_the_next_one() {
    let begun = |scene: &Scene| {
        let preparation = Preparation {
            trigger: Trigger::Schedule,
            rotation_id: "r-2".to_owned(),
            label: "crm-r2-1".to_owned(),
            listing: Some(Listing::default()),
            chosen: None,
            lookup: None,
        };
        scene.apply(Outcome::Prepared(preparation)).expect("legal")
    };
    let late = of_a_month(ahead(days(2)));
    let record = begun(&late);
    assert_eq!(record.full_cycle_ignored_at, Some(late.now));
    let mut open = after(of_a_month(ahead(days(2))), ago(hours(1)), ago(hours(2)));
    open.record.full_cycle_ignored_at = Some(ago(days(30)));
    assert_eq!(begun(&open).full_cycle_ignored_at, None);
}

#[test]
fn a_rotation_in_flight_goes_on_behind_a_closed_gate() {
    use scim_rotator::rotation::record::Stage;
    let scene = gated(crate::scene::in_stage(Stage::Proving));
    let rows: Vec<Row> = vec![(
        "it is not held back halfway",
        scene,
        does(Step::Prove, Reason::InFlight),
    )];
    check(&rows);
}
