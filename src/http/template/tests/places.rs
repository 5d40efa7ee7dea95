//! What becomes of a value in each place, and of one that is missing.

use http::HeaderMap;
use serde_json::{Value, json};

use super::super::*;
use super::sample::answer;
use crate::http::Request;

/// Texts that a program that guesses types would change.
const TEXTS: [&str; 10] = [
    "00123",
    "1e5",
    "true",
    "null",
    "none",
    "2026-01-01",
    "{}",
    "[1]",
    "a \"quoted\" 'text' \\ &=?#%",
    " ",
];

fn with(value: &Value) -> Context {
    let body = json!({ "value": value, "nothing": null, "of": { "a": null } });
    Context::new("2026-01-01T00:00:00Z".parse().expect("time"))
        .step("x", &answer(HeaderMap::new(), &body.to_string()))
        .none("etag")
}

fn given(source: &str, value: &Value) -> String {
    let text = Template::new(source).text(&with(value));
    text.expect(source).to_string()
}

fn decoded(pairs: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(pairs.as_bytes())
        .into_owned()
        .collect()
}

#[test]
fn a_text_stays_that_text_in_every_place() {
    const VALUE: &str = "{{ steps.x.json.value }}";
    for text in TEXTS {
        let value = json!(text);
        let context = with(&value);
        let template = Template::new(VALUE);
        // A text place: body, label, argument, and before they are encoded a
        // query parameter and a form field.
        assert_eq!(given(VALUE, &value), text);
        let pairs = [("a".to_owned(), text.to_owned())];
        let url = Template::new(format!("https://h/p?a={VALUE}")).url(&context);
        assert_eq!(decoded(url.expect(text).query().expect(text)), pairs);
        let form = template.text(&context).expect(text);
        let request = Request::new(http::Method::POST, "https://h".parse().expect("URL"), "x");
        let request = request.form([("a", form.as_str())]);
        let sent = std::str::from_utf8(&request.body).expect(text);
        assert_eq!(decoded(sent), pairs);
        // A path.
        let url = Template::new(format!("https://h/a/{VALUE}/b")).url(&context);
        let url = url.expect(text);
        let part = url.path_segments().expect(text).nth(1).expect(text);
        let part = percent_encoding::percent_decode_str(part).decode_utf8();
        assert_eq!(part.expect(text), text);
        // A header.
        let header = template.header(&context).expect(text);
        assert_eq!(header.to_str().expect(text), text);
        // JSON: alone, and within a text.
        assert_eq!(template.json(&context), Ok(json!(text)));
        let within = Template::new(format!("-{VALUE}-")).json(&context);
        assert_eq!(within, Ok(json!(format!("-{text}-"))));
        let as_json = given("{{ steps.x.json.value | tojson }}", &value);
        assert_eq!(serde_json::from_str::<Value>(&as_json).ok(), Some(value));
    }
}

#[test]
fn other_types_stay_what_they_are_in_json_and_are_written_as_json_in_text() {
    let alone = Template::new("{{ steps.x.json.value }}");
    for (value, text) in [
        (json!(123), "123"),
        (json!(-1), "-1"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(1.5), "1.5"),
        (json!(0), "0"),
        (json!(true), "true"),
        (json!(false), "false"),
    ] {
        assert_eq!(alone.json(&with(&value)), Ok(value.clone()));
        assert_eq!(given("{{ steps.x.json.value }}", &value), text);
        assert_eq!(given("{{ steps.x.json.value | string }}", &value), text);
        let list = "{{ [steps.x.json.value, 'a'] | join('-') }}";
        assert_eq!(given(list, &value), format!("{text}-a"));
        let texts = Template::new("{{ steps.x.json.value | string }}").json(&with(&value));
        assert_eq!(texts, Ok(json!(text)));
    }
    for value in [json!({}), json!([]), json!({"a": [1, null]}), json!(["x"])] {
        assert_eq!(alone.json(&with(&value)), Ok(value.clone()));
        let error = alone.text(&with(&value)).expect_err("no text");
        assert!(error.contains("list or an object"), "{error}");
        let json = given("{{ steps.x.json.value | tojson }}", &value);
        assert_eq!(serde_json::from_str::<Value>(&json).ok(), Some(value));
    }
}

