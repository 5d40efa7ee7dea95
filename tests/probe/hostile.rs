//! The probe against servers that break, stall, lie and echo.

use std::time::Duration;

use scim_rotator::ports::Probe;
use scim_rotator::scim::evidence::{Finding, FindingReason as Why, Verdict};
use tokio::time::timeout;

use super::server::{LIST, OTHER, Reply, Server, TOKEN, list, refused, token};
use super::table::{Short, prove, short};

/// No round may take longer, whatever the server does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that answers the token as told, and everybody else with 401.
async fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| {
        if seen.token() == Some(TOKEN) {
            reply()
        } else {
            refused()
        }
    })
    .await
}

fn raw(head: &str, body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Reply::Raw(bytes)
}

fn ok(body: impl Into<Vec<u8>>) -> Reply {
    raw("200 OK\r\nContent-Type: application/json", &body.into())
}

#[tokio::test]
async fn bodies_that_are_no_list_prove_nothing() {
    let duplicate = LIST.replace(
        "\"totalResults\":0",
        "\"totalResults\":0,\"TotalResults\":9",
    );
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        (
            "login page",
            b"<!doctype html><title>Log in</title>".to_vec(),
        ),
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("truncated", LIST.as_bytes()[..40].to_vec()),
        ("trailing", format!("{LIST} x").into_bytes()),
        ("deep", "[".repeat(50_000).into_bytes()),
        (
            "deep inside",
            format!("{{\"Resources\":{}", "[".repeat(50_000)).into_bytes(),
        ),
        ("duplicate keys", duplicate.into_bytes()),
        ("not UTF-8", b"{\"schemas\":[\"\xff\xfe\"]}".to_vec()),
        (
            "UTF-16",
            LIST.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("lone surrogate", b"{\"schemas\":[\"\\ud800\"]}".to_vec()),
        ("huge number", b"{\"totalResults\":1e400}".to_vec()),
        (
            "an error",
            br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}"#
                .to_vec(),
        ),
        ("entries as object", LIST.replace("[]", "{}").into_bytes()),
    ];
    for (name, body) in bodies {
        let server = answering(move || ok(body.clone())).await;
        assert_eq!(prove(&server).await, Short::Unclear(Why::NotScim), "{name}");
    }
}

#[tokio::test]
async fn odd_answers_with_a_plain_meaning_are_understood() {
    let html_type = || raw("200 OK\r\nContent-Type: text/html", LIST.as_bytes());
    assert_eq!(prove(&answering(html_type).await).await, Short::Full);
    let no_total = LIST.replace("\"totalResults\":0,", "\"nextCursor\":\"x\",");
    let cursor = answering(move || ok(no_total.clone())).await;
    assert_eq!(prove(&cursor).await, Short::Full);
    let negative = LIST.replace(":0", ":-1");
    assert_eq!(
        prove(&answering(move || ok(negative.clone())).await).await,
        Short::Full
    );

    let huge = format!(
        "401 No\r\nWWW-Authenticate: Bearer {}",
        "x".repeat(64 << 10)
    );
    let unbalanced = "401 No\r\nWWW-Authenticate: Negotiate, \"\"\\\", Bearer error=\"";
    for head in [
        "401 No",
        "401 No\r\nContent-Type: text/html",
        &huge,
        unbalanced,
    ] {
        let head = head.to_owned();
        let server = answering(move || raw(&head, b"")).await;
        assert_eq!(prove(&server).await, Short::Fail(Why::Rejected));
    }
    let endless_refusal = answering(|| {
        let mut text = b"HTTP/1.1 401 No\r\nContent-Length: 99999999\r\n\r\n".to_vec();
        text.resize(200_000, b' ');
        Reply::Raw(text)
    })
    .await;
    assert_eq!(prove(&endless_refusal).await, Short::Fail(Why::Rejected));
}

