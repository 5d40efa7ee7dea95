//! Calls against a server on loopback, with a clock that only moves when
//! somebody sleeps.

mod polling;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::Request as HttpRequest;
use axum::response::Response;
use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::clock::Clock;
use crate::http::exchange::{Owner, Shared};
use crate::http::{Client, ClientSettings, NoObserver, Target};
use crate::secret::SecretRef;
use crate::secret::resolve::{Resolved, Secrets};

/// Starts with the request that the server saw: `POST /x`.
type Script = dyn FnMut(&str, &http::HeaderMap) -> (u16, &'static str, String) + Send;

struct World {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
    clock: Arc<Still>,
    _server: JoinSet<()>,
}

impl World {
    /// A server that answers by a script: status, `Location`, body.
    async fn new(
        script: impl FnMut(&str, &http::HeaderMap) -> (u16, &'static str, String) + Send + 'static,
    ) -> Self {
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&seen);
        let app = Router::new().fallback(move |request: HttpRequest| {
            let line = format!("{} {}", request.method(), request.uri());
            log.lock().push(line.clone());
            let mut script = script.lock();
            let (status, location, body) = script(&line, request.headers());
            let mut response = Response::builder().status(status);
            if !location.is_empty() {
                response = response.header("location", location);
            }
            let response = response.body(HttpBody::from(body)).expect("a response");
            async move { response }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("served") });
        Self {
            address,
            seen,
            clock: Arc::default(),
            _server: server,
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().clone()
    }

    fn slept(&self) -> Vec<i64> {
        self.clock.0.lock().1.clone()
    }

    /// Makes one call of an issuer, which repeats nothing by itself.
    async fn call(&self, call: &str, purpose: Purpose) -> Result<Reply, Failed> {
        self.call_with(call, purpose, Shared::default()).await
    }

    async fn call_with(
        &self,
        call: &str,
        purpose: Purpose,
        shared: Shared,
    ) -> Result<Reply, Failed> {
        let clock: Arc<dyn Clock> = Arc::<Still>::clone(&self.clock);
        let settings = ClientSettings::default();
        let client = Client::new(&settings, Target::Sp, clock, Arc::new(NoObserver));
        let secrets: Arc<dyn Secrets> = Arc::new(Nothing);
        let client = client.expect("a client");
        let mut exchange = Exchange::new(Owner::Issuer, "crm", shared, &client, &secrets, None);
        let text = call.replace("@SP@", &self.address);
        let mut call: Call = toml::from_str(&text).expect("a call");
        exchange.prepare([&mut call]);
        let mut run = Run::begin(&exchange, "token").await?;
        run.look_up().await?;
        run.call(&call, purpose).await
    }
}

#[derive(Default)]
struct Still(Mutex<(Timestamp, Vec<i64>)>);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0.lock().0
    }

    async fn sleep(&self, duration: SignedDuration) {
        let mut clock = self.0.lock();
        clock.0 += duration;
        clock.1.push(duration.as_secs());
    }
}

/// No credential is configured.
struct Nothing;

#[async_trait]
impl Secrets for Nothing {
    async fn resolve(&self, _reference: &SecretRef) -> Result<Resolved, Fault> {
        panic!("there is no credential")
    }

    fn refused(&self, _reference: &SecretRef) {}
}

fn status(word: &str) -> String {
    serde_json::json!({ "status": word, "url": "/operations/1" }).to_string()
}

fn failed(reply: Result<Reply, Failed>) -> Failed {
    reply.expect_err("a failure")
}

#[tokio::test]
async fn lookups_find_an_id_and_conditions_leave_calls_out() {
    let world = World::new(|line, _| match line {
        "GET /jobs" => (200, "", r#"{"jobs":[{"id":"j 1"}]}"#.to_owned()),
        "GET /jobs/j%201" => (200, "", status("held")),
        _ => (204, "", String::new()),
    })
    .await;
    let lookup = |text: &str| -> Call {
        toml::from_str(&text.replace("@SP@", &world.address)).expect("a lookup")
    };
    let shared = || Shared {
        lookups: vec![
            lookup("name = 'jobs'\nurl = '@SP@/jobs'"),
            lookup("name = 'job'\nurl = '@SP@/jobs/{{ steps.jobs.json.jobs[0].id }}'"),
        ],
        ..Shared::default()
    };
    for (word, made) in [("held", true), ("idle", false)] {
        let call = format!(
            "url = '@SP@/restart'\nwhen = [{{ step = 'job', at = '/status', equals = '{word}' }}, {{ step = 'jobs', at = '/jobs/0', exists = true }}]"
        );
        let reply = world
            .call_with(&call, Purpose::AfterDeliver, shared())
            .await;
        let expected = matches!(
            (made, &reply),
            (true, Ok(Reply::Done(_))) | (false, Ok(Reply::Skipped))
        );
        assert!(expected, "{word}: {reply:?}");
    }
    let lookups = ["GET /jobs", "GET /jobs/j%201"];
    assert_eq!(
        world.seen(),
        [
            lookups[0],
            lookups[1],
            "POST /restart",
            lookups[0],
            lookups[1]
        ]
    );
}

#[tokio::test]
async fn a_lookup_that_finds_nothing_stops_the_operation() {
    let world = World::new(|_, _| (404, "", String::new())).await;
    let shared = |answers: &str| Shared {
        lookups: vec![
            toml::from_str(&format!(
                "name = 'app'\nurl = '{}/apps'\n{answers}",
                world.address
            ))
            .expect("a lookup"),
        ],
        ..Shared::default()
    };
    let call = "url = '@SP@/write'";
    let gone = shared("answers = [{ means = 'gone', status = 404 }]");
    let fault = failed(world.call_with(call, Purpose::Deliver, gone).await).fault;
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Rejected, FaultKind::Config)
    );
    assert!(
        fault.message.contains("the lookup `app` found nothing"),
        "{fault}"
    );
    let plain = failed(world.call_with(call, Purpose::Deliver, shared("")).await).fault;
    assert_eq!(
        (plain.class, plain.kind),
        (FaultClass::Rejected, FaultKind::Refused)
    );
    assert_eq!(world.seen(), ["GET /apps"; 2]);
}

#[tokio::test]
async fn a_place_without_its_value_refuses_every_operation() {
    let world = World::new(|_, _| (200, "", String::new())).await;
    let call = "url = '@SP@/x'\nanswers = [{ means = 'success', when = [{ at = '/{{ config.absent }}', exists = true }] }]";
    let fault = failed(world.call(call, Purpose::Deliver).await).fault;
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Rejected, FaultKind::Config)
    );
    assert_eq!(world.seen(), [] as [&str; 0], "nothing was sent");
}
