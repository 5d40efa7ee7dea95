//! The identity provider's own log: against a server that answers what a test says.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::{Place, SOUND, config};
use crate::clock::SystemClock;
use crate::connections::manual::ManualConnection;
use crate::connections::manual::confirm::meaning;
use crate::fault::Fault;
use crate::http::{Client, ClientSettings, NoObserver, Target};
use crate::ports::handover::Handover;
use crate::ports::kind::{Deps, Kind as _};
use crate::ports::{Connection, Delivery};
use crate::problem::Problems;
use crate::rotation::capability::ConnectionTest;
use crate::rotation::outcome::Confirmation;
use crate::secret::resolve::{Resolved, Secrets};
use crate::secret::{BearerToken, SecretRef, SecretText};

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2027-01-15T08:00:00Z".parse().expect("a time");
    start + SignedDuration::from_mins(minute)
}

#[test]
fn only_a_change_after_the_hand_over_and_a_success_after_the_change_prove_it() {
    let none = Confirmation::CannotTell;
    let works = Confirmation::Works;
    let cases = [
        (None, Some(5), Some(6), "none"),
        (Some(0), None, Some(6), "none"),
        (Some(0), None, None, "none"),
        (Some(0), Some(-5), Some(6), "none"),
        (Some(0), Some(0), Some(6), "none"),
        (Some(0), Some(5), None, "not yet"),
        (Some(0), Some(5), Some(4), "not yet"),
        (Some(0), Some(5), Some(5), "works"),
        (Some(0), Some(5), Some(6), "works"),
    ];
    for (since, changed, worked, expected) in cases {
        let seen = meaning("hr", since.map(at), changed.map(at), worked.map(at));
        let good = match expected {
            "none" => seen == none,
            "works" => seen == works,
            _ => matches!(seen, Confirmation::NotYet { .. }),
        };
        assert!(good, "{since:?} {changed:?} {worked:?}: {seen:?}");
    }
}

struct OneSecret;

#[async_trait]
impl Secrets for OneSecret {
    async fn resolve(&self, _: &SecretRef) -> Result<Resolved, Fault> {
        let value = SecretText::parse("log-reader").expect("a credential");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

/// What the server answers at `/events` and `/jobs`, and what it was asked.
#[derive(Default)]
struct Log {
    answers: Mutex<Vec<(&'static str, u16, Value)>>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Log {
    fn set(&self, path: &'static str, status: u16, body: Value) {
        let mut answers = self.answers.lock();
        answers.retain(|(known, _, _)| *known != path);
        answers.push((path, status, body));
    }

    #[expect(clippy::disallowed_methods, reason = "it lives as long as its test")]
    async fn serve(self: &Arc<Self>) -> String {
        let answer = async |State(log): State<Arc<Self>>,
                            Path(path): Path<String>,
                            method: http::Method,
                            headers: HeaderMap| {
            let auth = headers.get("authorization").and_then(|v| v.to_str().ok());
            let auth = auth.unwrap_or_default().to_owned();
            log.asked.lock().push((format!("{method} {path}"), auth));
            let answers = log.answers.lock();
            let found = answers.iter().find(|(known, _, _)| *known == path);
            let (_, status, body) = found.cloned().unwrap_or(("", 404, json!({})));
            (StatusCode::from_u16(status).expect("a status"), Json(body))
        };
        let routes = Router::new()
            .route("/{*path}", any(answer))
            .with_state(Arc::clone(self));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, routes).await });
        address
    }
}

fn with_log(address: &str) -> ManualConnection {
    config(&format!(
        r#"{SOUND}
secrets = {{ reader = {{ env = "LOG_READER" }} }}
[confirm]
address = "{address}"
headers = {{ Authorization = "Key {{{{ secrets.reader }}}}" }}
changed = {{ url = "/events/{{{{ config.app }}}}", answers = [{{ status = 404, means = "gone" }}] }}
changed_at = "/0/published"
worked = {{ url = "/jobs" }}
worked_at = {{ at = "/last", format = "epoch_s" }}
"#
    ))
}

fn build(config: &ManualConnection) -> Arc<dyn Connection> {
    let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
    let client = Client::new(&ClientSettings::default(), Target::Idp, clock, observer);
    let deps = Deps {
        fired: None,
        handover: Some(Arc::new(Place::default()) as Arc<dyn Handover>),
        vault_leases: None,
        refresh_tokens: None,
        http: client.expect("a client"),
        secrets: Arc::new(OneSecret),
        clock: Arc::new(SystemClock),
    };
    config.build("hr", &deps).expect("a connection")
}

