//! An object is read, changed and written back whole: what the identity provider
//! shows in place of another secret never goes back.

use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::{Value, json};

use crate::connections::world::{Idp, NEW, SCIM_URL, class, reply};

const READ_CHANGE_WRITE: &str = r#"
    base_url = [{ at = "/base" }]
    auth.bearer = { env = "ADMIN" }
    [[lookups]]
    name = "object"
    url = "@IDP@/c"
    [deliver]
    url = "@IDP@/c"
    [deliver.body.merge]
    set = [{ at = "/scim/token", value = "{{ token }}" }]
"#;

async fn idp(other: Value) -> Idp {
    Idp::start(move |_| {
        let object = json!({"base": SCIM_URL, "scim": {"token": "****"}, "other": other});
        reply(200, object)
    })
    .await
}

fn writes(idp: &Idp) -> usize {
    idp.seen().iter().filter(|s| s.method == "PUT").count()
}

#[tokio::test]
async fn a_mask_over_another_secret_is_refused_before_a_token_is_issued() {
    for other in [
        json!({"login": "****"}),
        json!({"password": "not shown here"}),
        json!({"clientSecret": null}),
        json!([{"key": "webhookSecret", "value": "unchanged"}]),
        json!("{\"smtp\": {\"pass\": \"••••••\"}}"),
    ] {
        let idp = idp(other.clone()).await;
        let connection = idp.connection(READ_CHANGE_WRITE);
        for result in [connection.preflight().await, connection.deliver().await] {
            assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Config));
            let message = result.expect_err("refused").message;
            assert!(message.contains("`/other"), "{message}");
            assert!(message.contains("`drop`"), "{message}");
        }
        assert_eq!(writes(&idp), 0, "{other}");
        assert!(!idp.saw_a_token(), "{other}");
    }
}

#[tokio::test]
async fn a_place_in_drop_or_keep_is_written_about() {
    let other = json!({"password": "****", "name": "x"});
    for (list, sent) in [
        ("drop = [\"/other/password\"]", json!({"name": "x"})),
        ("keep = [\"/other/password\"]", other.clone()),
        ("keep = [\"/other\"]", other.clone()),
    ] {
        let idp = idp(other.clone()).await;
        let settings = format!("{READ_CHANGE_WRITE}\n{list}");
        let connection = idp.connection(&settings);
        connection.preflight().await.expect(list);
        connection.deliver().await.expect(list);
        let seen = idp.seen();
        let written = seen.iter().find(|s| s.method == "PUT").expect("a write");
        assert_eq!(written.json()["other"], sent, "{list}");
        assert_eq!(written.json()["scim"]["token"], NEW, "{list}");
    }
}

/// The same by hand: a body that copies what a lookup showed.
#[tokio::test]
async fn a_mask_that_a_template_copies_is_refused() {
    for body in [
        "body.json = { token = \"{{ token }}\", login = \"{{ steps.object.json.other.login }}\" }",
        "body.form = { token = \"{{ token }}\", login = \"{{ steps.object.json.other.login }}\" }",
    ] {
        let settings = READ_CHANGE_WRITE
            .split("[deliver.body.merge]")
            .next()
            .expect("the calls")
            .to_owned()
            + body;
        for (shown, works) in [("****", false), ("admin", true)] {
            let idp = idp(json!({"login": shown})).await;
            let result = idp.connection(&settings).deliver().await;
            assert_eq!(result.is_ok(), works, "{body}: {result:?}");
            assert_eq!(writes(&idp), usize::from(works), "{body}");
        }
    }
}
