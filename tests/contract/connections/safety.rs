//! Where the token must not go, and what must not be done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use scim_rotator::rotation::fault::{FaultClass, FaultKind};
use serde_json::json;
use tokio::net::TcpListener;

use super::world::{ADMIN, Idp, NEW, OLD, SCIM_URL, class, reply};

/// Read, then write, with a base URL that is checked.
const PLAIN: &str = r#"
    base_url = [{ at = "/base" }]
    auth.bearer = { env = "ADMIN" }
    [read]
    url = "@IDP@/c"
    [push]
    method = "POST"
    url = "@IDP@/c"
    body.json = { token = "{{ token }}", old = "{{ old_token }}" }
"#;

fn shown() -> super::world::Reply {
    reply(200, json!({"base": SCIM_URL}))
}

#[tokio::test]
async fn a_wrong_base_url_never_gets_the_token() {
    let nowhere = [
        json!({"base": "https://evil.example/scim/v2"}),
        json!({"base": "http://crm.example.com/scim/v2"}),
        json!({"base": format!("https://user:{ADMIN}@evil.example/?t={NEW}")}),
        json!({"base": NEW}),
        json!({"base": null}),
        json!({}),
        json!([]),
    ];
    for body in nowhere {
        let answer = body.clone();
        let idp = Idp::start(move |_| reply(200, &answer)).await;
        let connection = idp.connection(PLAIN);
        for result in [
            connection.preflight().await,
            connection.deliver().await,
            connection.revert().await,
        ] {
            assert_eq!(
                class(&result),
                (FaultClass::Rejected, FaultKind::Config),
                "{body}"
            );
            assert!(
                result.expect_err("refused").message.contains(SCIM_URL),
                "{body}"
            );
        }
        assert!(!idp.saw_a_token(), "{body}");
        assert!(idp.seen().iter().all(|s| s.method == "GET"), "{body}");
    }
    let idp = Idp::start(|_| reply(200, "<html>login</html>")).await;
    let result = idp.connection(PLAIN).deliver().await;
    assert_eq!(class(&result).1, FaultKind::Schema);
    assert!(!idp.saw_a_token());
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let thief = Idp::start(|_| reply(200, "{}")).await;
    for status in [301, 302, 307, 308] {
        let target = format!("{}/c", thief.address());
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(status, "").with("location", &target),
        })
        .await;
        let result = idp.connection(PLAIN).deliver().await;
        assert_eq!(class(&result).1, FaultKind::Config, "{status}");
    }
    assert_eq!(thief.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_outside_the_rules_is_not_sent() {
    for rule in ["max_length = 8", "allowed_characters = \"a-z\""] {
        let idp = Idp::start(|_| shown()).await;
        let settings = format!("token_rules = {{ {rule} }}\n{PLAIN}");
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Config));
        assert_eq!(
            idp.calls(),
            Vec::<String>::new(),
            "nothing was asked at all"
        );
    }
}

const LOGIN: &str = r#"
    base_url = [{ at = "/base" }]
    secrets.password = { env = "ADMIN" }
    [login]
    method = "POST"
    url = "@IDP@/login"
    body.form = { user = "admin", password = "{{ secrets.password }}" }
    [read]
    url = "@IDP@/c"
    headers = { Authorization = "Bearer {{ steps.login.json.session }}", X-XSRF-Header = "{{ steps.login.headers['x-xsrf'] }}" }
    [push]
    method = "PUT"
    url = "@IDP@/c"
    headers = { Authorization = "Bearer {{ steps.login.json.session }}" }
    body.json = { token = "{{ token }}" }
"#;

#[tokio::test]
async fn a_session_that_is_over_is_renewed_once() {
    for (dies_before, expected) in [("GET", Ok(())), ("PUT", Ok(())), ("every", Err(()))] {
        let mut logins = 0;
        let idp = Idp::start(move |seen| {
            if seen.is("POST", "/login") {
                logins += 1;
                return reply(200, json!({"session": format!("s{logins}")})).with("x-xsrf", "x");
            }
            let first = seen.header("authorization") == "Bearer s1";
            match seen.method.as_str() {
                _ if dies_before == "every" => reply(401, ""),
                method if first && method == dies_before => reply(401, ""),
                "GET" => shown(),
                _ => reply(204, ""),
            }
        })
        .await;
        let connection = idp.connection(LOGIN);
        let result = connection.deliver().await;
        let logins = |calls: Vec<String>| calls.iter().filter(|c| *c == "POST /login").count();
        assert_eq!(logins(idp.calls()), 2, "{dies_before}");
        assert_eq!(result.clone().map_err(|_| ()), expected, "{dies_before}");
        if expected.is_err() {
            assert_eq!(class(&result), (FaultClass::Unauthorized, FaultKind::Auth));
            continue;
        }
        let read = idp
            .seen()
            .into_iter()
            .find(|s| s.method == "GET")
            .expect("a GET");
        assert_eq!(read.header("x-xsrf-header"), "x");
        connection.deliver().await.expect("delivered");
        assert_eq!(logins(idp.calls()), 2, "the session is used again");
        idp.clock().advance(SignedDuration::from_mins(6));
        connection.deliver().await.expect("delivered");
        assert_eq!(logins(idp.calls()), 3, "until it is old");
    }
}

