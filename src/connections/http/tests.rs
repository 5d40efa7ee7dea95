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
fn the_write_is_checked_before_anything_is_sent() {
    let (e, w) = (Severity::Error, Severity::Warning);
    assert_told([
        (
            replaced(BODY, "body.json = { token = \"{{ tokn }}\" }"),
            e,
            "x.deliver.body.json.token",
        ),
        (
            replaced(BODY, "body.json = { token = \"x\" }"),
            e,
            "x.deliver",
        ),
        (
            replaced(BODY, "body.form = { t = \"{{ token \" }"),
            e,
            "x.deliver.body.form.t",
        ),
        (
            replaced(
                BODY,
                "body.text = { content = \"{{ token }}\", type = \"a\\nb\" }",
            ),
            e,
            "x.deliver.body.text.type",
        ),
        (replaced(BODY, "body.merge = {}"), e, "x.deliver.body.merge"),
        (
            replaced(
                BODY,
                "body.merge = { onto = \"app\", set = [{ at = \"/t\", value = \"{{ token }}\" }] }",
            ),
            e,
            "x.deliver.body.merge.onto",
        ),
        (
            replaced(
                BODY,
                "body.merge.set = [{ at = \"/t\", value = \"{{ nope }}\" }]",
            ),
            e,
            "x.deliver.body.merge.set[0].value",
        ),
        (with("query = { t = \"{{ token }}\" }"), w, "x.deliver.url"),
        (with("timeout = \"0s\""), e, "x.deliver.timeout"),
        (
            with("answers = [{ means = \"refused\" }]"),
            e,
            "x.deliver.answers[0]",
        ),
        (
            with("answers = [{ means = \"later\", when = [{ at = \"/a\" }] }]"),
            e,
            "x.deliver.answers[0].when[0]",
        ),
        (
            with("headers = { \"a b\" = \"c\" }"),
            e,
            "x.deliver.headers.a b",
        ),
        (with("name = \"object\""), e, "x.deliver.name"),
        (with("name = \"a-b\""), e, "x.deliver.name"),
        (with("effect = \"none\""), e, "x.deliver.effect"),
        (
            with("when = [{ step = \"object\", at = \"/a\", exists = true }]"),
            e,
            "x.deliver.when",
        ),
        (with("read.state = \"/a\""), e, "x.deliver.read.state"),
        (
            with("poll.until = [{ at = \"/a\", exists = true }]"),
            e,
            "x.deliver.poll.url",
        ),
        (
            replaced("method = \"PUT\"", "method = \"GET\""),
            e,
            "x.deliver.method",
        ),
    ]);
}

#[test]
fn the_other_calls_are_checked_before_anything_is_sent() {
    let e = Severity::Error;
    let lookup = |keys: &str| replaced("name = \"object\"", keys);
    let call = |text: &str| format!("{LEAST}\n{text}");
    let url = "url = \"https://idp.example.com/s\"";
    assert_told([
        (lookup(""), e, "x.lookups[0].name"),
        (
            lookup("name = \"object\"\nheaders = { A = \"{{ token }}\" }"),
            e,
            "x.lookups[0].headers.A",
        ),
        (
            lookup("name = \"object\"\nbody.merge.drop = [\"/a\"]"),
            e,
            "x.lookups[0].body.merge",
        ),
        (
            replaced(
                "[[lookups]]\n",
                &format!("[[lookups]]\nname = \"object\"\n{url}\n[[lookups]]\n"),
            ),
            e,
            "x.lookups[1].name",
        ),
        (
            replaced(
                "object\"\n    url = \"https:",
                "object\"\n    url = \"http:",
            ),
            e,
            "x.lookups[0].url",
        ),
        (
            replaced(
                "object\"\n    url = \"https://idp.example.com",
                "object\"\n    url = \"",
            ),
            e,
            "x.lookups[0].url",
        ),
        (call(&format!("[state]\n{url}")), e, "x.state.read.state"),
        (
            call(&format!("[state]\n{url}\nread.state = \"/a\"")),
            e,
            "x.state.read.words",
        ),
        (
            call(&format!(
                "[login]\n{url}\nbody.json.t = \"{{{{ old_token }}}}\""
            )),
            e,
            "x.login.body.json.t",
        ),
        (
            call(&format!(
                "[test_saved]\n{url}\nheaders.A = \"{{{{ steps.deliver.status }}}}\""
            )),
            e,
            "x.test_saved.headers.A",
        ),
        (call(&format!("[revert]\n{url}")), e, "x.revert"),
        (
            call(&format!("[[after_deliver]]\nname = \"deliver\"\n{url}")),
            e,
            "x.after_deliver[0].name",
        ),
        (
            call(&format!(
                "[[after_deliver]]\n{url}\nwhen = [{{ step = \"start\", at = \"/a\", exists = true }}]"
            )),
            e,
            "x.after_deliver[0].when[0].step",
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
