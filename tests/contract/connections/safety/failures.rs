//! What a refusal or a silence says of the write.

use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;
use tokio::net::TcpListener;

use super::{PLAIN, shown};
use crate::connections::world::{Idp, class, reply};

#[tokio::test]
async fn what_answers_mean() {
    use FaultClass::{Ambiguous, Conflict, NotApplied, Rejected, Unauthorized};
    let rules = r#"answers = [
        { means = "refused", when = [{ at = "/code", equals = "never" }] },
        { means = "later", status = 400, when = [{ at = "/code", equals = "busy" }] },
    ]"#;
    let cases = [
        (200, "{}", None),
        (204, "", None),
        (200, "{\"code\":\"never\"}", Some(Rejected)),
        (400, "{\"code\":\"busy\"}", Some(NotApplied)),
        (400, "{}", Some(Rejected)),
        (401, "", Some(Unauthorized)),
        (403, "", Some(Unauthorized)),
        (404, "", Some(Rejected)),
        (408, "", Some(NotApplied)),
        (409, "", Some(Conflict)),
        (206, "", Some(Ambiguous)),
        (500, "", Some(Ambiguous)),
    ];
    for (status, body, expected) in cases {
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(status, body),
        })
        .await;
        let result = idp.connection(&format!("{PLAIN}\n{rules}")).deliver().await;
        assert_eq!(result.err().map(|f| f.class), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_after_the_write_is_never_nothing() {
    for (status, expected) in [
        (429, FaultClass::Ambiguous),
        (500, FaultClass::Ambiguous),
        (400, FaultClass::Rejected),
    ] {
        let idp = Idp::start(
            move |seen| match (seen.method.as_str(), seen.path.as_str()) {
                ("GET", _) => shown(),
                (_, "/c") => reply(200, json!({"revision": 7})),
                (_, "/c/7/publish") => reply(status, ""),
                _ => reply(599, ""),
            },
        )
        .await;
        let publish =
            "[[after_deliver]]\nurl = \"@IDP@/c/{{ steps.deliver.json.revision }}/publish\"";
        let result = idp
            .connection(&format!("{PLAIN}\n{publish}"))
            .deliver()
            .await;
        assert_eq!(class(&result).0, expected, "{status}");
        assert!(
            result
                .expect_err("failed")
                .message
                .contains("the token was written before this")
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_changed_nothing() {
    let idp = Idp::start(|_| shown()).await;
    let settings = PLAIN.replace(
        "url = \"@IDP@/c\"\n    body",
        "url = \"http://127.0.0.1:1/c\"\n    body",
    );
    let result = idp.connection(&settings).deliver().await;
    assert_eq!(class(&result), (FaultClass::NotApplied, FaultKind::Network));
}

#[tokio::test]
async fn a_server_that_never_answers_may_have_applied_it() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/c", silent.local_addr().expect("an address"));
    let idp = Idp::start(|_| shown()).await;
    let write = format!("timeout = \"200ms\"\n    url = \"{url}\"\n    body");
    let settings = PLAIN.replace("url = \"@IDP@/c\"\n    body", &write);
    let result = idp.connection(&settings).deliver().await;
    assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Timeout));

    let lookup = format!("\"object\"\n    timeout = \"200ms\"\n    url = \"{url}\"");
    let settings = PLAIN.replace("\"object\"\n    url = \"@IDP@/c\"", &lookup);
    let result = idp.connection(&settings).preflight().await;
    assert_eq!(class(&result), (FaultClass::NotApplied, FaultKind::Timeout));
}
