use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use super::*;
use crate::http::template::Template;
use crate::http::template::tests::answer;

fn step(headers: &[(&'static str, &[u8])], body: &str) -> Context {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_bytes(value).expect("valid"));
    }
    Context::new(Timestamp::UNIX_EPOCH).step("a", &answer(map, body))
}

fn json(context: &Context, name: &str) -> Option<serde_json::Value> {
    let template = Template::new(format!("{{{{ steps.a.{name} | or_omit }}}}"));
    template.json_or_omitted(context).expect(name)
}

#[test]
fn an_answer_shows_status_json_text_headers_and_cookies() {
    let context = step(
        &[
            ("x-request-id", b"r-7"),
            ("vary", b"accept"),
            ("vary", b"origin"),
            ("set-cookie", b"SID=a=b; Path=/; HttpOnly"),
            ("set-cookie", b" csrf = \"q\" ;Secure"),
            ("set-cookie", b"SID=later"),
            ("set-cookie", b"nothing"),
            ("set-cookie", b"=unnamed"),
            ("x-latin", b"\xe9"),
            ("x-utf8", "\u{e9}".as_bytes()),
        ],
        r#"{"id": 7, "n": null, "list": [{"x": "y"}, null]}"#,
    );
    for (name, expected) in [
        ("status", Some(json!(200))),
        ("json.id", Some(json!(7))),
        ("json.n", None),
        ("json.absent", None),
        ("json.list[0].x", Some(json!("y"))),
        ("json.list[-2].x", Some(json!("y"))),
        ("json.list[1]", None),
        ("json.list[7]", None),
        ("json.list", Some(json!([{"x": "y"}, null]))),
        ("json.list[:1]", Some(json!([{"x": "y"}]))),
        ("headers['x-request-id']", Some(json!("r-7"))),
        ("headers.vary", Some(json!("accept, origin"))),
        ("headers.absent", None),
        ("headers['x-latin']", None),
        ("headers['x-utf8']", Some(json!("\u{e9}"))),
        ("cookies.SID", Some(json!("later"))),
        ("cookies.csrf", Some(json!("\"q\""))),
        ("cookies.sid", None),
        ("cookies.nothing", None),
        (
            "text",
            Some(json!(r#"{"id": 7, "n": null, "list": [{"x": "y"}, null]}"#)),
        ),
    ] {
        assert_eq!(json(&context, name), expected, "{name}");
    }
}

#[test]
fn a_body_that_is_no_json_is_only_text_and_a_long_one_is_not_cut() {
    let page = step(&[], "<html>");
    assert_eq!(json(&page, "json"), None);
    assert_eq!(json(&page, "text"), Some(json!("<html>")));
    let longest = "x".repeat(64 * 1024);
    assert_eq!(json(&step(&[], &longest), "text"), Some(json!(longest)));
    assert_eq!(json(&step(&[], &format!("{longest}x")), "text"), None);
}

#[test]
fn configured_values_keep_their_types() {
    let list = ConfigValue::List(vec!["1".to_owned(), "true".to_owned()]);
    let values = BTreeMap::from([
        ("text".to_owned(), ConfigValue::Text("00123".to_owned())),
        ("number".to_owned(), ConfigValue::Integer(123)),
        ("yes".to_owned(), ConfigValue::Boolean(true)),
        ("list".to_owned(), list),
    ]);
    let context = Context::new(Timestamp::UNIX_EPOCH).config(&values);
    for (name, expected) in [
        ("text", json!("00123")),
        ("number", json!(123)),
        ("yes", json!(true)),
        ("list", json!(["1", "true"])),
    ] {
        let template = Template::new(format!("{{{{ config.{name} }}}}"));
        assert_eq!(template.json(&context), Ok(expected), "{name}");
    }
}

#[test]
fn nothing_lists_the_secrets() {
    let token = SecretText::parse("canary").expect("valid");
    let context = Context::new(Timestamp::UNIX_EPOCH)
        .named_secret("key", &token)
        .step(
            "a",
            &answer(
                HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("s=canary"))]),
                "",
            ),
        );
    for source in [
        "{{ secrets }}",
        "{{ secrets | tojson }}",
        "{{ secrets | join(',') }}",
        "{{ steps.a.cookies | tojson }}",
        "{{ steps | tojson }}",
        "{{ steps.a }}",
    ] {
        for given in [
            Template::new(source)
                .text(&context)
                .map(|text| text.to_string()),
            Template::new(source)
                .json(&context)
                .map(|json| json.to_string()),
        ] {
            let error = given.expect_err(source);
            assert!(!error.contains("canary"), "{source}: {error}");
        }
    }
    assert!(!format!("{:?}", context.value(Vec::new())).contains("canary"));
}

#[test]
fn names_with_and_without_a_value_are_told_apart() {
    let context = step(&[("x-a", b"1")], r#"{"l": [{"x": null}], "7": 1}"#).none("etag");
    let has = |name: &str| {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        context.has(&path)
    };
    for name in [
        "now",
        "steps.a.json.l",
        "steps.a.json.l.0",
        "steps.a.json.7",
        "steps.a.headers.x-a",
    ] {
        assert!(has(name), "{name}");
    }
    for name in [
        "etag",
        "nothing",
        "steps.a.json.l.1",
        "steps.a.json.l.0.x",
        "steps.b",
        "now.x",
    ] {
        assert!(!has(name), "{name}");
    }
}
