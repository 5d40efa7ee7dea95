//! Five real service providers, and of each a token that is valid, missing, garbage,
//! expired and revoked: what the probe says of each.
//!
//! `prove` is what is said of the token itself, `dead` what is said beside a valid one:
//! whether the token is shown to be dead, which a retirement needs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::{Clock as _, Probe};
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::evidence::{FindingReason as Why, Refusal, Verdict};
use scim_rotator::scim::probe::ScimProbe;
use url::Url;

use super::server::{PATIENT, client, token};
use super::support::bare_http;
use super::support::better_auth::BetterAuth;
use super::support::canaille::CanailleServer;
use super::support::keycloak::service_provider::{CLIENT_ID, CLIENT_SECRET, ServiceProvider};
use super::support::meddler::Meddler;
use super::support::mlflow::Mlflow;
use super::support::scim2_server::Scim2Server;
use super::table::{Short, short};

/// How long a token lives that is to expire: longer than a machine that is busy needs
/// to show that the server accepted it first.
const SHORT: u32 = 20;

/// A service provider's SCIM base URL and four tokens of its own.
struct Server {
    scim_url: Url,
    valid: String,
    another_valid: String,
    /// Accepted when it was made; its life is over.
    expired: String,
    /// Accepted when it was made; revoked.
    revoked: String,
    config: ProbeConfig,
    /// The running server; it stops when dropped.
    _running: Box<dyn std::any::Any + Send + Sync>,
}

/// What is said of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    prove: Short,
    dead: Death,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    Shown,
    NotShown(Why),
}

const KINDS: [&str; 5] = ["valid", "missing", "garbage", "expired", "revoked"];

/// A server that tells good tokens from all others, and says so with 401.
const CLEAR: [Said; 5] = [
    Said {
        prove: Short::Full,
        dead: Death::NotShown(Why::StillAccepted),
    },
    REJECTED,
    REJECTED,
    REJECTED,
    REJECTED,
];
const REJECTED: Said = Said {
    prove: Short::Fail(Why::Rejected),
    dead: Death::Shown,
};
/// A JWT that says itself that its time is over is not sent for a proof.
const OVER: Said = Said {
    prove: Short::Fail(Why::NotInForce),
    dead: Death::Shown,
};

#[test]
fn five_real_servers_and_five_kinds_of_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let [ours, theirs] = ["canaille", "mlflow"].map(|name| folder.path().join(name));
    let keycloaks = [CLEAR[0], CLEAR[1], CLEAR[2], OVER, CLEAR[4]];
    let rows = std::thread::scope(|scope| {
        // A thread for each: their starts take up to minutes, and wait without a pause.
        [
            ("better-auth", CLEAR, scope.spawn(|| judged(better_auth()))),
            (
                "scim2-server",
                CLEAR,
                scope.spawn(|| judged(scim2_server())),
            ),
            ("canaille", CLEAR, scope.spawn(|| judged(canaille(&ours)))),
            ("Keycloak", keycloaks, scope.spawn(|| judged(keycloak()))),
            ("MLflow", CLEAR, scope.spawn(|| judged(mlflow(&theirs)))),
        ]
        .map(|(name, expected, row)| (name, expected, row.join().expect("a row")))
    });
    let mut said = format!("{:14}", "");
    for kind in KINDS {
        said += &format!("{kind:36}");
    }
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for (name, expected, row) in rows {
        said += &format!("\n{name:14}");
        let Some(row) = row else {
            said += "(the part is missing)";
            continue;
        };
        for ((kind, found), expected) in KINDS.into_iter().zip(row).zip(expected) {
            let found_words = format!("{:?}, {:?}", found.prove, found.dead);
            said += &format!("{found_words:36}");
            cells += 1;
            if found != expected {
                wrong.push(format!("{name}, {kind}: {found:?}, expected {expected:?}"));
            }
        }
    }
    eprintln!("{said}\n{cells} cells of 25");
    assert!(wrong.is_empty(), "{wrong:#?}\n{said}");
}

/// Starts a server and has its tokens judged.
fn judged(server: impl Future<Output = Option<Server>>) -> Option<[Said; 5]> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async { Some(server.await?.row().await) })
}

