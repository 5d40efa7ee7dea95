use super::*;
use crate::secret::{BearerToken, SecretText};
use serde_json::json;

fn context() -> Context {
    let token = BearerToken::parse("tok/en\"&?#").expect("valid");
    Context::new("2026-01-01T00:00:00Z".parse().expect("time"))
        .secret("token", &token)
        .text("label", "a b/../c")
        .text("id", "../../admin?x")
        .number("lifetime_seconds", 3600)
        .none("etag")
        .url(
            "scim_url",
            &"https://sp.example/scim/v2".parse().expect("url"),
        )
        .texts("config", &[("app".to_owned(), "a/b".to_owned())].into())
        .named_secret("api_key", &SecretText::parse("k3y").expect("valid"))
        .named_secret(
            "pem",
            &SecretText::parse("-- canary\nkey --").expect("valid"),
        )
}

#[test]
fn values_cannot_leave_their_place_in_a_url() {
    let cases = [
        ("https://h/t/{{ id }}", "https://h/t/..%2F..%2Fadmin%3Fx"),
        (
            "https://h/t/{{ id|urlencode }}",
            "https://h/t/..%2F..%2Fadmin%3Fx",
        ),
        (
            "https://h/?q={{ token }}",
            "https://h/?q=tok%2Fen%22%26%3F%23",
        ),
        ("{{ scim_url }}/Users", "https://sp.example/scim/v2/Users"),
        ("https://h/{{ secrets.api_key }}", "https://h/k3y"),
        ("https://h/{{ config.app }}", "https://h/a%2Fb"),
    ];
    for (source, expected) in cases {
        let url = Template::new(source).url(&context()).expect(source);
        assert_eq!(url.as_str(), expected);
    }
    for bad in [
        "https://h/{{ '..' }}",
        "https://h/{{ '' }}",
        "/relative",
        "https://h/{{ etag }}",
    ] {
        assert!(Template::new(bad).url(&context()).is_err(), "{bad}");
    }
}

#[test]
fn json_keeps_types_and_escapes() {
    let template = JsonTemplate(json!({
        "ttl": "{{ lifetime_seconds }}",
        "ttl_days": "{{ (lifetime_seconds / 86400) | round(2) }}",
        "text": "for {{ lifetime_seconds }} s",
        "token": "{{ token }}",
        "quoted": "Bearer {{ token }}",
        "etag": "{{ etag }}",
        "list": ["{{ label }}", 1, true, null],
    }));
    let mut problems = Problems::default();
    template.check(
        "body",
        &Names::new(["lifetime_seconds", "token", "etag", "label"]),
        &mut problems,
    );
    assert_eq!(problems.all(), []);
    let rendered = template.render(&context()).expect("renders");
    assert_eq!(
        rendered,
        json!({
            "ttl": 3600, "ttl_days": 0.04, "text": "for 3600 s", "token": "tok/en\"&?#",
            "quoted": "Bearer tok/en\"&?#", "etag": null, "list": ["a b/../c", 1, true, null],
        })
    );
}

#[test]
fn a_line_break_never_reaches_a_header() {
    let hostile = context().text("label", "x\r\nX-Admin: 1");
    assert!(Template::new("{{ label }}").header(&hostile).is_err());
    let value = Template::new("{{ token }}").header(&context()).expect("ok");
    assert!(value.is_sensitive());
}

#[test]
fn unknown_names_and_syntax_are_reported_at_load() {
    let known = Names::new(["token", "secrets.api_key", "steps.read"]);
    let check = |source: &str| {
        let mut problems = Problems::default();
        Template::new(source).check("x.url", &known, &mut problems);
        problems
    };
    for good in [
        "plain",
        "{{ token }}",
        "{{ secrets.api_key }}",
        "{{ steps.read.json.id }}",
        "{% if token %}a{% endif %}",
    ] {
        assert!(!check(good).has_errors(), "{good}");
    }
    let typo = check("{{ tokn }}");
    assert!(typo.all()[0].remedy.contains("secrets.api_key"), "{typo:?}");
    for bad in [
        "{{ secrets.other }}",
        "{{ secrets['api_key'] }}",
        "{{ steps.write.json }}",
        "{{ token",
        "{{ range(9) }}",
    ] {
        assert!(check(bad).has_errors(), "{bad}");
    }
    let syntax = check("a\n{{ token +* }}");
    assert!(syntax.all()[0].message.contains("line 2"), "{syntax:?}");
}

#[test]
fn errors_hold_no_value() {
    for source in [
        "{{ token.x.y }}",
        "{{ token + 1 }}",
        "{{ token|nope }}",
        "{{ token() }}",
        "{% for i in range(99999) %}{{ i }}{% endfor %}",
    ] {
        let error = Template::new(source).text(&context()).expect_err(source);
        assert!(!error.contains("tok/en"), "{error}");
    }
}

#[test]
fn a_header_that_cannot_carry_a_credential_names_it() {
    let fails = |source: &str| Template::new(source).header(&context()).expect_err(source);
    for source in ["{{ secrets.pem }}", "Key {{ secrets['pem'] }}"] {
        let why = fails(source);
        assert!(
            why.contains("`secrets.pem`") && why.contains("line end"),
            "{why}"
        );
        assert!(!why.contains("canary"), "{why}");
    }
    assert!(!fails("{{ secrets.api_key }}\n.").contains("secrets."));
    // Encoded, any credential fits.
    let encoded = Template::new("{{ secrets.pem | urlencode }}").header(&context());
    assert_eq!(encoded.expect("fits"), "--%20canary%0Akey%20--");
}
