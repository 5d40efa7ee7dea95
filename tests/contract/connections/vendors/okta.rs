use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use crate::connections::world::{ADMIN, Idp, SCIM_URL, class, reply};

const OKTA: &str = r#"
    address = "@IDP@/api/v1/apps/0oa1/connections"
    base_url = [{ at = "/baseUrl" }]
    auth.headers = [{ name = "Authorization", scheme = "SSWS", value = { env = "ADMIN" } }]
    rate_limit = { header = "X-Rate-Limit-Reset", unit = "epoch_s" }
    [[lookups]]
    name = "connection"
    url = "/default"
    answers = [
        { means = "success", when = [{ at = "/authScheme", equals = "TOKEN" }] },
        { means = "refused", status = 200 },
    ]
    [deliver]
    method = "POST"
    url = "/default"
    query.activate = "true"
    body.json.profile = { authScheme = "TOKEN", token = "{{ token }}" }
    answers = [
        { means = "success", status = [200, 201], when = [{ at = "/status", equals = "ENABLED" }] },
        { means = "refused", when = [{ at = "/status", one_of = ["UNKNOWN", "DISABLED"] }] },
    ]
"#;

#[tokio::test]
async fn okta_unknown_with_200_is_no_success() {
    for (before, after, expected) in [
        ("UNKNOWN", "UNKNOWN", Some("lookup")),
        ("TOKEN", "UNKNOWN", Some("deliver")),
        ("TOKEN", "DISABLED", Some("deliver")),
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
                assert_eq!(idp.saw_a_token(), step == "deliver");
            }
        }
    }
}
