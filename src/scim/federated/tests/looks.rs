//! Looks at servers that answer what a test says.

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
use crate::scim::federated::sight::{Look, Part, Saw, Source};
use crate::scim::federated::verdict::{Standing, Word, judge};
use crate::scim::federated::watch::{Federation, Parts, Watch};
use crate::scim::jwt::tests::jwt;
use crate::secret::resolve::{Resolved, Secrets};
use crate::secret::{SecretRef, SecretText};

/// As long as subjects are: texts of an answer that are as long count as secret in
/// errors, and not here.
const SUBJECT: &str = "797805b9-03a4-4ccf-841e-4185affb9a3c";

/// Both sides. A test changes one thing.
#[derive(Clone)]
struct World {
    issuer_named: Value,
    discovery_status: u16,
    keys: Value,
    keys_status: u16,
    trust: Value,
    trust_status: u16,
    /// What the token endpoint answers to an assertion that it does not accept.
    refusal: (u16, Value),
    token_status: u16,
    accepts_forged: bool,
    scim_status: u16,
    claims: Value,
    key_id: &'static str,
    asked: Vec<String>,
}

struct Stage {
    world: Arc<Mutex<World>>,
    watch: Watch,
    standing: Option<Standing>,
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
    async fn new() -> Self {
        Self::with(BOTH).await
    }

