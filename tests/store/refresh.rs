//! Refresh tokens that a server takes once, kept in a real Vault: before a token
//! endpoint that takes a second use for theft and ends the whole consent.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::clock::SystemClock;
use scim_rotator::fault::{Fault, FaultClass};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::issuers::{self, IssuerKind};
use scim_rotator::ports::kind::Deps;
use scim_rotator::ports::{Clock as _, IssueRequest, Issuer};
use scim_rotator::vault::VaultSecrets;
use scim_rotator::vault::refresh::VaultRefreshTokens;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::task::JoinSet;
use url::Url;

use super::bench::{config, file, session, token_login};
use super::support::cut::{Cut, Line};
use super::support::vault::RealVault;

const PATH: &str = "kv/data/refresh/crm";
const WRITE: &str = "[\"create\", \"read\", \"update\"]";

#[tokio::test]
async fn a_use_is_stored_before_it_and_the_successor_after_it() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let issuer = scene.issuer(WRITE).await;
    assert_eq!(issue(&issuer).await, Ok("access-2".to_owned()));
    let during = scene.endpoint.seen();
    assert_eq!(during["refresh_token"], "refresh-1");
    assert!(
        during["used_at"].is_string(),
        "before it was sent: {during}"
    );
    assert_eq!(issue(&issuer).await, Ok("access-3".to_owned()));
    let stored = scene.stored().await;
    let expected = json!({ "owner": "people team", "refresh_token": "refresh-3" });
    assert_eq!(stored, expected);
    assert_eq!(scene.endpoint.uses(), (2, true));
}

#[tokio::test]
async fn a_refresh_token_whose_answer_was_lost_is_not_sent_again() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let issuer = scene.issuer(WRITE).await;
    scene.line.set(Line::ResetAnswers);
    let lost = issue(&issuer).await.expect_err("a lost answer");
    assert_eq!(lost.class, FaultClass::Ambiguous, "{lost}");
    scene.line.set(Line::Open);
    // Another replica may be using it.
    let soon = issue(&issuer).await.expect_err("it may be in use");
    assert_eq!(soon.class, FaultClass::Conflict, "{soon}");
    let mut stored = scene.stored().await;
    let earlier = SystemClock.now() - SignedDuration::from_mins(10);
    stored["used_at"] = json!(earlier.to_string());
    scene.write(stored).await;
    let later = issue(&issuer).await.expect_err("nobody knows");
    assert_eq!(later.class, FaultClass::Rejected, "{later}");
    assert!(later.message.contains("consent again"), "{later}");
    assert_eq!(scene.endpoint.uses(), (1, true), "and the consent lives");

    // Where the server allows it, within half of its grace, it is sent again.
    let generous = scene.issuer_with(WRITE, ", grace = \"1h\"").await;
    scene.endpoint.forgive();
    assert_eq!(issue(&generous).await, Ok("access-3".to_owned()));

    // A person writes another one over a lost one.
    let wish =
        json!({ "refresh_token": "refresh-3", "used": "x", "used_at": "2026-01-01T00:00:00Z" });
    scene.write(wish).await;
    assert_eq!(issue(&issuer).await, Ok("access-4".to_owned()));
    assert_eq!(
        scene.stored().await,
        json!({ "refresh_token": "refresh-4" })
    );
}

#[tokio::test]
async fn a_refresh_token_that_the_server_did_not_take_may_be_sent_again() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let issuer = scene.issuer(WRITE).await;
    for (status, error, class) in [
        (401, "invalid_client", FaultClass::Unauthorized),
        (429, "slow_down", FaultClass::Throttled),
    ] {
        scene.endpoint.refuse(status, error);
        let fault = issue(&issuer).await.expect_err("a refusal");
        assert_eq!(fault.class, class, "{fault}");
        assert!(scene.stored().await["used_at"].is_null(), "{error}");
    }
    scene.line.set(Line::Reset);
    issue(&issuer).await.expect_err("nobody is there");
    scene.line.set(Line::Open);
    assert_eq!(scene.endpoint.uses(), (0, true));
}

