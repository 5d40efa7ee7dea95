//! What a token endpoint and an API get where a key of ours signs, or where
//! somebody else's token is passed on.

use axum::http::HeaderMap;

use super::super::signing::tests::{CERTIFICATE, P256, RSA};
use super::endpoint::{Endpoint, Named, http, parts, value};
use super::*;
use crate::clock::Clock as _;
use crate::http::message::Answer;

#[tokio::test]
async fn a_client_assertion_names_key_client_and_endpoint_and_is_never_used_twice() {
    let endpoint = Endpoint::granting().await;
    let secrets = Named::new(&[("KEY", &[RSA]), ("CERT", &[CERTIFICATE])]);
    let settings = "client_id = 'client-1'\nkey = { private_key = { env = 'KEY' }, certificate = { env = 'CERT' }, thumbprint = 'x5t', algorithm = 'PS256' }";
    let granted = endpoint.log_in(settings, &secrets).await.expect("granted");
    assert_eq!(granted.expose(), "granted");
    let form = endpoint.form();
    assert_eq!(value(&form, "grant_type"), "client_credentials");
    assert_eq!(value(&form, "client_id"), "client-1");
    assert_eq!(
        value(&form, "client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let first = value(&form, "client_assertion").to_owned();
    let (header, claims) = parts(&first);
    assert_eq!(header["alg"], "PS256");
    assert_eq!(header["x5t"], "po3yyB9dqkERTUO8bSSJWUWc2v8");
    let url = endpoint.server.url.join("token").expect("a URL");
    assert_eq!(claims["iss"], "client-1");
    assert_eq!(claims["sub"], "client-1");
    assert_eq!(claims["aud"], url.as_str());
    let now = SystemClock.now().as_second();
    let time = |name: &str| claims[name].as_i64().expect("a time") - now;
    assert!((-15..=-10).contains(&time("iat")), "{}", time("iat"));
    assert_eq!(time("iat"), time("nbf"));
    assert!((115..=120).contains(&time("exp")), "{}", time("exp"));
    let again = endpoint.log_in(settings, &secrets).await;
    again.expect("granted");
    let form = endpoint.form();
    let (_, second) = parts(value(&form, "client_assertion"));
    assert_ne!(claims["jti"], second["jti"]);
    assert!(second["jti"].as_str().is_some_and(|id| id.len() >= 32));
}

#[tokio::test]
async fn an_assertion_from_a_file_is_passed_on_as_it_is_now() {
    let endpoint = Endpoint::granting().await;
    let secrets = Named::new(&[("JWT", &["aaa.bbb.ccc\n"])]);
    let settings = "client_id = 'client-1'\nclient_assertion = { env = 'JWT' }";
    endpoint.log_in(settings, &secrets).await.expect("granted");
    let form = endpoint.form();
    assert_eq!(value(&form, "client_assertion"), "aaa.bbb.ccc");
    assert_eq!(value(&form, "client_id"), "client-1");
    let refusing = Endpoint::start(|form| {
        let assertion = value(form, "client_assertion");
        let granted = assertion == "new.bbb.ccc";
        let refused = json!({ "error": "invalid_client", "error_description": assertion });
        let status = if granted { 200 } else { 401 };
        let granted = json!({ "access_token": "granted" });
        (status, if status == 200 { granted } else { refused })
    });
    let refusing = refusing.await;
    let secrets = Named::new(&[("JWT", &["old.bbb.ccc", "new.bbb.ccc"])]);
    refusing.log_in(settings, &secrets).await.expect("granted");
    assert_eq!(refusing.forms.lock().len(), 2);
}

#[tokio::test]
async fn a_jwt_bearer_grant_carries_the_claims_of_its_service_account() {
    let endpoint = Endpoint::granting().await;
    let secrets = Named::new(&[("KEY", &[RSA])]);
    let settings = "[oauth2.grant.jwt_bearer]\nkey = { private_key = { env = 'KEY' }, key_id = 'k1', lifetime = '1h' }\nissuer = 'robot@example.com'\nsubject = 'admin@example.com'\naudience = 'https://login.example.com'\nclaims = { scope = 'https://scopes.example.com/a' }";
    endpoint.log_in(settings, &secrets).await.expect("granted");
    let form = endpoint.form();
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["assertion", "grant_type"]);
    assert_eq!(
        value(&form, "grant_type"),
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    );
    let (header, claims) = parts(value(&form, "assertion"));
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(claims["iss"], "robot@example.com");
    assert_eq!(claims["sub"], "admin@example.com");
    assert_eq!(claims["aud"], "https://login.example.com");
    assert_eq!(claims["scope"], "https://scopes.example.com/a");
    let life = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(life, 3610);
}

#[tokio::test]
async fn a_token_is_exchanged_with_all_that_the_standard_names() {
    let endpoint = Endpoint::granting().await;
    let secrets = Named::new(&[
        ("SUBJECT", &["subject.jwt.x\n"]),
        ("ACTOR", &["actor-token"]),
        ("SECRET", &["client-secret"]),
    ]);
    let settings = "client_id = 'client-1'\nclient_secret = { env = 'SECRET' }\nmethod = 'post'\naudience = 'api'\nscopes = ['a', 'b']\n[oauth2.grant.token_exchange]\nsubject_token = { env = 'SUBJECT' }\nactor_token = { env = 'ACTOR' }\nactor_token_type = 'urn:ietf:params:oauth:token-type:access_token'\nrequested_token_type = 'urn:ietf:params:oauth:token-type:access_token'\nresource = 'https://api.example.com'";
    endpoint.log_in(settings, &secrets).await.expect("granted");
    let mut form = endpoint.form();
    form.sort();
    let pairs: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected = [
        ("actor_token", "actor-token"),
        (
            "actor_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("audience", "api"),
        ("client_id", "client-1"),
        ("client_secret", "client-secret"),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("resource", "https://api.example.com"),
        ("scope", "a b"),
        ("subject_token", "subject.jwt.x"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    assert_eq!(pairs, expected);
}

#[tokio::test]
async fn a_client_whose_certificate_speaks_for_it_sends_its_id_alone() {
    let endpoint = Endpoint::granting().await;
    let settings = "client_id = 'client-1'\nmethod = 'tls_client_auth'";
    let secrets = Named::new(&[]);
    endpoint.log_in(settings, &secrets).await.expect("granted");
    let form = endpoint.form();
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client_id", "grant_type"]);
}

#[tokio::test]
async fn a_key_pair_token_is_made_for_each_request_and_the_key_read_again_after_a_401() {
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let noting = Arc::clone(&seen);
    let api = get(async move |headers: HeaderMap| {
        let mut seen = noting.lock();
        seen.push(headers);
        if seen.len() == 1 { 401 } else { 200 }
            .try_into()
            .map(|status: axum::http::StatusCode| status)
            .expect("a status")
    });
    let server = Server::serving(Router::new().route("/api", api)).await;
    let settings = "[jwt]\nissuer = 'ACME.ROBOT'\nissuer_key_fingerprint = true\nsubject = 'ACME.ROBOT'\nkey = { private_key = { env = 'KEY' } }";
    let auth: CallerAuth = toml::from_str(settings).expect("settings");
    let send = async |values: &[&str]| -> Answer {
        let secrets = Arc::new(Named::new(&[("KEY", values)]));
        let caller = Caller::new(auth.clone(), http(), secrets);
        let url = server.url.join("api").expect("a URL");
        let request = Request::new(Method::GET, url, "test");
        caller.send(request).await.expect("an answer")
    };
    assert_eq!(send(&[P256]).await.status, 401, "the key is the same");
    assert_eq!(seen.lock().len(), 1);
    seen.lock().clear();
    assert_eq!(send(&[P256, RSA]).await.status, 200);
    let headers: Vec<_> = seen.lock().drain(..).collect();
    assert_eq!(headers.len(), 2);
    let sent = headers[1]["authorization"].to_str().expect("text");
    let token = sent.strip_prefix("Bearer ").expect("a bearer token");
    let (header, claims) = parts(token);
    assert_eq!(header["alg"], "RS256");
    assert_eq!(
        claims["iss"],
        "ACME.ROBOT.SHA256:b9E8JDWjYefFiM0X9V9a098Bd6ZsFyemogCEX016uIw="
    );
    assert_eq!(claims["sub"], "ACME.ROBOT");
    assert!(claims.get("aud").is_none());
}

/// A server may quote what it refuses: it is masked, whether it was read or made.
#[tokio::test]
async fn a_refused_assertion_is_quoted_by_nobody_and_the_remedy_fits_the_method() {
    let refusing = Endpoint::start(|form| {
        let quoted = ["client_assertion", "assertion", "subject_token"];
        let found = form.iter().find(|(n, _)| quoted.contains(&n.as_str()));
        let quoted = found.map_or("", |(_, value)| value.as_str());
        (400, json!({ "error": quoted }))
    })
    .await;
    let secrets = Named::new(&[("KEY", &[RSA]), ("JWT", &["canary.bbb.ccc"])]);
    let rule = "answers = [{ means = 'unauthorized', status = 400 }]\nerror = { code = '/error' }";
    let rows = [
        "client_id = 'c'\nkey.private_key = { env = 'KEY' }".to_owned(),
        "client_id = 'c'\nclient_assertion = { env = 'JWT' }".to_owned(),
        "grant.jwt_bearer = { issuer = 'i', key.private_key = { env = 'KEY' } }".to_owned(),
        "grant.token_exchange = { subject_token = { env = 'JWT' } }".to_owned(),
    ];
    for row in rows {
        let refused = refusing.log_in(&format!("{row}\n{rule}"), &secrets).await;
        let fault = refused.expect_err("the rule says so");
        assert!(!fault.message.contains("eyJ"), "{fault}");
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    let said = async |error: &'static str, settings: &str| {
        let endpoint = Endpoint::start(move |_| (400, json!({ "error": error }))).await;
        let fault = endpoint.log_in(settings, &secrets).await;
        fault.expect_err("refused")
    };
    let key = "client_id = 'c'\nkey.private_key = { env = 'KEY' }";
    let fault = said("invalid_client", key).await;
    assert_eq!(fault.class, FaultClass::Unauthorized);
    assert!(fault.message.contains("clock of this machine"), "{fault}");
    let exchange = "grant.token_exchange = { subject_token = { env = 'JWT' } }";
    let fault = said("invalid_grant", exchange).await;
    assert_eq!(fault.class, FaultClass::Unauthorized);
    assert!(fault.message.contains("subject_token"), "{fault}");
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_named_and_nothing_is_sent() {
    let endpoint = Endpoint::granting().await;
    let secrets = Named::new(&[
        ("KEY", &["canary"]),
        ("CERT", &[CERTIFICATE]),
        ("EC", &[P256]),
    ]);
    for (settings, named) in [
        ("key.private_key = { env = 'KEY' }", "variable KEY"),
        (
            "key = { private_key = { env = 'EC' }, certificate = { env = 'CERT' } }",
            "variable CERT",
        ),
    ] {
        let settings = format!("client_id = 'c'\n{settings}");
        let fault = endpoint.log_in(&settings, &secrets).await;
        let fault = fault.expect_err("refused");
        assert_eq!(fault.class, FaultClass::Rejected, "{fault}");
        assert!(fault.message.contains(named), "{fault}");
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    assert!(endpoint.forms.lock().is_empty());
}

#[test]
fn a_client_has_exactly_one_credential() {
    let rows = [
        ("client_id = 'c'\nclient_secret = { env = 'A' }", None),
        ("client_id = 'c'\nkey.private_key = { env = 'A' }", None),
        ("client_assertion = { env = 'A' }", None),
        ("client_id = 'c'\nmethod = 'tls_client_auth'", None),
        (
            "client_id = 'c'\nclient_secret = { env = 'A' }\nkey.algorithm = 'RS256'",
            None,
        ),
        (
            "grant.jwt_bearer = { issuer = 'i', key.private_key = { env = 'A' } }",
            None,
        ),
        ("grant.token_exchange.subject_token = { env = 'A' }", None),
        ("client_id = 'c'", Some("no credential")),
        ("client_secret = { env = 'A' }", Some("client id")),
        ("method = 'tls_client_auth'", Some("client id")),
        (
            "client_id = 'c'\nkey.algorithm = 'RS256'",
            Some("private key is missing"),
        ),
        (
            "client_id = 'c'\nclient_secret = { env = 'A' }\nclient_assertion = { env = 'B' }",
            Some("more than one"),
        ),
        (
            "client_id = 'c'\nclient_secret = { env = 'A' }\nmethod = 'tls_client_auth'",
            Some("more than one"),
        ),
        (
            "grant.jwt_bearer = { issuer = 'i', key = {} }",
            Some("private key is missing"),
        ),
        (
            "grant.jwt_bearer.key.private_key = { env = 'A' }",
            Some("who signs"),
        ),
        (
            "grant.jwt_bearer = { issuer = 'i', key.private_key = { env = 'A' }, claims.exp = '5' }",
            Some("set by the program"),
        ),
        (
            "client_id = 'c'\nkey = { private_key = { env = 'A' }, lifetime = '2h' }",
            Some("1 hour"),
        ),
    ];
    for (text, expected) in rows {
        let text = format!("[oauth2]\ntoken_url = 'https://idp.example.com/token'\n{text}");
        let auth: CallerAuth = toml::from_str(&text).expect("settings");
        let mut problems = crate::problem::Problems::default();
        auth.check(
            "auth",
            &crate::http::template::Names::default(),
            &mut problems,
        );
        let said: Vec<_> = problems.all().iter().map(|p| p.message.clone()).collect();
        match expected {
            None => assert!(said.is_empty(), "{text}: {said:?}"),
            Some(part) => {
                assert!(
                    said.len() == 1 && said[0].contains(part),
                    "{text}: {said:?}"
                );
            }
        }
    }
}
