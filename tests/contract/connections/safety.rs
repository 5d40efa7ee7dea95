//! Where the token must not go, and what must not be done twice.

mod again;
mod failures;
mod masks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use super::world::{ADMIN, Idp, NEW, OLD, SCIM_URL, class, reply};

/// A lookup, then the write, with a base URL that is checked.
const PLAIN: &str = r#"
    base_url = [{ at = "/base" }]
    auth.bearer = { env = "ADMIN" }
    [[lookups]]
    name = "object"
    url = "@IDP@/c"
    [deliver]
    method = "POST"
    url = "@IDP@/c"
    body.json = { token = "{{ token }}", old = "{{ old_token }}" }
"#;

fn shown() -> super::world::Reply {
    reply(200, json!({"base": SCIM_URL}))
}

#[tokio::test]
async fn a_wrong_base_url_never_gets_the_token() {
    let nowhere = [
        json!({"base": "https://evil.example/scim/v2"}),
        json!({"base": "http://crm.example.com/scim/v2"}),
        json!({"base": format!("https://user:{ADMIN}@evil.example/?t={NEW}")}),
        json!({"base": NEW}),
        json!({"base": null}),
        json!({}),
        json!([]),
    ];
    for body in nowhere {
        let answer = body.clone();
        let idp = Idp::start(move |_| reply(200, &answer)).await;
        let connection = idp.connection(PLAIN);
        // Where no address is shown, nobody knows whether it is another one.
        let kind = match body["base"].is_string() {
            true => FaultKind::WrongTarget,
            false => FaultKind::Config,
        };
        for result in [
            connection.preflight().await,
            connection.deliver().await,
            connection.revert().await,
        ] {
            assert_eq!(class(&result), (FaultClass::Rejected, kind), "{body}");
            assert!(
                result.expect_err("refused").message.contains(SCIM_URL),
                "{body}"
            );
        }
        assert!(!idp.saw_a_token(), "{body}");
        assert!(idp.seen().iter().all(|s| s.method == "GET"), "{body}");
    }
    let idp = Idp::start(|_| reply(200, "<html>login</html>")).await;
    let result = idp.connection(PLAIN).deliver().await;
    assert_eq!(class(&result).1, FaultKind::Schema);
    assert!(!idp.saw_a_token());
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let thief = Idp::start(|_| reply(200, "{}")).await;
    for status in [301, 302, 307, 308] {
        let target = format!("{}/c", thief.address());
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(status, "").with("location", &target),
        })
        .await;
        let result = idp.connection(PLAIN).deliver().await;
        assert_eq!(class(&result).1, FaultKind::Config, "{status}");
    }
    assert_eq!(thief.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_outside_the_rules_is_not_sent() {
    for rule in ["max_length = 8", "allowed_characters = \"a-z\""] {
        let idp = Idp::start(|_| shown()).await;
        let settings = format!("token_rules = {{ {rule} }}\n{PLAIN}");
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Config));
        assert_eq!(
            idp.calls(),
            Vec::<String>::new(),
            "nothing was asked at all"
        );
    }
}

