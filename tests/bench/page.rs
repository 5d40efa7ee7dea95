//! How long the status page and the API take to filter, sort and cut ten thousand tokens,
//! and how large a page is: `cargo bench --bench page`. At most 200 ms.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::Clock;
use scim_rotator::server::config::ServerConfig;
use scim_rotator::server::{Rotations, Server, Told};
use scim_rotator::telemetry::Telemetry;
use scim_rotator::telemetry::notify::Notifier;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

#[allow(dead_code, reason = "shared with the tests of the alert rules")]
#[path = "../deploy/fixture.rs"]
mod fixture;

struct Fixed;

#[async_trait]
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        fixture::now()
    }
    async fn sleep(&self, _duration: SignedDuration) {}
}

struct NoRotations;

#[async_trait]
impl Rotations for NoRotations {
    async fn of(&self, _token: &str) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }
}

const ASKED: [&str; 7] = [
    "/healthz",
    "/",
    "/?state=failing&sort=-expires",
    "/?q=token-0123",
    "/?sort=next&page=50",
    "/tokens/token-01234",
    "/api/v1/tokens?sort=issuer&per_page=1000",
];

#[tokio::main]
async fn main() {
    let config: ServerConfig = toml::from_str("listen = \"127.0.0.1:0\"").expect("config");
    let bound = Server::bind(&config).await.expect("a free port");
    let address = bound.address();
    let telemetry = Telemetry::new(fixture::now(), Notifier::silent()).expect("metrics");
    for number in 0..10_000 {
        let name = format!("token-{number:05}");
        let record = match number % 10 {
            0 => fixture::capped_record(&name),
            1 => fixture::busy_record(&name),
            _ => fixture::fresh_record(&name),
        };
        telemetry.board.set(fixture::snapshot(&record));
    }
    let told = Told {
        telemetry,
        clock: Arc::new(Fixed),
        replica: "bench".to_owned(),
        rotations: Arc::new(NoRotations),
    };
    let end = CancellationToken::new();
    let served = tokio::spawn(bound.serve(told, end.clone()));
    let client = reqwest::Client::new();
    for path in ASKED {
        let url = format!("http://{address}{path}");
        let mut milliseconds = Vec::new();
        let mut bytes = 0;
        for _ in 0..9 {
            let began = Instant::now();
            let answer = client.get(&url).send().await.expect("answered");
            bytes = answer.bytes().await.expect("a body").len();
            milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        }
        milliseconds.sort_by(f64::total_cmp);
        println!(
            "10000 tokens, {path}: median {:.1} ms, {:.0} KiB",
            milliseconds[4],
            bytes as f64 / 1024.0
        );
    }
    end.cancel();
    served.await.expect("no panic").expect("served");
}
