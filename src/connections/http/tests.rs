mod calls;

use super::*;
use crate::problem::{Problems, Severity};
use crate::rotation::capability::{ConnectionTest, ConnectionWrite};

/// The least that can be used.
const LEAST: &str = r#"
    base_url = [{ at = "/base" }]
    [[lookups]]
    name = "object"
    url = "https://idp.example.com/c"
    [deliver]
    method = "PUT"
    url = "https://idp.example.com/c"
    body.json = { token = "{{ token }}" }
"#;

const BASE: &str = "base_url = [{ at = \"/base\" }]";
const BODY: &str = "body.json = { token = \"{{ token }}\" }";

fn problems(text: &str) -> Vec<(Severity, String)> {
    let config: HttpConnection = toml::from_str(text).expect(text);
    let mut problems = Problems::default();
    config.check("x", &mut problems);
    let told = problems.all().iter();
    told.map(|p| (p.severity, p.path.clone())).collect()
}

fn replaced(from: &str, to: &str) -> String {
    assert!(LEAST.contains(from), "{from}");
    LEAST.replace(from, to)
}

/// The least, and these keys in `deliver`.
fn with(keys: &str) -> String {
    replaced(BODY, &format!("{BODY}\n{keys}"))
}

#[test]
fn the_least_has_no_problems() {
    assert_eq!(problems(LEAST), []);
}

