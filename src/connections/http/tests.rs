use super::*;
use crate::problem::{Problems, Severity};
use crate::rotation::capability::{ConnectionTest, ConnectionWrite};

/// The least that can be used.
const LEAST: &str = r#"
    base_url = [{ at = "/base" }]
    [read]
    url = "https://idp.example.com/c"
    [push]
    method = "PUT"
    url = "https://idp.example.com/c"
    body.json = { token = "{{ token }}" }
"#;

fn problems(text: &str) -> Vec<(Severity, String)> {
    let config: HttpConnection = toml::from_str(text).expect(text);
    let mut problems = Problems::default();
    config.check("x", &mut problems);
    let told = problems.all().iter();
    told.map(|p| (p.severity, p.path.clone())).collect()
}

#[test]
fn the_least_has_no_problems() {
    assert_eq!(problems(LEAST), []);
}

#[test]
fn settings_are_checked_before_anything_is_sent() {
    let replaced = |from: &str, to: &str| {
        assert!(LEAST.contains(from), "{from}");
        LEAST.replace(from, to)
    };
    let base = "base_url = [{ at = \"/base\" }]";
    let body = "body.json = { token = \"{{ token }}\" }";
    let (e, w) = (Severity::Error, Severity::Warning);
    let cases = [
        (replaced(base, ""), e, "x.base_url"),
        (
            replaced(base, "base_url_check = \"unavailable\""),
            w,
            "x.base_url_check",
        ),
        (
            format!("base_url_check = \"unavailable\"\n{LEAST}"),
            e,
            "x.base_url_check",
        ),
        (
            replaced(
                base,
                "base_url = [{ step = \"preflight\", at = \"/base\" }]",
            ),
            e,
            "x.base_url[0]",
        ),
        (
            replaced(body, "body.json = { token = \"{{ tokn }}\" }"),
            e,
            "x.push.body.json.token",
        ),
        (replaced(body, "body.json = { token = \"x\" }"), e, "x.push"),
        (
            replaced(body, "body.form = { t = \"{{ token \" }"),
            e,
            "x.push.body.form.t",
        ),
        (replaced(body, "body.merge = {}"), e, "x.push.body.merge"),
        (
            replaced(
                body,
                "body.merge.set = [{ at = \"/t\", value = \"{{ nope }}\" }]",
            ),
            e,
            "x.push.body.merge.set[0].value",
        ),
        (
            replaced(
                body,
                &format!("{body}\n{}", "query = { t = \"{{ token }}\" }"),
            ),
            w,
            "x.push.url",
        ),
        (
            replaced(body, &format!("{body}\n{}", "timeout = \"0s\"")),
            e,
            "x.push.timeout",
        ),
        (
            replaced(body, &format!("{body}\n{}", "fatal = {}")),
            e,
            "x.push.fatal",
        ),
        (
            replaced(
                body,
                &format!("{body}\n{}", "headers = { \"a b\" = \"c\" }"),
            ),
            e,
            "x.push.headers",
        ),
        (
            replaced(body, &format!("{body}\n{}", "success.status = [20]")),
            e,
            "x.push.success.status",
        ),
        (
            replaced("method = \"PUT\"", "method = \"GET\""),
            e,
            "x.push.method",
        ),
        (
            replaced("[push]", "headers = { A = \"{{ token }}\" }\n[push]"),
            e,
            "x.read.headers.A",
        ),
        (
            replaced(
                "[push]",
                "[state]\nurl = \"https://idp.example.com/s\"\n[push]",
            ),
            e,
            "x.state.reads",
        ),
        (
            replaced("[read]\n    url = \"https:", "[read]\n    url = \"http:"),
            e,
            "x.read.url",
        ),
        (
            replaced(
                "[read]\n    url = \"https://idp.example.com",
                "[read]\n    url = \"",
            ),
            e,
            "x.read.url",
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
            format!("token_rules.max_length = 0\n{LEAST}"),
            e,
            "x.token_rules.max_length",
        ),
    ];
    for (text, severity, path) in cases {
        let told = problems(&text);
        assert!(
            told.contains(&(severity, path.to_owned())),
            "{path}: {told:?}\n{text}"
        );
    }
}

#[test]
fn a_merge_needs_something_to_merge_into() {
    let text = r#"
        base_url_check = "unavailable"
        [push]
        method = "PUT"
        url = "https://idp.example.com/c"
        body.merge.set = [{ at = "/t", value = "{{ token }}" }]
    "#;
    assert!(problems(text).contains(&(Severity::Error, "x.push.body.merge".to_owned())));
}

#[test]
fn unknown_keys_are_refused() {
    for text in [
        format!("{LEAST}\npost = 1"),
        format!("bas_url = 1\n{LEAST}"),
        LEAST.replace("body.json", "body.jsn"),
        LEAST.replace("at = \"/base\"", "at = \"base.\""),
        LEAST.replace("\"PUT\"", "\"PUTT\""),
    ] {
        assert!(toml::from_str::<HttpConnection>(&text).is_err(), "{text}");
    }
}

#[test]
fn abilities_follow_from_the_steps() {
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
    assert_eq!(
        config(&merge).capabilities().write,
        ConnectionWrite::FullReplace
    );
    let told = format!("capabilities.write = \"merge\"\n{merge}");
    assert_eq!(config(&told).capabilities().write, ConnectionWrite::Merge);
}