#[tokio::test]
async fn hostile_transports_end_in_time_and_prove_nothing() {
    type Make = fn() -> Reply;
    for make in [|| Reply::Drip, || Reply::Silence] as [Make; 2] {
        let server = answering(make).await;
        let (probe, good) = (server.hasty_probe(), token(TOKEN));
        let verdict = timeout(PATIENCE, probe.prove(&good)).await;
        assert_eq!(verdict.map(short), Ok(Short::Unclear(Why::Unreachable)));
        assert!(server.seen().len() <= 10, "the budget");
    }
    let cases: [(&str, Make, Why); 7] = [
        ("endless body", || Reply::Endless, Why::NotScim),
        ("hang-up", || Reply::Hangup, Why::Unreachable),
        (
            "no HTTP",
            || Reply::Raw(b"220 smtp ready\r\n".to_vec()),
            Why::Unreachable,
        ),
        (
            "half a status line",
            || Reply::Raw(b"HTTP/1.1 2".to_vec()),
            Why::Unreachable,
        ),
        (
            "two lengths",
            || raw("200 OK\r\nContent-Length: 5\r\nContent-Length: 7", b"{}"),
            Why::Unreachable,
        ),
        (
            "huge header",
            || {
                raw(
                    &format!("200 OK\r\nX: {}", "x".repeat(600 << 10)),
                    LIST.as_bytes(),
                )
            },
            Why::Unreachable,
        ),
        (
            "compressed unasked",
            || raw("200 OK\r\nContent-Encoding: gzip", &[0x1f, 0x8b, 8, 0, 0]),
            Why::NotScim,
        ),
    ];
    for (name, make, reason) in cases {
        let server = answering(make).await;
        let verdict = timeout(PATIENCE, prove(&server)).await;
        assert_eq!(verdict, Ok(Short::Unclear(reason)), "{name}");
        assert!(server.seen().len() <= 10, "{name}: the budget");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_proves_nothing() {
    let gone = Server::start(|_| list()).await;
    let probe = gone.probe();
    drop(gone);
    let verdict = timeout(PATIENCE, probe.prove(&token(TOKEN))).await;
    assert!(matches!(verdict, Ok(Verdict::Inconclusive(f)) if f.reason == Why::Unreachable));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let thief = Server::start(|_| list()).await;
    let target = thief.scim_url();
    for code in [301, 302, 303, 307, 308] {
        for to in [
            target.as_str(),
            "/scim/v2/elsewhere",
            "http://169.254.169.254/",
            "",
        ] {
            let head = format!("{code} Moved\r\nLocation: {to}");
            let server = answering(move || raw(&head, b"")).await;
            assert_eq!(
                prove(&server).await,
                Short::Unclear(Why::Redirect),
                "{code} {to}"
            );
            let stray = server.seen().iter().any(|s| s.target.contains("elsewhere"));
            assert!(!stray, "{code} {to} was followed");
        }
    }
    assert!(thief.seen().is_empty(), "the target saw a request");
}

#[tokio::test]
async fn a_server_that_accepts_everybody_is_found_out() {
    let server = Server::start(|_| list()).await;
    assert_eq!(prove(&server).await, Short::Fail(Why::EndpointOpen));
}

#[tokio::test]
async fn a_server_that_does_not_verify_signatures_is_found_out() {
    // {"alg":"RS256"}.{"sub":"x"} with any signature.
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl";
    let server = Server::start(|seen| match seen.token() {
        Some(token) if token.starts_with("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.") => list(),
        _ => refused(),
    })
    .await;
    let verdict = server.probe().prove(&token(jwt)).await;
    assert!(matches!(verdict, Verdict::Fail(f) if f.reason == Why::EndpointOpen));
}

/// A server that writes what it was given into every place it can.
#[tokio::test]
async fn an_echo_of_the_token_reaches_no_finding() {
    for status in [200, 201, 302, 400, 401, 403, 404, 418, 429, 431, 500] {
        let server = Server::start(move |seen| {
            let echo = seen.token().unwrap_or("nobody").to_owned();
            raw(
                &format!(
                    "{status} {echo}\r\nLocation: https://{echo}.evil.example/{echo}\r\nWWW-Authenticate: Bearer error=\"{echo}\", realm=\"{echo}\"\r\nX-{echo}: {echo}\r\nSet-Cookie: t={echo}"
                ),
                format!(
                    r#"{{"schemas":["{echo}"],"scimType":"{echo}","detail":"\u001b[31m{echo}\n","status":"{status}"}}"#
                )
                .as_bytes(),
            )
        })
        .await;
        let verdict = server.probe().prove(&token(TOKEN)).await;
        assert_clean(&format!("{verdict:?}"), status);
        let verdict = server
            .probe()
            .prove_refused(&token(OTHER), &token(TOKEN))
            .await;
        assert_clean(&format!("{verdict:?}"), status);
        let kept = server.seen().iter().any(|s| s.header("cookie").is_some());
        assert!(!kept, "a cookie was kept");
    }
}

fn assert_clean(text: &str, status: u16) {
    let lower = text.to_ascii_lowercase();
    for secret in [TOKEN, OTHER] {
        for part in secret.to_ascii_lowercase().as_bytes().windows(8) {
            let part = std::str::from_utf8(part).expect("ASCII");
            assert!(!lower.contains(part), "{status}: {text}");
        }
    }
}

#[tokio::test]
async fn every_finding_says_something() {
    for status in [204, 302, 400, 401, 403, 404, 405, 418, 429, 431, 500] {
        let server = Server::start(move |_| raw(&format!("{status} X"), b"")).await;
        match server.probe().prove(&token(TOKEN)).await {
            Verdict::Fail(Finding { detail, .. })
            | Verdict::Inconclusive(Finding { detail, .. }) => {
                assert!(detail.len() > 20, "{status}: {detail}");
            }
            Verdict::Pass(_) => panic!("{status} passed"),
        }
    }
}
