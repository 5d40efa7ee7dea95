use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use crate::connections::world::{ADMIN, Idp, SCIM_URL, class, reply};

const OKTA: &str = r#"
    address = "@IDP@/api/v1/apps/0oa1/connections"
    base_url = [{ step = "preflight", at = "/baseUrl" }]
    auth.headers = [{ name = "Authorization", scheme = "SSWS", value = { env = "ADMIN" } }]
    rate_limit = { header = "X-Rate-Limit-Reset", unit = "epoch_s" }
    [preflight]
    url = "/default"
    success.body = [{ at = "/authScheme", equals = "TOKEN" }]
    [push]
    method = "POST"
    url = "/default"
    query.activate = "true"
    body.json.profile = { authScheme = "TOKEN", token = "{{ token }}" }
    success = { status = [200, 201], body = [{ at = "/status", equals = "ENABLED" }] }
    fatal.body = [{ at = "/status", equals = "UNKNOWN" }]
"#;

#[tokio::test]
async fn okta_unknown_with_200_is_no_success() {
    for (before, after, expected) in [
        ("UNKNOWN", "UNKNOWN", Some("preflight")),
        ("TOKEN", "UNKNOWN", Some("push")),
        ("TOKEN", "DISABLED", Some("push")),
        ("TOKEN", "ENABLED", None),
    ] {
        let idp = Idp::start(move |seen| {
            assert_eq!(seen.header("authorization"), format!("SSWS {ADMIN}"));
            match seen.method.as_str() {
                "GET" => reply(
                    200,
                    json!({"authScheme": before, "status": before, "baseUrl": SCIM_URL}),
                ),
                _ => reply(200, json!({"authScheme": before, "status": after})),
            }
        })
        .await;
        let result = idp.connection(OKTA).deliver().await;
        match expected {
            None => result.expect("delivered"),
            Some(step) => {
                assert_eq!(
                    class(&result),
                    (FaultClass::Rejected, FaultKind::Refused),
                    "{before} {after}"
                );
                assert!(result.expect_err("refused").message.contains(step));
                assert_eq!(idp.saw_a_token(), step == "push");
            }
        }
    }
}
