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
use super::support::cluster::{Cluster, NODES};
use super::support::cut::{Cut, Line};
use super::wait::eventually;

const STAGES: [&str; 4] = ["issuing", "proving", "delivering", "retiring"];
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
    house.vault_addresses = lines.iter().map(|line| line.url.to_string()).collect();
    let Some(restless) = Restless::at(house).await else {
        return;
    };
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
            (self.restless.stage().await == stage).then_some(())
        })
        .await;
        let lost = self.lose(leader, |cluster| cluster.kill(leader)).await;
        eprintln!("the leader killed while {stage}: {lost}");
        self.cluster.restart(leader).await;
        self.cluster.unseal(leader).await;
        self.cluster.until_whole().await;
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
        self.works_on().await;
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
        self.works_on().await;
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

    /// Waits for a whole rotation from here on.
    async fn works_on(&self) {
        let generation = async || self.restless.house.record().await["generation"].as_u64();
        let before = eventually("the record", generation).await;
        eventually("a rotation", async || {
            (generation().await? > before).then_some(())
        })
        .await;
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
        let issued = record["issues"].as_array().map(Vec::len);
        let orphans = record["orphans"].clone();
        let rotations = self.restless.rest().await;
        eprintln!("{all} requests to Vault, {health} of them after the health of its nodes");
        eprintln!("{rotations} rotations in all, {issued:?} tokens issued before the rest");
        assert!(orphans.is_null(), "{orphans}");
        // The rest may complete what was in flight, and makes nothing new.
        assert_eq!(
            issued,
            usize::try_from(rotations).ok(),
            "none was issued twice"
        );
    }
}
