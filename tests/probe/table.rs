//! The probe's requests and verdicts against servers that speak plainly.

use scim_rotator::ports::Probe;
use scim_rotator::scim::config::{ProbeConfig, Read};
use scim_rotator::scim::evidence::{Evidence, FindingReason as Why, Verdict};

use super::server::{OTHER, Reply, Seen, Server, TOKEN, list, refused, token};

/// A verdict without its particulars.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Short {
    /// Passed, controls refused.
    Full,
    /// Passed, controls unclear.
    Provisional,
    /// Shown to be otherwise.
    Fail(Why),
    /// Nothing shown.
    Unclear(Why),
}

/// Proves [`TOKEN`] at a server.
pub async fn prove(server: &Server) -> Short {
    prove_with(server, ProbeConfig::default()).await
}

/// A configuration with these keys.
pub fn keyed(keys: &str) -> ProbeConfig {
    toml::from_str(keys).expect(keys)
}

pub async fn prove_with(server: &Server, config: ProbeConfig) -> Short {
    short(server.probe_with(config).prove(&token(TOKEN)).await)
}

/// A verdict without its particulars.
pub fn short(verdict: Verdict<Evidence>) -> Short {
    match verdict {
        Verdict::Pass(evidence) if evidence.is_full() => Short::Full,
        Verdict::Pass(_) => Short::Provisional,
        Verdict::Fail(finding) => Short::Fail(finding.reason),
        Verdict::Inconclusive(finding) => Short::Unclear(finding.reason),
    }
}

pub fn status(code: u16) -> Reply {
    Reply::Json(code, String::new())
}

#[tokio::test]
async fn a_good_token_at_a_good_server() {
    let server = Server::knowing(&[TOKEN]).await;
    assert_eq!(prove(&server).await, Short::Full);
    let seen = server.seen();
    let tokens: Vec<_> = seen.iter().map(Seen::token).collect();
    assert_eq!(tokens.len(), 5, "discovery, read, two controls, listing");
    assert_eq!(tokens[0], None, "discovery is asked without the token");
    assert_eq!(tokens[1], Some(TOKEN));
    assert_eq!(tokens[2], None);
    let garbage = tokens[3].expect("the second control carries a wrong token");
    assert!(garbage != TOKEN && garbage.starts_with("sp_") && garbage.len() == TOKEN.len());
    assert_eq!(seen[1].target, seen[2].target, "controls repeat the read");
    assert_eq!(seen[1].target, seen[3].target, "controls repeat the read");
    assert!(
        seen[1]
            .target
            .starts_with("/scim/v2/Users?filter=userName+eq+%22scim-rotator-probe-"),
        "{}",
        seen[1].target
    );
    assert_eq!(seen[4].target, "/scim/v2/Users?startIndex=1&count=1");
}

#[tokio::test]
async fn headers_are_those_of_a_polite_client() {
    let server = Server::knowing(&[TOKEN]).await;
    prove(&server).await;
    for seen in server.seen() {
        assert!(seen.head.starts_with("GET "), "{}", seen.head);
        assert_eq!(
            seen.header("accept"),
            Some("application/scim+json, application/json;q=0.9")
        );
        let agent = seen.header("user-agent").expect("an agent");
        assert!(agent.starts_with("scim-rotator/") && agent.ends_with("(+probe)"));
        assert_eq!(seen.header("content-type"), None);
        assert_eq!(seen.header("accept-encoding"), None);
    }
}

/// Answers to the token, to no token, to garbage.
type Row = (u16, u16, u16, Short);

#[tokio::test]
async fn level_two_row_by_row() {
    let rows: [Row; 20] = [
        (200, 401, 401, Short::Full),
        (200, 403, 404, Short::Full),
        (200, 200, 401, Short::Fail(Why::EndpointOpen)),
        (200, 401, 200, Short::Fail(Why::EndpointOpen)),
        (200, 200, 200, Short::Fail(Why::EndpointOpen)),
        (200, 401, 429, Short::Provisional),
        (200, 503, 401, Short::Provisional),
        (200, 500, 401, Short::Full),
        (200, 302, 401, Short::Full),
        (200, 401, 302, Short::Provisional),
        (200, 401, 500, Short::Provisional),
        (404, 401, 404, Short::Unclear(Why::LikeWrongToken)),
        (401, 401, 401, Short::Fail(Why::Rejected)),
        (403, 401, 401, Short::Fail(Why::Forbidden)),
        (403, 403, 403, Short::Unclear(Why::Ambiguous403)),
        (404, 404, 404, Short::Fail(Why::WrongBaseUrl)),
        (404, 401, 401, Short::Unclear(Why::WrongBaseUrl)),
        (431, 401, 431, Short::Fail(Why::TokenTooLarge)),
        (429, 401, 401, Short::Unclear(Why::Throttled)),
        (202, 401, 401, Short::Unclear(Why::NotScim)),
    ];
    for (new, none, garbage, expected) in rows {
        let server = Server::start(move |seen| {
            let code = match seen.token() {
                _ if seen.is_discovery() => 401,
                None => none,
                Some(TOKEN) => new,
                Some(_) => garbage,
            };
            if code == 200 { list() } else { status(code) }
        })
        .await;
        let row = format!("{new} | {none} | {garbage}");
        assert_eq!(prove(&server).await, expected, "{row}");
        let garbage_sent = server
            .seen()
            .iter()
            .filter(|seen| seen.token().is_some_and(|token| token != TOKEN))
            .count();
        assert!(garbage_sent <= 1, "{row}: one wrong token at most");
    }
}