#[tokio::test]
async fn a_consent_that_the_server_ended_is_not_asked_for_again() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let issuer = scene.issuer(WRITE).await;
    scene.endpoint.refuse(400, "invalid_grant");
    issue(&issuer).await.expect_err("it has ended");
    let again = issue(&issuer).await.expect_err("nothing is sent");
    assert!(again.message.contains("kv/refresh/crm"), "{again}");
    assert!(scene.stored().await["used_at"].is_string());
    assert_eq!(scene.endpoint.asked(), 1);
}

#[tokio::test]
async fn nothing_is_sent_if_the_successor_could_not_be_stored_or_another_replica_uses_it() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let reader = scene.issuer("[\"read\"]").await;
    let fault = issue(&reader).await.expect_err("it may not be written");
    assert_eq!(fault.class, FaultClass::Unauthorized, "{fault}");
    assert_eq!(scene.endpoint.asked(), 0);

    let (one, other) = (scene.issuer(WRITE).await, scene.issuer(WRITE).await);
    let both = tokio::join!(issue(&one), issue(&other));
    let both = [both.0, both.1];
    let refused = both.iter().filter_map(|result| result.as_ref().err());
    for fault in refused {
        assert_eq!(fault.class, FaultClass::Conflict, "{fault}");
    }
    assert!(both.iter().any(Result::is_ok), "{both:?}");
    let (_, alive) = scene.endpoint.uses();
    assert!(alive, "no refresh token was sent twice: {both:?}");
}

/// A token endpoint, and what Vault held when it was asked.
#[derive(Clone)]
struct Endpoint(Arc<Mutex<Server>>);

struct Server {
    vault: (Url, String),
    number: u32,
    alive: bool,
    forgiving: bool,
    uses: usize,
    asked: usize,
    refusal: Option<(u16, &'static str)>,
    seen: Value,
}

impl Endpoint {
    fn uses(&self) -> (usize, bool) {
        let server = self.0.lock();
        (server.uses, server.alive)
    }

    fn asked(&self) -> usize {
        self.0.lock().asked
    }

    fn seen(&self) -> Value {
        self.0.lock().seen.clone()
    }

    fn refuse(&self, status: u16, error: &'static str) {
        self.0.lock().refusal = Some((status, error));
    }

    fn forgive(&self) {
        self.0.lock().forgiving = true;
    }

    fn answer(&self, given: &str) -> Response {
        let mut server = self.0.lock();
        server.asked += 1;
        if let Some((status, error)) = server.refusal.take() {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, Json(json!({ "error": error }))).into_response();
        }
        server.uses += 1;
        let is_current = given == format!("refresh-{}", server.number);
        if !is_current && !server.forgiving {
            server.alive = false;
        }
        if !server.alive {
            let body = Json(json!({ "error": "invalid_grant" }));
            return (StatusCode::BAD_REQUEST, body).into_response();
        }
        server.number += 1;
        let n = server.number;
        Json(json!({
            "access_token": format!("access-{n}"),
            "refresh_token": format!("refresh-{n}"),
            "expires_in": 3600,
        }))
        .into_response()
    }
}

#[derive(serde::Deserialize)]
struct Asked {
    grant_type: String,
    refresh_token: String,
}

async fn token(State(endpoint): State<Endpoint>, Form(asked): Form<Asked>) -> Response {
    assert_eq!(asked.grant_type, "refresh_token");
    let (url, root) = endpoint.0.lock().vault.clone();
    let vault = RealVault::elsewhere(url, &root);
    let (_, mut body) = vault.api("GET", PATH, Value::Null).await;
    endpoint.0.lock().seen = body["data"]["data"].take();
    endpoint.answer(&asked.refresh_token)
}

