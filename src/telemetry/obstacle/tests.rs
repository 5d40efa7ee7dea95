use serde_json::json;

use super::*;
use crate::scim::evidence::{Evidence, Finding, FindingReason};
use crate::telemetry::fixture;

fn unclear(record: &mut Record, cause: Option<(&str, &str)>) {
    let current = record.current.as_mut().expect("a token");
    let mut stored = json!({
        "fingerprint": current.fingerprint(),
        "at": fixture::now(),
        "controls": "unclear",
    });
    if let Some((reason, detail)) = cause {
        stored["unclear"] = json!({ "reason": reason, "detail": detail });
    }
    let evidence: Evidence = serde_json::from_value(stored).expect("as it is stored");
    current.evidence = Some(evidence);
}

fn retiring() -> Record {
    let mut record = fixture::busy_record("crm");
    record.rotation = None;
    record.retiring[0].last_finding = None;
    record.current.as_mut().expect("a token").evidence = None;
    record
}

fn of(record: &Record) -> Option<Obstacle> {
    Obstacle::of(record, &record.retiring[0])
}

#[test]
fn unclear_controls_are_named_and_the_token_is_not_said_to_be_retired() {
    let mut record = retiring();
    assert_eq!(of(&record), None);
    unclear(
        &mut record,
        Some(("redirect", "a wrong token is redirected")),
    );
    let obstacle = of(&record).expect("an obstacle");
    assert_eq!(obstacle.reason, "redirect");
    let due = fixture::now() - jiff::SignedDuration::from_secs(10);
    let text = Obstacle::sentence(Some(&obstacle), due, fixture::now());
    assert_eq!(
        text,
        "the old token is not retired (due 10 s ago): a wrong token is redirected"
    );

    // A record of an earlier program does not tell the cause.
    unclear(&mut record, None);
    assert_eq!(of(&record).expect("one").reason, "controls_unclear");
}

#[test]
fn what_the_last_attempt_found_comes_first() {
    let mut record = retiring();
    unclear(&mut record, Some(("redirect", "redirected")));
    record.probe.as_mut().expect("a probe").finding = Some(Finding {
        reason: FindingReason::Throttled,
        detail: "throttled".to_owned(),
    });
    assert_eq!(of(&record).expect("one").reason, "throttled");
    let id = "the id of the old token is not known: revoke it at the issuer by hand";
    record.retiring[0].last_finding = Some(id.to_owned());
    let obstacle = of(&record).expect("one");
    assert_eq!(obstacle.detail, id);

    record.retiring[0].revoked_at = Some(fixture::now());
    let obstacle = of(&record).expect("one");
    let text = Obstacle::sentence(Some(&obstacle), fixture::now(), fixture::now());
    assert!(
        text.contains("revoked in 0 s, and is not shown to be refused"),
        "{text}"
    );
}

#[test]
fn without_an_obstacle_the_time_is_told() {
    let now = fixture::now();
    let later = now + jiff::SignedDuration::from_hours(72);
    let text = |due| Obstacle::sentence(None, due, now);
    assert_eq!(text(later), "the old token is retired in 3 d");
    assert_eq!(
        text(now - jiff::SignedDuration::from_secs(10)),
        "the old token is not retired yet (due 10 s ago)"
    );
}

#[test]
fn the_cause_is_in_the_json_and_in_the_metrics() {
    let mut record = retiring();
    unclear(
        &mut record,
        Some(("redirect", "a wrong token is redirected")),
    );
    let snapshot = fixture::snapshot(&record);
    let shown = serde_json::to_value(&snapshot).expect("JSON");
    let cause = &shown["current"]["unclear_controls"];
    assert_eq!(cause["reason"], "redirect");
    assert_eq!(cause["detail"], "a wrong token is redirected");
    assert_eq!(shown["retirement_obstacle"]["reason"], "redirect");
}
