mod told;

use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::http::fired::RuleName;
use crate::http::message::Origin;

/// A rule of the call first, then one of all calls.
struct Settings {
    call: Call,
    shared: Shared,
    fired: Firings,
}

impl Settings {
    fn new(call: &str, shared: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Rules {
            #[serde(default)]
            answers: Vec<Rule>,
        }
        let rules: Rules = toml::from_str(shared).expect(shared);
        Self {
            call: toml::from_str(&format!("url = 'https://sp.example/x'\n{call}")).expect(call),
            shared: Shared {
                answers: rules.answers,
                ..Shared::default()
            },
            fired: Firings::default(),
        }
    }

    fn verdict(&self, purpose: Purpose, answer: &Answer) -> Verdict {
        let mask = Mask::over(["cAnArY"]);
        let now = Timestamp::UNIX_EPOCH;
        let mut judge = Judge::of(&self.call, purpose, &self.shared, &mask, now);
        judge.fired = Some(&self.fired);
        judge.verdict(answer, &Looked)
    }

    /// What the verdict on an answer comes to.
    fn word(&self, purpose: Purpose, status: u16, body: &str) -> String {
        let effect = self.call.effect(purpose);
        word(&self.verdict(purpose, &answer(status, body, effect)))
    }
}

/// One earlier call, `object`, that answered `{"kind": "x"}`.
struct Looked;

impl Earlier for Looked {
    fn view(&self, step: &str, test: &mut dyn FnMut(View<'_>) -> bool) -> bool {
        step == "object" && test(View::item(&json!({"kind": "x"})))
    }
}

fn answer(status: u16, body: &str, effect: Effect) -> Answer {
    Answer {
        parsed: crate::http::message::Parsed::default(),
        status,
        headers: http::HeaderMap::new(),
        body: Zeroizing::new(body.as_bytes().to_vec()),
        origin: Origin {
            method: http::Method::POST,
            host: "sp.example".to_owned(),
            operation: "deliver",
            idempotent: matches!(effect, Effect::None | Effect::Ends),
        },
    }
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good => "good".to_owned(),
        Verdict::Gone => "gone".to_owned(),
        Verdict::Failed { fault, rule } => {
            let rule = rule.map_or("no rule", Means::as_str);
            format!("{:?}, {:?}: {rule}", fault.class, fault.kind)
        }
    }
}

#[test]
fn the_first_rule_whose_conditions_all_hold_decides() {
    let rules = Settings::new(
        r#"answers = [
            { means = "refused", status = 200, when = [{ at = "/ok", equals = false }, { at = "/code", equals = "never" }] },
            { means = "later", when = [{ at = "/ok", equals = false }] },
            { means = "success", status = [200, 207] },
            { means = "refused", status = 200 },
        ]"#,
        r#"answers = [{ means = "throttled", status = "5xx" }, { means = "conflict", status = 207 }]"#,
    );
    for (status, body, expected, fired) in [
        (
            200,
            json!({"ok": false, "code": "never"}),
            "Rejected, Refused: refused",
            ("deliver", 0),
        ),
        (
            200,
            json!({"ok": false, "code": "busy"}),
            "NotApplied, Server: later",
            ("deliver", 1),
        ),
        (
            400,
            json!({"ok": false, "code": "never"}),
            "NotApplied, Server: later",
            ("deliver", 1),
        ),
        (200, json!({"ok": true}), "good", ("deliver", 2)),
        (207, json!({}), "good", ("deliver", 2)),
        (
            503,
            json!({"ok": true}),
            "Throttled, Throttled: throttled",
            ("", 0),
        ),
    ] {
        let before = rules.fired.all();
        assert_eq!(
            rules.word(Purpose::Deliver, status, &body.to_string()),
            expected,
            "{status} {body}"
        );
        let fired = RuleName::new(fired.0, fired.1);
        assert!(
            before.contains(&fired) || rules.fired.all().contains(&fired),
            "{status} {body}"
        );
    }
    let never: Vec<_> = rules.fired.all().into_iter().collect();
    assert!(
        !never.contains(&RuleName::new("deliver", 3)),
        "an earlier rule fits: {never:?}"
    );
}

