//! Each answer is judged by what it shows: empty lists in every form, lists that
//! are too long, limits and blocks after the proof, servers that fail without a
//! token, and dead tokens that are not answered by 401.

use std::sync::atomic::{AtomicUsize, Ordering};

use scim_rotator::ports::Probe;
use scim_rotator::scim::evidence::{FindingReason as Why, Verdict};

use super::server::{LIST, OTHER, Reply, Seen, Server, TOKEN, list, refused, token};
use super::table::{Short, keyed, prove, prove_with, short, status};

/// What the server answers, made anew for each case.
type Answers = fn() -> Reply;

fn json(body: impl Into<String>) -> Reply {
    Reply::Json(200, body.into())
}

/// A SCIM error, as RFC 7644 has it for something that is not there.
fn not_found() -> Reply {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no match"}"#;
    Reply::Json(404, body.to_owned())
}

/// A server that answers this to the token, and 401 to everybody else.
async fn answering(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.token() {
        Some(TOKEN) => answer(seen),
        _ => refused(),
    })
    .await
}

#[tokio::test]
async fn an_empty_directory_is_proof_in_every_form() {
    let lists = [
        LIST.to_owned(),
        LIST.replace("[]", "null"),
        LIST.replace(",\"Resources\":[]", ""),
        LIST.replace("[\"urn:ietf", "\"urn:ietf")
            .replace("ListResponse\"]", "ListResponse\""),
        r#"{"schemas":["urn:scim:schemas:core:1.0"],"totalResults":0}"#.to_owned(),
        r#"{"schemas":["urn:scim:schemas:core:1.0"],"totalResults":0,"Resources":[]}"#.to_owned(),
    ];
    for body in lists {
        let answer = body.clone();
        let server = answering(move |_| json(answer.clone())).await;
        assert_eq!(prove(&server).await, Short::Full, "{body}");
    }
}

#[tokio::test]
async fn a_search_without_a_match_that_is_no_list_is_followed_by_another_read() {
    for nobody in [not_found, || status(204)] as [fn() -> Reply; 2] {
        let server = answering(move |seen| match seen.target.contains("filter=") {
            true => nobody(),
            false => list(),
        })
        .await;
        assert_eq!(prove(&server).await, Short::Full);
    }
}

#[tokio::test]
async fn a_404_for_every_read_proves_nothing_until_a_rule_says_what_it_means() {
    let server = answering(|_| not_found()).await;
    let verdict = server.probe().prove(&token(TOKEN)).await;
    let Verdict::Inconclusive(finding) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(finding.reason, Why::WrongBaseUrl);
    for key in ["`answers`", "`scim_url`", "`path`"] {
        assert!(finding.detail.contains(key), "{}", finding.detail);
    }
    let said = keyed(
        "answers = [{ means = 'success', status = 404, when = [{ at = '/detail', equals = 'no match' }] }]",
    );
    assert_eq!(prove_with(&server, said.clone()).await, Short::Full);
    // The rule holds for wrong tokens too: an open server is still found out.
    let open = Server::start(|_| not_found()).await;
    let verdict = prove_with(&open, said).await;
    assert_eq!(verdict, Short::Fail(Why::EndpointOpen));
}

#[tokio::test]
async fn the_beginning_of_a_long_list_is_proof() {
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x"},"#;
    let users = user.repeat((2 << 20) / user.len());
    let users = users.trim_end_matches(',');
    let schema = r#""schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]"#;
    for body in [
        format!("{{{schema},\"totalResults\":40000,\"Resources\":[{users}]}}"),
        format!("{{\"Resources\":[{users}],{schema},\"totalResults\":40000}}"),
    ] {
        let begins = body[..40].to_owned();
        let server = answering(move |_| json(body.clone())).await;
        assert_eq!(prove(&server).await, Short::Full, "{begins}");
    }
    let junk = answering(|_| json(format!("{{\"x\":\"{}\"}}", "y".repeat(2 << 20)))).await;
    assert_eq!(prove(&junk).await, Short::Unclear(Why::NotScim));
}

/// A server that answers as it should for so many requests, and then like this.
async fn until(first: usize, then: fn() -> Reply) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |seen| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        match seen.token() {
            _ if number >= first => then(),
            Some(TOKEN) => list(),
            _ => refused(),
        }
    })
    .await
}

