//! A daemon in the middle of a rotation: its token is minted, and the answer of
//! the service provider is still held back.

use serde_json::json;

use super::daemon::Daemon;
use super::house::House;
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::{BetterAuth, Minted};
use super::wait::eventually;

/// Where it happens.
pub struct MidMint {
    pub house: House,
    pub server: BetterAuth,
    pub keeper: Keeper,
    /// The token that is due.
    pub old: Minted,
    sections: String,
}

impl MidMint {
    /// In this house; `None` if a part is missing.
    pub async fn at(house: Option<House>) -> Option<Self> {
        let (mut house, server) = (house?, BetterAuth::start()?);
        house.longest_call = 20;
        let old = due_at_once(&house, &server).await;
        let keeper = Keeper::new(&house);
        let sections = [
            better_auth_issuer(&mut house, &server).await,
            keeper.connection(&house),
            token(&server.scim_url(), "idp", DUE),
        ];
        Some(Self {
            sections: sections.concat(),
            house,
            server,
            keeper,
            old,
        })
    }

    /// Starts the daemon; returns when its token is minted. The answer comes so
    /// much later.
    pub async fn begin(&self, delay_ms: u32) -> Daemon {
        let fault = json!({ "mint": "slow", "count": 1, "delay_ms": delay_ms });
        self.server.plan_fault(fault).await;
        let daemon = self.run().await;
        let live = async || (self.server.live().await.len() == 2).then_some(());
        eventually("a token is minted, its answer is out", live).await;
        daemon
    }

    /// Starts a daemon.
    pub async fn run(&self) -> Daemon {
        self.house.run(&self.sections).await
    }
}
