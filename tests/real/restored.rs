//! A Vault that is restored from an older snapshot: what was stored since is lost,
//! and the tokens of that time are at the issuer and at the identity provider.

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// A token that was rotated after the snapshot.
struct Scene {
    house: House,
    server: Scim2Server,
    keeper: Keeper,
    daemon: Option<Daemon>,
    sections: String,
    first: Value,
    second: Value,
}

impl Scene {
    async fn new(times: &str) -> Option<Self> {
        let (mut house, server) = (House::with_durable_vault().await?, Scim2Server::start()?);
        house.sweep = "10s";
        house.log = "info";
        let keeper = Keeper::new(&house);
        let sections = [
            scim2_server_issuer(&server),
            keeper.connection(&house),
            token(&server.scim_url(), "idp", times),
        ]
        .concat();
        let daemon = house.run(&sections).await;
        let first = |r: &Value| r["generation"] == 1 && is_settled(r);
        let first = house.until("the first token is in use", first).await;
        eventually("it is published", async || {
            (house.published().await["token"] == first["current"]["value"]).then_some(())
        })
        .await;
        let copy = house.path("snapshot");
        house.vault.back_up(&copy).await;
        let rotated = house
            .command(&["rotate", "crm", "--foreground", "--timeout", "5m"])
            .await;
        assert_eq!(rotated.code, Some(0), "{rotated:?}");
        let second = |r: &Value| r["generation"] == 2 && r["rotation"].is_null();
        let second = house.until("the second token is in use", second).await;
        Some(Self {
            house,
            server,
            keeper,
            daemon: Some(daemon),
            sections,
            first: first["current"].clone(),
            second: second["current"].clone(),
        })
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it runs")
    }

    async fn restore(&mut self) {
        let copy = self.house.path("snapshot");
        self.house.vault.restore(&copy).await;
        let record = self.house.record().await;
        assert_eq!(
            record["generation"], 1,
            "the record is that of the snapshot"
        );
        let published = self.house.published().await;
        assert_eq!(published["token"], self.first["value"]);
    }

    async fn works(&self, token: &Value) -> bool {
        read_users(&self.server.scim_url(), text(&token["value"])).await == 200
    }

    /// Only the token in use lives, and all have it.
    async fn all_hold(&self, record: &Value) {
        let value = text(&record["current"]["value"]);
        assert_eq!(self.keeper.holds().as_deref(), Some(value));
        eventually("it is published", async || {
            (self.house.published().await["token"] == value).then_some(())
        })
        .await;
        assert!(self.works(&record["current"]).await);
    }

    async fn is_told(&self) {
        let metric = "scim_rotator_vault_restored_timestamp_seconds";
        eventually("the metric tells", async || {
            (self.daemon().metric(metric).await? > 0.0).then_some(())
        })
        .await;
        let log = self.daemon().log();
        assert!(log.contains("restored from a snapshot"), "{log}");
        assert!(
            !log.contains("status 412"),
            "Vault never sent this status: {log}"
        );
    }

    async fn close(self) {
        let daemon = self.daemon.expect("it runs");
        daemon.stop().await;
        self.house.close().await;
    }
}

#[tokio::test]
async fn a_token_that_the_daemon_still_has_is_put_back() {
    let Some(mut scene) = Scene::new("lifetime = \"1h\"\noverlap = \"10m\"").await else {
        return;
    };
    eventually("the daemon has read it", async || {
        let (_, body) = scene.daemon().get("/api/v1/tokens/crm").await?;
        let shown: Value = serde_json::from_str(&body).ok()?;
        (shown["generation"] == 2).then_some(())
    })
    .await;
    scene.restore().await;
    let back = |r: &Value| r["generation"] == 2;
    let record = scene.house.until("it is put back", back).await;
    assert_eq!(record["current"]["value"], scene.second["value"]);
    assert_eq!(record["restored"]["todo"], "nothing");
    scene.all_hold(&record).await;
    assert_eq!(
        scene.server.live().await.len(),
        2,
        "both live in the overlap"
    );
    scene.is_told().await;
    scene.close().await;
}

#[tokio::test]
async fn a_token_whose_value_is_lost_is_found_replaced_and_ended() {
    let Some(mut scene) = Scene::new("lifetime = \"1h\"\noverlap = \"3s\"").await else {
        return;
    };
    scene.house.until("the first is retired", is_settled).await;
    assert!(!scene.works(&scene.first).await);
    // Once the lease is over, the next sweep drops what is idle from memory.
    let dropped = SystemClock.now() + SignedDuration::from_secs(40);
    eventually("the record is dropped from memory", async || {
        (SystemClock.now() > dropped).then_some(())
    })
    .await;
    scene.restore().await;
    let replaced = |r: &Value| r["generation"] == 2 && is_settled(r) && r["orphans"].is_null();
    let record = scene.house.until("it is replaced", replaced).await;
    let new = text(&record["current"]["id"]);
    assert_ne!(record["current"]["value"], scene.second["value"]);
    assert_eq!(scene.server.live().await, [new], "the lost one is ended");
    scene.all_hold(&record).await;
    scene.is_told().await;
    scene.close().await;
}

#[tokio::test]
async fn after_a_restart_the_lost_token_is_ended_too() {
    let times = "lifetime = \"1h\"\noverlap = \"3s\"\nprobe_every = \"2s\"";
    let Some(mut scene) = Scene::new(times).await else {
        return;
    };
    scene.house.until("the first is retired", is_settled).await;
    scene.daemon.take().expect("it runs").stop().await;
    scene.restore().await;
    scene.daemon = Some(scene.house.run(&scene.sections).await);
    let replaced = |r: &Value| r["generation"] == 2 && is_settled(r) && r["orphans"].is_null();
    let record = scene.house.until("it is replaced", replaced).await;
    assert_eq!(record["history"][0]["trigger"], "drift");
    let new = text(&record["current"]["id"]);
    assert_eq!(scene.server.live().await, [new], "the lost one is ended");
    scene.all_hold(&record).await;
    scene.is_told().await;
    scene.close().await;
}
