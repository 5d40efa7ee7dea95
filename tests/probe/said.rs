//! What the configuration can say of a probe's requests and answers.

use std::time::Duration;

use scim_rotator::ports::Probe;
use scim_rotator::scim::evidence::{FindingReason as Why, Verdict};

use super::server::{OTHER, Reply, Server, TOKEN, list, refused, token};
use super::table::{Short, keyed, prove_with, status};

#[tokio::test]
async fn any_scheme_can_be_said() {
    // base64 of "scim:" and the token.
    const BASIC: &str = "Basic c2NpbTpzcF85c0Q0Zkc2aEowYUxacTN2VDh5SzFtTjViWDdjUjJ3UA==";
    let schemes = [
        (
            "headers = { Authorization = 'Token token={{ token }}' }",
            "authorization",
            format!("Token token={TOKEN}"),
        ),
        (
            "headers = { authorization = \"Basic {{ ['scim', token] | join(':') | b64encode }}\" }",
            "authorization",
            BASIC.to_owned(),
        ),
        (
            "headers = { X-Api-Key = '{{ token }}' }",
            "x-api-key",
            TOKEN.to_owned(),
        ),
        (
            "headers = { Authorization = '{{ token }}' }",
            "authorization",
            TOKEN.to_owned(),
        ),
    ];
    for (keys, header, expected) in schemes {
        let wanted = expected.clone();
        let server = Server::start(move |seen| match seen.header(header) {
            Some(value) if value == wanted => list(),
            _ => refused(),
        })
        .await;
        assert_eq!(
            prove_with(&server, keyed(keys)).await,
            Short::Full,
            "{keys}"
        );
        let seen = server.seen();
        assert_eq!(seen[1].header(header), Some(expected.as_str()), "{keys}");
        assert_eq!(
            seen[2].header(header),
            None,
            "no token in the first control"
        );
        let own = seen[1].header("authorization").map(str::to_owned);
        let usual = format!("Bearer {TOKEN}");
        assert_ne!(own, Some(usual), "{keys}: the token goes out once");
    }
}

#[tokio::test]
async fn headers_query_user_agent_and_accept_can_be_said() {
    let server = Server::start(|seen| {
        let polite = seen.header("user-agent") == Some("Acme sync 2")
            && seen.header("accept") == Some("application/json")
            && seen.header("x-tenant") == Some("crm")
            && seen.target.contains("api-version=7");
        match seen.token() {
            _ if !polite => status(406),
            Some(TOKEN) => list(),
            _ => refused(),
        }
    })
    .await;
    let keys = "
        query = { api-version = '7' }
        [headers]
        User-Agent = 'Acme sync 2'
        Accept = 'application/json'
        X-Tenant = '{{ token_name }}'
    ";
    let probe = server.probe_with(keyed(keys)).named("crm");
    let verdict = probe.prove(&token(TOKEN)).await;
    assert!(
        matches!(&verdict, Verdict::Pass(e) if e.is_full()),
        "{verdict:?}"
    );
    let target = &server.seen()[1].target;
    assert!(
        target.contains("filter=") && target.contains("count=1"),
        "{target}"
    );

    let plain = server.probe().prove(&token(TOKEN)).await;
    let Verdict::Inconclusive(finding) = plain else {
        panic!("{plain:?}");
    };
    assert!(finding.detail.contains("`headers`"), "{}", finding.detail);
}

#[tokio::test]
async fn requests_are_paced() {
    let server = Server::knowing(&[TOKEN]).await;
    let began = tokio::time::Instant::now();
    assert_eq!(
        prove_with(&server, keyed("pace = '120ms'")).await,
        Short::Full
    );
    let took = began.elapsed();
    assert_eq!(server.seen().len(), 5);
    assert!(took >= Duration::from_millis(480), "{took:?}: four pauses");
}

#[tokio::test]
async fn a_request_ends_within_its_timeout() {
    let server = Server::start(|_| Reply::Silence).await;
    let began = tokio::time::Instant::now();
    let verdict = prove_with(&server, keyed("timeout = '200ms'")).await;
    assert_eq!(verdict, Short::Unclear(Why::Unreachable));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_rule_says_try_later_and_the_first_that_fits_counts() {
    let busy = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"maintenance"}"#;
    let server = Server::start(move |seen| match seen.token() {
        Some(TOKEN) => Reply::Json(403, busy.to_owned()),
        _ => refused(),
    })
    .await;
    let rules = "answers = [
        { means = 'later', status = 403, when = [{ at = '/detail', equals = 'maintenance' }] },
        { means = 'refused', status = 403 },
    ]";
    let verdict = prove_with(&server, keyed(rules)).await;
    assert_eq!(verdict, Short::Unclear(Why::ServerError));
    let second = "answers = [{ means = 'refused', status = 403 }]";
    let verdict = prove_with(&server, keyed(second)).await;
    assert_eq!(verdict, Short::Fail(Why::Rejected));
}

/// Whatever the rules say: a server that accepts a wrong token is found out, and
/// a token that is accepted is not dead.
#[tokio::test]
async fn no_rule_hides_that_a_token_is_accepted() {
    let rules = "answers = [
        { means = 'refused', status = 200, when = [{ at = '/totalResults', equals = 0 }] },
    ]";
    let open = Server::start(|_| list()).await;
    let verdict = prove_with(&open, keyed(rules)).await;
    assert_eq!(verdict, Short::Fail(Why::EndpointOpen));

    let both = Server::knowing(&[TOKEN, OTHER]).await;
    let probe = both.probe_with(keyed(rules));
    let verdict = probe.prove_refused(&token(OTHER), &token(TOKEN)).await;
    assert!(
        matches!(&verdict, Verdict::Fail(f) if f.reason == Why::StillAccepted),
        "{verdict:?}"
    );
}
