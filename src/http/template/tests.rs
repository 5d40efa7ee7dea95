mod language;
mod places;
mod sample;

use serde_json::json;

pub(in crate::http) use self::sample::{answer, configured, sample};
use super::*;
use crate::secret::{BearerToken, SecretText};

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
        .texts(
            "config",
            &[
                ("app".to_owned(), "a/b".to_owned()),
                ("host".to_owned(), "sp.example:8443".to_owned()),
            ]
            .into(),
        )
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
        ("https://h/{{ config.app | urlencode }}", "https://h/a%2Fb"),
        ("https://{{ config.host }}/x", "https://sp.example:8443/x"),
        (
            "https://api.{{ config.host }}/x",
            "https://api.sp.example:8443/x",
        ),
        (
            "https://h/x?to={{ config.host }}",
            "https://h/x?to=sp.example%3A8443",
        ),
        (
            "https://h/{{ config.host }}/{{ id }}",
            "https://h/sp.example%3A8443/..%2F..%2Fadmin%3Fx",
        ),
    ];
    for (source, expected) in cases {
        let url = Template::new(source).url(&context()).expect(source);
        assert_eq!(url.as_str(), expected);
    }
    for bad in [
        "https://h/{{ '..' }}",
        "https://h/{{ '' }}",
        "https://h/{{ '..' | urlencode }}",
        "https://h/{{ '' | urlencode }}",
        "https://h/{{ '\u{1}' }}",
        "https://{{ config.app }}/x",
        "https://{{ 'evil.example/' }}",
        "https://{{ 'user@evil.example' }}/x",
        "https://{{ 'evil.example\\\\' }}/x",
        "https://{{ '' }}/x",
        "{{ 'https://evil.example' }}/x",
        "https://h/{{ etag | or_omit }}",
        "https://h/{{ etag | or_null }}",
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
        "etag": "{{ etag | or_null }}",
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
        "{{ secrets['api_key'] }}",
        "{{ steps.read.json.id }}",
        "{{ steps['read']['json'][0]['a-b'][:4] }}",
        "{% if token %}a{% endif %}",
    ] {
        assert!(!check(good).has_errors(), "{good}");
    }
    let typo = check("{{ tokn }}");
    assert!(typo.all()[0].remedy.contains("secrets.api_key"), "{typo:?}");
    for bad in [
        "{{ secrets.other }}",
        "{{ steps.write.json }}",
        "{{ token",
        "{{ range(9) }}",
        "{{ tokn[:4] }}",
        "{{ token[:tokn] }}",
        "{{ token[tokn:] }}",
        "{{ token | replace(tokn, '') }}",
        "{{ token is startingwith(tokn) }}",
        "{{ steps.read.json[steps.read.json[tokn]] }}",
        "{{ token if tokn else 'a' }}",
        "{% if tokn %}a{% endif %}",
        "{% if token %}{% if token %}{{ tokn }}{% endif %}{% endif %}",
    ] {
        assert!(check(bad).has_errors(), "{bad}");
    }
    let syntax = check("a\n{{ token +* }}");
    assert!(syntax.all()[0].message.contains("line 2"), "{syntax:?}");
}

#[test]
fn errors_hold_no_value_but_name_what_is_missing() {
    for source in [
        "{{ token.x.y }}",
        "{{ token + 1 }}",
        "{{ token|nope }}",
        "{{ token() }}",
        "{{ token | round }}",
        "{{ token | int }}",
        "{{ token | first }}",
        "{{ token is nope }}",
        "{{ [token] }}",
        "{% for i in range(99999) %}{{ i }}{% endfor %}",
    ] {
        let error = Template::new(source).text(&context()).expect_err(source);
        assert!(!error.contains("tok/en"), "{error}");
    }
    for source in [
        "{{ etag }}",
        "{{ etag | upper }}",
        "{{ label }}{{ etag }}",
        "{{ etag == 'x' }}",
        "{{ [label, etag] | join(',') }}",
        "{{ label[etag:] }}",
        "{{ label | replace('a', etag) }}",
        "{% if etag %}a{% endif %}",
        "{{ etag + 1 }}",
        "{{ -etag }}",
        "{{ etag or 'a' }}",
        "{{ 'a' in etag }}",
        "{{ etag | tojson }}",
        "{{ etag | length }}",
        "{{ etag | first }}",
    ] {
        let error = Template::new(source).text(&context()).expect_err(source);
        assert_eq!(error, "`etag` has no value", "{source}");
    }
}

#[test]
fn a_template_uses_what_it_names_and_nothing_else() {
    let cases = [
        ("{{ secrets.api_key }}", "secrets.api_key", true),
        ("{{ secrets['api_key'] }}", "secrets.api_key", true),
        ("{{ secrets.api_key_2 }}", "secrets.api_key", false),
        ("secrets.api_key {{ token }}", "secrets.api_key", false),
        ("{{ token[:4] }}", "token", true),
        ("{{ old_token }}", "token", false),
        ("{{ steps.find.json.a[0].b }}", "steps.find", true),
        ("{{ steps.find.json.a[0].b }}", "steps.find.json", true),
        ("{{ steps.find.json.a[0].b }}", "steps.fin", false),
        ("{{ steps.find.json }}", "steps.find.json.id", true),
        ("{{ label | default(token) }}", "token", true),
        ("{% if etag is defined %}a{% endif %}", "etag", true),
        ("{{ token", "token", false),
    ];
    for (source, name, uses) in cases {
        assert_eq!(Template::new(source).uses(name), uses, "{source} {name}");
    }
}

#[test]
fn a_line_end_at_the_end_stays() {
    for source in ["{{ label }}\n", "plain\n"] {
        let text = Template::new(source).text(&context()).expect(source);
        assert!(text.ends_with('\n'), "{source:?}");
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