/// The limit is one of what is stored: the template may make more of the token.
#[tokio::test]
async fn what_a_template_makes_of_the_token_must_fit_too() {
    let long = NEW.len();
    let basic = (NEW.len() + 5).div_ceil(3) * 4;
    let rows = [
        // What the body is, the limit, and what is too long for it.
        ("json = { token = \"{{ token }}\" }", long, None),
        ("json = { token = \"{{ token }}\" }", long - 1, Some(long)),
        ("json = { token = \"Bearer {{ token }}\" }", long + 7, None),
        (
            "json = { token = \"Bearer {{ token }}\" }",
            long + 6,
            Some(long + 7),
        ),
        (
            "json = { a = [{ b = \"Bearer {{ token }}\" }] }",
            long,
            Some(long + 7),
        ),
        (
            "json = { token = \"{{ ['user:', token] | join('') | b64encode }}\" }",
            basic - 1,
            Some(basic),
        ),
        (
            "json = { token = \"{{ ['user:', token] | join('') | b64encode }}\" }",
            basic,
            None,
        ),
        (
            "form = { token = \"Bearer {{ token }}\" }",
            long,
            Some(long + 7),
        ),
        (
            "merge = { set = [{ at = \"/token\", value = \"Bearer {{ token }}\" }] }",
            long,
            Some(long + 7),
        ),
        // Not the value of a field.
        (
            "json = { raw = '{\"token\": \"{{ token }}\"}' }",
            long,
            None,
        ),
        (
            "json = { token = \"{{ token }}\", long = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" }",
            long,
            None,
        ),
    ];
    for (body, limit, too_long) in rows {
        let idp = Idp::start(|_| shown()).await;
        let call = PLAIN
            .split("body.json")
            .next()
            .expect("the settings before it");
        let settings = format!("token_rules = {{ max_length = {limit} }}\n{call}body.{body}\n");
        let connection = idp.connection(&settings);
        let said = connection.objection();
        match too_long {
            None => assert_eq!(said, None, "{body}"),
            Some(count) => {
                let said = said.unwrap_or_else(|| panic!("{body}"));
                let named = said.contains(&format!(" {count} characters"))
                    && said.contains(&format!("at most {limit}"));
                assert!(named, "{body}: {said}");
                assert!(connection.deliver().await.is_err(), "{body}");
                assert_eq!(idp.calls(), Vec::<String>::new(), "{body}");
            }
        }
    }
}

#[tokio::test]
async fn a_revert_has_its_own_call_where_one_is_configured() {
    let start = || {
        Idp::start(|seen| {
            if seen.method == "GET" {
                shown()
            } else {
                reply(200, "{}")
            }
        })
    };
    let idp = start().await;
    idp.connection(PLAIN).revert().await.expect("reverted");
    let written = idp.seen().pop().expect("a call");
    assert_eq!(written.json(), json!({"token": OLD, "old": NEW}));

    let idp = start().await;
    let undo =
        "[revert]\nmethod = \"POST\"\nurl = \"@IDP@/undo\"\nbody.json = { back = \"{{ token }}\" }";
    let connection = idp.connection(&format!("{PLAIN}\n{undo}"));
    connection.revert().await.expect("reverted");
    assert_eq!(idp.calls(), ["GET /c", "POST /undo"]);
    connection.deliver().await.expect("delivered");
    assert_eq!(idp.calls().last().map(String::as_str), Some("POST /c"));
}

#[tokio::test]
async fn two_writers_of_one_connection_take_turns() {
    let open = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&open);
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            assert_eq!(
                counter.fetch_add(1, Ordering::SeqCst),
                0,
                "nobody else is between reading and writing"
            );
            shown()
        } else {
            counter.fetch_sub(1, Ordering::SeqCst);
            reply(200, "{}")
        }
    })
    .await;
    let connection = idp.connection(PLAIN);
    let (a, b, c) = tokio::join!(
        connection.deliver(),
        connection.deliver(),
        connection.revert()
    );
    assert_eq!((a, b, c), (Ok(()), Ok(()), Ok(())));
}

#[tokio::test]
async fn a_required_etag_that_is_missing_stops_the_write() {
    for (etag, expected) in [(Some("W/\"1\""), true), (None, false)] {
        let idp = Idp::start(move |seen| match (seen.method.as_str(), etag) {
            ("GET", Some(etag)) => shown().with("etag", etag),
            ("GET", None) => shown(),
            (_, Some(etag)) if seen.header("if-match") == etag => reply(200, "{}"),
            _ => reply(428, ""),
        })
        .await;
        let result = idp
            .connection(&format!("{PLAIN}\nif_match = \"require\""))
            .deliver()
            .await;
        assert_eq!(result.is_ok(), expected, "{etag:?}");
        assert_eq!(idp.saw_a_token(), expected);
    }
}
