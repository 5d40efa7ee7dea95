//! The answers of a scene for somebody else's client.

use scim_rotator::vendors::replay::{Replay, Served};
use serde_json::{Value, json};

use super::ISSUER_REPLAY;
use super::support::bare_http;

async fn served(scene: &str, record: Option<std::fs::File>) -> (Served, String) {
    let replay = Replay::parse(ISSUER_REPLAY).expect("a replay");
    let served = Served::start(&replay, scene, 0, record).await;
    let served = served.expect("it is served");
    let url = format!("http://{}", served.address());
    (served, url)
}

#[tokio::test]
async fn answers_come_in_their_order_and_differences_are_recorded() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let record = file.reopen().expect("the file");
    let (served, url) = served("lost reply", Some(record)).await;
    let http = bare_http();
    // The login is left out: this client has its own.
    let created = http.post(format!("{url}/api/tokens"));
    let created = created
        .bearer_auth("other")
        .json(&json!({ "name": "sdk-1", "days": 7, "more": 1 }))
        .send()
        .await;
    assert!(
        created.is_err() || created.expect("a beginning").bytes().await.is_err(),
        "the answer breaks off"
    );
    let listed = http.get(format!("{url}/api/tokens?limit=2&page=1"));
    let listed = listed.send().await.expect("an answer");
    assert_eq!(listed.status(), 200);
    let listed: Value = listed.json().await.expect("JSON");
    assert_eq!(
        listed["items"][1]["name"], "sdk-1",
        "the name was taken over"
    );
    let again = http.get(format!("{url}/api/tokens?limit=2"));
    let again = again.send().await.expect("an answer");
    assert_eq!(again.status(), 501, "the list is served once");

    let requests = served.requests();
    assert_eq!(requests[0].exchange, Some(1));
    assert_eq!(
        requests[0].differences,
        [
            "header authorization: expected Bearer access-1, came Bearer other",
            "body /days: expected 30, came 7",
            "body /more: not expected at all",
        ]
    );
    assert!(requests[0].answer.as_ref().expect("an answer").torn);
    assert_eq!(
        requests[1].differences,
        [
            "query page: not expected at all, came 1",
            "header authorization: expected Bearer access-1, came nothing",
        ]
    );
    assert_eq!((requests[2].exchange, requests.len()), (None, 3));
    let mut written = String::new();
    std::io::Read::read_to_string(&mut file, &mut written).expect("the record");
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line"))
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], serde_json::to_value(&requests[0]).expect("JSON"));
}

#[tokio::test]
async fn what_nobody_has_shown_yet_stands_for_its_own_name() {
    let (_served, url) = served("lost reply", None).await;
    let listed = bare_http().get(format!("{url}/api/tokens"));
    let listed = listed.send().await.expect("an answer");
    let listed: Value = listed.json().await.expect("JSON");
    assert_eq!(listed["items"][1]["name"], "label");
}

#[tokio::test]
async fn a_scene_that_is_not_there_is_not_served() {
    let replay = Replay::parse(ISSUER_REPLAY).expect("a replay");
    let refused = Served::start(&replay, "none", 0, None).await.err();
    let refused = refused.expect("refused");
    assert!(refused.contains("no scene `none`"), "{refused}");
}
