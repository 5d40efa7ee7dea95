//! Every answer of the API is as its description says, and has nothing that it does
//! not describe.

use std::collections::BTreeSet;

use super::*;
use crate::rotation::record::{Acknowledged, Halt, HaltCause, Lease, Record};

#[allow(dead_code, reason = "shared with the tests of the configuration")]
#[path = "../../../tests/config/validator.rs"]
mod validator;

fn description() -> Value {
    serde_json::from_str(include_str!("../openapi.json")).expect("JSON")
}

/// The same, with no other member permitted in any object.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            for member in members.values_mut() {
                *member = closed(member.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = closed(item.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

/// A token in each situation that has members of its own.
async fn scene() -> Running {
    let running = running().await;
    let board = &running.telemetry.board;
    let set = |record: &Record| board.set(fixture::snapshot(record));
    set(&fixture::fresh_record("fresh"));
    set(&fixture::busy_record("busy"));
    set(&fixture::capped_record("capped"));
    set(&fixture::handed_over_record("handed"));
    let mut halted = fixture::fresh_record("halted");
    halted.halt = Some(Halt {
        step: "deliver".to_owned(),
        retry_at: Some(fixture::now()),
        may_pass: true,
        asked: Some(crate::rotation::record::Trigger::Force),
        settings: "digest".to_owned(),
        cause: HaltCause::SameToken,
        since: fixture::now(),
        detail: "the same token came back".to_owned(),
        compromised: true,
    });
    halted.paused = Some(Paused {
        since: fixture::now(),
        reason: "an incident".to_owned(),
        by: Some("ann".to_owned()),
    });
    halted.lease = Some(Lease {
        holder: "another".to_owned(),
        epoch: 2,
        expires_at: fixture::now(),
    });
    halted.failures.last = Some(LastFailure {
        at: fixture::now(),
        step: "deliver".to_owned(),
        class: FaultClass::Rejected,
        kind: FaultKind::Refused,
        message: "refused".to_owned(),
        retry_after: None,
    });
    if let Some(holds) = halted.connections.get_mut("by-hand") {
        holds.ack = Some(Box::new(Acknowledged {
            at: fixture::now(),
            by: "ann".to_owned(),
            reason: "pasted".to_owned(),
        }));
    }
    set(&halted);
    set(&fixture::fresh_record("unreachable"));
    let looks = board.looks("fresh").expect("known");
    looks.set("entra-hr", Some(fixture::condition()), fixture::now());
    let journal = fixture::journal();
    board.full_cycle("fresh", crate::telemetry::board::CycleFacts::of(&journal));
    board.expect(fixture::facts("unread"));
    board.trouble("unread", "Vault is sealed");
    board.expect(fixture::federated("workforce"));
    board.looked("workforce", fixture::broken_trust());
    board.expect(fixture::federated("unseen"));
    running.telemetry.config_read(true, fixture::now());
    running.telemetry.config_read(false, fixture::now());
    running.telemetry.health.all_paused(halted.paused);
    running
}

const NAMES: [&str; 9] = [
    "fresh",
    "busy",
    "capped",
    "handed",
    "halted",
    "unread",
    "unreachable",
    "workforce",
    "unseen",
];

#[tokio::test]
async fn every_answer_is_as_described() {
    let running = scene().await;
    let description = closed(description());
    let paths = description["paths"].as_object().expect("paths");
    let routes: BTreeSet<&str> = include_str!("../mod.rs")
        .split('"')
        .filter(|text| text.starts_with("/api/v1/"))
        .collect();
    let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    assert_eq!(routes, described);
    let mut seen = 0;
    for (path, operations) in paths {
        for (status, asked) in asked(path) {
            let answer = ask(running.address, "GET", &asked).await;
            assert_eq!(status_of(&answer), status, "{asked}: {answer}");
            assert!(answer.contains("content-type: application/json"), "{asked}");
            let content = &operations["get"]["responses"][status]["content"];
            let schema = &content["application/json"]["schema"];
            assert!(schema.is_object(), "{asked}: {status} is not described");
            let body = json_of(&answer);
            // References are looked up in the whole description.
            let mut root = description.clone();
            root["$ref"] = schema["$ref"].clone();
            let mistakes = match root["$ref"].is_string() {
                true => validator::mistakes(&root, &body),
                false => Vec::new(),
            };
            assert!(mistakes.is_empty(), "{asked}: {mistakes:?}\n{body:#}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

/// What is asked at this path, and the status of the answer.
fn asked(path: &str) -> Vec<(&'static str, String)> {
    let description = description();
    let operation = &description["paths"][path]["get"];
    if path.contains("{name}") {
        let known = NAMES.map(|name| ("200", path.replace("{name}", name)));
        let mut all = Vec::from(known);
        all.push(("404", path.replace("{name}", "nobody")));
        return all;
    }
    let mut all = vec![("200", path.to_owned())];
    let parameters = operation["parameters"].as_array();
    for parameter in parameters.into_iter().flatten() {
        let pointer = parameter["$ref"].as_str().expect("a reference");
        let parameter = description.pointer(&pointer[1..]).expect("described");
        let name = parameter["name"].as_str().expect("a name");
        let schema = &parameter["schema"];
        let words = schema["enum"]
            .as_array()
            .or(schema["items"]["enum"].as_array());
        for word in words.into_iter().flatten().filter_map(Value::as_str) {
            all.push(("200", format!("{path}?{name}={word}")));
        }
        if words.is_some() {
            all.push(("400", format!("{path}?{name}=unknown")));
        }
        if schema["type"] == "integer" {
            all.push(("200", format!("{path}?{name}=1")));
            all.push(("400", format!("{path}?{name}=0")));
        }
        if words.is_none() && schema["type"] != "integer" {
            all.push(("200", format!("{path}?{name}=crm")));
        }
    }
    if parameters.is_some() {
        all.push(("400", format!("{path}?surprise=1")));
    }
    all
}

/// A description that permits everything would describe nothing.
#[tokio::test]
async fn the_description_is_strict_and_uses_known_keywords() {
    let description = closed(description());
    let schemas = description["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for (name, schema) in schemas {
        let unknown = validator::Validator::unknown_keywords(schema);
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        assert_eq!(schema["type"], "object", "{name}");
    }
    let mut root = description.clone();
    root["$ref"] = json!("#/components/schemas/Token");
    let surprise = json!({ "name": "crm", "surprise": 1, "generation": "two" });
    let mistakes = validator::mistakes(&root, &surprise);
    for part in [
        "surprise: no such key",
        "generation: not of type",
        "state: missing",
    ] {
        assert!(
            mistakes.iter().any(|m| m.contains(part)),
            "{part}: {mistakes:?}"
        );
    }
}

#[tokio::test]
async fn pages_of_the_api_hold_every_token_once() {
    let running = scene().await;
    let mut names = Vec::new();
    for page in 1..=5 {
        let path = format!("/api/v1/tokens?sort=name&per_page=2&page={page}");
        let told = json_of(&ask(running.address, "GET", &path).await);
        assert_eq!(told["pages"], 5);
        assert_eq!(told["matching"], 9);
        let tokens = told["tokens"].as_array().expect("tokens").iter();
        names.extend(tokens.map(|token| token["name"].as_str().expect("a name").to_owned()));
    }
    let mut expected = NAMES.map(str::to_owned);
    expected.sort();
    assert_eq!(names, expected);
    let told = json_of(&ask(running.address, "GET", "/api/v1/tokens?page=9").await);
    assert_eq!(told["tokens"], json!([]));
    let told = ask(
        running.address,
        "GET",
        "/api/v1/connections?connection=by-hand",
    )
    .await;
    let told = json_of(&told);
    let all = told["connections"].as_array().expect("connections");
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(all.iter().all(|one| one["name"] == "by-hand"));
}