#[tokio::test]
async fn reads_that_a_server_cannot_answer_are_replaced() {
    type Choose = fn(&str) -> u16;
    let cases: [(&str, Choose, Short); 6] = [
        (
            "no filter",
            |t| if t.contains("filter") { 400 } else { 200 },
            Short::Full,
        ),
        (
            "fails at count",
            |t| if t.contains("count") { 500 } else { 200 },
            Short::Full,
        ),
        (
            "groups only",
            |t| if t.contains("Groups") { 200 } else { 501 },
            Short::Full,
        ),
        ("none", |_| 400, Short::Unclear(Why::NoReadVariant)),
        ("broken", |_| 500, Short::Unclear(Why::ServerError)),
        (
            "listing fails",
            |t| if t.contains("filter") { 200 } else { 502 },
            Short::Unclear(Why::ServerError),
        ),
    ];
    for (name, choose, expected) in cases {
        let server = Server::start(move |seen| match seen.token() {
            _ if seen.is_discovery() => status(404),
            Some(TOKEN) => match choose(&seen.target) {
                200 => list(),
                code => status(code),
            },
            _ => refused(),
        })
        .await;
        assert_eq!(prove(&server).await, expected, "{name}");
        assert!(server.seen().len() <= 10, "{name}: the budget");
    }
}

#[tokio::test]
async fn a_protected_discovery_is_the_last_resort() {
    let server = Server::start(|seen| match seen.token() {
        Some(TOKEN) if seen.is_discovery() => Reply::Json(
            200,
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}"#
                .to_owned(),
        ),
        Some(TOKEN) => status(501),
        _ => refused(),
    })
    .await;
    assert_eq!(prove(&server).await, Short::Full);
}

#[tokio::test]
async fn discovery_stops_a_round_only_when_nothing_can_be_said() {
    for (code, expected) in [
        (200, Short::Full),
        (302, Short::Full),
        (401, Short::Full),
        (404, Short::Full),
        (429, Short::Unclear(Why::Throttled)),
        (500, Short::Full),
        (503, Short::Unclear(Why::ServerError)),
    ] {
        let server = Server::start(move |seen| match seen.token() {
            _ if seen.is_discovery() => status(code),
            Some(TOKEN) => list(),
            _ => refused(),
        })
        .await;
        assert_eq!(prove(&server).await, expected, "{code}");
        if expected != Short::Full {
            assert_eq!(server.seen().len(), 1, "{code}: the token was not sent");
        }
    }
}

#[tokio::test]
async fn settings_are_followed() {
    let server = Server::start(|seen| match seen.header("x-scim-token") {
        Some(TOKEN) if seen.target == "/scim/v2/People/Users" => list(),
        _ => refused(),
    })
    .await;
    let config = ProbeConfig {
        path: "People/Users".to_owned(),
        read: Read::Plain,
        discovery: false,
        ..keyed("headers = { X-SCIM-Token = '{{ token }}' }")
    };
    assert_eq!(prove_with(&server, config.clone()).await, Short::Full);
    assert_eq!(server.seen().len(), 3, "the read and its two controls");
    let bold = ProbeConfig {
        negative_controls: false,
        ..config
    };
    assert_eq!(prove_with(&server, bold).await, Short::Provisional);
    assert_eq!(server.seen().len(), 4, "no controls");
}

#[tokio::test]
async fn tokens_that_cannot_be_right_are_not_sent() {
    let server = Server::knowing(&[TOKEN]).await;
    let verdict = server.probe().prove(&token("changeme")).await;
    assert!(matches!(verdict, Verdict::Fail(f) if f.reason == Why::Malformed));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_old_token_is_dead_when_refused_beside_the_new_one() {
    let server = Server::knowing(&[TOKEN]).await;
    let probe = server.probe();
    let verdict = probe.prove_refused(&token(OTHER), &token(TOKEN)).await;
    let Verdict::Pass(refusal) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(refusal.fingerprint(), &token(OTHER).fingerprint());
    let tokens: Vec<_> = server
        .seen()
        .iter()
        .map(|s| s.token() == Some(TOKEN))
        .collect();
    assert_eq!(tokens, [true, false, false, true]);
}

#[tokio::test]
async fn an_old_token_that_still_works_is_found() {
    let server = Server::knowing(&[TOKEN, OTHER]).await;
    let verdict = server
        .probe()
        .prove_refused(&token(OTHER), &token(TOKEN))
        .await;
    assert!(matches!(verdict, Verdict::Fail(f) if f.reason == Why::StillAccepted));
}

#[tokio::test]
async fn an_outage_does_not_look_like_a_refusal() {
    for (name, server) in [
        ("everybody refused", Server::start(|_| refused()).await),
        ("everybody throttled", Server::start(|_| status(429)).await),
        ("broken", Server::start(|_| status(500)).await),
        (
            "old throttled",
            Server::start(|seen| match seen.token() {
                Some(TOKEN) => list(),
                _ => status(429),
            })
            .await,
        ),
    ] {
        let verdict = server
            .probe()
            .prove_refused(&token(OTHER), &token(TOKEN))
            .await;
        assert!(
            matches!(verdict, Verdict::Inconclusive(_)),
            "{name}: {verdict:?}"
        );
    }
}
