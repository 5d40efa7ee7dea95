//! A daemon in the middle of a rotation: its token is minted, and the answer of
//! the service provider is still held back.

use super::daemon::Daemon;
use super::house::House;
use super::parts::{DUE, Keeper, better_auth_issuer_at, due_at_once, token};
use super::support::better_auth::{BetterAuth, Minted};
use super::support::meddler::{Gate, Meddler};
use super::wait::eventually;

/// Where it happens.
pub struct MidMint {
    pub house: House,
    pub server: BetterAuth,
    pub keeper: Keeper,
    /// The token that is due.
    pub old: Minted,
    /// Before the admin API.
    door: Meddler,
    sections: String,
}

impl MidMint {
    /// In this house; `None` if a part is missing.
    pub async fn at(house: Option<House>) -> Option<Self> {
        let (mut house, server) = (house?, BetterAuth::start()?);
        house.longest_call = 20;
        let old = due_at_once(&house, &server).await;
        let keeper = Keeper::new(&house);
        let base = server.scim_url().join("/").expect("a URL");
        let door = Meddler::start(&base).await;
        let sections = [
            better_auth_issuer_at(&mut house, &format!("{}admin", door.url)).await,
            keeper.connection(&house),
            token(&server.scim_url(), "idp", DUE),
        ];
        Some(Self {
            sections: sections.concat(),
            house,
            server,
            keeper,
            old,
            door,
        })
    }

    /// Starts the daemon; returns when its token is minted. The answer comes
    /// once the gate is opened.
    pub async fn begin(&self) -> (Daemon, Gate) {
        let gate = self.door.hold_answer("POST /admin/tokens");
        let daemon = self.run().await;
        eventually("a token is minted, its answer is out", async || {
            gate.is_reached().then_some(())
        })
        .await;
        (daemon, gate)
    }

    /// Starts a daemon.
    pub async fn run(&self) -> Daemon {
        self.house.run(&self.sections).await
    }
}
