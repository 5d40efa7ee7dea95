//! A Vault that is not there when the daemon starts.

use super::daemon::Daemon;
use super::house::{House, is_settled};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

#[tokio::test]
async fn a_vault_that_is_away_at_start_is_waited_for_visibly() {
    let (Some(mut house), Some(server)) = (House::with_durable_vault().await, BetterAuth::start())
    else {
        return;
    };
    due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    house.vault.kill();
    let mut daemon = house.run(&sections).await;
    let address = house.vault.url().port().expect("a port").to_string();
    not_ready_because(&daemon, &address).await;
    assert!(daemon.log().contains("waiting for Vault"));

    house.vault.restart().await;
    not_ready_because(&daemon, "sealed").await;
    assert_eq!(daemon.ended(), None);
    house.vault.unseal().await;
    house
        .until("it works", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    eventually("it is ready", async || {
        (daemon.get("/readyz").await?.0 == 200).then_some(())
    })
    .await;
    daemon.stop().await;
    house.close().await;
}

/// Alive, not ready, and the reason can be read.
async fn not_ready_because(daemon: &Daemon, why: &str) {
    eventually("it is not ready and says why", async || {
        let (status, body) = daemon.get("/readyz").await?;
        (status == 503 && body.contains(why)).then_some(())
    })
    .await;
    assert_eq!(daemon.get("/healthz").await.map(|a| a.0), Some(200));
}
