//! Vault goes away in the middle of a rotation, between the mint and the commit
//! of the minted token.

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::mid_mint::MidMint;
use super::parts::read_users;
use super::wait::eventually;

#[tokio::test]
async fn a_sealed_vault_delays_a_rotation_and_costs_no_token() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (daemon, gate) = scene.0.begin().await;
    scene.0.house.vault.seal().await;
    gate.open();
    scene.the_mint_is_answered(&daemon, "sealed").await;
    scene.0.house.vault.unseal().await;
    scene.end(daemon).await;
}

#[tokio::test]
async fn a_killed_and_restarted_vault_delays_a_rotation_and_costs_no_token() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let (daemon, gate) = scene.0.begin().await;
    scene.0.house.vault.kill();
    gate.open();
    scene.the_mint_is_answered(&daemon, "").await;
    scene.0.house.vault.restart().await;
    scene.0.house.vault.unseal().await;
    scene.end(daemon).await;
}

struct Scene(MidMint);

impl Scene {
    async fn new() -> Option<Self> {
        let house = House::with_durable_vault().await;
        Some(Self(MidMint::at(house).await?))
    }

    /// The new token arrives and cannot be stored; the daemon says why.
    async fn the_mint_is_answered(&self, daemon: &Daemon, why: &str) {
        let issued = "scim_rotator_tokens_issued_total{token=\"crm\"}";
        eventually("the mint is answered", async || {
            (daemon.metric(issued).await? >= 1.0).then_some(())
        })
        .await;
        eventually("it is not ready and says why", async || {
            let (status, body) = daemon.get("/readyz").await?;
            (status == 503 && body.contains(why)).then_some(())
        })
        .await;
        assert_eq!(daemon.get("/healthz").await.map(|a| a.0), Some(200));
    }

    async fn end(self, daemon: Daemon) {
        let record = self
            .0
            .house
            .until("the rotation is completed", |record| {
                record["generation"] == 2 && is_settled(record)
            })
            .await;
        assert_eq!(
            record["issues"].as_array().map(Vec::len),
            Some(1),
            "one mint was enough"
        );
        let new = text(&record["current"]["value"]);
        assert_eq!(self.0.server.live().await, [text(&record["current"]["id"])]);
        assert_eq!(self.0.keeper.holds().as_deref(), Some(new));
        assert_eq!(self.0.house.published().await["token"], new);
        let scim_url = self.0.server.scim_url();
        assert_eq!(read_users(&scim_url, &self.0.old.token).await, 401);
        eventually("it is ready again", async || {
            (daemon.get("/readyz").await?.0 == 200).then_some(())
        })
        .await;
        daemon.stop().await;
        self.0.house.close().await;
    }
}
