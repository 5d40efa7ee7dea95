use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use parking_lot::Mutex;
use serde_json::json;
use url::Url;

use super::*;
use crate::clock::SystemClock;
use crate::fault::{Fault, FaultClass};
use crate::http::exchange::ErrorPlaces;
use crate::http::template::Template;
use crate::http::{Client, ClientSettings, NoObserver, Request, Target};
use crate::secret::resolve::{Resolved, Secrets};
use crate::secret::{SecretRef, SecretText};
use crate::value::Credential;

mod assertions;
mod endpoint;

/// Every reference is this text.
struct Text(String);

#[async_trait]
impl Secrets for Text {
    async fn resolve(&self, _: &SecretRef) -> Result<Resolved, Fault> {
        let value = SecretText::parse(self.0.as_str()).expect("a credential");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

/// A server that notes headers, and grants this access token.
struct Server {
    url: Url,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Server {
    async fn start(access_token: &str) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noting, token) = (Arc::clone(&seen), access_token.to_owned());
        let api = get(async move |headers: HeaderMap| noting.lock().push(headers));
        let granted = Json(json!({ "access_token": token, "token_type": "Bearer" }));
        let token = post(async move || granted.clone());
        let routes = Router::new().route("/api", api).route("/token", token);
        Self {
            seen,
            ..Self::serving(routes).await
        }
    }

    #[expect(clippy::disallowed_methods, reason = "it lives as long as its test")]
    async fn serving(routes: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async { axum::serve(listener, routes).await });
        let url = Url::parse(&format!("http://{address}/")).expect("a URL");
        let seen = Arc::default();
        Self { url, seen }
    }

    /// One call by this caller; what stood in the header.
    async fn call(
        &self,
        auth: CallerAuth,
        credential: &str,
        header: &str,
    ) -> Result<String, Fault> {
        let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
        let client = Client::new(&ClientSettings::default(), Target::Idp, clock, observer);
        let secrets = Arc::new(Text(credential.to_owned()));
        let caller = Caller::new(auth, client.expect("a client"), secrets);
        let api = self.url.join("api").expect("a URL");
        let answer = caller.send(Request::new(Method::GET, api, "test")).await?;
        assert_eq!(answer.status, 200);
        let seen = self.seen.lock().pop().expect("a request");
        Ok(seen[header].to_str().expect("text").to_owned())
    }

    fn oauth2(&self) -> CallerAuth {
        CallerAuth::Oauth2(Box::new(ClientCredentials {
            token_url: Template::new(self.url.join("token").expect("a URL").as_str()),
            client_id: Some(Template::new("client")),
            client_secret: Some(reference()),
            method: ClientAuthMethod::Basic,
            key: None,
            client_assertion: None,
            assertion_audience: None,
            grant: Grant::ClientCredentials,
            scopes: Vec::new(),
            audience: None,
            params: Default::default(),
            encoding: GrantEncoding::Form,
            answers: Vec::new(),
            error: ErrorPlaces::default(),
            read: GrantRead::default(),
        }))
    }
}

fn reference() -> Credential {
    Credential(SecretRef::Env("CALLER_KEY".to_owned()))
}

#[tokio::test]
async fn credentials_that_are_no_tokens_are_sent_as_they_are() {
    let long = format!("ey.{}", "x".repeat(6 * 1024));
    let server = Server::start(&long).await;
    let sent = server.call(CallerAuth::Bearer(reference()), &long, "authorization");
    assert_eq!(sent.await, Ok(format!("Bearer {long}")));
    let sent = server.call(server.oauth2(), "any\nsecret", "authorization");
    assert_eq!(sent.await, Ok(format!("Bearer {long}")));
    let key = CallerAuth::Headers(vec![AuthHeader {
        name: "X-Api-Key".to_owned(),
        scheme: None,
        value: reference(),
    }]);
    let sent = server.call(key, "two words", "x-api-key").await;
    assert_eq!(sent.as_deref(), Ok("two words"));
    let password = " Paß wört\n";
    let basic = CallerAuth::Basic {
        username: Template::new("admin"),
        password: reference(),
    };
    let sent = server.call(basic, password, "authorization").await;
    let pair = STANDARD.encode(format!("admin:{password}"));
    assert_eq!(sent, Ok(format!("Basic {pair}")));
}

