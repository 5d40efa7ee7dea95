//! What a request holds: credential, body, and places of the configuration.

use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use super::{PLAIN, shown};
use crate::connections::world::{ADMIN, Idp, NEW, SCIM_URL, class, reply};

#[tokio::test]
async fn a_call_may_be_made_without_our_credential() {
    let idp = Idp::start(|seen| {
        let expected = match seen.path.as_str() {
            "/version" => String::new(),
            _ => format!("Bearer {ADMIN}"),
        };
        assert_eq!(seen.header("authorization"), expected, "{}", seen.path);
        shown()
    })
    .await;
    let settings = PLAIN.replace(
        "[[lookups]]",
        "[[lookups]]\nname = \"version\"\nurl = \"@IDP@/version\"\nanonymous = true\n[[lookups]]",
    );
    idp.connection(&settings)
        .deliver()
        .await
        .expect("delivered");
    assert_eq!(idp.calls(), ["GET /version", "GET /c", "PUT /c"]);
}

#[tokio::test]
async fn a_body_may_be_any_text() {
    let settings = PLAIN.replace(
        "body.json = { token = \"{{ token }}\" }",
        "body.text = { content = \"<c id='{{ steps.object.json.state }}'>{{ token }}</c>\", type = \"application/xml\" }",
    );
    let idp = Idp::start(|_| shown()).await;
    idp.connection(&settings)
        .deliver()
        .await
        .expect("delivered");
    let put = idp.seen().pop().expect("a write");
    assert_eq!(put.header("content-type"), "application/xml");
    assert_eq!(put.body, format!("<c id='on'>{NEW}</c>"));
}

#[tokio::test]
async fn places_may_name_keys_of_the_configuration() {
    let settings = r#"
        config = { token_key = "auth.pass", url_key = "endpoint", row = "scim" }
        base_url = [{ at = 'config["{{ config.url_key }}"][0]' }]
        [[lookups]]
        name = "component"
        url = "@IDP@/c"
        answers = [{ means = "success", status = 200, when = [{ at = 'config["{{ config.token_key }}"][0]', exists = true }] }]
        [deliver]
        url = "@IDP@/c"
        [deliver.body.merge]
        drop = ["/rows/0/{{ config.row }}"]
        set = [{ at = 'config["{{ config.token_key }}"][0]', value = "{{ token }}" }]
    "#;
    let object = |token: &str| {
        json!({
            "config": {"auth.pass": [token], "endpoint": [SCIM_URL], "auth": {"pass": ["no"]}},
            "rows": [{"scim": 1, "other": 2}],
        })
    };
    let idp = Idp::start(move |_| reply(200, object("***"))).await;
    idp.connection(settings).deliver().await.expect("delivered");
    let mut expected = object(NEW);
    expected["rows"] = json!([{"other": 2}]);
    assert_eq!(idp.seen().pop().expect("a write").json(), expected);

    let other = settings.replace("\"auth.pass\"", "\"bearerToken\"");
    let idp = Idp::start(move |_| reply(200, object("***"))).await;
    let result = idp.connection(&other).deliver().await;
    assert_eq!(class(&result), (FaultClass::NotApplied, FaultKind::Schema));
    assert!(!idp.saw_a_token(), "a wrong key is found before the write");
}

/// A lookup that shows more than the object: an envelope, or one of several.
#[tokio::test]
async fn only_the_part_that_is_named_is_changed_and_goes_back() {
    let settings = PLAIN.replace(
        "body.json = { token = \"{{ token }}\" }",
        "body.merge = { part = \"/data/client\", drop = [\"/id\"], set = [{ at = \"/auth/token\", value = \"{{ token }}\" }] }",
    );
    let envelope = |client: serde_json::Value| json!({"base": SCIM_URL, "meta": {"page": 1}, "data": {"client": client, "other": {"a": 1}}});
    let client = json!({"id": "7", "name": "CRM", "auth": {"token": "old", "kind": "bearer"}});
    let whole = envelope(client);
    let idp = Idp::start(move |_| reply(200, whole.clone())).await;
    idp.connection(&settings)
        .deliver()
        .await
        .expect("delivered");
    let put = idp.seen().pop().expect("a write");
    assert!(put.is("PUT", "/c"));
    let expected = json!({"name": "CRM", "auth": {"token": NEW, "kind": "bearer"}});
    assert_eq!(put.json(), expected);

    for part in [
        json!(null),
        json!("text"),
        json!([{"auth": {"token": "old"}}]),
    ] {
        let whole = envelope(part.clone());
        let idp = Idp::start(move |_| reply(200, whole.clone())).await;
        let result = idp.connection(&settings).deliver().await;
        let fault = result.expect_err("nothing to change");
        assert!(fault.message.contains("`/data/client`"), "{part}: {fault}");
        assert!(!idp.saw_a_token(), "{part}: nothing is written");
    }
}

/// A secret that is shown masked is not written back, wherever it stands in the part.
#[tokio::test]
async fn a_mask_in_the_part_is_found_and_one_beside_it_does_not_count() {
    let settings = PLAIN.replace(
        "body.json = { token = \"{{ token }}\" }",
        "body.merge = { part = \"/client\", set = [{ at = \"/token\", value = \"{{ token }}\" }] }",
    );
    for (client, beside, is_written) in [
        (
            json!({"token": "****", "webhook_secret": "****"}),
            json!("x"),
            false,
        ),
        (json!({"token": "****", "name": "CRM"}), json!("****"), true),
    ] {
        let whole = json!({"base": SCIM_URL, "client": client, "secret": beside});
        let idp = Idp::start(move |_| reply(200, whole.clone())).await;
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(result.is_ok(), is_written, "{client}: {result:?}");
        assert_eq!(idp.saw_a_token(), is_written, "{client}");
    }
}