#[test]
fn each_meaning_has_its_class() {
    for (means, deliver, lookup) in [
        ("success", "good", "good"),
        ("applied", "good", "good"),
        ("gone", "gone", "gone"),
        (
            "refused",
            "Rejected, Refused: refused",
            "Rejected, Refused: refused",
        ),
        (
            "later",
            "NotApplied, Server: later",
            "NotApplied, Server: later",
        ),
        (
            "throttled",
            "Throttled, Throttled: throttled",
            "Throttled, Throttled: throttled",
        ),
        (
            "unauthorized",
            "Unauthorized, Auth: unauthorized",
            "Unauthorized, Auth: unauthorized",
        ),
        (
            "conflict",
            "Conflict, Conflict: conflict",
            "Conflict, Conflict: conflict",
        ),
        (
            "unknown",
            "Ambiguous, Server: unknown",
            "NotApplied, Server: unknown",
        ),
    ] {
        let rules = Settings::new(
            &format!("answers = [{{ means = '{means}', status = 500 }}]"),
            "",
        );
        assert_eq!(rules.word(Purpose::Deliver, 500, ""), deliver, "{means}");
        assert_eq!(rules.word(Purpose::Lookup, 500, ""), lookup, "{means}");
    }
}

#[test]
fn what_fits_no_rule_is_ambiguous_after_a_write_and_transient_for_a_read() {
    let rules = Settings::new(
        "answers = [{ means = 'success', when = [{ at = '/ok', equals = true }] }]",
        "",
    );
    for (status, body) in [
        (200, "{\"ok\":false}"),
        (200, "{}"),
        (204, ""),
        (200, "<html>"),
    ] {
        let (deliver, lookup) = ("Ambiguous, Schema: no rule", "NotApplied, Schema: no rule");
        assert_eq!(
            rules.word(Purpose::Deliver, status, body),
            deliver,
            "{status} {body}"
        );
        assert_eq!(
            rules.word(Purpose::Lookup, status, body),
            lookup,
            "{status} {body}"
        );
    }
    assert_eq!(
        rules.word(Purpose::Deliver, 500, "{\"ok\":true}"),
        "Ambiguous, Server: no rule"
    );
    assert_eq!(
        rules.word(Purpose::Deliver, 404, "{\"ok\":true}"),
        "Rejected, Refused: no rule"
    );
    let Verdict::Failed { fault, .. } =
        rules.verdict(Purpose::Deliver, &answer(200, "<html>", Effect::Writes))
    else {
        panic!("not JSON");
    };
    assert!(fault.message.contains("the body is not JSON"), "{fault}");
}

#[test]
fn an_error_without_what_a_success_must_not_have_is_no_success() {
    let rules = Settings::new(
        "answers = [{ means = 'success', when = [{ at = '/error', exists = false }] }]",
        "",
    );
    for (status, body, expected) in [
        (200, "{\"id\":1}", "good"),
        (200, "<html>", "Ambiguous, Schema: no rule"),
        (200, "{\"error\":1}", "Ambiguous, Schema: no rule"),
        (503, "{\"message\":\"away\"}", "Ambiguous, Server: no rule"),
        (401, "{}", "Unauthorized, Auth: no rule"),
    ] {
        assert_eq!(
            rules.word(Purpose::Deliver, status, body),
            expected,
            "{status} {body}"
        );
    }
    let named = Settings::new("answers = [{ means = 'success', status = [200, 409] }]", "");
    assert_eq!(
        named.word(Purpose::Deliver, 409, ""),
        "good",
        "a code that is named counts"
    );
}

