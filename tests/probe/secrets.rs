//! Client secrets: exchanged at a token endpoint, and read with.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::credential::{SecretPlace, TokenEndpoint};
use scim_rotator::scim::evidence::Tenancy;
use scim_rotator::scim::evidence::{FindingReason as Why, Verdict};
use scim_rotator::secret::{BearerToken, ClientParts};

use super::server::{OTHER, Reply, Seen, Server, TOKEN, list, refused, token};
use super::table::{Short, keyed, short, status};

/// The client of [`TOKEN`] and the client of [`OTHER`].
const CLIENTS: [(&str, &str); 2] = [("app-1", TOKEN), ("app-2", OTHER)];

/// Id and secret of a token request, wherever they stand.
fn credentials(seen: &Seen) -> Option<(String, String)> {
    if let Some(basic) = seen.header("authorization") {
        let text = STANDARD.decode(basic.strip_prefix("Basic ")?).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (id, secret) = text.split_once(':')?;
        return Some((id.to_owned(), secret.to_owned()));
    }
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(seen.body.as_bytes())
        .into_owned()
        .collect();
    Some((
        form.get("client_id")?.clone(),
        form.get("client_secret")?.clone(),
    ))
}

fn invalid_client() -> Reply {
    Reply::Json(401, r#"{"error":"invalid_client"}"#.to_owned())
}

/// Grants an access token to clients with their own secrets; the SCIM API accepts
/// those access tokens. What `refuse` answers to others is sent to them.
async fn provider(live: &'static [&'static str], refuse: fn() -> Reply) -> Server {
    Server::start(move |seen| {
        if seen.target != "/oauth/token" {
            return match seen.token() {
                Some("access-for-app-1" | "access-for-app-2") => list(),
                _ => refused(),
            };
        }
        let Some((id, secret)) = credentials(seen) else {
            return refuse();
        };
        let known = CLIENTS.contains(&(id.as_str(), secret.as_str()));
        if known && live.contains(&secret.as_str()) {
            granted(&id)
        } else {
            refuse()
        }
    })
    .await
}

