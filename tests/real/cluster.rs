//! A cluster of three real Vaults under a token that never rests. Whatever
//! happens to the nodes: no token is lost, none is issued twice, and work goes
//! on within seconds of the new election.
//!
//! | what happens | what must go on |
//! | --- | --- |
//! | the leader is killed in each stage of a rotation | the rotation, once there is a new leader |
//! | a follower is killed | all, at once |
//! | the leader stands still, and goes on later | as after a kill; what it still believes is not believed |
//! | the leader is cut off from the others; clients reach it | as after a kill |
//! | the leader leaves the lead to another, and passes nothing on (307) | all: our token goes to configured addresses only, the log says what happened |
//! | the daemon does not reach the leader | all, by way of a node that passes requests on |
//! | all are killed, come back sealed, and are unsealed | all |
//!
//! One cluster for all of them: it takes its time until it may lose a node.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::daemon::Daemon;
use super::house::House;
use super::restless::Restless;
use super::support::bare_http_without_redirects;
use super::support::cluster::{Cluster, NODES};
use super::support::cut::{Cut, Line};
use super::support::meddler::Meddler;
use super::wait::eventually;

const STAGES: [&str; 5] = ["issuing", "proving", "delivering", "confirming", "retiring"];
/// From the loss of the leader to the next commit. It takes three seconds where
/// nothing else runs; the bound is for machines where very much does.
const LONGEST: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_its_nodes_no_token_is_lost_and_work_goes_on() {
    let dir = TempDir::new().expect("a folder");
    let Some(cluster) = Cluster::start(dir.path()).await else {
        return;
    };
    let mut house = House::around(cluster.as_one(), dir).await;
    house.longest_call = 5;
    let mut lines = Vec::new();
    for node in 0..NODES {
        lines.push(Cut::start(cluster.url(node)).await);
    }
    let Some(mut restless) = Restless::waiting_for_proof(house).await else {
        return;
    };
    the_leader_points_elsewhere(&cluster, &mut restless).await;
    let addresses = lines.iter().map(|line| line.url.to_string());
    restless.house.vault_addresses = addresses.collect();
    let daemon = restless.house.run(&restless.sections).await;
    let mut scene = Scene {
        cluster,
        lines,
        restless,
        daemon,
    };
    for stage in STAGES {
        scene.the_leader_is_killed(stage).await;
    }
    scene.a_follower_is_killed().await;
    scene.the_leader_stands_still().await;
    scene.the_leader_is_cut_off().await;
    scene.the_daemon_does_not_reach_the_leader().await;
    scene.all_are_sealed().await;
    scene.end().await;
}

/// A node that lost the lead answers 307 with the address of the one that
/// leads, if it may not pass requests on.
async fn the_leader_points_elsewhere(cluster: &Cluster, restless: &mut Restless) {
    // Vault names the nodes' own addresses; the daemon knows doors before them,
    // first of all nodes, then of the one that leads only.
    for is_listed in [false, true] {
        let leader = cluster.leader().await;
        let (mut doors, mut addresses) = (Vec::new(), Vec::new());
        for node in 0..NODES {
            if is_listed && node != leader {
                addresses.push(cluster.url(node).to_string());
                continue;
            }
            let door = Meddler::start(cluster.url(node)).await;
            door.add_header("x-vault-no-request-forwarding", "true");
            addresses.push(door.url.to_string());
            doors.push(door);
        }
        restless.house.vault_addresses = addresses;
        restless.house.log = "info";
        // The write must not be given up meanwhile.
        restless.house.longest_call = 20;
        let daemon = restless.house.run(&restless.sections).await;
        works_on(restless).await;
        // A write that arrives when the lead is lost, and not in between: a node
        // that is about to lose it knows nobody yet to point to.
        let gate = doors[if is_listed { 0 } else { leader }].hold("POST /v1/kv");
        eventually("a write is under way", async || {
            gate.is_reached().then_some(())
        })
        .await;
        let next = cluster.step_down(leader).await;
        let place = cluster.url(next).origin().ascii_serialization();
        let door = restless.house.vault_addresses[leader].as_str();
        eventually("it points to the new leader", async || {
            let to = points_to(door, cluster.root_token()).await?;
            to.starts_with(&place).then_some(())
        })
        .await;
        gate.open();
        let began = Instant::now();
        let words = if is_listed {
            "the one that it points to is asked"
        } else {
            "our token is not sent there"
        };
        eventually(words, async || {
            let log = daemon.log();
            // A node that is about to lead may be named first.
            let mut lines = log.lines();
            lines.find(|line| line.contains(words) && line.contains(&place))?;
            Some(())
        })
        .await;
        works_on(restless).await;
        eprintln!(
            "a node that led answers 307 with an address that is listed: {is_listed}: {:?} to a whole rotation",
            began.elapsed()
        );
        daemon.stop().await;
        cluster.until_whole().await;
    }
    restless.house.log = "warn";
    restless.house.longest_call = 5;
}

/// Where a node sends a read, if it does not serve it.
async fn points_to(node: &str, token: &str) -> Option<String> {
    let url = format!("{node}v1/kv/config");
    let http = bare_http_without_redirects();
    let answer = http.get(url).header("x-vault-token", token).send().await;
    let answer = answer.ok().filter(|answer| answer.status() == 307)?;
    let place = answer.headers().get("location")?.to_str().ok()?;
    Some(place.to_owned())
}

struct Scene {
    cluster: Cluster,
    lines: Vec<Cut>,
    restless: Restless,
    daemon: Daemon,
}