#[test]
fn blanks_around_a_lone_expression_do_not_count_and_other_text_does() {
    let cases = [
        ("{{ 5 }}", json!(5)),
        ("{{-5}}", json!(5)),
        ("{{ -5 }}", json!(-5)),
        (" {{ 5 }}\n", json!(5)),
        ("{{- 5 -}}", json!(5)),
        ("{{ '}}' }}", json!("}}")),
        ("{{ 5 }}{{ 6 }}", json!("56")),
        ("{{ 5 }} s", json!("5 s")),
        ("{% if 1 %}{{ 5 }}{% endif %}", json!("5")),
        ("{{ steps.x.json.value == 5 }}", json!(true)),
        ("{{ [1, 'a', [true]] }}", json!([1, "a", [true]])),
        ("{{ {'a': 1} }}", json!({"a": 1})),
    ];
    for (source, expected) in cases {
        let value = Template::new(source).json(&with(&json!(5)));
        assert_eq!(value, Ok(expected), "{source}");
    }
}

#[test]
fn a_missing_value_refuses_in_every_place() {
    let context = with(&json!(1));
    for name in [
        "etag",
        "steps.x.json.nothing",
        "steps.x.json.absent",
        "steps.x.json.of.a",
        "steps.x.headers.absent",
    ] {
        let value = format!("{{{{ {name} }}}}");
        let template = Template::new(value.as_str());
        let expected = Err(format!("`{name}` has no value"));
        assert_eq!(template.text(&context).map(|_| ()), expected);
        assert_eq!(template.header(&context).map(|_| ()), expected);
        assert_eq!(template.json(&context).map(|_| ()), expected);
        assert_eq!(template.text_or_omitted(&context).map(|_| ()), expected);
        let url = Template::new(format!("https://h/{value}")).url(&context);
        assert_eq!(url.map(|_| ()), expected);
        let within = Template::new(format!("a {value}")).json(&context);
        assert_eq!(within.map(|_| ()), expected);
        for literal in [
            format!("{{{{ [{name}] }}}}"),
            format!("{{{{ {{'a': {name}}} }}}}"),
            format!("{{{{ [1, [{name}]] | tojson }}}}"),
        ] {
            let json = Template::new(literal.as_str()).json(&context);
            assert_eq!(json.map(|_| ()), expected, "{literal}");
        }
    }
    // Never by accident: the engine alone would write an empty text, 0 or None.
    for source in ["{{ none }}", "{{ none | int }}", "{{ 'a' if false }}"] {
        assert!(Template::new(source).text(&context).is_err(), "{source}");
        assert!(Template::new(source).json(&context).is_err(), "{source}");
    }
}

#[test]
fn or_omit_leaves_out_the_whole_field() {
    let context = with(&json!("v"));
    for source in [
        "{{ etag | or_omit }}",
        "W/{{ etag | or_omit }}",
        "{{ steps.x.json.absent | or_omit }}",
        "{{ steps.x.json.nothing | or_omit }}",
        "{{ (steps.x.json.value if false) | or_omit }}",
        "{{ steps.x.json.absent.a.b[0]['c'] | or_omit }}",
        "{{ steps.x.json.nothing.a | or_omit }}",
        "{{ steps.x.json.value.a.b | or_omit }}",
        "{{ steps.skipped.json.a | or_omit }}",
        "{{ steps.skipped.headers['x-a'] | or_omit }}",
        "{{ (steps.skipped.json.a if steps.x.status == 200) | or_omit }}",
        "{{ (steps.x.json.of | default({})).a | or_omit }}",
        "{% if true %}{{ etag | or_omit }}{% endif %}",
    ] {
        let template = Template::new(source);
        assert_eq!(template.text_or_omitted(&context), Ok(None), "{source}");
        assert_eq!(template.header_or_omitted(&context), Ok(None), "{source}");
        assert_eq!(template.json_or_omitted(&context), Ok(None), "{source}");
        for refused in [
            template.text(&context).map(|_| ()),
            template.header(&context).map(|_| ()),
            template.json(&context).map(|_| ()),
        ] {
            let error = refused.expect_err(source);
            assert!(error.contains("nothing to leave out"), "{error}");
        }
    }
    let there = Template::new("{{ steps.x.json.value | or_omit }}");
    let text = there.text_or_omitted(&context).expect("text");
    assert_eq!(text.as_deref().map(String::as_str), Some("v"));
    assert_eq!(there.text(&context).as_deref().map(String::as_str), Ok("v"));
    assert_eq!(there.json(&context), Ok(json!("v")));
}