    async fn with(more: &str) -> Self {
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

    async fn look(&mut self) -> Look {
        let look = self.watch.look().await;
        let now = SystemClock.now();
        self.standing = Some(judge(self.standing.as_ref(), &look, now));
        look
    }

    async fn looks(&mut self, times: usize) -> Word {
        for _ in 0..times {
            self.look().await;
        }
        self.standing.as_ref().expect("a look").word()
    }

    /// What is broken: part and place.
    fn broken(&self) -> Vec<(Part, Source)> {
        let standing = self.standing.as_ref().expect("a look");
        let breaks = standing.breaks();
        breaks.map(|(mark, _)| (mark.part, mark.source)).collect()
    }

    fn change(&self, change: impl FnOnce(&mut World)) {
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

#[tokio::test]
async fn both_sides_agree() {
    let mut stage = Stage::new().await;
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Trusted, "{look:#?}");
    let shown: Vec<_> = look.sights.iter().map(|sight| sight.source).collect();
    for source in [
        Source::Discovery,
        Source::Keys,
        Source::Assertion,
        Source::Trust,
        Source::TokenEndpoint,
        Source::Scim,
    ] {
        assert!(shown.contains(&source), "{source:?}: {look:#?}");
    }
    let asked = stage.world.lock().asked.clone();
    let form = "client_assertion client_assertion_type client_id grant_type scope";
    assert_eq!(asked, [form, form], "the assertion, and a wrong one");
}

/// Each of the four, really changed at one side.
#[tokio::test]
async fn each_part_that_is_changed_is_named() {
    type Change = fn(&mut World);
    let cases: [(Change, &[(Part, Source)]); 11] = [
        (
            |w| w.issuer_named = json!("https://new.example"),
            &[(Part::Issuer, Source::Discovery)],
        ),
        (
            |w| w.claims["iss"] = json!("https://new.example"),
            &[(Part::Issuer, Source::Assertion)],
        ),
        (
            |w| w.trust["issuer"] = json!("https://old.example"),
            &[(Part::Issuer, Source::Trust)],
        ),
        (
            |w| w.claims["aud"] = json!("else"),
            &[(Part::Audience, Source::Assertion)],
        ),
        (
            |w| w.trust["audiences"] = json!(["else"]),
            &[(Part::Audience, Source::Trust)],
        ),
        (
            |w| w.claims["sub"] = json!("else"),
            &[(Part::Subject, Source::Assertion)],
        ),
        (
            |w| w.trust["jwt.credential.sub"] = json!("else"),
            &[(Part::Subject, Source::Trust)],
        ),
        (|w| w.key_id = "k9", &[(Part::Key, Source::Assertion)]),
        (
            |w| w.keys = json!([{ "kty": "oct", "kid": "k3" }]),
            &[(Part::Key, Source::Assertion), (Part::Key, Source::Trust)],
        ),
        (
            |w| w.trust["keys"] = json!(["k8"]),
            &[(Part::Key, Source::Trust)],
        ),
        (
            |w| w.trust["keys"] = json!(["k2"]),
            &[(Part::Key, Source::Trust)],
        ),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let mut stage = Stage::new().await;
        assert_eq!(stage.looks(1).await, Word::Trusted);
        stage.change(change);
        assert_eq!(stage.looks(1).await, Word::Broken, "case {index}");
        assert_eq!(stage.broken(), expected, "case {index}");
    }
}

#[tokio::test]
async fn no_answer_that_is_unclear_is_a_break_however_often_it_comes() {
    for status in [429, 500, 502, 503, 302, 401] {
        let mut stage = Stage::new().await;
        stage.change(|w| {
            w.discovery_status = status;
            w.keys_status = status;
            w.trust_status = status;
            w.token_status = if status == 401 { 503 } else { status.max(429) };
        });
        assert_eq!(stage.looks(6).await, Word::Unclear, "{status}");
    }
    let mut stage = Stage::new().await;
    stage.change(|w| w.scim_status = 503);
    assert_eq!(stage.looks(4).await, Word::Unclear);
}

#[tokio::test]
async fn keys_that_are_gone_are_a_break_when_they_stay_away() {
    type Change = fn(&mut World);
    let changes: [Change; 3] = [
        |w| w.keys = json!([]),
        |w| w.keys = json!("no list"),
        |w| w.keys_status = 404,
    ];
    for change in changes {
        let mut stage = Stage::new().await;
        stage.looks(1).await;
        stage.change(change);
        assert_eq!(stage.looks(2).await, Word::Unclear);
        assert_eq!(stage.looks(1).await, Word::Broken);
        assert_eq!(stage.broken(), [(Part::Key, Source::Keys)]);
        stage.change(|w| {
            w.keys = json!([{ "kty": "oct", "kid": "k1" }, { "kty": "oct", "kid": "k2" }]);
            w.keys_status = 200;
        });
        assert_eq!(stage.looks(1).await, Word::Trusted, "it is over");
    }
}

#[tokio::test]
async fn a_refusal_of_the_token_endpoint_counts_twice_and_names_what_its_text_names() {
    for (text, part) in [
        ("the audience of this assertion is wrong", Part::Audience),
        ("Invalid signature", Part::Key),
        ("Unknown subject", Part::Subject),
        ("No matching issuer", Part::Issuer),
        ("Invalid client or invalid credentials", Part::Access),
        ("issuer or subject", Part::Access),
    ] {
        let mut stage = Stage::new().await;
        stage.change(|w| {
            w.token_status = 401;
            w.refusal = (
                401,
                json!({ "error": "invalid_client", "error_description": text }),
            );
        });
        assert_eq!(stage.looks(1).await, Word::Unclear, "{text}");
        assert_eq!(stage.looks(1).await, Word::Broken, "{text}");
        assert_eq!(stage.broken(), [(part, Source::TokenEndpoint)], "{text}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_takes_any_signature_proves_nothing() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.accepts_forged = true);
    let look = stage.look().await;
    assert_eq!(stage.looks(3).await, Word::Unclear);
    let said = format!("{look:?}");
    assert!(said.contains("wrong signature"), "{said}");
}

#[tokio::test]
async fn scim_that_refuses_the_access_token_is_a_break_of_access() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.scim_status = 401);
    assert_eq!(stage.looks(2).await, Word::Broken);
    assert_eq!(stage.broken(), [(Part::Access, Source::Scim)]);
}

#[tokio::test]
async fn an_assertion_that_nobody_writes_again_is_told_and_not_presented() {
    let mut stage = Stage::new().await;
    let ended = SystemClock.now() - SignedDuration::from_mins(5);
    stage.change(|w| w.claims["exp"] = json!(ended.as_second()));
    assert_eq!(stage.looks(2).await, Word::Unclear);
    assert_eq!(stage.looks(1).await, Word::Broken);
    assert_eq!(stage.broken(), [(Part::Access, Source::Assertion)]);
    assert!(stage.world.lock().asked.is_empty());
}

#[tokio::test]
async fn a_trust_that_was_deleted_breaks_all_its_parts() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.trust_status = 404);
    assert_eq!(stage.looks(3).await, Word::Broken);
    let parts: Vec<_> = stage.broken().into_iter().map(|(part, _)| part).collect();
    assert_eq!(
        parts,
        [Part::Issuer, Part::Audience, Part::Key, Part::Subject]
    );
}

