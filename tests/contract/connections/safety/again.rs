//! What is done once more, what is handed on, and what is never repeated.

use jiff::SignedDuration;
use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use super::{PLAIN, shown};
use crate::connections::world::{Idp, class, reply};

const LOGIN: &str = r#"
    base_url = [{ at = "/base" }]
    secrets.password = { env = "ADMIN" }
    [login]
    method = "POST"
    url = "@IDP@/login"
    body.form = { user = "admin", password = "{{ secrets.password }}" }
    [[lookups]]
    name = "object"
    url = "@IDP@/c"
    headers = { Authorization = "Bearer {{ steps.login.json.session }}", X-XSRF-Header = "{{ steps.login.headers['x-xsrf'] }}" }
    [deliver]
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
    let mut writes = 0;
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            return shown();
        }
        writes += 1;
        if writes < 3 {
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
    for (flag, writes) in [("", 1), ("repeatable = true", 3)] {
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
    let mut writes = 0;
    let idp = Idp::start(move |seen| {
        if seen.method == "GET" {
            return shown();
        }
        writes += 1;
        reply(if writes == 1 { 503 } else { 400 }, "")
    })
    .await;
    let result = idp
        .connection(&format!("{PLAIN}\nrepeatable = true"))
        .deliver()
        .await;
    assert_eq!(class(&result).0, FaultClass::Ambiguous);
}