async fn seen(connection: &dyn Connection, since: Option<Timestamp>) -> Confirmation {
    let token = BearerToken::parse("new-1").expect("a token");
    let scim_url = Url::parse("https://crm.example/scim").expect("a URL");
    let delivery = Delivery {
        token: "crm",
        value: &token,
        old: None,
        scim_url: &scim_url,
        since,
    };
    connection.confirm(&delivery).await.expect("never a fault")
}

#[tokio::test]
async fn the_log_is_read_and_never_given_the_token() {
    let log = Arc::new(Log::default());
    let config = with_log(&log.serve().await);
    let mut problems = Problems::default();
    config.check("connections.hr.manual", &mut problems);
    assert!(problems.all().is_empty(), "{problems:?}");
    assert_eq!(config.capabilities().test, ConnectionTest::Saved);
    assert_eq!(config.credentials().len(), 1);
    let connection = build(&config);
    let since = Some(at(0));

    assert_eq!(
        seen(&*connection, since).await,
        Confirmation::CannotTell,
        "404"
    );
    log.set("events/CRM", 200, json!([]));
    log.set("jobs", 200, json!({ "last": at(3).as_second() }));
    assert_eq!(
        seen(&*connection, since).await,
        Confirmation::CannotTell,
        "an empty log"
    );
    log.set("events/CRM", 200, json!([{ "published": at(-60) }]));
    assert_eq!(
        seen(&*connection, since).await,
        Confirmation::CannotTell,
        "an old change"
    );
    log.set(
        "events/CRM",
        200,
        json!([{ "published": at(5) }, { "published": at(-60) }]),
    );
    let not_yet = seen(&*connection, since).await;
    assert!(
        matches!(not_yet, Confirmation::NotYet { .. }),
        "{not_yet:?}"
    );
    log.set("jobs", 200, json!({ "last": at(6).as_second() }));
    assert_eq!(seen(&*connection, since).await, Confirmation::Works);
    assert_eq!(seen(&*connection, None).await, Confirmation::CannotTell);

    for (path, auth) in log.asked.lock().iter() {
        assert!(path.starts_with("GET "), "{path}");
        assert_eq!(auth, "Key log-reader");
    }
}

/// No person's word is held up by it, and nothing is proven by it.
#[tokio::test]
async fn a_log_that_cannot_be_read_proves_nothing() {
    let log = Arc::new(Log::default());
    let connection = build(&with_log(&log.serve().await));
    let changed = json!([{ "published": at(5) }]);
    for (status, body) in [
        (429, changed.clone()),
        (500, changed.clone()),
        (401, changed.clone()),
        (302, changed.clone()),
        (200, json!("no list")),
        (200, json!([{ "published": "yesterday" }])),
        (200, json!([{ "published": 0 }])),
    ] {
        log.set("events/CRM", status, body.clone());
        log.set("jobs", 200, json!({ "last": at(6).as_second() }));
        let seen = seen(&*connection, Some(at(0))).await;
        assert_eq!(seen, Confirmation::CannotTell, "{status} {body}");
    }
}

#[test]
fn calls_of_a_log_only_read() {
    for (from, to, path) in [
        (
            "url = \"/jobs\"",
            "url = \"/jobs\", method = \"PUT\"",
            "confirm.worked.method",
        ),
        (
            "url = \"/jobs\"",
            "url = \"/jobs\", effect = \"writes\"",
            "confirm.worked.effect",
        ),
        (
            "url = \"/jobs\"",
            "url = \"/jobs/{{ token }}\"",
            "confirm.worked.url",
        ),
        (
            "/events/{{ config.app }}",
            "/events/{{ config.none }}",
            "confirm.changed.url",
        ),
        ("{{ secrets.reader }}", "none", "secrets.reader"),
    ] {
        let text = toml_text().replace(from, to);
        let mut problems = Problems::default();
        config(&text).check("c", &mut problems);
        let paths: Vec<_> = problems.all().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, [format!("c.{path}")], "{to}");
    }
}

fn toml_text() -> String {
    format!(
        r#"{SOUND}
secrets = {{ reader = {{ env = "LOG_READER" }} }}
[confirm]
address = "https://log.example"
headers = {{ Authorization = "Key {{{{ secrets.reader }}}}" }}
changed = {{ url = "/events/{{{{ config.app }}}}" }}
changed_at = "/0/published"
worked = {{ url = "/jobs" }}
worked_at = "/last"
"#
    )
}
