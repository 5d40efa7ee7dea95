//! Records that a clock of the future has written.

use jiff::Timestamp;
use proptest::prelude::*;
use scim_rotator::rotation::clock::set_back;
use scim_rotator::rotation::decision::Reason;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{ExpiryKnown, Record, Stage, Trigger};
use scim_rotator::rotation::situation::OurClock;
use serde_json::Value;

use crate::properties::any;
use crate::scene::{Scene, ago, ahead, days, healthy, hours, mins, renewal_due, secs};

/// The scene a year later, by a clock that the servers confirm.
fn a_year_too_early(mut scene: Scene) -> Scene {
    scene.record.updated_at = ahead(days(365));
    scene.clock_is_measured = true;
    scene
}

fn set_right(scene: &Scene) -> Record {
    let record = set_back(&scene.record, &scene.situation(), scene.now).expect("it is set back");
    invariant::check(&record).expect("valid");
    record
}

#[test]
fn a_life_that_began_in_the_future_begins_now() {
    let declared = |s: Scene| {
        s.current(|token| {
            token.issued_at = ahead(days(365));
            token.expires_at = Some(ahead(days(395)));
            token.expiry = ExpiryKnown::Declared;
        })
    };
    let scene = a_year_too_early(declared(healthy()));
    let current = set_right(&scene).current.expect("a token");
    assert_eq!(current.issued_at, scene.now);
    assert_eq!(current.expires_at, Some(ahead(days(30))));
    let told = a_year_too_early(declared(healthy()).current(|t| t.expiry = ExpiryKnown::Api));
    let current = set_right(&told).current.expect("a token");
    assert_eq!(
        current.expires_at,
        Some(ahead(days(395))),
        "the issuer said so"
    );
}

/// The clock went wrong when a rotation was already under way: the deadline counts
/// from the stage in which a person is waited for.
#[test]
fn a_deadline_that_began_in_the_future_is_as_far_as_it_was() {
    let scene = renewal_due().stage(Stage::HandedOver).rotation(|r| {
        r.stage_entered_at = ahead(days(365));
        r.operator_deadline = Some(ahead(days(372)));
    });
    let rotation = set_right(&a_year_too_early(scene)).rotation.expect("one");
    assert_eq!(rotation.operator_deadline, Some(ahead(days(7))));
}

#[test]
fn an_overlap_that_began_in_the_future_is_as_long_as_it_was() {
    let scene = a_year_too_early(healthy().retiring("old", ahead(days(365) + hours(5))));
    let scene = scene.superseded(|entry| {
        entry.superseded_at = ahead(days(365));
        entry.retry_at = Some(ahead(days(366)));
    });
    let entry = set_right(&scene).retiring.remove(0);
    assert_eq!(entry.superseded_at, scene.now);
    assert_eq!(entry.not_before, ahead(hours(5)));
    assert_eq!(entry.retry_at, Some(ahead(days(1))));
    let right = a_year_too_early(healthy().retiring("old", ahead(hours(5))));
    let entry = set_right(&right).retiring.remove(0);
    assert_eq!(
        entry.not_before,
        ahead(hours(5)),
        "it was written by a right clock"
    );
}

#[test]
fn time_is_that_of_the_servers_if_ours_is_far_from_it() {
    let rows = [
        ("right", secs(0), true, secs(0)),
        ("wrong, and good enough", mins(-20), true, secs(0)),
        ("ahead by a year", days(-365), true, days(-365)),
        ("behind by a year", days(365), true, days(365)),
        ("Vault does not say so", days(365), false, secs(0)),
    ];
    for (what, skew, vault_agrees, change) in rows {
        let clock = OurClock {
            skew,
            is_measured: true,
            vault_agrees,
        };
        let shown = healthy().now;
        assert_eq!(clock.right_time(shown, mins(2)), shown + change, "{what}");
    }
}