#[tokio::test]
async fn an_access_token_that_is_refused_is_got_anew_once() {
    let mut tokens = 0;
    let idp = Idp::start(move |seen| {
        if seen.is("POST", "/token") {
            tokens += 1;
            return reply(
                200,
                json!({"access_token": format!("a{tokens}"), "token_type": "Bearer"}),
            );
        }
        match (seen.method.as_str(), seen.header("authorization")) {
            (_, "Bearer a1") => reply(401, ""),
            ("GET", _) => shown(),
            _ => reply(200, "{}"),
        }
    })
    .await;
    let oauth2 = "[auth.oauth2]\ntoken_url = \"@IDP@/token\"\nclient_id = \"x\"\nclient_secret = { env = \"ADMIN\" }";
    let settings = PLAIN.replace("auth.bearer = { env = \"ADMIN\" }", oauth2);
    idp.connection(&settings)
        .deliver()
        .await
        .expect("delivered");
    assert_eq!(
        idp.calls(),
        ["POST /token", "GET /c", "POST /token", "GET /c", "POST /c"]
    );
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_is_handed_on() {
    let mut pushes = 0;
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            return shown();
        }
        pushes += 1;
        if pushes < 3 {
            reply(429, "").with("retry-after", "2")
        } else {
            reply(200, "{}")
        }
    })
    .await;
    idp.connection(PLAIN).deliver().await.expect("delivered");
    assert_eq!(idp.clock().slept(), [SignedDuration::from_secs(2); 2]);

    for header in ["retry-after", "x-reset"] {
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(429, "").with(header, 120),
        })
        .await;
        let settings =
            format!("rate_limit = {{ header = \"X-Reset\", unit = \"delta_s\" }}\n{PLAIN}");
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(
            class(&result),
            (FaultClass::Throttled, FaultKind::Throttled)
        );
        let wait = result.expect_err("throttled").retry_after;
        assert_eq!(wait, Some(SignedDuration::from_secs(120)));
        assert_eq!(idp.calls(), ["GET /c", "POST /c"]);
    }

    let idp = Idp::start(|seen| match seen.method.as_str() {
        "GET" => shown(),
        _ => reply(429, ""),
    })
    .await;
    let result = idp.connection(PLAIN).deliver().await;
    assert_eq!(class(&result).0, FaultClass::Throttled);
    assert_eq!(idp.calls().len(), 1 + 3, "at most two quick repetitions");
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_repeated_only_if_that_is_allowed() {
    for (flag, writes) in [("", 1), ("idempotent = true", 3)] {
        let idp = Idp::start(|seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(503, ""),
        })
        .await;
        let result = idp.connection(&format!("{PLAIN}\n{flag}")).deliver().await;
        assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Server));
        assert_eq!(idp.calls().len(), 1 + writes, "{flag}");
    }
    // A clear refusal after an unclear try does not make the try undone.
    let mut pushes = 0;
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            return shown();
        }
        pushes += 1;
        reply(if pushes == 1 { 503 } else { 400 }, "")
    })
    .await;
    let result = idp
        .connection(&format!("{PLAIN}\nidempotent = true"))
        .deliver()
        .await;
    assert_eq!(class(&result).0, FaultClass::Ambiguous);
}

