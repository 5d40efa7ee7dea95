//! The server over real HTTP.

mod api;
mod events;
mod pages;

use std::net::SocketAddr;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::fault::{FaultClass, FaultKind};
use crate::ports::condition::{Condition, ConnectionState};
use crate::rotation::record::{Failures, LastFailure, Paused};
use crate::telemetry::VaultSigns;
use crate::telemetry::fixture;
use crate::telemetry::notify::Notifier;

struct Fixed;

#[async_trait]
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        fixture::now()
    }
    async fn sleep(&self, _duration: SignedDuration) {}
}

/// Two rotations, the newer one with its steps.
struct Kept;

#[async_trait]
impl Rotations for Kept {
    async fn of(&self, token: &str) -> Result<Vec<Value>, String> {
        if token == "unreachable" {
            return Err("Vault is sealed".to_owned());
        }
        let minutes = |minutes| fixture::now() - SignedDuration::from_mins(minutes);
        let past = |id: &str, result: &str, steps: Value| {
            json!({
                "id": id, "trigger": "force", "asked_by": "userpass-ann",
                "asked_why": "a drill <b>of ours</b>", "began_at": minutes(10),
                "ended_at": minutes(9), "took_seconds": 60, "result": result,
                "old": "0123456789ab", "new": "ba9876543210", "old_refused_at": null,
                "old_gone_at_issuer": false, "detail": null, "steps": steps,
            })
        };
        let steps = json!([
            { "step": "issue", "began_at": minutes(10), "took_ms": 350 },
            { "step": "deliver", "connection": "entra-hr", "began_at": minutes(10),
              "took_ms": 12_500, "times": 3, "failed": 2 },
        ]);
        Ok(vec![
            past("r-9", "success", steps),
            past("r-8", "rolled_back", json!([])),
        ])
    }
}

fn app(telemetry: &Telemetry, cancel: &CancellationToken) -> App {
    App {
        telemetry: telemetry.clone(),
        clock: Arc::new(Fixed),
        replica: "replica-of-the-test".into(),
        pages: Arc::new(page::Pages::new().expect("templates")),
        past: Arc::new(Past::new(Arc::new(Kept))),
        streams: Streams::new(cancel.clone()),
        walks: Arc::new(Semaphore::new(MOST_WALKS)),
    }
}

struct Running {
    address: SocketAddr,
    telemetry: Telemetry,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), ServerError>>,
}

async fn running() -> Running {
    let config: ServerConfig = toml::from_str("listen = \"127.0.0.1:0\"").expect("config");
    let bound = Server::bind(&config).await.expect("free port");
    let telemetry = Telemetry::new(fixture::now(), Notifier::silent()).expect("metrics");
    let (address, cancel) = (bound.address(), CancellationToken::new());
    let told = Told {
        telemetry: telemetry.clone(),
        clock: Arc::new(Fixed),
        replica: "replica-of-the-test".to_owned(),
        rotations: Arc::new(Kept),
    };
    let serve = bound.serve(told, cancel.clone());
    #[expect(clippy::disallowed_methods, reason = "a test joins it itself")]
    let task = tokio::spawn(serve);
    Running {
        address,
        telemetry,
        cancel,
        task,
    }
}