/// By the servers' time an overlap is as long as configured; by a clock that is
/// a little wrong it is longer.
#[test]
fn an_overlap_is_longer_only_if_a_wrong_clock_measures_it() {
    let rows = [
        ("right", secs(0), secs(0)),
        ("a little wrong", mins(10), mins(10)),
        ("ahead by a year", days(-365), secs(0)),
    ];
    for (what, skew, longer) in rows {
        let mut scene = healthy().retiring("old", ahead(hours(1)));
        scene.clock_is_measured = true;
        scene.clock_skew = skew;
        let scene = scene
            .superseded(|entry| entry.superseded_at = ago(hours(1)))
            .then(Outcome::Published);
        let window = scene.policy.overlap + longer;
        let entry = &scene.record.retiring[0];
        let end = entry.not_before.duration_since(scene.now);
        assert_eq!(end, window, "{what}");
    }
}

#[test]
fn another_replica_keeps_its_lease_for_one_lease() {
    let scene = a_year_too_early(healthy().leased_to("replica-b", ahead(days(365))));
    let lease = set_right(&scene).lease.expect("a lease");
    assert_eq!(lease.expires_at, scene.now + scene.policy.lease);
}

#[test]
fn a_right_record_and_a_wrong_clock_change_nothing() {
    let rows = [
        (
            "a right record",
            a_year_too_early(healthy()).with(|s| s.record.updated_at = s.now),
        ),
        (
            "nobody confirms our clock",
            a_year_too_early(healthy()).with(|s| s.clock_is_measured = false),
        ),
        (
            "our clock is wrong",
            a_year_too_early(healthy()).with(|s| s.clock_skew = mins(3)),
        ),
        (
            "our clock is wrong and a person asks",
            a_year_too_early(healthy())
                .with(|s| s.clock_skew = mins(3))
                .requested(Trigger::Force, ahead(secs(0))),
        ),
    ];
    for (what, scene) in rows {
        let same = set_back(&scene.record, &scene.situation(), scene.now);
        assert_eq!(same, None, "{what}");
    }
    let asked = a_year_too_early(healthy())
        .with(|s| s.clock_is_measured = false)
        .requested(Trigger::Force, ahead(secs(0)));
    let record = set_right(&asked);
    let goes_on = asked.with(|s| s.record = record).plan();
    assert_eq!(
        goes_on.reason,
        Reason::Forced,
        "`rotate` gets it out of `clock_behind`"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever a clock of the future wrote, nothing waits for that future.
    #[test]
    fn no_time_of_the_past_is_in_the_future(scene in any::scene()) {
        let mut scene = a_year_too_early(scene);
        scene.clock_skew = secs(0);
        scene.record = shifted(&scene.record);
        scene.record.updated_at = ahead(days(366));
        let record = set_back(&scene.record, &scene.situation(), scene.now);
        let record = record.expect("it is set back");
        prop_assert_eq!(invariant::check(&record), Ok(()));
        for (name, at) in times(&serde_json::to_value(&record).expect("JSON")) {
            let of_the_past = !matches!(
                name.as_str(),
                "expires_at" | "not_before" | "retry_at" | "operator_deadline" | "dies_at"
            );
            prop_assert!(!of_the_past || at <= scene.now, "{}: {}", name, at);
            prop_assert!(name != "retry_at" || at <= scene.now + days(1));
        }
        scene.record = record;
        prop_assert_ne!(scene.plan().reason, Reason::ClockBehind);
    }
}

/// The record with all its times a year later.
fn shifted(record: &Record) -> Record {
    let mut value = serde_json::to_value(record).expect("JSON");
    later(&mut value);
    serde_json::from_value(value).expect("a record")
}

fn later(value: &mut Value) {
    match value {
        Value::String(text) => {
            let later = text.parse::<Timestamp>().ok();
            let later = later.and_then(|at| at.checked_add(days(365)).ok());
            if let Some(at) = later {
                *text = at.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(later),
        Value::Object(fields) => fields.values_mut().for_each(later),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every time with the name of its field, except those that belong to evidence of
/// tokens that nothing depends on any more.
fn times(value: &Value) -> Vec<(String, Timestamp)> {
    let Value::Object(fields) = value else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, field) in fields {
        match field {
            Value::String(text) => all.extend(text.parse().ok().map(|at| (name.clone(), at))),
            Value::Array(items) if name != "orphans_uncounted" => {
                for item in items {
                    let at = item.as_str().and_then(|text| text.parse().ok());
                    all.extend(at.map(|at| (name.clone(), at)));
                    all.extend(times(item));
                }
            }
            Value::Object(_) if name != "old_refused" && name != "lease" => {
                all.extend(times(field))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
    all
}