#[tokio::test]
async fn keys_that_one_side_has_and_the_other_lacks_are_told() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.trust["keys"] = json!(["k1", "old"]));
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Trusted);
    let notes = look.notes.join("\n");
    assert!(notes.contains("publishes the key k2, which"), "{notes}");
    assert!(notes.contains("still trusts the key old"), "{notes}");
}

#[tokio::test]
async fn an_assertion_is_presented_in_the_configured_way() {
    let ways = [
        (
            "jwt_bearer",
            vec!["assertion client_id grant_type scope"; 2],
        ),
        (
            "subject_token",
            vec!["client_id grant_type scope subject_token subject_token_type"; 2],
        ),
        ("bearer", vec![]),
    ];
    for (way, expected) in ways {
        let more = format!("assertion = {{ env = \"ASSERTION\" }}\nassertion_as = \"{way}\"");
        let mut stage = Stage::with(&more).await;
        let look = stage.look().await;
        assert_eq!(stage.looks(0).await, Word::Trusted, "{way}: {look:#?}");
        assert_eq!(stage.world.lock().asked, expected, "{way}");
    }
}

/// A server that takes each assertion once refuses the second time.
#[tokio::test]
async fn an_assertion_that_is_taken_once_is_presented_once() {
    let more = "assertion = { env = \"ASSERTION\" }\nassertion_once = true";
    let mut stage = Stage::with(more).await;
    assert_eq!(stage.looks(3).await, Word::Trusted);
    assert_eq!(stage.world.lock().asked.len(), 1);
    let later = SystemClock.now() + SignedDuration::from_hours(2);
    stage.change(|w| w.claims["exp"] = json!(later.as_second()));
    assert_eq!(stage.looks(2).await, Word::Trusted);
    assert_eq!(stage.world.lock().asked.len(), 2);
    // Another replica was first with each of the next ones.
    for hours in 3..6 {
        let later = SystemClock.now() + SignedDuration::from_hours(hours);
        stage.change(|w| {
            w.token_status = 401;
            w.claims["exp"] = json!(later.as_second());
        });
        assert_ne!(stage.looks(1).await, Word::Broken);
    }
}

#[tokio::test]
async fn what_is_trusted_instead_is_shown() {
    let mut stage = Stage::new().await;
    stage.looks(1).await;
    let other = "b7ea6cb2-59a9-4b0d-9f0e-16e7a2a6d9f1";
    stage.change(|w| w.trust["jwt.credential.sub"] = json!(other));
    assert_eq!(stage.looks(1).await, Word::Broken);
    let standing = stage.standing.as_ref().expect("a look");
    let (_, against) = standing.breaks().next().expect("a break");
    assert_eq!(against.difference.expected, SUBJECT);
    assert_eq!(against.difference.seen, other);
}

#[tokio::test]
async fn neither_an_assertion_nor_an_access_token_is_told() {
    let mut stage = Stage::new().await;
    let own = stage.watch.look().await;
    drop(own);
    let header = json!({ "alg": "RS256", "kid": "k1" }).to_string();
    let text = jwt(&header, &stage.world.lock().claims.to_string());
    stage.change(|w| {
        w.trust["jwt.credential.sub"] = json!(format!("seen {text}"));
        w.issuer_named = json!(text);
    });
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Broken);
    let said = format!("{look:?} {:?}", stage.standing);
    assert!(said.contains("[secret]"), "{said}");
    assert!(
        !said.contains(&text) && !said.contains("access-1"),
        "{said}"
    );
    assert!(matches!(look.sights[0].saw, Saw::Against(..)));
}
