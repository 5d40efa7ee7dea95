//! The test bench for issuers and connections: replays that the real code goes
//! through, and mistakes that it must find.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod command;
mod guide;
mod mistakes;
mod refused;
mod rules;
mod served;
mod shipped;
mod source;

#[path = "../support/mod.rs"]
mod support;

use scim_rotator::vendors::replay::{Replay, Report, Settings, run};

const ISSUER: &str = include_str!("issuer.toml");
const ISSUER_REPLAY: &str = include_str!("issuer.replay.toml");
const CONNECTION: &str = include_str!("connection.toml");
const CONNECTION_REPLAY: &str = include_str!("connection.replay.toml");

async fn played(settings: &str, replay: &str) -> Report {
    let settings = Settings::parse(settings).expect("settings");
    let replay = Replay::parse(replay).expect("a replay");
    run(&settings, &replay, &[]).await.expect("it runs")
}

#[tokio::test]
async fn the_issuer_goes_through_its_replay() {
    let report = played(ISSUER, ISSUER_REPLAY).await;
    assert!(report.is_ok(), "{}", report.failures());
    assert_eq!(report.scenes.len(), 12);
    let requests = &report.scenes[0].requests;
    let calls: Vec<_> = requests.iter().map(|r| (&*r.method, &*r.url)).collect();
    assert_eq!(
        calls,
        [
            ("POST", "https://acme.example.com/oauth/token"),
            ("POST", "https://acme.example.com/api/tokens"),
            ("GET", "https://acme.example.com/api/tokens/tok_2"),
            ("DELETE", "https://acme.example.com/api/tokens/tok_2"),
        ]
    );
    assert_eq!(requests[3].header("authorization"), Some("Bearer access-1"));
    let issued: serde_json::Value = serde_json::from_str(&requests[1].line()).expect("a line");
    assert_eq!(issued["scene"], "good path");
    assert_eq!(issued["exchange"], 1);
    assert_eq!(issued["answer"]["status"], 201);
    let answered = issued["answer"]["body"].as_str().expect("a body");
    let answered: serde_json::Value = serde_json::from_str(answered).expect("JSON");
    let asked: serde_json::Value = serde_json::from_str(&requests[1].body).expect("JSON");
    assert_eq!(answered["name"], asked["name"], "the label was taken over");
}

#[tokio::test]
async fn the_connection_goes_through_its_replay() {
    let report = played(CONNECTION, CONNECTION_REPLAY).await;
    assert!(report.is_ok(), "{}", report.failures());
    assert_eq!(report.scenes.len(), 10);
}

/// Where a vendor's address is a parameter, with a path and perhaps a slash at its end.
#[tokio::test]
async fn a_url_may_begin_with_a_parameter() {
    let based = |base: &str| {
        let parameters = format!("[parameters]\nbase = \"{base}\"\n");
        let replay = ISSUER_REPLAY.replacen("[parameters]\n", &parameters, 1);
        replay.replace("https://{domain}/api/", "{base}/")
    };
    for base in [
        "https://acme.example.com/api",
        "https://acme.example.com/api/",
    ] {
        let report = played(ISSUER, &based(base)).await;
        assert!(report.is_ok(), "{base}: {}", report.failures());
    }
    for (base, told) in [
        (
            "https://other.example.com/api",
            "host: expected other.example.com, came acme.example.com",
        ),
        (
            "https://acme.example.com/v2",
            "path: expected /v2/tokens, came /api/tokens",
        ),
    ] {
        let report = played(ISSUER, &based(base)).await;
        assert!(
            report.failures().contains(told),
            "{base}: {}",
            report.failures()
        );
    }
}

/// Parts of values that a list shows: `fits` and `differs` name whole values.
#[tokio::test]
async fn a_replay_tells_which_value_a_listed_token_is_taken_for() {
    // Without rules, which only other scenes fire.
    let lines = ISSUER.lines();
    let plain: Vec<_> = lines.filter(|line| !line.starts_with("answers")).collect();
    let plain = plain.join("\n");
    let settings = plain.replace(
        "read = { items = \"/items\", id = \"/id\"",
        "read = { items = \"/items\", id = \"/id\", token_prefix = \"/first\", token_suffix = \"/last\"",
    );
    assert_ne!(settings, plain, "the keys are added");
    let (head, _) = ISSUER_REPLAY.split_once("[[scene]]").expect("a scene");
    let replay = |of_first: &str, of_second: &str| {
        format!(
            r#"{head}
[[scene]]
name = "parts of values"
[[scene.run]]
call = "list"
expect = {{ listed = {{ ids = ["tok_1", "tok_2"], tokens = [{{ id = "tok_1", {of_first} }}, {{ id = "tok_2", {of_second} }}] }} }}
[[scene.exchange]]
use = "login"
[[scene.exchange]]
request = {{ method = "GET", url = "https://{{domain}}/api/tokens?limit=2", headers = {{ authorization = "Bearer access-1" }} }}
answer = {{ status = 200, json = {{ items = [{{ id = "tok_1", first = "acme_1st4…" }}, {{ id = "tok_2", first = "acme_2nd9", last = "wxyz" }}], next = "{{null}}" }} }}
"#
        )
    };
    let right = replay(
        "fits = \"acme_1st4-rest\", differs = \"acme_2nd9-rest-wxyz\"",
        "fits = \"acme_2nd9-rest-wxyz\", differs = \"acme_2nd9-rest-wxyy\"",
    );
    let report = played(&settings, &right).await;
    assert!(report.is_ok(), "{}", report.failures());
    for (of_first, of_second, told) in [
        (
            "fits = \"acme_2nd9-rest\"",
            "",
            "fits: expected acme_2nd9-rest, came another value",
        ),
        (
            "",
            "differs = \"acme_2nd9-wxyz\"",
            "differs: expected another value, came acme_2nd9-wxyz",
        ),
    ] {
        let report = played(&settings, &replay(of_first, of_second).replace(", }", " }")).await;
        assert!(report.failures().contains(told), "{}", report.failures());
    }
    // Without the keys nothing is known of the values.
    let report = played(&plain, &right).await;
    assert!(
        report.failures().contains("came too little"),
        "{}",
        report.failures()
    );
}
