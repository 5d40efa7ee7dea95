//! The configuration changes in the middle of a rotation.

use super::house::{House, executable, is_settled, text};
use super::parts::{
    DUE, Keeper, better_auth_issuer, due_at_once, exec_connection, read_users, token,
};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

/// Stage of the rotation in flight.
fn is_delivering(record: &serde_json::Value) -> bool {
    record["rotation"]["stage"] == "delivering"
}

#[tokio::test]
async fn a_token_taken_out_while_it_rotates_is_brought_to_its_end() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let keeper = Keeper::slow(&house, "3");
    let issuer = better_auth_issuer(&mut house, &server).await;
    let crm = token(&server.scim_url(), "idp", DUE);
    let sections = [issuer.as_str(), &keeper.connection(&house), &crm];
    let daemon = house.run(&sections.concat()).await;
    let may_be_delivered = |r: &serde_json::Value| r["rotation"]["may_be_delivered"] == true;
    house
        .until("the token may be delivered", may_be_delivered)
        .await;

    // All of it at once: the token, and what acts for it.
    house.reconfigure("");
    let series = "scim_rotator_token_info{token=\"crm\"";
    eventually("its series vanish", async || {
        let (_, metrics) = daemon.get("/metrics").await?;
        (!metrics.contains(series)).then_some(())
    })
    .await;
    let record = house.record().await;
    assert!(is_settled(&record), "{record}");
    assert_eq!(record["generation"], 2);
    let new = text(&record["current"]["value"]);
    assert_eq!(keeper.holds().as_deref(), Some(new));
    assert_eq!(text(&house.published().await["token"]), new);
    let scim_url = server.scim_url();
    assert_eq!(read_users(&scim_url, new).await, 200);
    assert_eq!(read_users(&scim_url, &old.token).await, 401);
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_rotation_goes_on_with_the_mended_connection() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    due_at_once(&house, &server).await;
    let issuer = better_auth_issuer(&mut house, &server).await;
    let crm = token(&server.scim_url(), "idp", DUE);
    let broken = house.file(
        "broken",
        "#!/bin/sh\ncat >/dev/null\necho '{\"result\": \"not_applied\"}'\n",
    );
    executable(&broken);
    let keeper = Keeper::new(&house);
    let broken = exec_connection(&house, &broken);
    let daemon = house.run(&[issuer.as_str(), &broken, &crm].concat()).await;
    house
        .until("the delivery fails", |record| {
            is_delivering(record) && record["failures"]["consecutive"].as_u64() > Some(0)
        })
        .await;

    house.reconfigure(&[issuer.as_str(), &keeper.connection(&house), &crm].concat());
    let record = house.until("the rotation ends", is_settled).await;
    assert_eq!(record["generation"], 2);
    assert_eq!(
        keeper.holds().as_deref(),
        Some(text(&record["current"]["value"]))
    );
    daemon.stop().await;
    house.close().await;
}