struct Scene {
    vault: RealVault,
    endpoint: Endpoint,
    line: Cut,
    secret: NamedTempFile,
    _server: JoinSet<()>,
}

impl Scene {
    async fn start() -> Option<Self> {
        let vault = RealVault::start_dev().await?;
        vault.mount_kv("kv").await;
        let endpoint = Endpoint(Arc::new(Mutex::new(Server {
            vault: (vault.url().clone(), vault.root_token().to_owned()),
            number: 1,
            alive: true,
            forgiving: false,
            uses: 0,
            asked: 0,
            refusal: None,
            seen: Value::Null,
        })));
        let app = Router::new().route("/token", post(token));
        let app = app.with_state(endpoint.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        let url = Url::parse(&format!("http://{address}")).expect("a URL");
        let scene = Self {
            vault,
            endpoint,
            line: Cut::start(&url).await,
            secret: file("client-secret"),
            _server: server,
        };
        let first = json!({ "owner": "people team", "refresh_token": "refresh-1" });
        scene.write(first).await;
        Some(scene)
    }

    async fn stored(&self) -> Value {
        let mut body = self.vault.must("GET", PATH, Value::Null).await;
        body["data"]["data"].take()
    }

    async fn write(&self, fields: Value) {
        let wish = json!({ "data": fields });
        self.vault.must("POST", PATH, wish).await;
    }

    async fn issuer(&self, capabilities: &str) -> Arc<dyn Issuer> {
        self.issuer_with(capabilities, "").await
    }

    /// The issuer, whose login to Vault has these capabilities.
    async fn issuer_with(&self, capabilities: &str, more: &str) -> Arc<dyn Issuer> {
        let policy = format!("path \"{PATH}\" {{ capabilities = {capabilities} }}");
        let name = format!("refresh-{}", capabilities.len());
        self.vault.policy(&name, &policy).await;
        let wish = json!({ "policies": [name], "ttl": "1h" });
        let made = self.vault.must("POST", "auth/token/create", wish).await;
        let login = file(made["auth"]["client_token"].as_str().expect("a token"));
        let session = session(&config(self.vault.url(), &token_login(&login), ""));
        session.login().await.expect("logs in");
        let text = format!(
            "[oauth2]\ntoken_url = \"{}token\"\nclient_id = \"crm\"\nclient_secret = {{ file = {:?} }}\nrefresh = {{ vault_path = \"kv/refresh/crm\", issue_effect = \"keeps\"{more} }}",
            self.line.url,
            self.secret.path()
        );
        let kind: IssuerKind = toml::from_str(&text).expect("settings");
        let clock = Arc::new(SystemClock);
        let (settings, observer) = (ClientSettings::default(), Arc::new(NoObserver));
        let http = Client::new(&settings, Target::Sp, clock.clone(), observer);
        let memory = SignedDuration::from_mins(5);
        let deps = Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: Some(Arc::new(VaultRefreshTokens::new(Arc::clone(&session)))),
            fired: None,
            http: http.expect("a client"),
            secrets: Arc::new(VaultSecrets::new(session, clock.clone(), memory)),
            clock,
        };
        issuers::build("crm", &kind, &deps).expect("an issuer")
    }
}

/// The access token, whose end is told.
async fn issue(issuer: &Arc<dyn Issuer>) -> Result<String, Fault> {
    let request = IssueRequest {
        token: "crm".to_owned(),
        label: "scim-rotator-crm-1".to_owned(),
        lifetime: None,
        overlap: SignedDuration::ZERO,
        etag: None,
        chosen: None,
        current: None,
    };
    let issued = issuer.issue(&request).await;
    match &issued {
        Ok(token) => assert!(token.expires_at > Some(Timestamp::UNIX_EPOCH)),
        Err(fault) => assert!(!fault.message.contains("refresh-"), "{fault}"),
    }
    issued.map(|token| token.value.expose().to_owned())
}
