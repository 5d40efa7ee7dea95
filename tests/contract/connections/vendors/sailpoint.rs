use scim_rotator::rotation::outcome::Confirmation;
use serde_json::json;

use crate::connections::world::{Idp, NEW, SCIM_URL, reply};

const SAILPOINT: &str = r#"
    base_url = [{ at = "/connectorAttributes/host" }]
    auth.bearer = { env = "ADMIN" }
    [[lookups]]
    name = "source"
    url = "@IDP@/v3/sources/s1"
    [deliver]
    method = "PATCH"
    url = "@IDP@/v3/sources/s1"
    headers.Content-Type = "application/json-patch+json"
    body.json = [{ op = "replace", path = "/connectorAttributes/oauth_token", value = "{{ token }}" }]
    [test_saved]
    method = "POST"
    url = "@IDP@/v3/sources/s1/connector/check-connection"
    answers = [
        { means = "success", when = [{ at = "/status", equals = "SUCCESS" }] },
        { means = "later", when = [{ at = "/status", equals = "FAILURE" }] },
    ]
"#;

#[tokio::test]
async fn sailpoint_failure_with_200_confirms_nothing() {
    let mut tests = 0;
    let idp = Idp::start(move |seen| match seen.method.as_str() {
        "GET" => reply(200, json!({"connectorAttributes": {"host": SCIM_URL}})),
        "PATCH" => {
            assert_eq!(seen.header("content-type"), "application/json-patch+json");
            reply(200, "{}")
        }
        _ => {
            tests += 1;
            let status = if tests == 1 { "FAILURE" } else { "SUCCESS" };
            reply(200, json!({"status": status, "details": {"error": NEW}}))
        }
    })
    .await;
    let connection = idp.connection(SAILPOINT);
    connection.deliver().await.expect("delivered");
    let patch = idp
        .seen()
        .into_iter()
        .find(|s| s.method == "PATCH")
        .expect("a PATCH");
    assert_eq!(patch.json()[0]["value"], NEW);
    let first = connection.confirm().await;
    assert!(
        matches!(first, Ok(Confirmation::NotYet { .. })),
        "{first:?}"
    );
    assert_eq!(connection.confirm().await, Ok(Confirmation::Works));

    let final_word = SAILPOINT.replace("\"later\"", "\"refused\"");
    let idp = Idp::start(|_| reply(200, json!({"status": "FAILURE"}))).await;
    let refused = idp.connection(&final_word).confirm().await;
    assert!(
        matches!(refused, Ok(Confirmation::Refused { .. })),
        "{refused:?}"
    );
}
