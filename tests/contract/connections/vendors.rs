//! The documented shapes of real identity providers.

use scim_rotator::rotation::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::{Value, json};

use super::world::{ADMIN, Idp, NEW, OLD, SCIM_URL, class, reply};

const ENTRA: &str = r#"
    address = "@IDP@/v1.0/servicePrincipals/sp-1/synchronization"
    base_url = [{ at = "value[key=BaseAddress].value" }]
    [auth.oauth2]
    token_url = "@IDP@/tenant/oauth2/v2.0/token"
    client_id = "app"
    client_secret = { env = "ADMIN" }
    method = "post"
    scopes = ["https://graph.microsoft.com/.default"]
    [read]
    url = "/secrets"
    [test_candidate]
    method = "POST"
    url = "/jobs/job-1/validateCredentials"
    body.json = { credentials = [{ key = "SecretToken", value = "{{ token }}" }, { key = "BaseAddress", value = "{{ scim_url }}" }] }
    success.status = [204]
    [push]
    method = "PUT"
    url = "/secrets"
    body.json = { value = [{ key = "SecretToken", value = "{{ token }}" }, { key = "BaseAddress", value = "{{ scim_url }}" }] }
    success.status = [204]
    [test_saved]
    method = "POST"
    url = "/jobs/job-1/validateCredentials"
    body.json = { useSavedCredentials = true, credentials = [] }
    success.status = [204]
    error_code.at = "/error/code"
    [state]
    url = "/jobs/job-1"
    [state.reads]
    value.at = "/status/code"
    words = { healthy = ["Active", "NotRun"], quarantined = ["Quarantine"], disabled = ["Paused"] }
    error_code = { json_text = "/status/quarantine/error/message", at = "/error/code" }
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

const SAILPOINT: &str = r#"
    base_url = [{ at = "/connectorAttributes/host" }]
    auth.bearer = { env = "ADMIN" }
    [read]
    url = "@IDP@/v3/sources/s1"
    [push]
    method = "PATCH"
    url = "@IDP@/v3/sources/s1"
    headers.Content-Type = "application/json-patch+json"
    body.json = [{ op = "replace", path = "/connectorAttributes/oauth_token", value = "{{ token }}" }]
    [test_saved]
    method = "POST"
    url = "@IDP@/v3/sources/s1/connector/check-connection"
    success.body = [{ at = "/status", equals = "SUCCESS" }]
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

    let final_word =
        format!("{SAILPOINT}\nfatal.body = [{{ at = \"/status\", equals = \"FAILURE\" }}]");
    let idp = Idp::start(|_| reply(200, json!({"status": "FAILURE"}))).await;
    let refused = idp.connection(&final_word).confirm().await;
    assert!(
        matches!(refused, Ok(Confirmation::Refused { .. })),
        "{refused:?}"
    );
}

const WSO2: &str = r#"
    address = "@IDP@/t/acme/api/server/v1/identity-providers/idp1/provisioning/outbound-connectors"
    auth.basic = { username = "admin", password = { env = "ADMIN" } }
    base_url = [
      { at = "properties[key=scim2-user-ep].value", strip_suffix = "/Users" },
      { at = "properties[key=scim2-group-ep].value", strip_suffix = "/Groups" },
    ]
    [read]
    url = "/c1"
    [push]
    method = "PUT"
    url = "/c1"
    [push.body.merge]
    drop = ["/connectorId", "/self"]
    set = [{ at = "properties[key=scim2-access-token].value", value = "{{ token }}", create = true }]
"#;

fn wso2_object(group_host: &str) -> Value {
    json!({
        "connectorId": "c1", "self": "/x", "isEnabled": true, "blockingEnabled": false, "future": {"a": [1, null]},
        "properties": [
            {"key": "scim2-authentication-mode", "value": "bearer"},
            {"key": "scim2-user-ep", "value": format!("{SCIM_URL}/Users")},
            {"key": "scim2-group-ep", "value": format!("https://{group_host}/scim/v2/Groups")},
        ],
    })
}

#[tokio::test]
async fn wso2_is_read_changed_and_written_back_whole() {
    let idp = Idp::start(|seen| match seen.method.as_str() {
        "GET" => reply(200, wso2_object("crm.example.com")).with("etag", "\"v7\""),
        _ if seen.header("if-match") == "\"v7\"" => reply(200, "{}"),
        _ => reply(428, ""),
    })
    .await;
    let connection = idp.connection(WSO2);
    connection.deliver().await.expect("delivered");
    let mut expected = wso2_object("crm.example.com");
    let object = expected.as_object_mut().expect("an object");
    object.remove("connectorId");
    object.remove("self");
    let properties = expected["properties"].as_array_mut().expect("an array");
    properties.push(json!({"key": "scim2-access-token", "value": NEW}));
    let put = idp
        .seen()
        .into_iter()
        .find(|s| s.method == "PUT")
        .expect("a PUT");
    assert_eq!(put.json(), expected);
    assert!(put.header("authorization").starts_with("Basic "));

    let rival = Idp::start(|seen| match seen.method.as_str() {
        "GET" => reply(200, wso2_object("crm.example.com")).with("etag", "\"v7\""),
        _ => reply(412, ""),
    })
    .await;
    let result = rival.connection(WSO2).deliver().await;
    assert_eq!(class(&result), (FaultClass::Conflict, FaultKind::Conflict));
}

