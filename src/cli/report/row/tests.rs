use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    at("2027-01-15T12:00:00Z")
}

fn row(change: impl Fn(&mut Value)) -> Row {
    let mut facts = json!({
        "written_at": "2027-01-15T11:59:00Z",
        "token": {
            "name": "crm", "issuer": "sp", "provider": "http", "environment": "production",
            "owner": "crm team", "standing": "fresh", "generation": 3, "proof": "works",
            "renew_at": "2027-03-01T00:00:00Z",
            "connections": [{ "name": "idp", "in_sync": true }],
            "current": {
                "fingerprint": "c0ffee", "id": "t3", "origin": "issued",
                "issued_at": "2027-01-14T12:00:00Z", "expires_at": "2027-04-14T12:00:00Z",
                "expiry": "api",
            },
            "retiring": [], "orphans": 0,
        },
        "rotations": [
            {
                "id": "r3", "trigger": "compromise", "asked_by": "ann", "asked_why": "leaked", "result": "success",
                "began_at": "2027-01-14T12:00:00Z", "ended_at": "2027-01-14T12:00:40Z",
                "old": "0ld", "new": "c0ffee", "old_refused_at": "2027-01-14T12:01:00Z",
                "old_gone_at_issuer": false,
            },
            {
                "id": "r2", "trigger": "schedule", "result": "rolled_back",
                "began_at": "2027-01-10T12:00:00Z", "ended_at": "2027-01-10T12:00:10Z",
            },
            {
                "id": "r1", "trigger": "schedule", "result": "success",
                "began_at": "2026-10-10T12:00:00Z", "ended_at": "2026-10-10T12:00:10Z",
            },
        ],
    });
    change(&mut facts);
    Row::of("crm", &facts, at("2027-01-01T00:00:00Z"), now())
}

#[test]
fn the_questions_are_answered() {
    let row = row(|_| ());
    let expected = [
        ("owner", "crm team"),
        ("connections", "idp"),
        ("age_days", "1"),
        ("age_is_known", "true"),
        ("expiry_source", "api"),
        ("last_rotation_at", "2027-01-14T12:00:40Z"),
        ("last_trigger", "compromise"),
        ("last_asked_by", "ann"),
        ("last_asked_why", "leaked"),
        ("rotations", "1"),
        ("failures", "1"),
        ("old_token", "0ld was refused by the service provider"),
        ("old_dead_at", "2027-01-14T12:01:00Z"),
        ("overdue_since", ""),
        ("exceptions", ""),
    ];
    for (column, value) in expected {
        assert_eq!(row.text(column), value, "{column}");
    }
    let Took {
        any,
        compromised,
        until_dead,
    } = row.took;
    assert_eq!(
        (any, compromised, until_dead),
        (vec![40], vec![40], vec![60])
    );
    assert_eq!(row.cells.len(), COLUMNS.len());
}

/// A change of the facts.
type Edit = fn(&mut Value);

#[test]
fn what_is_not_as_it_should_be_is_told() {
    let cases: [(Edit, &str, &str); 11] = [
        (
            |f| {
                f["token"]["privilege"] =
                    json!({ "verdict": "broad", "detail": "it writes groups" })
            },
            "exceptions",
            "it writes groups",
        ),
        (
            |f| {
                f["token"]["privilege"]["accepted_risk"] =
                    json!({ "owner": "eve", "until": "2027-06-01", "reason": "vendor" })
            },
            "exceptions",
            "eve accepts until 2027-06-01",
        ),
        (
            |f| f["token"]["renew_at"] = json!("2027-01-15T00:00:00Z"),
            "overdue_since",
            "2027-01-15T00:00:00Z",
        ),
        (
            |f| f["token"]["current"]["issued_at_is_seen"] = json!(true),
            "age_is_known",
            "false",
        ),
        (
            |f| f["token"]["current"]["expiry"] = json!("never"),
            "exceptions",
            "never expires",
        ),
        (
            |f| f["token"]["paused"] = json!({ "since": "x", "by": "bob", "reason": "audit" }),
            "exceptions",
            "paused by bob",
        ),
        (
            |f| f["token"]["halt"] = json!({ "since": "x", "cause": "slot_blocked" }),
            "exceptions",
            "slot_blocked",
        ),
        (
            |f| f["token"]["compromised"] = json!(true),
            "exceptions",
            "compromised",
        ),
        (
            |f| f["token"]["connections"][0]["in_sync"] = json!(false),
            "exceptions",
            "idp holds an old token",
        ),
        (
            |f| f["trouble"] = json!("a newer schema"),
            "exceptions",
            "a newer schema",
        ),
        (
            |f| f["token"]["orphans"] = json!(2),
            "exceptions",
            "2 lost tokens",
        ),
    ];
    for (change, column, expected) in cases {
        let text = row(change).text(column);
        assert!(text.contains(expected), "{column}: {text}");
    }
}

#[test]
fn an_old_token_that_lives_is_never_said_to_be_dead() {
    let retiring = |not_before: &'static str| {
        row(move |facts| {
            let old = json!({ "fingerprint": "0ld", "not_before": not_before });
            facts["token"]["retiring"] = json!([old]);
            facts["token"]["retirement_obstacle"] = json!({ "detail": "it is still accepted" });
        })
    };
    let waits = retiring("2027-01-16T00:00:00Z");
    assert!(waits.old_alive && waits.text("old_token").contains("overlap"));
    let late = retiring("2027-01-10T00:00:00Z");
    assert!(late.text("old_token").contains("still accepted"));
    assert_eq!(late.text("old_dead_at"), "");
    let unshown = row(|facts| facts["rotations"][0]["old_refused_at"] = Value::Null);
    assert!(unshown.text("old_token").contains("not shown"));
    let first = row(|facts| {
        facts["rotations"][0]["old"] = Value::Null;
        facts["rotations"][0]["old_refused_at"] = Value::Null;
    });
    assert_eq!(first.text("old_token"), "there was none");
}
