//! Apache Syncope, with the file that is shipped for it: it stores any token with
//! 204, and tells of a provisioning that failed under status 200.

use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::{Value, json};

use crate::connections::world::{Idp, NEW, OLD, Reply, SCIM_URL, Seen, class, reply};

const REST: &str = "/syncope/rest";

fn connector() -> Value {
    json!({
        "key": "c1", "capabilities": ["CREATE", "UPDATE"], "location": "file:/bundles/",
        "conf": [
            {"schema": {"name": "baseAddress"}, "overridable": false, "values": [format!("{SCIM_URL}/")]},
            {"schema": {"name": "bearerToken"}, "overridable": true, "values": [OLD]},
        ],
    })
}

/// What Syncope answers when nothing is wrong, the token included.
fn usual(seen: &Seen) -> Reply {
    let path = seen.path.strip_prefix(REST).expect("its address");
    match (seen.method.as_str(), path) {
        ("GET", "/resources/crm") => reply(200, json!({ "key": "crm", "confOverride": [] })),
        ("GET", "/connectors/byResource/crm") => reply(200, connector()),
        ("POST", "/connectors/check") | ("PUT", "/connectors/c1") => reply(204, ""),
        _ => reply(599, ""),
    }
}

#[tokio::test]
async fn the_connector_is_written_back_whole_but_for_the_token() {
    let idp = Idp::start(usual).await;
    let connection = idp.shipped("syncope", REST);
    connection.deliver().await.expect("delivered");
    let mut expected = connector();
    expected["conf"][1]["values"] = json!([NEW]);
    let calls = [
        "GET /syncope/rest/resources/crm",
        "GET /syncope/rest/connectors/byResource/crm",
        "POST /syncope/rest/connectors/check",
        "PUT /syncope/rest/connectors/c1",
    ];
    assert_eq!(idp.calls(), calls);
    for seen in &idp.seen()[2..] {
        assert_eq!(seen.json(), expected, "{} {}", seen.method, seen.path);
    }
}

#[tokio::test]
async fn a_candidate_that_syncope_could_not_use_is_not_saved() {
    let idp = Idp::start(|seen| match seen.method.as_str() {
        "POST" => reply(
            400,
            json!({"status": 400, "elements": [format!("401 for {NEW}")]}),
        ),
        _ => usual(seen),
    })
    .await;
    let result = idp.shipped("syncope", REST).deliver().await;
    assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Refused));
    assert!(idp.seen().iter().all(|seen| seen.method != "PUT"));
}

#[tokio::test]
async fn a_resource_with_a_token_of_its_own_gets_none_through_its_connector() {
    let idp = Idp::start(|seen| {
        if !seen.path.ends_with("/resources/crm") {
            return usual(seen);
        }
        let own = json!({ "schema": { "name": "bearerToken" }, "values": [OLD] });
        reply(200, json!({ "key": "crm", "confOverride": [own] }))
    })
    .await;
    let result = idp.shipped("syncope", REST).deliver().await;
    result.expect_err("the old token would stay in use");
    assert!(!idp.saw_a_token(), "it was sent all the same");
}

#[tokio::test]
async fn only_success_is_proof_whatever_the_status() {
    let told = |status: &str| json!([{ "status": status, "name": "scim-canary", "message": null }]);
    let two = json!([{ "status": "SUCCESS" }, { "status": "FAILURE" }]);
    let cases = [
        (200, told("SUCCESS"), true),
        (200, told("FAILURE"), false),
        (200, told("NOT_ATTEMPTED"), false),
        (200, told("CREATED"), false),
        (200, two, false),
        (200, json!([]), false),
        (200, json!({}), false),
        (
            400,
            json!({ "type": "Reconciliation", "elements": ["401"] }),
            false,
        ),
    ];
    for (status, body, proof) in cases {
        let answer = body.clone();
        let idp = Idp::start(move |_| reply(status, answer.clone())).await;
        let seen = idp.shipped("syncope", REST).confirm().await;
        let works = matches!(seen, Ok(Confirmation::Works));
        assert_eq!(works, proof, "{status} {body}: {seen:?}");
        let asked = &idp.seen()[0];
        let push =
            "/syncope/rest/reconciliation/push?anyKey=scim-canary&anyTypeKey=USER&resourceKey=crm";
        assert!(asked.is("POST", push), "{asked:?}");
        assert_eq!(asked.json()["performUpdate"], true);
    }
}