/// The whole answer: status line, headers, body.
async fn ask(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    String::from_utf8(answer).expect("text")
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn json_of(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("json")
}

#[tokio::test]
async fn readiness_follows_vault_and_never_a_single_token() {
    let running = running().await;
    let answer = ask(running.address, "GET", "/readyz").await;
    assert_eq!(status_of(&answer), "503");
    running.telemetry.config_read(true, fixture::now());
    running.telemetry.vault(VaultSigns {
        up: true,
        ..VaultSigns::default()
    });
    let mut record = fixture::fresh_record("crm");
    record.failures = Failures {
        consecutive: 9,
        permanent: 9,
        refused: 0,
        last: Some(LastFailure {
            at: fixture::now(),
            step: "deliver".to_owned(),
            class: FaultClass::Rejected,
            kind: FaultKind::Refused,
            message: "the identity provider refused it".to_owned(),
            retry_after: None,
        }),
    };
    running.telemetry.board.set(fixture::snapshot(&record));
    let answer = ask(running.address, "GET", "/readyz").await;
    assert_eq!(status_of(&answer), "200");
    let body = json_of(&answer);
    assert_eq!(body["tokens"]["crm"]["reason"], "fresh");
    assert_eq!(
        body["tokens"]["crm"]["detail"],
        "the identity provider refused it"
    );
    running.telemetry.vault(VaultSigns {
        sealed: true,
        ..VaultSigns::default()
    });
    let answer = ask(running.address, "GET", "/readyz").await;
    assert_eq!(status_of(&answer), "503");
    assert_eq!(json_of(&answer)["reasons"][0], "Vault is sealed: unseal it");
    assert_eq!(
        status_of(&ask(running.address, "GET", "/healthz").await),
        "200"
    );
}

#[tokio::test]
async fn every_path_answers_and_only_to_reads() {
    let running = running().await;
    let busy = fixture::snapshot(&fixture::busy_record("crm"));
    running.telemetry.board.set(busy);
    running.telemetry.board.expect(fixture::facts("unread"));
    let cases = [
        ("/", "200", "crm"),
        ("/?state=renewing", "200", "crm"),
        ("/tokens/crm", "200", "<h1>crm</h1>"),
        ("/tokens/nobody", "404", "No token is configured"),
        ("/?page=none", "400", "`page` is not a whole number"),
        ("/runbook", "200", "id=\"scimtokenexpired\""),
        ("/style.css", "200", "color-scheme"),
        ("/script.js", "200", "EventSource"),
        ("/icons/urgent.svg", "200", "<svg"),
        ("/icons/other.svg", "404", ""),
        ("/api/v1/state", "200", "\"need_you\":0"),
        ("/api/v1/tokens/crm/history", "200", "\"took_ms\":350"),
        ("/api/v1/tokens/crm/connections", "200", "\"holds\":"),
        ("/api/v1/tokens/crm/plan", "200", "\"token\":\"crm\""),
        ("/api/v1/tokens/nobody/history", "404", "no token"),
        ("/api/v1/tokens?isuer=crm", "400", "did you mean `issuer`?"),
        ("/api/v1/connections", "200", "entra-hr"),
        ("/api/v1/openapi.json", "200", "\"openapi\""),
        ("/metrics", "200", "scim_rotator_token_info{token=\"crm\""),
        ("/api/v1/tokens", "200", "\"stage\":\"delivering\""),
        ("/api/v1/tokens/crm", "200", "\"reason\":\"fresh\""),
        ("/api/v1/tokens/unread", "200", "\"word\":\"unproven\""),
        ("/api/v1/tokens/nobody", "404", "no token"),
        ("/api/v1/plan", "200", "\"token\":\"crm\""),
        ("/api/v1/plan", "200", "\"now\":null"),
        ("/elsewhere", "404", ""),
    ];
    for (path, status, part) in cases {
        let answer = ask(running.address, "GET", path).await;
        assert_eq!(status_of(&answer), status, "{path}");
        assert!(answer.contains(part), "{path}: {answer}");
        for header in [
            "content-security-policy: default-src 'none'",
            "nosniff",
            "no-store",
        ] {
            assert!(answer.contains(header), "{path}: {header}");
        }
        assert!(!answer.contains("\"crm-current\""), "{path} shows a token");
        let post = ask(running.address, "POST", path).await;
        assert!(["404", "405"].contains(&status_of(&post)), "{path}");
    }
}

#[tokio::test]
async fn requests_for_another_host_are_refused() {
    let running = running().await;
    for path in [
        "/",
        "/metrics",
        "/api/v1/tokens",
        "/api/v1/plan",
        "/tokens/crm",
        "/events",
        "/elsewhere",
    ] {
        let mut stream = TcpStream::connect(running.address)
            .await
            .expect("connected");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: attacker.example:9767\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        assert_eq!(status_of(&answer), "421", "{path}: {answer}");
        assert!(answer.contains("`hosts` in [server]"), "{answer}");
        assert!(!answer.contains("crm"), "{answer}");
    }
}

/// Header, title, banner, cards and rows tell the same.
#[tokio::test]
async fn the_page_shows_trouble_first_with_what_to_type() {
    let running = running().await;
    let board = &running.telemetry.board;
    board.set(fixture::snapshot(&fixture::fresh_record("aaa")));
    let mut expired = fixture::fresh_record("zzz");
    let current = expired.current.as_mut().expect("a token");
    current.expires_at = Some(fixture::now() - SignedDuration::from_hours(2));
    board.set(fixture::snapshot(&expired));
    let quarantined = fixture::fresh_record("mmm");
    board.set(fixture::snapshot(&quarantined));
    let seen = Condition {
        state: ConnectionState::Quarantined,
        last_success_at: None,
    };
    let looks = board.looks("mmm").expect("a token of ours");
    looks.set("entra-hr", Some(seen), fixture::now());
    running.telemetry.config_read(true, fixture::now());
    running.telemetry.config_read(false, fixture::now());
    running.telemetry.health.all_paused(Some(Paused {
        since: fixture::now(),
        reason: "an incident".to_owned(),
        by: Some("ann".to_owned()),
    }));
    let page = ask(running.address, "GET", "/").await;
    for part in [
        "<title>(2!) scim-rotator</title>",
        "href=\"/icons/urgent.svg\"",
        "<p class=\"headline urgent\">",
        "role=\"status\" aria-live=\"polite\">1 needs you, 1 failing, 1 fine</p>",
        "All work is paused since 2027-01-15 12:00 UTC by ann: an incident.",
        "<code>scim-rotator resume --all --reason TEXT</code>",
        "the one in force is not the one in the file",
        "data-key=\"card-zzz\">zzz</a> <span class=\"pill urgent\">",
        "<code>scim-rotator rotate zzz</code>",
        "/runbook#scimtokenexpired",
        "data-key=\"card-mmm\">mmm</a>",
        "</svg> quarantined</span>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let place = |name: &str| {
        page.find(&format!("data-key=\"row-{name}\""))
            .expect("a row")
    };
    assert!(place("zzz") < place("aaa"), "the urgent one comes first");
    let told = json_of(&ask(running.address, "GET", "/api/v1/tokens").await);
    let kinds: Vec<_> = told["banners"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|b| &b["kind"])
        .collect();
    assert_eq!(kinds, ["paused_all", "config_refused"]);
    let state = json_of(&ask(running.address, "GET", "/api/v1/tokens/zzz").await)["state"].clone();
    assert_eq!(state["word"], "expired");
    assert_eq!(state["urgency"], "urgent");
    assert_eq!(state["deadline"], "2027-01-15T10:00:00Z");
    assert_eq!(state["command"], "scim-rotator rotate zzz");
    assert_eq!(state["runbook"], "deploy/RUNBOOK.md#scimtokenexpired");
    let metrics = ask(running.address, "GET", "/metrics").await;
    for line in [
        "scim_rotator_token_state{token=\"zzz\",state=\"expired\"} 2",
        "scim_rotator_token_state{token=\"mmm\",state=\"quarantined\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(
        metrics.matches("\nscim_rotator_token_state{token=").count(),
        3
    );
    let plan = json_of(&ask(running.address, "GET", "/api/v1/plan").await);
    assert_eq!(plan["banners"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn names_are_escaped_on_the_page() {
    let running = running().await;
    let mut facts = (*fixture::facts("crm")).clone();
    facts.name = "<script>alert(1)</script>".to_owned();
    running.telemetry.board.expect(Arc::new(facts));
    for path in ["/", "/tokens/%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let answer = ask(running.address, "GET", path).await;
        assert!(answer.contains("&lt;script&gt;alert(1)"), "{answer}");
        assert_eq!(answer.matches("<script").count(), 1, "{answer}");
    }
    for path in [
        "/?q=%22%3E%3Cimg%20src%3Dx%3E",
        "/?issuer=%22%3E%3Cimg%20src%3Dx%3E",
    ] {
        let answer = ask(running.address, "GET", path).await;
        assert!(answer.contains("&quot;&gt;&lt;img"), "{answer}");
        assert!(!answer.contains("<img"), "{answer}");
    }
}

/// The body is sent while it is written: it has no length that was known before.
#[tokio::test]
async fn a_scrape_is_whole_and_new_each_time() {
    let running = running().await;
    for number in 0..500 {
        let facts = fixture::facts(&format!("t{number:04}"));
        running.telemetry.board.expect(facts);
    }
    let whole = |answer: &str| {
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert!(body.ends_with("\r\n0\r\n\r\n"), "cut off");
        body.matches("scim_rotator_token_info{").count()
    };
    let first = ask(running.address, "GET", "/metrics").await;
    assert_eq!(whole(&first), 500);
    running.telemetry.board.expect(fixture::facts("new"));
    let second = ask(running.address, "GET", "/metrics").await;
    assert_eq!(whole(&second), 501);
}

#[tokio::test]
async fn it_ends_when_cancelled_even_with_a_connection_open() {
    let running = running().await;
    let _idle = TcpStream::connect(running.address)
        .await
        .expect("connected");
    assert_eq!(
        status_of(&ask(running.address, "GET", "/healthz").await),
        "200"
    );
    running.cancel.cancel();
    assert!(running.task.await.expect("no panic").is_ok());
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let running = running().await;
    let config = ServerConfig {
        listen: running.address,
        ..ServerConfig::default()
    };
    let error = Server::bind(&config).await.expect_err("taken").to_string();
    assert!(error.contains(&running.address.to_string()), "{error}");
    assert!(error.contains("server.listen"), "{error}");
}

/// An error text may quote a secret in a spelling that nobody masked before.
#[tokio::test]
async fn secrets_of_this_process_are_masked_in_every_answer() {
    const SECRET: &str = "cAnArY-of-the-server-8271";
    crate::secret::redact::global().register(SECRET);
    let hex: String = SECRET.bytes().map(|b| format!("{b:02x}")).collect();
    let running = running().await;
    let mut record = fixture::fresh_record("crm");
    record.failures.consecutive = 1;
    record.failures.last = Some(LastFailure {
        at: fixture::now(),
        step: "deliver".to_owned(),
        class: FaultClass::Rejected,
        kind: FaultKind::Refused,
        message: format!("it says: {SECRET} {hex}"),
        retry_after: None,
    });
    running.telemetry.board.set(fixture::snapshot(&record));
    for path in [
        "/",
        "/tokens/crm",
        "/api/v1/tokens",
        "/api/v1/tokens/crm",
        "/readyz",
    ] {
        let answer = ask(running.address, "GET", path).await;
        assert!(answer.contains("[redacted] [redacted]"), "{path}: {answer}");
        assert!(!answer.contains(SECRET) && !answer.contains(&hex), "{path}");
    }
}
