//! Vault goes away in the middle of a rotation, between the mint and the commit
//! of the minted token.

use serde_json::json;

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, read_users, token};
use super::support::better_auth::{BetterAuth, Minted};
use super::wait::eventually;

#[tokio::test]
async fn a_sealed_vault_delays_a_rotation_and_costs_no_token() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let daemon = scene.begin().await;
    scene.house.vault.seal().await;
    scene.the_mint_is_answered(&daemon, "sealed").await;
    scene.house.vault.unseal().await;
    scene.end(daemon).await;
}

#[tokio::test]
async fn a_killed_and_restarted_vault_delays_a_rotation_and_costs_no_token() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let daemon = scene.begin().await;
    scene.house.vault.kill();
    scene.the_mint_is_answered(&daemon, "").await;
    scene.house.vault.restart().await;
    scene.house.vault.unseal().await;
    scene.end(daemon).await;
}

struct Scene {
    house: House,
    server: BetterAuth,
    keeper: Keeper,
    old: Minted,
}

impl Scene {
    async fn new() -> Option<Self> {
        let mut house = House::with_durable_vault().await?;
        let server = BetterAuth::start()?;
        house.longest_call = 20;
        let old = due_at_once(&house, &server).await;
        let keeper = Keeper::new(&house);
        Some(Self {
            house,
            server,
            keeper,
            old,
        })
    }

    /// Starts the daemon; returns when its token is minted and the answer is
    /// still held back.
    async fn begin(&mut self) -> Daemon {
        let sections = [
            better_auth_issuer(&mut self.house, &self.server).await,
            self.keeper.connection(&self.house),
            token(&self.server.scim_url(), "idp", DUE),
        ];
        let fault = json!({ "mint": "slow", "count": 1, "delay_ms": 5000 });
        self.server.plan_fault(fault).await;
        let daemon = self.house.run(&sections.concat()).await;
        let live = async || (self.server.live().await.len() == 2).then_some(());
        eventually("a token is minted", live).await;
        daemon
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
        assert_eq!(self.server.live().await, [text(&record["current"]["id"])]);
        assert_eq!(self.keeper.holds().as_deref(), Some(new));
        assert_eq!(self.house.published().await["token"], new);
        let scim_url = self.server.scim_url();
        assert_eq!(read_users(&scim_url, &self.old.token).await, 401);
        eventually("it is ready again", async || {
            (daemon.get("/readyz").await?.0 == 200).then_some(())
        })
        .await;
        daemon.stop().await;
        self.house.close().await;
    }
}