#[tokio::test]
async fn what_was_shown_counts_when_the_next_request_is_throttled_or_blocked() {
    let then: [(&str, Answers); 7] = [
        ("throttled", || status(429)),
        ("blocked by 403", || status(403)),
        ("blocked by 401", refused),
        ("blocked by 404", || status(404)),
        ("blocked by a page", || json("<html>blocked</html>")),
        ("unavailable", || status(503)),
        ("hung up", || Reply::Hangup),
    ];
    for (name, then) in then {
        let server = until(4, then).await;
        assert_eq!(prove(&server).await, Short::Full, "{name}");
        assert!(server.seen().len() <= 10, "{name}: the budget");
        // The wrong token itself was not answered: that shows less, and the
        // cause and the key are told.
        let early = until(3, then).await;
        let verdict = early.probe().prove(&token(TOKEN)).await;
        match (name, verdict) {
            ("throttled" | "hung up", Verdict::Pass(evidence)) => {
                let cause = evidence.unclear().expect("a cause");
                assert!(cause.detail.contains("`pace`"), "{}", cause.detail);
            }
            (_, verdict) => assert!(!matches!(verdict, Verdict::Fail(_)), "{name}"),
        }
    }
}

#[tokio::test]
async fn servers_that_disagree_are_told_from_a_block() {
    let server = Server::start(|seen| match seen.token() {
        Some(TOKEN) if seen.target.contains("filter=") => list(),
        _ => refused(),
    })
    .await;
    assert_eq!(prove(&server).await, Short::Unclear(Why::Flapping));
    let no_listing = prove_with(&server, keyed("listing = false")).await;
    assert_eq!(no_listing, Short::Full);
}

#[tokio::test]
async fn a_server_that_fails_without_a_token_is_used() {
    let server = Server::start(|seen| match seen.token() {
        None => status(500),
        Some(TOKEN) if !seen.is_discovery() => list(),
        Some(_) => refused(),
    })
    .await;
    assert_eq!(prove(&server).await, Short::Full);
}

#[tokio::test]
async fn unclear_controls_name_their_cause_and_a_rule_makes_them_clear() {
    let page = || json("<html>log in</html>");
    let bad: [(&str, Answers, &str); 3] = [
        (
            "302",
            || {
                Reply::Raw(
                    b"HTTP/1.1 302 Found\r\nLocation: /login\r\nConnection: close\r\n\r\n".to_vec(),
                )
            },
            "answers = [{ means = 'refused', status = 302 }]",
        ),
        (
            "HTML",
            page,
            "answers = [{ means = 'refused', status = 200, when = [{ text = true, contains = '<html' }] }]",
        ),
        (
            "500",
            || status(500),
            "answers = [{ means = 'refused', status = 500 }]",
        ),
    ];
    for (name, bad, rule) in bad {
        let server = Server::start(move |seen| match seen.token() {
            Some(TOKEN) => list(),
            _ => bad(),
        })
        .await;
        let verdict = server.probe().prove(&token(TOKEN)).await;
        let Verdict::Pass(evidence) = verdict else {
            panic!("{name}: {verdict:?}");
        };
        let cause = evidence.unclear().expect(name);
        assert!(cause.detail.contains("`answers`"), "{}", cause.detail);
        assert_eq!(
            prove_with(&server, keyed(rule)).await,
            Short::Full,
            "{name}"
        );
        let old = token(OTHER);
        let unclear = server.probe().prove_refused(&old, &token(TOKEN)).await;
        assert!(
            matches!(&unclear, Verdict::Inconclusive(f) if f.reason == Why::RefusalUnclear),
            "{name}: {unclear:?}"
        );
        let probe = server.probe_with(keyed(rule));
        let dead = probe.prove_refused(&old, &token(TOKEN)).await;
        assert!(matches!(dead, Verdict::Pass(_)), "{name}: {dead:?}");
    }
}

#[tokio::test]
async fn a_dead_token_is_dead_by_404_and_400_too() {
    for code in [400, 404, 410] {
        let server = Server::start(move |seen| match seen.token() {
            Some(TOKEN) => list(),
            _ => status(code),
        })
        .await;
        assert_eq!(
            short(server.probe().prove(&token(TOKEN)).await),
            Short::Full
        );
        let dead = server
            .probe()
            .prove_refused(&token(OTHER), &token(TOKEN))
            .await;
        assert!(matches!(dead, Verdict::Pass(_)), "{code}: {dead:?}");
    }
    // Beside an outage it shows nothing.
    let gone = Server::start(|_| status(404)).await;
    let verdict = gone
        .probe()
        .prove_refused(&token(OTHER), &token(TOKEN))
        .await;
    assert!(matches!(verdict, Verdict::Inconclusive(_)), "{verdict:?}");
}
