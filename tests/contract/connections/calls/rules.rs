//! What answers mean by the rules of a call, and of all calls.

use jiff::SignedDuration;
use scim_rotator::connections::ConnectionKind;
use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::problem::{Problems, Severity};
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::json;

use super::{PLAIN, shown};
use crate::connections::world::{Idp, class, reply};

/// What a write comes to that is answered so.
async fn written(settings: &str, status: u16, body: &str) -> Option<(FaultClass, FaultKind)> {
    let body = body.to_owned();
    let idp = Idp::start(move |seen| match seen.method.as_str() {
        "GET" => shown(),
        _ => reply(status, &body),
    })
    .await;
    let result = idp.connection(settings).deliver().await;
    result.err().map(|fault| (fault.class, fault.kind))
}

#[tokio::test]
async fn the_first_rule_that_fits_decides() {
    let settings = format!(
        r#"
        answers = [
            {{ means = "success", status = "2xx" }},
            {{ means = "refused", status = 422 }},
        ]
        {PLAIN}
        answers = [
            {{ means = "refused", when = [{{ at = "/code", equals = "used" }}, {{ at = "/fatal", equals = true }}] }},
            {{ means = "later", when = [{{ at = "/code", prefix = "us" }}] }},
            {{ means = "applied", status = [500, 422], when = [{{ header = "X-Saved", exists = false }}, {{ at = "/saved", equals = true }}] }},
        ]"#
    );
    let refused = Some((FaultClass::Rejected, FaultKind::Refused));
    for (status, body, expected) in [
        (200, json!({"code": "used", "fatal": true}), refused),
        (
            200,
            json!({"code": "used"}),
            Some((FaultClass::NotApplied, FaultKind::Server)),
        ),
        (422, json!({"saved": true}), None),
        (422, json!({"saved": false}), refused),
        (500, json!({"saved": true}), None),
        (
            500,
            json!({"saved": false}),
            Some((FaultClass::Ambiguous, FaultKind::Server)),
        ),
        (206, json!({}), None),
    ] {
        let seen = written(&settings, status, &body.to_string()).await;
        assert_eq!(seen, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn what_no_rule_knows_is_ambiguous_after_a_write_and_transient_before() {
    let rule = "answers = [{ means = \"success\", status = 200, when = [{ at = \"/base\", exists = true }] }]";
    for (status, body) in [(200, "{}"), (200, "<html>"), (202, "{}"), (500, "{}")] {
        let seen = written(&format!("{PLAIN}\n{rule}"), status, body).await;
        let class_of_write = seen.map(|(class, _)| class);
        assert_eq!(
            class_of_write,
            Some(FaultClass::Ambiguous),
            "{status} {body}"
        );

        let idp = Idp::start(move |_| reply(status, body)).await;
        let settings = PLAIN.replace("name = \"object\"", &format!("name = \"object\"\n{rule}"));
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(class(&result).0, FaultClass::NotApplied, "{status} {body}");
        assert!(!idp.saw_a_token());
    }
}

#[tokio::test]
async fn an_object_that_is_gone_gets_no_token() {
    let gone = "answers = [{ means = \"gone\", status = [404, 410] }, { means = \"success\", status = 200 }]";
    for status in [404, 410] {
        let seen = written(&format!("{PLAIN}\n{gone}"), status, "").await;
        assert_eq!(seen, Some((FaultClass::Rejected, FaultKind::Refused)));
        let seen = written(
            &format!("{PLAIN}\n[[after_deliver]]\nurl = \"@IDP@/x\"\n{gone}"),
            200,
            "",
        )
        .await;
        assert_eq!(seen, None);
        let idp = Idp::start(move |seen| match seen.path.as_str() {
            "/x" => reply(status, ""),
            _ => shown(),
        })
        .await;
        let after = format!("{PLAIN}\n[[after_deliver]]\nurl = \"@IDP@/x\"\n{gone}");
        let result = idp.connection(&after).deliver().await;
        assert_eq!(class(&result).0, FaultClass::Rejected);
        let message = result.expect_err("gone").message;
        assert!(
            message.contains("the token was written before this"),
            "{message}"
        );
    }
}

/// What is confirmed when the test is answered so, and how often it was asked.
async fn tested(rules: &str, status: u16, body: &str) -> (Confirmation, usize) {
    let body = body.to_owned();
    let idp = Idp::start(move |_| reply(status, &body)).await;
    let test = format!("[test_saved]\nurl = \"@IDP@/test\"\nanswers = [{rules}]");
    let seen = idp.connection(&format!("{PLAIN}\n{test}")).confirm().await;
    (seen.expect("told"), idp.calls().len())
}

#[tokio::test]
async fn a_test_that_fails_proves_nothing_yet_unless_a_rule_says_never() {
    let rules = r#"
        { means = "refused", when = [{ at = "/code", equals = "revoked" }] },
        { means = "later", when = [{ at = "/code", equals = "pending" }] },
        { means = "success", status = 200 },
        { means = "gone", status = 404 },
    "#;
    for (status, code, works, refused) in [
        (200, "fine", true, false),
        (200, "revoked", false, true),
        (400, "revoked", false, true),
        (200, "pending", false, false),
        (503, "pending", false, false),
        (400, "other", false, false),
        (409, "other", false, false),
        (404, "other", false, false),
    ] {
        let body = json!({ "code": code }).to_string();
        let (seen, asked) = tested(rules, status, &body).await;
        assert_eq!(
            seen == Confirmation::Works,
            works,
            "{status} {code}: {seen:?}"
        );
        let is_refused = matches!(seen, Confirmation::Refused { .. });
        assert_eq!(is_refused, refused, "{status} {code}: {seen:?}");
        assert_eq!(asked, 1, "an answer is not asked for again at once");
    }
}

#[tokio::test]
async fn a_session_that_a_rule_calls_ended_is_renewed() {
    let mut logins = 0;
    let idp = Idp::start(move |seen| {
        if seen.path == "/login" {
            logins += 1;
            return reply(200, json!({"id": format!("s{logins}")}));
        }
        match seen.header("x-session") {
            "s1" => reply(200, json!({"error": "session"})),
            _ => shown(),
        }
    })
    .await;
    let session = "headers = { X-Session = \"{{ steps.login.json.id }}\" }";
    let settings = PLAIN
        .replace(
            "[[lookups]]",
            &format!("[login]\nurl = \"@IDP@/login\"\n[[lookups]]\n{session}"),
        )
        .replace("[deliver]", &format!("[deliver]\n{session}"));
    let rule = "answers = [{ means = \"unauthorized\", status = 200, when = [{ at = \"/error\", equals = \"session\" }] }]";
    idp.connection(&format!("{rule}\n{settings}"))
        .deliver()
        .await
        .expect("delivered");
    assert_eq!(
        idp.calls(),
        ["POST /login", "GET /c", "POST /login", "GET /c", "PUT /c"]
    );
}

/// When it is tried again, for an answer with this `Retry-After`.
async fn tried_again(rule: &str, retry_after: Option<&'static str>) -> Option<SignedDuration> {
    let idp = Idp::start(move |seen| match (seen.method.as_str(), retry_after) {
        ("GET", _) => shown(),
        (_, None) => reply(409, json!({"code": "busy"})),
        (_, Some(seconds)) => reply(409, json!({"code": "busy"})).with("retry-after", seconds),
    })
    .await;
    let settings = format!("{PLAIN}\nanswers = [{{ {rule} }}]");
    let result = idp.connection(&settings).deliver().await;
    result.expect_err("it failed").retry_after
}

/// Where the documentation says how long a state lasts, and the answer does not.
#[tokio::test]
async fn a_rule_says_when_it_is_tried_again_unless_the_answer_does() {
    let busy = "status = 409, when = [{ at = \"/code\", equals = \"busy\" }]";
    let seven = Some(SignedDuration::from_mins(7));
    for means in ["later", "throttled", "conflict", "unknown"] {
        let rule = format!("means = \"{means}\", {busy}");
        assert_eq!(tried_again(&rule, None).await, None, "{means}");
        let rule = format!("{rule}, after = \"7m\"");
        assert_eq!(tried_again(&rule, None).await, seven, "{means}");
        let told = Some(SignedDuration::from_secs(20));
        assert_eq!(tried_again(&rule, Some("20")).await, told, "{means}");
    }
}

/// The same for a test that does not pass yet.
#[tokio::test]
async fn a_test_is_repeated_when_its_rule_says() {
    let rule =
        "{ means = \"later\", when = [{ at = \"/code\", equals = \"pending\" }], after = \"7m\" }";
    let body = json!({"code": "pending"}).to_string();
    let (seen, _) = tested(rule, 200, &body).await;
    let Confirmation::NotYet { ask_again, .. } = seen else {
        panic!("{seen:?}");
    };
    assert_eq!(ask_again, Some(SignedDuration::from_mins(7)));
}

/// What is said of a rule of the write.
fn said(rule: &str) -> Vec<String> {
    let text = format!(
        "[http]\nbase_url_check = \"unavailable\"\n[http.deliver]\nurl = \"https://idp.example.com/c\"\nbody.json = {{ token = \"{{{{ token }}}}\" }}\nanswers = [{{ {rule} }}]"
    );
    let kind: ConnectionKind = toml::from_str(&text).expect("settings");
    let mut problems = Problems::default();
    kind.as_kind().check("connections.hr.http", &mut problems);
    let all = problems.all().iter();
    let errors = all.filter(|p| p.severity == Severity::Error);
    errors
        .map(|p| format!("{}: {}", p.path, p.message))
        .collect()
}

#[test]
fn a_wait_is_refused_where_nothing_is_tried_again() {
    for means in ["later", "throttled", "conflict", "unknown"] {
        let rule = format!("means = \"{means}\", status = 409, after = \"7m\"");
        assert_eq!(said(&rule), [""; 0], "{means}");
    }
    for means in ["success", "applied", "gone", "refused", "unauthorized"] {
        let rule = format!("means = \"{means}\", status = 409, after = \"7m\"");
        let said = said(&rule);
        let place = "connections.hr.http.deliver.answers[0].after: ";
        assert!(
            said.iter().any(|line| line.starts_with(place)),
            "{means}: {said:?}"
        );
        assert!(said.iter().any(|line| line.contains(means)), "{said:?}");
    }
}
