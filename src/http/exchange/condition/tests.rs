use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::http::message::{Answer, Origin};

fn answer(headers: &[(&'static str, &str)], body: &str) -> Answer {
    let pairs = headers.iter().map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, value.parse().expect("a header"))
    });
    Answer {
        parsed: crate::http::message::Parsed::default(),
        status: 200,
        headers: pairs.collect(),
        body: Zeroizing::new(body.as_bytes().to_vec()),
        origin: Origin {
            method: http::Method::GET,
            host: "sp.example".to_owned(),
            operation: "list",
            idempotent: true,
        },
    }
}

fn condition(config: &Value) -> Condition {
    serde_json::from_value(config.clone()).expect("a condition")
}

fn holds(config: &Value, answer: &Answer) -> bool {
    let json = answer.secret_json().ok();
    let view = View::of(answer, json.as_ref());
    condition(config).holds(view).is_ok()
}

#[test]
fn each_test_can_hold_and_fail() {
    let body =
        json!({"status": "OK: done", "count": 2, "text_count": "10", "none": null, "ok": true});
    let cases = [
        (json!({"at": "/ok", "equals": true}), true),
        (json!({"at": "/ok", "equals": "true"}), false),
        (json!({"at": "/count", "one_of": [1, 2]}), true),
        (json!({"at": "/count", "one_of": [3]}), false),
        (json!({"at": "/gone", "one_of": [null]}), false),
        (json!({"at": "/ok", "exists": true}), true),
        (json!({"at": "/none", "exists": true}), false),
        (json!({"at": "/none", "exists": false}), true),
        (json!({"at": "/gone", "exists": false}), true),
        (json!({"at": "/ok", "exists": false}), false),
        (json!({"at": "/status", "contains": "done"}), true),
        (json!({"at": "/status", "prefix": "OK"}), true),
        (json!({"at": "/status", "prefix": "done"}), false),
        (json!({"at": "/count", "contains": "2"}), false),
        (json!({"at": "/count", "not_equals": 3}), true),
        (json!({"at": "/count", "not_equals": 2}), false),
        (json!({"at": "/none", "not_equals": 2}), false),
        (json!({"at": "/gone", "not_equals": 2}), false),
        (json!({"at": "/count", "less_than": 3}), true),
        (json!({"at": "/count", "less_than": 2}), false),
        (json!({"at": "/count", "more_than": 1}), true),
        (json!({"at": "/count", "more_than": 2}), false),
        (json!({"at": "/text_count", "more_than": 9}), true),
        (json!({"at": "/status", "more_than": 0}), false),
        (json!({"at": "/gone", "less_than": 9}), false),
        (json!({"value": "yes", "equals": "yes"}), true),
        (json!({"value": "no", "equals": "yes"}), false),
    ];
    for (config, expected) in cases {
        let view = View::item(&body);
        let held = condition(&config).holds(view);
        assert_eq!(held.is_ok(), expected, "{config}");
        if let Err(why) = held {
            assert!(!why.contains("done"), "no value is told: {why}");
        }
    }
}

#[test]
fn headers_texts_and_json_in_texts_can_be_looked_at() {
    let inner = json!({"code": "E1"}).to_string();
    let whole = json!({ "message": inner }).to_string();
    let answer = answer(&[("x-state", "on; v=2")], &whole);
    for (config, expected) in [
        (json!({"header": "X-State", "prefix": "on"}), true),
        (
            json!({"header": "X-State", "between": ["v=", ""], "equals": "2"}),
            true,
        ),
        (json!({"header": "X-Other", "exists": false}), true),
        (json!({"text": true, "contains": "message"}), true),
        (
            json!({"at": "/code", "json_text": "/message", "equals": "E1"}),
            true,
        ),
        (
            json!({"at": "/code", "json_text": "/message", "equals": "E2"}),
            false,
        ),
    ] {
        assert_eq!(holds(&config, &answer), expected, "{config}");
    }
}

#[test]
fn nothing_is_shown_by_a_body_that_is_not_json() {
    let page = answer(&[], "<html>sign in</html>");
    assert!(!holds(&json!({"at": "/error", "exists": false}), &page));
    assert!(!holds(&json!({"at": "/error", "exists": true}), &page));
    assert!(holds(&json!({"text": true, "contains": "sign in"}), &page));
}

#[test]
fn conditions_that_cannot_work_are_reported() {
    let known = Names::default().with("config.key");
    for (config, path) in [
        (json!({"at": "/a"}), Some("x")),
        (json!({"at": "/a", "equals": 1, "exists": true}), Some("x")),
        (json!({"equals": 1}), Some("x")),
        (json!({"at": "/a", "header": "A", "equals": 1}), Some("x")),
        (json!({"header": "a b", "exists": true}), Some("x")),
        (
            json!({"at": "/a", "step": "late", "exists": true}),
            Some("x.step"),
        ),
        (
            json!({"at": "a[k={{ config.no }}]", "exists": true}),
            Some("x"),
        ),
        (json!({"at": "a[k={{ token }}]", "exists": true}), Some("x")),
        (json!({"at": "/a", "step": "early", "exists": true}), None),
        (json!({"at": "a[k={{ config.key }}]", "exists": true}), None),
    ] {
        let mut problems = Problems::default();
        condition(&config).check("x", &["early"], &known, &mut problems);
        let first = problems.all().first().map(|problem| problem.path.clone());
        assert_eq!(first.as_deref(), path, "{config}");
    }
}

#[test]
fn its_place_is_filled_in_from_the_configuration() {
    let mut by_key = condition(&json!({"at": "all[key={{ config.key }}].on", "equals": true}));
    let config = std::collections::BTreeMap::from([("key".to_owned(), "b]c.d".to_owned())]);
    let context = Context::new(jiff::Timestamp::UNIX_EPOCH).texts("config", &config);
    by_key.resolve(&context).expect("filled in");
    let body = json!({"all": [{"key": "b", "on": false}, {"key": "b]c.d", "on": true}]});
    assert_eq!(by_key.holds(View::item(&body)), Ok(()));
}

/// What a condition compares with may come from the configuration, and so may what
/// it looks at; nothing else may.
#[test]
fn conditions_may_use_the_configuration_and_nothing_else() {
    use crate::http::template::ConfigValue;
    use std::collections::BTreeMap;

    let config = BTreeMap::from([("host".to_owned(), ConfigValue::Text("a.example".into()))]);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let context = Context::new(now).config(&config);
    let body = json!({"host": "a.example"});
    for (written, expected) in [
        (json!({"at": "/host", "equals": "{{ config.host }}"}), true),
        (
            json!({"at": "/host", "not_equals": "{{ config.host }}"}),
            false,
        ),
        (json!({"value": "{{ config.host }}", "prefix": "a."}), true),
        (json!({"value": "{{ config.host }}", "equals": "b"}), false),
    ] {
        let mut condition = condition(&written);
        condition.resolve(&context).expect("known");
        assert_eq!(
            condition.holds(View::item(&body)).is_ok(),
            expected,
            "{written}"
        );
    }
    for written in [
        json!({"at": "/host", "equals": "{{ steps.a.json.b }}"}),
        json!({"value": "{{ token }}", "equals": "b"}),
        json!({"value": "x", "at": "/host", "equals": "b"}),
        json!({"value": "x", "step": "a", "equals": "b"}),
    ] {
        let mut problems = Problems::default();
        let known = Names::default();
        condition(&written).check("when", &["a"], &known, &mut problems);
        assert!(problems.has_errors(), "{written}");
    }
}