#[test]
fn usual_codes_count_only_where_no_rule_replaces_them() {
    let plain = Settings::new("", "");
    for (purpose, status, expected) in [
        (Purpose::Deliver, 204, "good"),
        (Purpose::Deliver, 206, "Ambiguous, Schema: no rule"),
        (Purpose::Lookup, 404, "Rejected, Refused: no rule"),
        (Purpose::Get, 404, "gone"),
        (Purpose::Revoke, 410, "gone"),
        (Purpose::Revoke, 204, "good"),
        (Purpose::Issue, 202, "Ambiguous, Schema: no rule"),
    ] {
        assert_eq!(
            plain.word(purpose, status, ""),
            expected,
            "{purpose:?} {status}"
        );
    }
    let shared = Settings::new(
        "",
        "answers = [{ means = 'success', status = 200 }, { means = 'gone', status = 400 }]",
    );
    assert_eq!(
        shared.word(Purpose::Deliver, 204, ""),
        "Ambiguous, Schema: no rule"
    );
    assert_eq!(
        shared.word(Purpose::Get, 404, ""),
        "Rejected, Refused: no rule"
    );
    assert_eq!(shared.word(Purpose::Get, 400, ""), "gone");
}

#[test]
fn a_rule_can_look_at_an_earlier_answer() {
    let rule = |kind: &str, step: &str| {
        let text = format!(
            "answers = [{{ means = 'refused', when = [{{ step = '{step}', at = '/kind', equals = '{kind}' }}] }}]"
        );
        Settings::new(&text, "").word(Purpose::Deliver, 200, "")
    };
    assert_eq!(rule("x", "object"), "Rejected, Refused: refused");
    assert_eq!(rule("y", "object"), "good");
    assert_eq!(
        rule("x", "skipped"),
        "good",
        "a call that was not made shows nothing"
    );
}

/// A gateway's page with status 200 is no success of a call, unless a rule says so.
#[test]
fn a_page_for_people_is_no_success() {
    let plain = Settings::new("", "");
    let pages = [
        "<!DOCTYPE html><p>Back soon",
        "\u{feff}\n<html lang=en>",
        "<HTML>",
    ];
    for body in pages {
        for (purpose, expected) in [
            (Purpose::Issue, "Ambiguous, Schema: no rule"),
            (Purpose::Deliver, "Ambiguous, Schema: no rule"),
            (Purpose::Revoke, "NotApplied, Schema: no rule"),
            (Purpose::Lookup, "NotApplied, Schema: no rule"),
        ] {
            assert_eq!(
                plain.word(purpose, 200, body),
                expected,
                "{purpose:?} {body}"
            );
        }
        let meant = Settings::new("answers = [{ means = 'success', status = 200 }]", "");
        assert_eq!(meant.word(Purpose::Deliver, 200, body), "good", "{body}");
    }
    for body in ["", "ok", "<ok/>", "{}"] {
        assert_eq!(plain.word(Purpose::Deliver, 200, body), "good", "{body}");
    }
    // A gateway that does not find its server, and an issuer that is asked for a token.
    for purpose in [Purpose::Get, Purpose::Revoke] {
        for status in [404, 410] {
            let page = plain.word(purpose, status, "<!DOCTYPE html><h1>Not found");
            assert_eq!(page, "NotApplied, Schema: no rule", "{purpose:?} {status}");
            for body in ["", "{}", "not found"] {
                assert_eq!(plain.word(purpose, status, body), "gone", "{body}");
            }
        }
    }
    let meant = Settings::new("answers = [{ means = 'gone', status = 404 }]", "");
    assert_eq!(meant.word(Purpose::Revoke, 404, "<html>"), "gone");
    let Verdict::Failed { fault, .. } =
        plain.verdict(Purpose::Deliver, &answer(200, "<html>", Effect::Writes))
    else {
        panic!("a page");
    };
    assert!(fault.unusable.is_some_and(|unusable| unusable.is_page));
}
