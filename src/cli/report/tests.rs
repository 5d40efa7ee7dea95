use super::*;

fn now() -> Timestamp {
    "2027-01-15T12:00:00Z".parse().expect("a time")
}

fn facts() -> Value {
    json!({
        "written_at": now(),
        "token": {
            "name": "crm", "issuer": "sp", "standing": "fresh", "owner": "=cmd()",
            "connections": [],
            "current": { "fingerprint": "aa", "issued_at": "2027-01-05T12:00:00Z", "expiry": "never" },
        },
    })
}

fn report(read: Vec<(String, Result<Value, String>)>) -> Report {
    Report::of(
        read,
        Since::Ago(SignedDuration::from_hours(24)).before(now()),
        now(),
    )
}

#[test]
fn a_period_is_a_time_or_a_length_of_time() {
    assert_eq!(
        Since::parse("90d")
            .expect("sound")
            .before(now())
            .to_string(),
        "2026-10-17T12:00:00Z"
    );
    let at = "2027-01-01T00:00:00Z";
    assert_eq!(
        Since::parse(at).expect("sound").before(now()).to_string(),
        at
    );
    let error = Since::parse("last week").expect_err("refused");
    assert!(
        error.contains("90d") && error.contains("last week"),
        "{error}"
    );
}

#[test]
fn percentiles_are_those_that_occurred() {
    assert_eq!(percentiles(Vec::new()), Value::Null);
    assert_eq!(
        percentiles(vec![7]),
        json!({ "count": 1, "p50": 7, "p95": 7 })
    );
    let hundred = (1..=100).rev().collect();
    assert_eq!(
        percentiles(hundred),
        json!({ "count": 100, "p50": 50, "p95": 95 })
    );
    assert_eq!(percentiles(vec![1, 2, 3])["p95"], 3);
}

#[test]
fn every_form_has_every_token_also_one_of_which_nothing_is_known() {
    let report = report(vec![
        ("crm".to_owned(), Ok(facts())),
        ("hr".to_owned(), Err("no facts".to_owned())),
    ]);
    let json = report.json();
    assert_eq!(json["tokens"][0]["age_days"], 10);
    assert_eq!(json["tokens"][1]["state"], "unknown");
    assert_eq!(json["summary"]["with_exceptions"], 2);
    assert_eq!(json["summary"]["without_owner"], 1);
    let table = report.table();
    assert!(
        table.contains("10 d") && table.contains("no facts"),
        "{table}"
    );
    assert!(
        table.contains("time to rotate when compromised: none"),
        "{table}"
    );
    for row in &report.rows {
        assert_eq!(COLUMNS.map(|column| row.text(column)).len(), 33);
    }
}
