//! A token with a trust, and the servers of both sides, which answer what a test says.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::SignedDuration;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::clock::{Clock, SystemClock};
use crate::fault::Fault;
use crate::http::{Client, ClientSettings, NoObserver, Target};
use crate::scim::credential::{SecretPlace, TokenEndpoint};
use crate::scim::federated::config::Federated;
use crate::scim::federated::sight::{Look, Part, Source};
use crate::scim::federated::verdict::{Standing, Word, judge};
use crate::scim::federated::watch::{Federation, Parts, Watch};
use crate::scim::jwt::tests::jwt;
use crate::secret::resolve::{Resolved, Secrets};
use crate::secret::{SecretRef, SecretText};

/// As long as subjects are: texts of an answer that are as long count as secret in
/// errors, and not here.
pub(super) const SUBJECT: &str = "797805b9-03a4-4ccf-841e-4185affb9a3c";

/// Both sides. A test changes one thing.
#[derive(Clone)]
pub(super) struct World {
    pub(super) issuer_named: Value,
    pub(super) discovery_status: u16,
    pub(super) keys: Value,
    pub(super) keys_status: u16,
    pub(super) trust: Value,
    pub(super) trust_status: u16,
    /// What the token endpoint answers to an assertion that it does not accept.
    pub(super) refusal: (u16, Value),
    pub(super) token_status: u16,
    pub(super) accepts_forged: bool,
    pub(super) scim_status: u16,
    pub(super) claims: Value,
    pub(super) key_id: &'static str,
    pub(super) asked: Vec<String>,
}

pub(super) struct Stage {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) watch: Watch,
    pub(super) standing: Option<Standing>,
}

struct Assertions(Arc<Mutex<World>>);

#[async_trait]
impl Secrets for Assertions {
    async fn resolve(&self, _: &SecretRef) -> Result<Resolved, Fault> {
        let world = self.0.lock();
        let header = json!({ "alg": "RS256", "kid": world.key_id }).to_string();
        let text = jwt(&header, &world.claims.to_string());
        let value = SecretText::parse(format!("{text}\n")).expect("a credential");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

type Shared = State<Arc<Mutex<World>>>;
type Said = (StatusCode, Json<Value>);

fn said(status: u16, body: Value) -> Said {
    (StatusCode::from_u16(status).expect("a status"), Json(body))
}

async fn token(State(world): Shared, body: Bytes) -> Said {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut world = world.lock();
    let mut names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    world.asked.push(names.join(" "));
    if world.token_status >= 429 {
        return said(world.token_status, json!({}));
    }
    let given = form.iter().find(|(name, _)| {
        ["client_assertion", "assertion", "subject_token"].contains(&name.as_str())
    });
    let signed = given.is_some_and(|(_, text)| text.ends_with(".c2lnbmF0dXJl"));
    match world.token_status == 200 && (signed || world.accepts_forged) {
        true => said(
            200,
            json!({ "access_token": "access-1", "token_type": "Bearer" }),
        ),
        false => said(world.refusal.0, world.refusal.1.clone()),
    }
}

async fn scim(State(world): Shared, uri: Uri, headers: HeaderMap) -> Said {
    let world = world.lock();
    if uri.path().ends_with("ServiceProviderConfig") {
        return said(404, json!({}));
    }
    let own = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let own = own.is_some_and(|text| text == "Bearer access-1" || text.ends_with(".c2lnbmF0dXJl"));
    match own {
        true if world.scim_status == 200 => said(
            200,
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": [] }),
        ),
        true => said(world.scim_status, json!({})),
        false => said(401, json!({})),
    }
}

/// What the configuration says besides issuer, audience and subject.
const BOTH: &str = r#"
assertion = { env = "ASSERTION" }
[trust]
address = "ADDRESS"
lookups = [{ name = "client", url = "/trust", answers = [{ status = 404, means = "gone" }] }]
issuer = "/issuer"
audience = "/audiences"
subject = "/jwt.credential.sub"
keys = { step = "client", at = "/keys" }
"#;

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(BOTH).await
    }