fn granted(id: &str) -> Reply {
    let body =
        format!(r#"{{"access_token":"access-for-{id}","token_type":"Bearer","expires_in":300}}"#);
    Reply::Json(200, body)
}

fn endpoint(server: &Server) -> TokenEndpoint {
    TokenEndpoint {
        token_url: server.token_url(),
        client_id: Some("app-1".to_owned()),
        scopes: vec!["scim.read".to_owned(), "scim.write".to_owned()],
        place: SecretPlace::Basic,
        params: BTreeMap::from([("audience".to_owned(), "https://scim.example".to_owned())]),
    }
}

fn probe_at(server: &Server, endpoint: TokenEndpoint, config: ProbeConfig) -> impl Probe {
    server.probe_with(config).exchanging_at(Arc::new(endpoint))
}

fn probe(server: &Server) -> impl Probe {
    probe_at(server, endpoint(server), ProbeConfig::default())
}

/// The secret of the second client, with its own id.
fn second() -> BearerToken {
    token(OTHER).with_client_id("app-2")
}

fn why<T>(verdict: &Verdict<T>) -> Option<Why> {
    match verdict {
        Verdict::Pass(_) => None,
        Verdict::Fail(found) | Verdict::Inconclusive(found) => Some(found.reason),
    }
}

#[tokio::test]
async fn a_secret_is_exchanged_and_its_access_token_reads() {
    for place in [SecretPlace::Basic, SecretPlace::Post] {
        let server = provider(&[TOKEN], invalid_client).await;
        let endpoint = TokenEndpoint {
            place,
            ..endpoint(&server)
        };
        let probe = probe_at(&server, endpoint, ProbeConfig::default());
        let verdict = probe.prove(&token(TOKEN)).await;
        let Verdict::Pass(proof) = verdict else {
            panic!("{verdict:?}");
        };
        assert!(proof.is_full());
        assert_eq!(
            *proof.fingerprint(),
            token(TOKEN).fingerprint(),
            "of the secret"
        );
        let seen = server.seen();
        let asked: Vec<_> = seen.iter().filter(|s| s.target == "/oauth/token").collect();
        assert_eq!(asked.len(), 2, "the secret, and a wrong one");
        for request in &asked {
            let form: BTreeMap<_, _> = url::form_urlencoded::parse(request.body.as_bytes())
                .into_owned()
                .collect();
            assert_eq!(form["grant_type"], "client_credentials");
            assert_eq!(form["scope"], "scim.read scim.write");
            assert_eq!(form["audience"], "https://scim.example");
            assert_eq!(
                form.contains_key("client_secret"),
                place == SecretPlace::Post
            );
        }
        let tried: Vec<_> = asked.iter().filter_map(|s| credentials(s)).collect();
        assert_eq!(tried[0], ("app-1".to_owned(), TOKEN.to_owned()));
        assert_eq!(tried[1].0, "app-1");
        assert_ne!(tried[1].1, TOKEN, "a wrong secret of the same client");
        let scim = seen.iter().filter(|s| s.target.starts_with("/scim/"));
        for request in scim {
            assert!(
                !request.head.contains(TOKEN),
                "the service provider sees the secret"
            );
        }
    }
}

/// An access token may be longer than a token that is stored; the service provider
/// says whether it takes it.
#[tokio::test]
async fn a_long_access_token_reads_and_a_configured_limit_counts_for_it() {
    let server = Server::start(|seen| {
        if seen.target == "/oauth/token" {
            return match credentials(seen) {
                Some((_, secret)) if secret == TOKEN => granted(&"x".repeat(6_000)),
                _ => invalid_client(),
            };
        }
        match seen.token() {
            Some(access) if access.len() > 6_000 => list(),
            _ => refused(),
        }
    })
    .await;
    let proven = probe(&server).prove(&token(TOKEN)).await;
    assert_eq!(short(proven), Short::Full);

    let limited = ProbeConfig {
        max_token_length: Some(5_000),
        ..ProbeConfig::default()
    };
    let verdict = probe_at(&server, endpoint(&server), limited);
    let verdict = verdict.prove(&token(TOKEN)).await;
    assert_eq!(short(verdict), Short::Fail(Why::Malformed));
}

/// Each proof asks for an access token of its own.
#[tokio::test]
async fn a_proof_never_uses_the_access_token_of_an_earlier_one() {
    let server = provider(&[TOKEN], invalid_client).await;
    let probe = probe(&server);
    for _ in 0..2 {
        assert_eq!(short(probe.prove(&token(TOKEN)).await), Short::Full);
    }
    let asked = server.seen();
    let asked = asked.iter().filter(|s| s.target == "/oauth/token").count();
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn the_parts_that_came_with_a_secret_count_more_than_the_configured_ones() {
    let server = provider(&[OTHER], invalid_client).await;
    assert_eq!(short(probe(&server).prove(&second()).await), Short::Full);
    let mixed = token(OTHER).with_client_id("app-1");
    let verdict = probe(&server).prove(&mixed).await;
    assert_eq!(short(verdict), Short::Fail(Why::Rejected));
    let elsewhere = ClientParts {
        id: Some("app-2".to_owned()),
        token_url: Some(format!("{}2", server.token_url())),
        scope: None,
    };
    let verdict = probe(&server)
        .prove(&second().of_client(Some(elsewhere)))
        .await;
    assert_ne!(
        short(verdict),
        Short::Full,
        "its own token endpoint is another"
    );
}

/// What the endpoint answers to the secret and to a wrong one, what the service
/// provider answers to the access token, and what that shows.
type Row = (u16, &'static str, u16, u16, Short);

#[tokio::test]
async fn answers_of_a_token_endpoint_row_by_row() {
    let rows: [Row; 12] = [
        (200, "", 401, 200, Short::Full),
        (200, "", 200, 200, Short::Fail(Why::EndpointOpen)),
        (200, "", 500, 200, Short::Provisional),
        (200, "", 400, 200, Short::Provisional),
        (200, "", 401, 401, Short::Fail(Why::NoAccess)),
        (401, "", 401, 200, Short::Fail(Why::Rejected)),
        (400, "invalid_client", 401, 200, Short::Fail(Why::Rejected)),
        (400, "invalid_scope", 401, 200, Short::Fail(Why::NoAccess)),
        (
            400,
            "unauthorized_client",
            400,
            200,
            Short::Fail(Why::NoAccess),
        ),
        (429, "", 401, 200, Short::Unclear(Why::Throttled)),
        (503, "", 401, 200, Short::Unclear(Why::ServerError)),
        (302, "", 401, 200, Short::Unclear(Why::Redirect)),
    ];
    for (right, error, wrong, scim, expected) in rows {
        let server = Server::start(move |seen| {
            if seen.target != "/oauth/token" {
                return match seen.token() {
                    Some("access-for-app-1") if scim == 200 => list(),
                    _ => refused(),
                };
            }
            let is_right = credentials(seen).is_some_and(|(_, secret)| secret == TOKEN);
            let code = if is_right { right } else { wrong };
            match code {
                200 => granted("app-1"),
                code if is_right => Reply::Json(code, format!(r#"{{"error":"{error}"}}"#)),
                code => status(code),
            }
        })
        .await;
        let verdict = short(probe(&server).prove(&token(TOKEN)).await);
        assert_eq!(verdict, expected, "{right} {error} {wrong} {scim}");
    }
}

/// At some servers a client that was deleted gets what a wrong secret gets.
#[tokio::test]
async fn an_answer_that_a_wrong_secret_gets_too_is_no_clear_refusal() {
    let unclear = || Reply::Json(400, r#"{"error":"unauthorized_client"}"#.to_owned());
    let server = provider(&[], unclear).await;
    let verdict = short(probe(&server).prove(&token(TOKEN)).await);
    assert_eq!(verdict, Short::Unclear(Why::LikeWrongToken));
}

#[tokio::test]
async fn without_controls_no_wrong_secret_is_sent_and_the_proof_is_not_full() {
    let server = provider(&[TOKEN], invalid_client).await;
    let config = keyed("negative_controls = false");
    let probe = probe_at(&server, endpoint(&server), config);
    assert_eq!(short(probe.prove(&token(TOKEN)).await), Short::Provisional);
    let seen = server.seen();
    let asked = seen.iter().filter(|s| s.target == "/oauth/token").count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn an_old_secret_is_dead_when_the_token_endpoint_refuses_it() {
    let server = provider(&[OTHER], invalid_client).await;
    let seen = probe(&server).prove_refused(&token(TOKEN), &second()).await;
    let Verdict::Pass(proof) = seen else {
        panic!("{seen:?}");
    };
    assert_eq!(*proof.fingerprint(), token(TOKEN).fingerprint());
    let asked: Vec<_> = server.seen().iter().filter_map(credentials).collect();
    let ids: Vec<_> = asked.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["app-2", "app-1", "app-1", "app-2", "app-2"]);
    assert_eq!(asked[1].1, TOKEN);
    assert!(asked[3].1 != OTHER, "a wrong secret of the client in use");

    let both = provider(&[TOKEN, OTHER], invalid_client).await;
    let seen = probe(&both).prove_refused(&token(TOKEN), &second()).await;
    assert!(matches!(seen, Verdict::Fail(_)));
    assert_eq!(why(&seen), Some(Why::StillAccepted));

    let neither = provider(&[], invalid_client).await;
    let seen = probe(&neither)
        .prove_refused(&token(TOKEN), &second())
        .await;
    assert!(matches!(seen, Verdict::Inconclusive(_)), "{seen:?}");

    let busy = provider(&[OTHER], || status(429)).await;
    let seen = probe(&busy).prove_refused(&token(TOKEN), &second()).await;
    assert_eq!(why(&seen), Some(Why::Throttled));
}

/// A server that accepts any secret shows nothing by refusing one.
#[tokio::test]
async fn a_token_endpoint_that_checks_nothing_proves_nothing() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/oauth/token" => match credentials(seen) {
            Some((_, secret)) if secret == TOKEN => invalid_client(),
            _ => granted("any"),
        },
        _ if seen.token().is_some_and(|t| t == "access-for-any") => list(),
        _ => refused(),
    })
    .await;
    let seen = probe(&server).prove_refused(&token(TOKEN), &second()).await;
    assert!(matches!(seen, Verdict::Inconclusive(_)));
    assert_eq!(why(&seen), Some(Why::EndpointOpen));
    let seen = probe(&server).prove(&second()).await;
    assert_eq!(short(seen), Short::Fail(Why::EndpointOpen));
}

#[tokio::test]
async fn tenants_are_compared_with_access_tokens() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/oauth/token" => match credentials(seen) {
            Some((id, _)) => granted(&id),
            None => invalid_client(),
        },
        path if path.starts_with("/scim/v2/Users") => match seen.token() {
            Some(access) => {
                let tenant = access.trim_start_matches("access-for-");
                let known = format!("/scim/v2/Users/of-{tenant}");
                match (path == known, path.starts_with("/scim/v2/Users?")) {
                    (true, _) => Reply::Json(200, format!(r#"{{"id":"of-{tenant}"}}"#)),
                    (_, true) => Reply::Json(
                        200,
                        format!(r#"{{"Resources":[{{"id":"of-{tenant}"}}],"totalResults":1}}"#),
                    ),
                    _ => status(404),
                }
            }
            None => refused(),
        },
        _ => status(404),
    })
    .await;
    let probe = probe(&server);
    let first = token(TOKEN);
    assert_eq!(probe.compare_tenants(&first, &first).await, Tenancy::Same);
    let other = probe.compare_tenants(&second(), &first).await;
    assert!(matches!(other, Tenancy::Other(_)), "{other:?}");
    let mark = probe.mark_tenant(&first, None).await.expect("a mark");
    let other = probe.compare_with_mark(&second(), &mark).await;
    assert!(matches!(other, Tenancy::Gone(_)), "{other:?}");
    assert_eq!(probe.compare_with_mark(&first, &mark).await, Tenancy::Same);
}

#[tokio::test]
async fn a_secret_without_a_client_id_is_not_sent() {
    let server = provider(&[TOKEN], invalid_client).await;
    let endpoint = TokenEndpoint {
        client_id: None,
        ..endpoint(&server)
    };
    let probe = probe_at(&server, endpoint, ProbeConfig::default());
    let verdict = probe.prove(&token(TOKEN)).await;
    assert_eq!(short(verdict), Short::Unclear(Why::NoAccess));
    assert!(server.seen().iter().all(|s| s.target != "/oauth/token"));
}

/// The scopes of the access token: of the answer and of its claims, else those that were
/// asked for.
#[tokio::test]
async fn what_the_access_token_may_do_is_told_with_one_exchange() {
    let jwt = |claims: &str| {
        let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            part(r#"{"alg":"RS256"}"#),
            part(claims),
            part("signature")
        )
    };
    let cases = [
        (
            "opaque-access-1".to_owned(),
            "",
            vec!["scim.read", "scim.write"],
        ),
        (
            "opaque-access-1".to_owned(),
            r#","scope":"scim.read admin""#,
            vec!["admin", "scim.read"],
        ),
        (
            jwt(r#"{"scope":"scim.read directory"}"#),
            r#","scope":"scim.read""#,
            vec!["directory", "scim.read"],
        ),
    ];
    for (access, scope, expected) in cases {
        let body = format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":300{scope}}}"#
        );
        let server = Server::start(move |_| Reply::Json(200, body.clone())).await;
        let allowed = probe(&server).allowed(&token(TOKEN)).await;
        let names = allowed.access.expect("told").names;
        assert_eq!(names, expected, "{access} {scope}");
        assert_eq!(server.seen().len(), 1, "one exchange, and no URL to read");
    }
    // A token that is sent as it is is not exchanged.
    let server = Server::start(|_| refused()).await;
    let allowed = server.probe().allowed(&token(TOKEN)).await;
    assert_eq!(allowed.access, None);
    assert_eq!(server.seen().len(), 0);
}