#[test]
fn a_name_may_be_missing_with_what_stands_above_it() {
    let context = with(&json!("v"));
    for (source, expected) in [
        ("{{ steps.skipped.json.a | default('d') }}", "d"),
        ("{{ steps.x.json.of.a | default('d') }}", "d"),
        (
            "{{ steps.x.json.absent.a | default('d') }}-{{ steps.x.json.value }}",
            "d-v",
        ),
        (
            "{% if steps.skipped.json.a.b is defined %}a{% else %}b{% endif %}",
            "b",
        ),
        (
            "{% if steps.skipped.json.a.b is not defined %}a{% else %}b{% endif %}",
            "a",
        ),
    ] {
        let text = Template::new(source).text(&context);
        assert_eq!(
            text.as_deref().map(String::as_str),
            Ok(expected),
            "{source}"
        );
    }
    let json = |source: &str| Template::new(source).json(&context);
    assert_eq!(
        json("{{ steps.skipped.json.a | or_null }}"),
        Ok(Value::Null)
    );
    assert_eq!(
        json("{{ [steps.skipped.json.a is defined] }}"),
        Ok(json!([false]))
    );
    // Nothing else of the template sees the parts as there.
    for refused in [
        "{{ steps.x.json.absent.a | default('d') }}{{ steps.x.json.absent.b }}",
        "{{ steps.x.json.absent.a | default('d') }}{{ steps.x.json.absent | tojson }}",
        "{{ steps.x.json.absent.a | default(steps.x.json.absent.a) }}",
        "{{ steps.x.json.absent.a }}",
    ] {
        let error = Template::new(refused).text(&context).expect_err(refused);
        assert!(error.contains("has no value"), "{refused}: {error}");
    }
    let both =
        "{{ steps.x.json.absent.a | default('d') if steps.x.json.absent is defined else 'e' }}";
    assert_eq!(json(both), Ok(json!("e")));
}

#[test]
fn json_documents_lose_what_is_omitted_and_get_null_where_that_is_said() {
    let document = JsonTemplate(json!({
        "gone": "{{ etag | or_omit }}",
        "text": "v {{ etag | or_omit }}",
        "null": "{{ etag | or_null }}",
        "always": "{{ none | or_null }}",
        "kept": "{{ steps.x.json.value | or_null }}",
        "object": { "gone": "{{ etag | or_omit }}" },
        "list": [1, "{{ etag | or_omit }}", "{{ etag | or_null }}", null],
    }));
    let expected = json!({
        "null": null, "always": null, "kept": 7, "object": {}, "list": [1, null, null],
    });
    assert_eq!(document.render(&with(&json!(7))), Ok(expected));
    let nothing = JsonTemplate(json!("{{ etag | or_omit }}"));
    assert!(nothing.render(&with(&json!(7))).is_err());
    let refused = JsonTemplate(json!({"a": [{"b": "{{ etag }}"}]}));
    let why = refused.render(&with(&json!(7)));
    assert_eq!(why, Err("`/a/0/b`: `etag` has no value".to_owned()));
}
