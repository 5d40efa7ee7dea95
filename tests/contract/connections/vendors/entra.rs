use scim_rotator::rotation::outcome::Confirmation;
use serde_json::json;

use crate::connections::world::{Idp, NEW, SCIM_URL, reply};

const ENTRA: &str = r#"
    address = "@IDP@/v1.0/servicePrincipals/sp-1/synchronization"
    base_url = [{ at = "value[key=BaseAddress].value" }]
    [auth.oauth2]
    token_url = "@IDP@/tenant/oauth2/v2.0/token"
    client_id = "app"
    client_secret = { env = "ADMIN" }
    method = "post"
    scopes = ["https://graph.microsoft.com/.default"]
    [[lookups]]
    name = "secrets"
    url = "/secrets"
    [test_candidate]
    method = "POST"
    url = "/jobs/job-1/validateCredentials"
    body.json = { credentials = [{ key = "SecretToken", value = "{{ token }}" }, { key = "BaseAddress", value = "{{ scim_url }}" }] }
    answers = [{ means = "success", status = 204 }]
    [deliver]
    url = "/secrets"
    body.json = { value = [{ key = "SecretToken", value = "{{ token }}" }, { key = "BaseAddress", value = "{{ scim_url }}" }] }
    answers = [{ means = "success", status = 204 }]
    [test_saved]
    method = "POST"
    url = "/jobs/job-1/validateCredentials"
    body.json = { useSavedCredentials = true, credentials = [] }
    answers = [{ means = "success", status = 204 }]
    error.code = "/error/code"
    [state]
    url = "/jobs/job-1"
    error.code = { json_text = "/status/quarantine/error/message", at = "/error/code" }
    [state.read]
    state = "/status/code"
    words = { healthy = ["Active", "NotRun"], quarantined = ["Quarantine"], disabled = ["Paused"] }
"#;

#[tokio::test]
async fn entra_from_the_login_to_the_end_of_a_quarantine() {
    let quarantined = json!({"status": {"code": "Quarantine", "quarantine": {
        "error": {"code": "UnknownError", "message": json!({"error": {"code": "InvalidCredentials"}}).to_string()},
    }}});
    let mut saved_tests = 0;
    let mut states = 0;
    let idp = Idp::start(move |seen| {
        let path = seen
            .path
            .rsplit("/synchronization")
            .next()
            .unwrap_or_default();
        if seen.path.ends_with("/token") {
            assert!(
                seen.body.contains("grant_type=client_credentials"),
                "{}",
                seen.body
            );
            return reply(
                200,
                json!({"access_token": "graph-1", "token_type": "Bearer", "expires_in": 3599}),
            );
        }
        assert_eq!(seen.header("authorization"), "Bearer graph-1");
        match (seen.method.as_str(), path) {
            ("GET", "/secrets") => reply(
                200,
                json!({"value": [
                    {"key": "BaseAddress", "value": format!("{SCIM_URL}/")},
                    {"key": "SecretToken", "value": "*"},
                ]}),
            ),
            ("PUT", "/secrets") => reply(204, ""),
            ("POST", "/jobs/job-1/validateCredentials") if seen.body.contains("useSaved") => {
                saved_tests += 1;
                if saved_tests == 1 {
                    reply(
                        400,
                        json!({"error": {"code": "CredentialsInvalid", "message": NEW}}),
                    )
                } else {
                    reply(204, "")
                }
            }
            ("POST", "/jobs/job-1/validateCredentials") => reply(204, ""),
            ("GET", "/jobs/job-1") => {
                states += 1;
                reply(
                    200,
                    if states == 1 {
                        quarantined.clone()
                    } else {
                        json!({"status": {"code": "Active"}})
                    },
                )
            }
            _ => reply(404, ""),
        }
    })
    .await;
    let connection = idp.connection(ENTRA);
    connection.preflight().await.expect("fine");
    connection.deliver().await.expect("delivered");
    let put = idp
        .seen()
        .into_iter()
        .find(|s| s.method == "PUT")
        .expect("a PUT");
    let pair =
        json!([{"key": "SecretToken", "value": NEW}, {"key": "BaseAddress", "value": SCIM_URL}]);
    assert_eq!(put.json(), json!({"value": pair}));

    let Ok(Confirmation::NotYet { detail, .. }) = connection.confirm().await else {
        panic!("not propagated yet");
    };
    assert!(
        detail.contains("answered 400") && detail.contains("CredentialsInvalid"),
        "{detail}"
    );
    let Ok(Confirmation::NotYet { detail, .. }) = connection.confirm().await else {
        panic!("in quarantine");
    };
    assert!(
        detail.contains("quarantine") && detail.contains("InvalidCredentials"),
        "{detail}"
    );
    assert_eq!(connection.confirm().await, Ok(Confirmation::Works));
    let logins = idp.calls().iter().filter(|c| c.ends_with("/token")).count();
    assert_eq!(logins, 1, "one access token for everything");
}
