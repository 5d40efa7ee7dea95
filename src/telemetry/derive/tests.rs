use jiff::SignedDuration;

use super::*;
use crate::rotation::capability::{Revoke, Supply};
use crate::rotation::decision::Reason;
use crate::telemetry::facts::strategy;
use crate::telemetry::fixture;

#[test]
fn a_delivered_pending_token_counts_as_in_sync_and_a_foreign_one_does_not() {
    let mut record = fixture::busy_record("crm");
    let pending = fixture::held("crm-pending").fingerprint();
    let cases = [
        (pending, Some(true)),
        (fixture::held("other").fingerprint(), Some(false)),
    ];
    for (fingerprint, expected) in cases {
        let holds = record.connections.get_mut("entra-hr").expect("holds");
        holds.fingerprint = fingerprint;
        assert_eq!(fixture::snapshot(&record).connections[0].in_sync, expected);
    }
    record.connections.clear();
    assert_eq!(fixture::snapshot(&record).connections[0].in_sync, None);
}

#[test]
fn a_life_that_only_the_policy_declares_is_shown_as_declared() {
    let mut record = fixture::fresh_record("crm");
    let current = record.current.as_mut().expect("current");
    current.expires_at = None;
    current.expiry = ExpiryKnown::Unknown;
    assert_eq!(fixture::snapshot(&record).expiry(), ExpiryKnown::Unknown);
    let mut policy = fixture::policy();
    policy.declared_lifetime = Some(SignedDuration::from_hours(480));
    let facts = fixture::facts("crm");
    let shown = TokenSnapshot::from_record(
        &facts,
        &record,
        &fixture::resting(),
        &policy,
        fixture::now(),
    );
    let slot = shown.current.expect("current");
    let end = fixture::now() + SignedDuration::from_hours(240);
    assert_eq!(
        (slot.expiry, slot.expires_at),
        (ExpiryKnown::Declared, Some(end))
    );
}

#[test]
fn the_next_attempt_is_the_renewal_when_at_rest_and_the_wake_otherwise() {
    let mut record = fixture::fresh_record("crm");
    let policy = fixture::policy();
    let renewal = fixture::now() + SignedDuration::from_hours(72);
    assert_eq!(fixture::snapshot(&record).next_attempt_at, Some(renewal));
    let mut backoff = fixture::resting();
    backoff.reason = Reason::Backoff;
    let facts = fixture::facts("crm");
    let waiting = TokenSnapshot::from_record(&facts, &record, &backoff, &policy, fixture::now());
    assert_eq!(waiting.next_attempt_at, Some(backoff.wake_at));
    record.paused = Some(crate::rotation::record::Paused {
        since: fixture::now(),
        reason: "maintenance".to_owned(),
        by: None,
    });
    assert_eq!(fixture::snapshot(&record).next_attempt_at, None);
}

#[test]
fn no_secret_is_in_the_json() {
    let record = fixture::busy_record("crm");
    let json = serde_json::to_string(&fixture::snapshot(&record)).expect("json");
    for value in ["\"crm-current\"", "\"crm-pending\"", "\"crm-previous\""] {
        assert!(!json.contains(value), "{json}");
    }
    assert!(json.contains("\"name\":\"crm\"") && json.contains("\"strategy\":\"overlap\""));
}

#[test]
fn a_success_that_left_the_history_is_told_by_its_token() {
    let mut record = fixture::fresh_record("crm");
    record.history.clear();
    let issued = fixture::now() - SignedDuration::from_hours(240);
    assert_eq!(fixture::snapshot(&record).last_success_at, Some(issued));
}

#[test]
fn the_strategy_follows_from_the_capabilities() {
    let overlap = fixture::capabilities();
    let mut expire = overlap;
    expire.revoke = Revoke::Never;
    let mut operator = overlap;
    operator.supply = Supply::Operator;
    let words = [overlap, expire, operator].map(|c| strategy(&c));
    assert_eq!(words, ["overlap", "expire", "operator"]);
}
