//! What an identity provider says of an error is told, and nothing secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use scim_rotator::fault::FaultClass;
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::json;

use super::{PLAIN, shown};
use crate::connections::world::{ADMIN, Idp, NEW, OLD, SCIM_URL, Seen, class, reply};

const ERROR: &str = "error = { code = \"/error/code\", text = \"/error/text\" }";

#[tokio::test]
async fn an_error_that_quotes_secrets_is_told_without_them() {
    let error = |status: u16| {
        let text = format!("{NEW} is not {OLD}, says {ADMIN}\nreally");
        reply(status, json!({"error": {"code": "E7", "text": text}}))
    };
    for fails in ["GET", "PUT"] {
        let idp = Idp::start(move |seen| {
            if seen.method == fails {
                error(422)
            } else {
                shown()
            }
        })
        .await;
        let connection = idp.connection(&format!("{ERROR}\n{PLAIN}"));
        for result in [connection.deliver().await, connection.revert().await] {
            let message = result.expect_err(fails).message;
            let told = "it says: E7: [secret] is not [secret], says [secret]\\nreally";
            assert!(message.ends_with(told), "{message}");
        }
    }
}

#[tokio::test]
async fn a_call_may_tell_its_errors_elsewhere() {
    let own = "error.text = { header = \"X-Reason\" }";
    for (keys, expected) in [("", "it says: E1"), (own, "it says: no room")] {
        let idp = Idp::start(|seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(422, json!({"error": {"code": "E1"}})).with("x-reason", "no room"),
        })
        .await;
        let settings = format!("{ERROR}\n{PLAIN}\n{keys}");
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(class(&result).0, FaultClass::Rejected);
        let message = result.expect_err("refused").message;
        assert!(message.ends_with(expected), "{message}");
    }
}

#[tokio::test]
async fn the_last_error_of_provisioning_is_told_with_its_state() {
    let state = "[state]\nurl = \"@IDP@/s\"\n[state.read]\nstate = \"/state\"\nwords = { healthy = [\"on\"], quarantined = [\"held\"] }";
    let idp = Idp::start(|_| {
        reply(
            200,
            json!({"state": "held", "error": {"code": "Bad", "text": format!("x {NEW}")}}),
        )
    })
    .await;
    let seen = idp
        .connection(&format!("{ERROR}\n{PLAIN}\n{state}"))
        .confirm()
        .await;
    let Ok(Confirmation::NotYet { detail, .. }) = seen else {
        panic!("in quarantine: {seen:?}");
    };
    assert!(
        detail.ends_with("its last error is Bad: x [secret]"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_test_that_sends_the_token_sends_it_to_no_other_server() {
    let test = "[test_saved]\nurl = \"@IDP@/test\"\nbody.json = { try = \"{{ token }}\" }";
    for (base, works) in [
        (SCIM_URL, true),
        ("https://elsewhere.example.com/scim", false),
    ] {
        let idp = Idp::start(move |_| reply(200, json!({ "base": base }))).await;
        let seen = idp.connection(&format!("{PLAIN}\n{test}")).confirm().await;
        assert_eq!(seen == Ok(Confirmation::Works), works, "{seen:?}");
        assert_eq!(idp.saw_a_token(), works);
        assert_eq!(idp.calls()[0], "GET /c", "the base URL is looked at first");
    }
}

#[tokio::test]
async fn a_merged_document_that_points_elsewhere_is_not_sent() {
    let merge = |set: &str| {
        PLAIN.replace(
            "body.json = { token = \"{{ token }}\" }",
            &format!(
                "body.merge.set = [{{ at = \"/t\", value = \"{{{{ token }}}}\", create = true }}, {set}]"
            ),
        )
    };
    for (set, sent) in [
        ("{ at = \"/state\", value = \"off\" }", true),
        (
            "{ at = \"/base\", value = \"https://evil.example/scim\" }",
            false,
        ),
    ] {
        let idp = Idp::start(|_| shown()).await;
        let result = idp.connection(&merge(set)).deliver().await;
        assert_eq!(result.is_ok(), sent, "{set}: {result:?}");
        assert_eq!(idp.saw_a_token(), sent);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_asked_again_then() {
    let idp = Idp::start(|_| reply(503, json!({"code": "busy"})).with("retry-after", 40)).await;
    let rule = "answers = [{ means = \"later\", status = 503 }]";
    let test = format!("[test_saved]\nurl = \"@IDP@/test\"\n{rule}");
    let seen = idp.connection(&format!("{PLAIN}\n{test}")).confirm().await;
    let Ok(Confirmation::NotYet { ask_again, .. }) = seen else {
        panic!("not yet: {seen:?}");
    };
    assert_eq!(ask_again, Some(SignedDuration::from_secs(40)));
}

/// What the login told, and no call sends.
fn jwt(seen: &Seen) -> &'static str {
    match seen.header("x-session") {
        "" => "",
        _ => "cAnArY-jwt-2",
    }
}

/// Everything that was resolved for a call is masked when the identity provider
/// quotes it: credentials in every encoding, access tokens, sessions.
#[tokio::test]
async fn whatever_we_sent_is_told_by_nobody() {
    let logins = [
        "auth.bearer = { env = \"ADMIN\" }",
        "auth.basic = { username = \"admin\", password = { env = \"ADMIN\" } }",
        "auth.headers = [{ name = \"X-Key\", scheme = \"SSWS\", value = { env = \"ADMIN\" } }]",
        "auth.oauth2 = { token_url = \"@IDP@/oauth\", client_id = \"c\", client_secret = { env = \"ADMIN\" } }",
        "login = { url = \"@IDP@/login\", body.json = { password = \"{{ secrets.admin }}\" } }\nsecrets.admin = { env = \"ADMIN\" }",
    ];
    for login in logins {
        let idp = Idp::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
            (_, "/oauth") => reply(
                200,
                json!({"access_token": "cAnArY-access/9c1f+a==", "expires_in": 60}),
            ),
            (_, "/login") => reply(
                200,
                json!({"number": "cAnArY-number-1", "user": {"jwt": "cAnArY-jwt-2"}}),
            )
            .with("set-cookie", "sid=cAnArY-cookie-77; Path=/"),
            ("GET", _) => shown(),
            _ => {
                let sent = format!("{:?} {}", seen.headers, seen.body);
                let hex: String = NEW.bytes().map(|b| format!("{b:02X}")).collect();
                let text = format!("no: {sent} {hex} {}", jwt(seen));
                reply(422, json!({"error": {"code": "E7", "text": text}}))
            }
        })
        .await;
        let settings = PLAIN.replace("auth.bearer = { env = \"ADMIN\" }", login);
        let session = match login.starts_with("login") {
            true => {
                "headers = { Cookie = \"sid={{ steps.login.cookies['sid'] }}\", X-Session = \"{{ steps.login.json.number }}\" }"
            }
            false => "",
        };
        let connection = idp.connection(&format!("{ERROR}\n{settings}\n{session}"));
        let message = connection.deliver().await.expect_err("refused").message;
        assert!(message.contains("[secret]"), "{message}");
        let hex = "63416E417259";
        assert!(!message.contains(hex), "{message}");
        let basic = STANDARD.encode(format!("admin:{ADMIN}"));
        assert!(!message.contains(&basic[..12]), "{message}");
    }
}