#[tokio::test]
async fn what_answers_mean() {
    use FaultClass::{Ambiguous, Conflict, NotApplied, Rejected, Unauthorized};
    let predicates = "
        fatal.body = [{ at = \"/code\", equals = \"never\" }]
        retryable = { status = [400], body = [{ at = \"/code\", equals = \"busy\" }] }
    ";
    let cases = [
        (200, "{}", None),
        (204, "", None),
        (200, "{\"code\":\"never\"}", Some(Rejected)),
        (400, "{\"code\":\"busy\"}", Some(NotApplied)),
        (400, "{}", Some(Rejected)),
        (401, "", Some(Unauthorized)),
        (403, "", Some(Unauthorized)),
        (404, "", Some(Rejected)),
        (408, "", Some(NotApplied)),
        (409, "", Some(Conflict)),
        (206, "", Some(Ambiguous)),
        (500, "", Some(Ambiguous)),
    ];
    for (status, body, expected) in cases {
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => shown(),
            _ => reply(status, body),
        })
        .await;
        let result = idp
            .connection(&format!("{PLAIN}\n{predicates}"))
            .deliver()
            .await;
        assert_eq!(result.err().map(|f| f.class), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_after_the_write_is_never_nothing() {
    for (status, expected) in [
        (429, FaultClass::Ambiguous),
        (500, FaultClass::Ambiguous),
        (400, FaultClass::Rejected),
    ] {
        let idp = Idp::start(
            move |seen| match (seen.method.as_str(), seen.path.as_str()) {
                ("GET", _) => shown(),
                (_, "/c") => reply(200, json!({"revision": 7})),
                (_, "/c/7/publish") => reply(status, ""),
                _ => reply(599, ""),
            },
        )
        .await;
        let publish = "[[post_push]]\nmethod = \"POST\"\nurl = \"@IDP@/c/{{ steps.push.json.revision }}/publish\"";
        let result = idp
            .connection(&format!("{PLAIN}\n{publish}"))
            .deliver()
            .await;
        assert_eq!(class(&result).0, expected, "{status}");
        assert!(
            result
                .expect_err("failed")
                .message
                .contains("the token was written before this")
        );
    }
}

#[tokio::test]
async fn a_rollback_has_its_own_call_where_one_is_configured() {
    let start = || {
        Idp::start(|seen| {
            if seen.method == "GET" {
                shown()
            } else {
                reply(200, "{}")
            }
        })
    };
    let idp = start().await;
    idp.connection(PLAIN).revert().await.expect("reverted");
    let written = idp.seen().pop().expect("a call");
    assert_eq!(written.json(), json!({"token": OLD, "old": NEW}));

    let idp = start().await;
    let rollback = "[rollback]\nmethod = \"POST\"\nurl = \"@IDP@/undo\"\nbody.json = { back = \"{{ token }}\" }";
    let connection = idp.connection(&format!("{PLAIN}\n{rollback}"));
    connection.revert().await.expect("reverted");
    assert_eq!(idp.calls(), ["GET /c", "POST /undo"]);
    connection.deliver().await.expect("delivered");
    assert_eq!(idp.calls().last().map(String::as_str), Some("POST /c"));
}

#[tokio::test]
async fn two_writers_of_one_connection_take_turns() {
    let open = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&open);
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            assert_eq!(
                counter.fetch_add(1, Ordering::SeqCst),
                0,
                "nobody else is between reading and writing"
            );
            shown()
        } else {
            counter.fetch_sub(1, Ordering::SeqCst);
            reply(200, "{}")
        }
    })
    .await;
    let connection = idp.connection(PLAIN);
    let (a, b, c) = tokio::join!(
        connection.deliver(),
        connection.deliver(),
        connection.revert()
    );
    assert_eq!((a, b, c), (Ok(()), Ok(()), Ok(())));
}

#[tokio::test]
async fn a_required_etag_that_is_missing_stops_the_write() {
    for (etag, expected) in [(Some("W/\"1\""), true), (None, false)] {
        let idp = Idp::start(move |seen| match (seen.method.as_str(), etag) {
            ("GET", Some(etag)) => shown().with("etag", etag),
            ("GET", None) => shown(),
            (_, Some(etag)) if seen.header("if-match") == etag => reply(200, "{}"),
            _ => reply(428, ""),
        })
        .await;
        let result = idp
            .connection(&format!("{PLAIN}\nif_match = \"require\""))
            .deliver()
            .await;
        assert_eq!(result.is_ok(), expected, "{etag:?}");
        assert_eq!(idp.saw_a_token(), expected);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_changed_nothing() {
    let idp = Idp::start(|_| shown()).await;
    let settings = PLAIN.replace(
        "url = \"@IDP@/c\"\n    body",
        "url = \"http://127.0.0.1:1/c\"\n    body",
    );
    let result = idp.connection(&settings).deliver().await;
    assert_eq!(class(&result), (FaultClass::NotApplied, FaultKind::Network));
}

#[tokio::test]
async fn a_server_that_never_answers_may_have_applied_it() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/c", silent.local_addr().expect("an address"));
    let idp = Idp::start(|_| shown()).await;
    let push = format!("timeout = \"200ms\"\n    url = \"{url}\"\n    body");
    let settings = PLAIN.replace("url = \"@IDP@/c\"\n    body", &push);
    let result = idp.connection(&settings).deliver().await;
    assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Timeout));

    let read = format!("[read]\n    timeout = \"200ms\"\n    url = \"{url}\"");
    let settings = PLAIN.replace("[read]\n    url = \"@IDP@/c\"", &read);
    let result = idp.connection(&settings).preflight().await;
    assert_eq!(class(&result), (FaultClass::NotApplied, FaultKind::Timeout));
}
