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