impl Server {
    /// What is said of each kind, in their order.
    async fn row(&self) -> [Said; 5] {
        let garbage = garbage(&self.valid);
        let direct = self.probe(self.scim_url.clone());
        let judged = async |probe: &ScimProbe, text: &str| Said {
            prove: short(probe.prove(&token(text)).await),
            // The valid token is asked for at the server itself in any case.
            dead: death(
                direct
                    .prove_refused(&token(text), &token(&self.another_valid))
                    .await,
            ),
        };
        [
            judged(&direct, &self.valid).await,
            self.missing().await,
            judged(&direct, &garbage).await,
            judged(&direct, &self.expired).await,
            judged(&direct, &self.revoked).await,
        ]
    }

    /// The token does not arrive: a proxy takes the header out of every request. A
    /// second one does so for one of two tokens only.
    async fn missing(&self) -> Said {
        let deaf = Meddler::start(&self.scim_url).await;
        deaf.remove_header("authorization");
        let proven = self
            .probe(behind(&deaf, &self.scim_url))
            .prove(&token(&self.valid))
            .await;
        let half_deaf = Meddler::start(&self.scim_url).await;
        half_deaf.remove_bearer(&self.valid);
        let probe = self.probe(behind(&half_deaf, &self.scim_url));
        let (lost, kept) = (token(&self.valid), token(&self.another_valid));
        Said {
            prove: short(proven),
            dead: death(probe.prove_refused(&lost, &kept).await),
        }
    }

    fn probe(&self, scim_url: Url) -> ScimProbe {
        let clock = Arc::new(SystemClock);
        ScimProbe::new(client(PATIENT), scim_url, self.config.clone(), clock)
    }
}

fn behind(proxy: &Meddler, scim_url: &Url) -> Url {
    let mut url = scim_url.clone();
    url.set_port(proxy.url.port()).expect("an http URL");
    url
}

fn death(verdict: Verdict<Refusal>) -> Death {
    match verdict {
        Verdict::Pass(_) => Death::Shown,
        Verdict::Fail(finding) | Verdict::Inconclusive(finding) => Death::NotShown(finding.reason),
    }
}

/// A token of the same length and form that the server never issued.
fn garbage(valid: &str) -> String {
    let turned = valid.chars().rev().enumerate().map(|(place, c)| match c {
        'a'..='y' | 'A'..='Y' | '0'..='8' if place < 20 => {
            char::from(u8::try_from(c).expect("ASCII") + 1)
        }
        c => c,
    });
    turned.collect::<Vec<_>>().into_iter().rev().collect()
}