impl Scene {
    async fn the_leader_is_killed(&mut self, stage: &str) {
        let leader = self.cluster.leader().await;
        eventually(stage, async || {
            let is_so = self.restless.stage().await == stage || self.is_in(stage).await;
            is_so.then_some(())
        })
        .await;
        let lost = self.lose(leader, |cluster| cluster.kill(leader)).await;
        eprintln!("the leader killed while {stage}: {lost}");
        self.cluster.restart(leader).await;
        self.cluster.unseal(leader).await;
        self.cluster.until_whole().await;
    }

    /// Whether the daemon is in this stage: while it waits for proof, nothing is
    /// stored that may be asked again.
    async fn is_in(&self, stage: &str) -> bool {
        let shown = self.daemon.get("/api/v1/tokens/crm").await;
        let shown = shown.and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
        shown.is_some_and(|token| token["stage"] == stage)
    }

    async fn a_follower_is_killed(&mut self) {
        let leader = self.cluster.leader().await;
        let follower = (leader + 1) % NODES;
        let before = self.commits().await;
        let began = Instant::now();
        self.cluster.kill(follower);
        self.next_commit(before, began).await;
        eprintln!(
            "a follower killed: {:?} to the next commit",
            began.elapsed()
        );
        self.cluster.restart(follower).await;
        self.cluster.unseal(follower).await;
        self.cluster.until_whole().await;
    }

    async fn the_leader_stands_still(&mut self) {
        let leader = self.cluster.leader().await;
        let lost = self.lose(leader, |cluster| cluster.stop(leader)).await;
        eprintln!("the leader stands still: {lost}");
        self.cluster.go_on(leader);
        self.cluster.until_whole().await;
    }

    async fn the_leader_is_cut_off(&mut self) {
        let leader = self.cluster.leader().await;
        let lost = self.lose(leader, |cluster| cluster.isolate(leader)).await;
        eprintln!("the leader cut off from the others: {lost}");
        self.cluster.connect(leader);
        self.cluster.until_whole().await;
    }

    async fn the_daemon_does_not_reach_the_leader(&mut self) {
        let leader = self.cluster.leader().await;
        let before = self.commits().await;
        let began = Instant::now();
        self.lines[leader].set(Line::BlackHole);
        self.next_commit(before + 1, began).await;
        eprintln!(
            "the leader out of the daemon's reach: {:?} to the next commit",
            began.elapsed()
        );
        works_on(&self.restless).await;
        self.lines[leader].set(Line::Open);
    }

    async fn all_are_sealed(&mut self) {
        for node in 0..NODES {
            self.cluster.kill(node);
        }
        for node in 0..NODES {
            self.cluster.restart(node).await;
        }
        eventually("it is not ready and says why", async || {
            let (status, body) = self.daemon.get("/readyz").await?;
            (status == 503 && body.contains("sealed")).then_some(())
        })
        .await;
        let began = Instant::now();
        for node in 0..NODES {
            self.cluster.unseal(node).await;
        }
        let before = self.commits().await;
        self.next_commit(before, began).await;
        eprintln!("all unsealed: {:?} to the next commit", began.elapsed());
        works_on(&self.restless).await;
    }

    /// Loses the leader; tells how long it took until another one led, and
    /// until the daemon committed.
    async fn lose(&mut self, leader: usize, how: impl FnOnce(&mut Cluster)) -> String {
        let others: Vec<usize> = (0..NODES).filter(|node| *node != leader).collect();
        let before = self.commits().await;
        let began = Instant::now();
        how(&mut self.cluster);
        let (elected, ()) = tokio::join!(
            async {
                self.cluster.leader_among(&others).await;
                began.elapsed()
            },
            // One commit may have been made between the look and the loss.
            self.next_commit(before + 1, began),
        );
        let committed = began.elapsed();
        format!("{elected:?} to the new leader, {committed:?} to the next commit")
    }

    /// Waits for a commit after so many.
    async fn next_commit(&self, before: u64, began: Instant) {
        eventually("a commit", async || {
            (self.commits().await > before).then_some(())
        })
        .await;
        assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    }

    /// How many versions of the record there are.
    async fn commits(&self) -> u64 {
        let path = "kv/metadata/scim-rotator/crm";
        eventually("the record's metadata", async || {
            let vault = &self.restless.house.vault;
            let (_, body) = vault.api("GET", path, Value::Null).await;
            body["data"]["current_version"].as_u64()
        })
        .await
    }

    /// How many requests went to Vault whose series says this.
    async fn requests(&self, part: &str) -> f64 {
        let (_, metrics) = self.daemon.get("/metrics").await.expect("metrics");
        let series = "scim_rotator_http_requests_total{";
        let is_meant = |line: &&str| {
            line.starts_with(series) && line.contains("target=\"vault\"") && line.contains(part)
        };
        let lines = metrics.lines().filter(is_meant);
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    async fn end(self) {
        let all = self.requests("").await;
        let health = self.requests("operation=\"health\"").await;
        self.daemon.stop().await;
        let record = self.restless.house.record().await;
        let intents = record["issues"].as_array().map_or(0, Vec::len);
        let orphans = record["orphans"].clone();
        let rested = self.restless.rest().await;
        let (rotations, minted) = (rested.rotations, rested.minted);
        eprintln!("{all} requests to Vault, {health} of them after the health of its nodes");
        eprintln!(
            "{rotations} rotations in all, {intents} intents, {} tokens minted",
            minted.len()
        );
        assert!(orphans.is_null(), "{orphans}");
        assert_eq!(
            u64::try_from(minted.len()),
            Ok(rotations),
            "none was issued twice: {minted:#?}"
        );
    }
}

/// Waits for a whole rotation from here on.
async fn works_on(restless: &Restless) {
    let generation = async || restless.house.record().await["generation"].as_u64();
    let before = eventually("the record", generation).await;
    eventually("a rotation", async || {
        (generation().await? > before).then_some(())
    })
    .await;
}
