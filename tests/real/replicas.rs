//! Three daemons on one Vault share fifty tokens. One is killed, one stands
//! still beyond its leases and goes on. Every token is rotated once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{
    DUE, Keeper, better_auth_issuer, due_at_once, read_users, scim2_server_issuer, token,
};
use super::support::better_auth::BetterAuth;
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

const TOKENS: usize = 50;
const REPLICAS: usize = 3;
/// An even share is a third. A busy machine may start one replica late.
const LEAST_SHARE: f64 = 0.05;
const LARGEST_SHARE: f64 = 0.75;

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_rotate_every_token_once_though_one_dies_and_one_stands_still() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.longest_call = 2;
    house.log = "info";
    // A rotation takes long enough that all three are at work at once.
    let slow = json!({
        "path_prefix": "/_tokens", "method": "POST", "delay_ms": 300, "count": 1_000_000
    });
    server.plan_fault(slow).await;
    let names: Vec<String> = (0..TOKENS).map(|n| format!("t{n:02}")).collect();
    let sections = sections(&server, &names);
    let starting = (0..REPLICAS).map(|number| house.run_replica(number, &sections));
    let replicas = futures_util::future::join_all(starting).await;
    done(&house, &names, TOKENS / 5).await;
    share_of_work(&replicas).await;
    let Ok([working, killed, still]) = <[Daemon; REPLICAS]>::try_from(replicas) else {
        unreachable!("as many were started");
    };
    killed.kill();
    still.stand_still();
    done(&house, &names, TOKENS).await;
    still.go_on();

    // Whatever the one that stood still believed: it is corrected.
    eventually("the service provider has one token for each", async || {
        (server.live().await.len() == TOKENS).then_some(())
    })
    .await;
    let records = records(&house, &names).await;
    let current: BTreeSet<&str> = records.iter().map(|r| text(&r["current"]["id"])).collect();
    let live = server.live().await;
    assert_eq!(current, live.iter().map(String::as_str).collect());
    for record in &records {
        assert_eq!(record["generation"], 1, "{record}");
        assert!(record["orphans"].is_null(), "{record}");
    }
    working.stop().await;
    still.stop().await;
    house.close().await;
}

/// Nobody does nearly all of it, and nobody nearly nothing.
async fn share_of_work(replicas: &[Daemon]) {
    let mut shares = Vec::new();
    for daemon in replicas {
        let (_, metrics) = daemon.get("/metrics").await.expect("metrics");
        let issued = |line: &str| -> Option<f64> {
            let sample = line.strip_prefix("scim_rotator_tokens_issued_total{")?;
            sample.rsplit(' ').next()?.parse().ok()
        };
        shares.push(metrics.lines().filter_map(issued).sum::<f64>());
    }
    let all: f64 = shares.iter().sum();
    eprintln!("tokens issued by each replica before one is killed: {shares:?}");
    for share in &shares {
        assert!(*share >= LEAST_SHARE * all, "{shares:?}");
        assert!(*share <= LARGEST_SHARE * all, "{shares:?}");
    }
}

async fn done(house: &House, names: &[String], wanted: usize) {
    eventually("so many tokens are rotated", async || {
        let records = records(house, names).await;
        let done = records
            .iter()
            .filter(|r| r["generation"] == 1 && r["rotation"].is_null());
        (done.count() >= wanted).then_some(())
    })
    .await;
}

async fn records(house: &House, names: &[String]) -> Vec<Value> {
    let mut records = Vec::new();
    for name in names {
        records.push(house.record_of(name).await);
    }
    records
}

fn sections(server: &Scim2Server, names: &[String]) -> String {
    let scim_url = server.scim_url();
    let mut text = scim2_server_issuer(server);
    for name in names {
        text += &format!(
            "\n[tokens.{name}]\nvault_path = \"kv/scim/{name}\"\nscim_url = \"{scim_url}\"\nissuer = \"sp\"\nlifetime = \"1h\"\noverlap = \"2s\"\n"
        );
    }
    text
}

#[tokio::test]
async fn a_replica_that_stood_still_beyond_its_lease_has_its_late_commit_refused() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    let fault = json!({ "mint": "slow", "count": 1, "delay_ms": 4000 });
    server.plan_fault(fault).await;
    let still = house.run_replica(0, &sections).await;
    eventually("a token is minted", async || {
        (server.live().await.len() == 2).then_some(())
    })
    .await;
    still.stand_still();
    let holder = house.record().await["lease"]["holder"].clone();

    let working = house.run_replica(1, &sections).await;
    let record = house
        .until("the other one completes the rotation", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    still.go_on();
    eventually("it notices that it is too late", async || {
        let refused = "scim_rotator_record_write_conflicts_total";
        (still.metric(refused).await? >= 1.0).then_some(())
    })
    .await;
    let after = house.record().await;
    assert_eq!(after["current"], record["current"]);
    assert_eq!(after["generation"], 2);
    assert_ne!(after["lease"]["holder"], holder);
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    assert_eq!(
        keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    assert_eq!(read_users(&server.scim_url(), &old.token).await, 401);
    working.stop().await;
    still.stop().await;
    house.close().await;
}