    pub(super) async fn with(more: &str) -> Self {
        let now = SystemClock.now();
        let world = World {
            issuer_named: Value::Null,
            discovery_status: 200,
            keys: json!([{ "kty": "oct", "kid": "k1" }, { "kty": "oct", "kid": "k2" }]),
            keys_status: 200,
            trust: json!({
                "issuer": "ISSUER", "audiences": ["other", "sp"], "jwt.credential.sub": SUBJECT,
                "keys": ["k1", "k2"],
            }),
            trust_status: 200,
            refusal: (401, json!({ "error": "invalid_client" })),
            token_status: 200,
            accepts_forged: false,
            scim_status: 200,
            claims: json!({
                "iss": "ISSUER", "sub": SUBJECT, "aud": ["sp"],
                "exp": (now + SignedDuration::from_hours(1)).as_second(),
            }),
            key_id: "k1",
            asked: Vec::new(),
        };
        let world = Arc::new(Mutex::new(world));
        let address = serve(&world).await;
        {
            let mut world = world.lock();
            world.issuer_named = json!(address);
            world.claims["iss"] = json!(address);
            world.trust["issuer"] = json!(address);
        }
        let text = format!(
            "issuer = \"{address}\"\naudience = \"sp\"\nsubject = \"{SUBJECT}\"\n{}",
            more.replace("ADDRESS", &address)
        );
        let federated: Federated = toml::from_str(&text).expect("settings");
        let mut problems = crate::problem::Problems::default();
        federated.check("t", &mut problems);
        assert!(problems.all().is_empty(), "{problems:?}");
        let url = |path: &str| format!("{address}{path}").parse().expect("a URL");
        let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
        let client = Client::new(&ClientSettings::default(), Target::Sp, clock, observer);
        let parts = Parts {
            token: "hr".to_owned(),
            scim_url: url("/scim"),
            endpoint: Some(Arc::new(TokenEndpoint {
                token_url: url("/token"),
                client_id: Some("provisioner".to_owned()),
                scopes: vec!["scim".to_owned()],
                place: SecretPlace::Post,
                params: Default::default(),
            })),
            probe: Default::default(),
            client: client.expect("a client"),
            secrets: Arc::new(Assertions(Arc::clone(&world))),
            clock: Arc::new(SystemClock),
        };
        Self {
            world,
            watch: Watch::new(&federated, parts),
            standing: None,
        }
    }

    pub(super) async fn look(&mut self) -> Look {
        let look = self.watch.look().await;
        let now = SystemClock.now();
        self.standing = Some(judge(self.standing.as_ref(), &look, now));
        look
    }

    pub(super) async fn looks(&mut self, times: usize) -> Word {
        for _ in 0..times {
            self.look().await;
        }
        self.standing.as_ref().expect("a look").word()
    }

    /// What is broken: part and place.
    pub(super) fn broken(&self) -> Vec<(Part, Source)> {
        let standing = self.standing.as_ref().expect("a look");
        let breaks = standing.breaks();
        breaks.map(|(mark, _)| (mark.part, mark.source)).collect()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock());
    }
}

#[expect(clippy::disallowed_methods, reason = "it lives as long as its test")]
async fn serve(world: &Arc<Mutex<World>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let jwks = format!("{address}/keys");
    let routes = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async move |State(world): Shared| {
                let world = world.lock();
                let body = json!({ "issuer": world.issuer_named, "jwks_uri": jwks });
                said(world.discovery_status, body)
            }),
        )
        .route(
            "/keys",
            get(async |State(world): Shared| {
                let world = world.lock();
                said(world.keys_status, json!({ "keys": world.keys }))
            }),
        )
        .route(
            "/trust",
            get(async |State(world): Shared| {
                let world = world.lock();
                said(world.trust_status, world.trust.clone())
            }),
        )
        .route("/token", post(token))
        .route("/scim/{*rest}", get(scim))
        .with_state(Arc::clone(world));
    tokio::spawn(async { axum::serve(listener, routes).await });
    address
}