#[tokio::test]
async fn one_of_two_endpoints_that_points_elsewhere_is_enough_to_stop() {
    let idp = Idp::start(|_| reply(200, wso2_object("evil.example"))).await;
    let result = idp.connection(WSO2).deliver().await;
    assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Config));
    let message = result.expect_err("refused").message;
    assert!(
        message.contains("https://evil.example/scim/v2/Groups"),
        "{message}"
    );
    assert!(message.contains(SCIM_URL), "{message}");
    assert!(!idp.saw_a_token());
}

const SYNCOPE: &str = r#"
    address = "@IDP@/syncope/rest/connectors"
    auth.basic = { username = "admin", password = { env = "ADMIN" } }
    base_url = [{ at = "conf[schema.name=baseAddress].values[0]" }]
    [read]
    url = "/c1"
    [test_candidate]
    method = "POST"
    url = "/check"
    success.status = [204]
    body.merge.set = [{ at = "conf[schema.name=bearerToken].values", value = ["{{ token }}"] }]
    [push]
    method = "PUT"
    url = "/c1"
    success.status = [204]
    body.merge.set = [{ at = "conf[schema.name=bearerToken].values", value = ["{{ token }}"] }]
"#;

#[tokio::test]
async fn syncope_tries_the_token_before_it_saves_it() {
    let object = json!({
        "key": "c1", "capabilities": ["CREATE", "UPDATE"], "@class": "x",
        "conf": [
            {"schema": {"name": "baseAddress"}, "values": [SCIM_URL]},
            {"schema": {"name": "bearerToken"}, "values": [OLD]},
        ],
    });
    for accepted in [true, false] {
        let shown = object.clone();
        let idp = Idp::start(move |seen| match (seen.method.as_str(), accepted) {
            ("GET", _) => reply(200, shown.clone()),
            ("POST", false) => reply(
                400,
                json!({"status": 400, "elements": [format!("401 for {NEW}")]}),
            ),
            _ => reply(204, ""),
        })
        .await;
        let result = idp.connection(SYNCOPE).deliver().await;
        let put = idp.seen().into_iter().find(|s| s.method == "PUT");
        if accepted {
            result.expect("delivered");
            let mut expected = object.clone();
            expected["conf"][1]["values"] = json!([NEW]);
            assert_eq!(put.expect("a PUT").json(), expected);
        } else {
            assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Refused));
            assert!(put.is_none(), "a refused candidate is not saved");
        }
    }
}

const CLOUDFLARE: &str = r#"
    base_url = [{ at = "/result/scim_config/remote_uri" }]
    auth.bearer = { env = "ADMIN" }
    [read]
    url = "@IDP@/accounts/a/access/apps/1"
    success.body = [{ at = "/success", equals = true }]
    [push]
    method = "PUT"
    url = "@IDP@/accounts/a/access/apps/1"
    body.json.scim_config.authentication = { scheme = "oauthbearertoken", token = "{{ token }}" }
    success.body = [{ at = "/success", equals = true }]
    error_code.at = "/errors/0/code"
"#;

#[tokio::test]
async fn cloudflare_success_false_with_200_is_a_refusal() {
    let answers = [
        (json!({"success": true}).to_string(), None),
        (
            json!({"success": false, "errors": [{"code": 12130, "message": NEW}]}).to_string(),
            Some(FaultClass::Rejected),
        ),
        ("{}".to_owned(), Some(FaultClass::Ambiguous)),
        (
            "<html>sign in</html>".to_owned(),
            Some(FaultClass::Ambiguous),
        ),
    ];
    for (answer, expected) in answers {
        let shown = answer.clone();
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => reply(
                200,
                json!({"success": true, "result": {"scim_config": {"remote_uri": SCIM_URL}}}),
            ),
            _ => reply(200, &shown),
        })
        .await;
        let result = idp.connection(CLOUDFLARE).deliver().await;
        assert_eq!(result.as_ref().err().map(|f| f.class), expected, "{answer}");
        if expected == Some(FaultClass::Rejected) {
            assert!(result.expect_err("refused").message.contains("12130"));
        }
    }
}

const RAUTHY: &str = r#"
    base_url = [{ at = "/scim/base_uri" }]
    auth.headers = [{ name = "Authorization", scheme = "API-Key", value = { env = "ADMIN" } }]
    token_rules = { max_length = 64, allowed_characters = "!-~" }
    [read]
    url = "@IDP@/auth/v1/clients/crm"
    [push]
    method = "PUT"
    url = "@IDP@/auth/v1/clients/crm"
    body.merge.set = [{ at = "/scim/bearer_token", value = "{{ token }}" }]
    applied = { status = [500], body = [{ at = "/error", equals = "Scim" }] }
"#;

#[tokio::test]
async fn rauthy_saves_and_answers_500() {
    for (error, expected) in [("Scim", None), ("Internal", Some(FaultClass::Ambiguous))] {
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => reply(
                200,
                json!({"id": "crm", "scim": {"bearer_token": OLD, "base_uri": SCIM_URL}}),
            ),
            _ => reply(
                500,
                json!({"error": error, "message": format!("cannot sync with {NEW}")}),
            ),
        })
        .await;
        let result = idp.connection(RAUTHY).deliver().await;
        assert_eq!(result.err().map(|f| f.class), expected, "{error}");
        assert_eq!(
            idp.calls().len(),
            2,
            "a write that may have happened is not repeated"
        );
    }
}
