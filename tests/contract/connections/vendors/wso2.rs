use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::{Value, json};

use crate::connections::world::{Idp, NEW, SCIM_URL, class, reply};

const WSO2: &str = r#"
    address = "@IDP@/t/acme/api/server/v1/identity-providers/idp1/provisioning/outbound-connectors"
    auth.basic = { username = "admin", password = { env = "ADMIN" } }
    base_url = [
      { at = "properties[key=scim2-user-ep].value", strip_suffix = "/Users" },
      { at = "properties[key=scim2-group-ep].value", strip_suffix = "/Groups" },
    ]
    [[lookups]]
    name = "connector"
    url = "/c1"
    [deliver]
    url = "/c1"
    [deliver.body.merge]
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
    assert_eq!(
        class(&result),
        (FaultClass::Rejected, FaultKind::WrongTarget)
    );
    let message = result.expect_err("refused").message;
    assert!(
        message.contains("https://evil.example/scim/v2/Groups"),
        "{message}"
    );
    assert!(message.contains(SCIM_URL), "{message}");
    assert!(!idp.saw_a_token());
}
