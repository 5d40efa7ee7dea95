//! The daemon's own Vault token: taken away in the middle of a rotation, shown
//! as a metric, revoked at the end.

use serde_json::Value;

use super::daemon::Daemon;
use super::house::{House, is_settled};
use super::mid_mint::MidMint;
use super::wait::eventually;

const EXPIRY: &str = "scim_rotator_vault_token_expiry_timestamp_seconds ";
const LOGINS: &str =
    "scim_rotator_http_requests_total{code=\"200\",operation=\"login\",target=\"vault\"} ";

#[tokio::test]
async fn a_token_revoked_in_the_middle_of_a_step_costs_one_login_and_nothing_else() {
    let Some(scene) = MidMint::at(House::new().await).await else {
        return;
    };
    let before = scene.house.vault.tokens().await;
    let (daemon, gate) = scene.begin().await;
    let MidMint { house, server, .. } = &scene;
    let path = "sys/leases/revoke-prefix/auth/approle/login";
    house.vault.must("PUT", path, Value::Null).await;
    gate.open();

    let record = house
        .until("the rotation is done", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(record["issues"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.live().await.len(), 1, "none is left over");
    assert_eq!(daemon.metric(LOGINS).await, Some(2.0));
    the_end_is_shown(&daemon).await;

    daemon.stop().await;
    assert_eq!(
        house.vault.tokens().await,
        before,
        "revoked at a clean stop"
    );
    scene.house.close().await;
}

/// `TOKEN_PERIOD` of the shipped script is an hour.
async fn the_end_is_shown(daemon: &Daemon) {
    let end = eventually("the end of our token is a metric", async || {
        daemon.metric(EXPIRY).await
    })
    .await;
    let now = jiff_now();
    assert!((now..=now + 3601.0).contains(&end), "{end}, now {now}");
}

fn jiff_now() -> f64 {
    use scim_rotator::ports::Clock as _;
    let now = scim_rotator::clock::SystemClock.now();
    now.as_second() as f64
}