#[tokio::test]
async fn a_credential_that_no_header_can_carry_is_named_and_nothing_is_sent() {
    let server = Server::start("canary\ntoken").await;
    let bearer = CallerAuth::Bearer(reference());
    let header = CallerAuth::Headers(vec![AuthHeader {
        name: "Authorization".to_owned(),
        scheme: Some("SSWS".to_owned()),
        value: reference(),
    }]);
    let host = server.url.authority().to_owned();
    let access = format!("the access token from {host}");
    let env = "environment variable CALLER_KEY".to_owned();
    for (auth, named) in [(bearer, &env), (header, &env), (server.oauth2(), &access)] {
        let fault = server.call(auth, "canary\nkey", "authorization").await;
        let fault = fault.expect_err("refused");
        assert_eq!(fault.class, FaultClass::Rejected, "{fault}");
        assert!(fault.message.contains(named.as_str()), "{fault}");
        assert!(fault.message.contains("line end"), "{fault}");
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    assert!(server.seen.lock().is_empty());
}

/// The client secret is read again also where only a rule of the configuration
/// says that the answer refuses it.
#[tokio::test]
async fn a_rule_that_refuses_the_client_has_its_secret_read_again() {
    struct Replaced(Mutex<Vec<&'static str>>);
    #[async_trait]
    impl Secrets for Replaced {
        async fn resolve(&self, _: &SecretRef) -> Result<Resolved, Fault> {
            let newest = self.0.lock().last().copied().expect("a secret");
            Text(newest.to_owned()).resolve(&reference().0).await
        }

        fn refused(&self, _: &SecretRef) {
            self.0.lock().push("new-secret");
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&seen);
    let token = post(async move |headers: HeaderMap| {
        noting.lock().push(headers);
        Json(json!({ "status": "failed" }))
    });
    let server = Server::serving(Router::new().route("/token", token)).await;
    let CallerAuth::Oauth2(mut client) = server.oauth2() else {
        unreachable!("it is that");
    };
    let rule =
        "means = 'unauthorized'\nstatus = 200\nwhen = [{ at = '/status', equals = 'failed' }]";
    client.answers.push(toml::from_str(rule).expect("a rule"));
    let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
    let http = Client::new(&ClientSettings::default(), Target::Idp, clock, observer);
    let secrets = Replaced(Mutex::new(vec!["old-secret"]));
    let login = login(&http.expect("a client"), &secrets, &client, "login", None).await;
    assert_eq!(
        login.err().map(|fault| fault.class),
        Some(FaultClass::Unauthorized)
    );
    let sent: Vec<String> = seen
        .lock()
        .iter()
        .map(|h| h["authorization"].to_str().expect("text").to_owned())
        .collect();
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("client:{secret}")));
    assert_eq!(sent, [basic("old-secret"), basic("new-secret")]);
}

#[tokio::test]
async fn a_server_that_quotes_the_client_secret_is_quoted_without_it() {
    let server = Server::start("canary-secret").await;
    let CallerAuth::Oauth2(mut client) = server.oauth2() else {
        unreachable!("it is that");
    };
    let rule = toml::from_str("means = 'unauthorized'\nstatus = 200").expect("a rule");
    client.answers.push(rule);
    client.error = toml::from_str("code = '/token_type'\ntext = '/access_token'").expect("places");
    let refused = server.call(CallerAuth::Oauth2(client), "canary-secret", "authorization");
    let fault = refused.await.expect_err("the rule says so");
    assert_eq!(fault.class, FaultClass::Unauthorized);
    assert!(
        fault.message.contains("it says: Bearer: "),
        "{}",
        fault.message
    );
    assert!(!fault.message.contains("canary"), "{}", fault.message);
}
