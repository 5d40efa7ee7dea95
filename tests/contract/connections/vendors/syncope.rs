use scim_rotator::rotation::fault::{FaultClass, FaultKind};
use serde_json::json;

use crate::connections::world::{Idp, NEW, OLD, SCIM_URL, class, reply};

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