fn assert_told(cases: impl IntoIterator<Item = (String, Severity, &'static str)>) {
    for (text, severity, path) in cases {
        let told = problems(&text);
        assert!(
            told.contains(&(severity, path.to_owned())),
            "{path}: {told:?}\n{text}"
        );
    }
}

#[test]
fn settings_are_checked_before_anything_is_sent() {
    let (e, w) = (Severity::Error, Severity::Warning);
    assert_told([
        (replaced(BASE, ""), e, "x.base_url"),
        (
            replaced(BASE, "base_url_check = \"unavailable\""),
            w,
            "x.base_url_check",
        ),
        (
            format!("base_url_check = \"unavailable\"\n{LEAST}"),
            e,
            "x.base_url_check",
        ),
        (
            replaced(BASE, "base_url = [{ step = \"app\", at = \"/base\" }]"),
            e,
            "x.base_url[0].step",
        ),
        (
            replaced(BASE, "base_url = [{ at = \"/{{ config.no }}\" }]"),
            e,
            "x.base_url[0]",
        ),
        (
            replaced("[[lookups]]\n    name", "[login]\n    name"),
            e,
            "x.base_url[0]",
        ),
        (
            format!("secrets.unused = {{ env = \"X\" }}\n{LEAST}"),
            w,
            "x.secrets.unused",
        ),
        (
            format!("confirm.stable_count = 2\n{LEAST}"),
            w,
            "x.confirm.stable_count",
        ),
        (
            format!("confirm.stable_count = 0\n{LEAST}"),
            e,
            "x.confirm.stable_count",
        ),
        (
            format!("token_rules.max_length = 0\n{LEAST}"),
            e,
            "x.token_rules.max_length",
        ),
        (
            format!("answers = [{{ means = \"refused\" }}]\n{LEAST}"),
            e,
            "x.answers[0]",
        ),
        (
            format!("address = \"http://idp.example.com\"\n{LEAST}"),
            e,
            "x.address",
        ),
        (
            format!("headers.A = \"{{{{ token }}}}\"\n{LEAST}"),
            e,
            "x.headers.A",
        ),
    ]);
}

#[test]
fn what_follows_the_write_may_use_everything_before_it() {
    let url = "url = \"https://idp.example.com/s\"";
    let text = format!(
        "secrets.key = {{ env = \"X\" }}\nconfig.place = \"state\"\n{LEAST}
        [login]\n{url}\nheaders.A = \"{{{{ secrets.key }}}}\"
        [[after_deliver]]\nname = \"start\"\n{url}
        headers.A = \"{{{{ steps.login.json.id }}}} {{{{ steps.object.headers.etag }}}} {{{{ steps.deliver.json.id }}}}\"
        [[after_deliver]]\n{url}
        when = [{{ step = \"start\", at = \"{{{{ config.place }}}}\", equals = \"held\" }}]
        [state]\n{url}\nbody.json.t = \"{{{{ token }}}} {{{{ steps.object.json.id }}}}\"\nmethod = \"POST\"
        read = {{ state = \"/a\", words = {{ healthy = [\"on\"] }} }}"
    );
    assert_eq!(problems(&text), []);
}

#[test]
fn a_merge_needs_something_to_merge_onto() {
    let text = r#"
        base_url_check = "unavailable"
        [deliver]
        url = "https://idp.example.com/c"
        body.merge.set = [{ at = "/t", value = "{{ token }}" }]
    "#;
    assert!(problems(text).contains(&(Severity::Error, "x.deliver.body.merge".to_owned())));
}

#[test]
fn unknown_keys_are_refused() {
    for text in [
        format!("{LEAST}\npost = 1"),
        format!("bas_url = 1\n{LEAST}"),
        replaced("body.json", "body.jsn"),
        replaced("at = \"/base\"", "at = \"base.\""),
        replaced("at = \"/base\"", "at = \"/base\", header = \"B\""),
        replaced("at = \"/base\"", "strip_suffix = \"/Users\""),
        replaced("\"PUT\"", "\"PUTT\""),
    ] {
        assert!(toml::from_str::<HttpConnection>(&text).is_err(), "{text}");
    }
}

#[test]
fn abilities_follow_from_the_calls() {
    let config = |text: &str| toml::from_str::<HttpConnection>(text).expect("settings");
    let plain = config(LEAST).capabilities();
    assert_eq!(
        (plain.test, plain.write),
        (ConnectionTest::None, ConnectionWrite::Merge)
    );
    let candidate = format!("{LEAST}\n[test_candidate]\nurl = \"https://idp.example.com/t\"");
    assert_eq!(
        config(&candidate).capabilities().test,
        ConnectionTest::Candidate
    );
    let saved = format!("{candidate}\n[test_saved]\nurl = \"https://idp.example.com/t\"");
    assert_eq!(config(&saved).capabilities().test, ConnectionTest::Saved);
    let merge = LEAST.replace("body.json = { token", "body.merge.merge = { token");
    for (method, write) in [
        ("method = \"PUT\"", ConnectionWrite::FullReplace),
        ("", ConnectionWrite::FullReplace),
        ("method = \"PATCH\"", ConnectionWrite::Merge),
    ] {
        let text = merge.replace("method = \"PUT\"", method);
        assert_eq!(config(&text).capabilities().write, write, "{method}");
    }
    let told = format!("capabilities.write = \"merge\"\n{merge}");
    assert_eq!(config(&told).capabilities().write, ConnectionWrite::Merge);
}

/// Templates and replays tell calls apart by their names.
#[test]
fn two_calls_without_names_are_reported() {
    let two = "after_deliver = [{ url = 'https://idp/a' }, { url = 'https://idp/b' }]";
    let named =
        "after_deliver = [{ url = 'https://idp/a' }, { name = 'b', url = 'https://idp/b' }]";
    let clash = "after_deliver = [{ name = 'deliver', url = 'https://idp/a' }]";
    for (calls, at) in [
        (two, Some("connections.hr.http.after_deliver[1].name")),
        (named, None),
        (clash, Some("connections.hr.http.after_deliver[0].name")),
    ] {
        let text = format!(
            "{calls}\nbase_url_check = 'unavailable'\ndeliver = {{ url = 'https://idp/c', body.json.t = '{{{{ token }}}}' }}"
        );
        let config: HttpConnection = toml::from_str(&text).expect("settings");
        let mut problems = Problems::default();
        config.check_all("connections.hr.http", &mut problems);
        let found = problems.all().iter().find(|p| p.path.ends_with(".name"));
        assert_eq!(found.map(|p| p.path.as_str()), at, "{calls}");
    }
}