/// Waits until the server does not take the token any more; it took it before.
async fn until_expired(scim_url: &Url, token: &str) {
    let url = format!("{scim_url}/Users");
    let status = async || {
        let answer = bare_http().get(&url).bearer_auth(token).send().await;
        answer.expect("an answer").status()
    };
    for _ in 0..4 * (SHORT + 60) {
        if status().await == 401 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{scim_url} takes a token for longer than it may live");
}

/// The token is one that the server takes.
async fn must_be_taken(scim_url: &Url, token: &str) {
    let url = format!("{scim_url}/Users");
    let answer = bare_http().get(url).bearer_auth(token).send().await;
    assert_eq!(answer.expect("an answer").status(), 200, "{scim_url}");
}

async fn better_auth() -> Option<Server> {
    let server = BetterAuth::start()?;
    let [valid, another, expired, revoked] = [
        server.mint("valid", 600).await,
        server.mint("another", 600).await,
        server.mint("expired", SHORT).await,
        server.mint("revoked", 600).await,
    ];
    let scim_url = server.scim_url();
    for minted in [&expired, &revoked] {
        must_be_taken(&scim_url, &minted.token).await;
    }
    server.revoke(&revoked.id).await;
    until_expired(&scim_url, &expired.token).await;
    Some(Server {
        scim_url,
        valid: valid.token,
        another_valid: another.token,
        expired: expired.token,
        revoked: revoked.token,
        config: ProbeConfig::default(),
        _running: Box::new(server),
    })
}

async fn scim2_server() -> Option<Server> {
    let server = Scim2Server::start()?;
    let [valid, another, expired, revoked] = [
        server.mint(600.0).await,
        server.mint(600.0).await,
        server.mint(f64::from(SHORT)).await,
        server.mint(600.0).await,
    ];
    let scim_url = server.scim_url();
    for minted in [&expired, &revoked] {
        must_be_taken(&scim_url, &minted.token).await;
    }
    server.revoke(&revoked.id).await;
    until_expired(&scim_url, &expired.token).await;
    Some(Server {
        scim_url,
        valid: valid.token,
        another_valid: another.token,
        expired: expired.token,
        revoked: revoked.token,
        config: ProbeConfig::default(),
        _running: Box::new(server),
    })
}

/// Its tokens are access tokens; one with a short life is made by its own command.
async fn canaille(folder: &Path) -> Option<Server> {
    let server = CanailleServer::start(folder).await?;
    let [valid, another, revoked] = [
        server.issue().await,
        server.issue().await,
        server.issue().await,
    ];
    let expired = "made-by-hand-9sD4fG6hJ0aLZq3vT8yK1mN5bX7cR2wP".to_owned();
    // The command itself takes seconds.
    server.make(&expired, 2 * SHORT);
    let scim_url = server.scim_url();
    for minted in [&expired, &revoked] {
        must_be_taken(&scim_url, minted).await;
    }
    server.revoke(&revoked).await;
    until_expired(&scim_url, &expired).await;
    Some(Server {
        scim_url,
        valid,
        another_valid: another,
        expired,
        revoked,
        config: ProbeConfig::default(),
        _running: Box::new(server),
    })
}

/// Its tokens are JWTs whose life the client's settings say: a second client has short
/// ones.
async fn keycloak() -> Option<Server> {
    let server = ServiceProvider::start(600).await?;
    let brief = server.add_scim_client("brief", CLIENT_SECRET, SHORT).await;
    let issue = async |client: &str| grant(&server.token_url(), client).await;
    let [valid, another, revoked] = [
        issue(CLIENT_ID).await,
        issue(CLIENT_ID).await,
        issue(CLIENT_ID).await,
    ];
    let expired = issue(&brief).await;
    let scim_url = server.scim_url();
    for minted in [&expired, &revoked] {
        must_be_taken(&scim_url, minted).await;
    }
    let form = [("token", revoked.as_str())];
    let request = bare_http().post(server.revocation_url()).form(&form);
    let request = request.basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "revoked");
    until_expired(&scim_url, &expired).await;
    Some(Server {
        scim_url,
        valid,
        another_valid: another,
        expired,
        revoked,
        config: ProbeConfig::default(),
        _running: Box::new(server),
    })
}

async fn grant(token_url: &Url, client: &str) -> String {
    let form = [("grant_type", "client_credentials")];
    let request = bare_http().post(token_url.clone()).form(&form);
    let request = request.basic_auth(client, Some(CLIENT_SECRET));
    let answer = request.send().await.expect("an answer");
    let body: serde_json::Value = answer.json().await.expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

async fn mlflow(folder: &Path) -> Option<Server> {
    let server = Mlflow::start(folder)?;
    let mint = async |name: &str, seconds: u32| {
        let end = SystemClock.now() + SignedDuration::from_secs(i64::from(seconds));
        let made = server.mint(name, &end.to_string()).await;
        let token = made["token"].as_str().expect("a token").to_owned();
        (made["id"].to_string(), token)
    };
    let (_, valid) = mint("valid", 600).await;
    let (_, another) = mint("another", 600).await;
    let (_, expired) = mint("expired", SHORT).await;
    let (revoked_id, revoked) = mint("revoked", 600).await;
    let scim_url = server.scim_url();
    for minted in [&expired, &revoked] {
        must_be_taken(&scim_url, minted).await;
    }
    server.revoke(&revoked_id).await;
    until_expired(&scim_url, &expired).await;
    Some(Server {
        scim_url,
        valid,
        another_valid: another,
        expired,
        revoked,
        config: ProbeConfig::default(),
        _running: Box::new(server),
    })
}
