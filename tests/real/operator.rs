//! A service provider without a token API: a person makes the token and writes
//! it into Vault.

use jiff::SignedDuration;
use serde_json::json;

use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

const ISSUER: &str = r#"
[issuers.sp.operator]
live_tokens = "many"
issue_effect = "keeps"
instructions = "Settings > Tokens > New"
"#;

#[tokio::test]
async fn a_token_that_a_person_writes_is_proven_delivered_and_published() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    // What a person writes is seen because it is waited for.
    house.sweep = "24h";
    let scim_url = server.scim_url();
    let old = server.mint("old", 60).await;
    let keeper = Keeper::new(&house);
    let times = "declared_lifetime = \"2h\"\nrenew_at = \"20%\"\noverlap = \"5s\"";
    let sections = [
        ISSUER.to_owned(),
        keeper.connection(&house),
        token(&scim_url, "idp", times),
    ];
    let clock = scim_rotator::clock::SystemClock;
    let now = scim_rotator::ports::Clock::now(&clock);
    house
        .write_by_hand(json!({
            "token": old.token,
            "issued_at": now.to_string(),
            "expires_at": (now + SignedDuration::from_secs(60)).to_string(),
        }))
        .await;
    let daemon = house.run(&sections.concat()).await;
    let waiting = house
        .until("a person is asked", |record| {
            record["rotation"]["stage"] == "waiting_operator"
        })
        .await;
    assert_eq!(waiting["current"]["value"], old.token.as_str());
    let stage = "scim_rotator_rotation_stage_entered_timestamp_seconds{token=\"crm\",stage=\"waiting_operator\"}";
    eventually("the metric tells", async || {
        (daemon.metric(stage).await? > 0.0).then_some(())
    })
    .await;

    // A slip of the hand: it does no harm, and the right one may still follow.
    let wrong = "not-the-token-9sD4fG6hJ0aLZq3vT8yK1mN5bX7cR2wP";
    house.write_by_hand(json!({ "token": wrong })).await;
    let refused = house
        .until("the wrong value is put aside", |record| {
            record["refused_values"].is_array()
        })
        .await;
    assert_eq!(refused["current"]["value"], old.token.as_str());
    assert_eq!(keeper.holds(), None, "it never reached the IdP");

    let new = server.mint("new", 3600).await;
    house
        .write_by_hand(json!({
            "token": new.token,
            "expires_at": (now + SignedDuration::from_hours(1)).to_string(),
            "owner": "people team",
        }))
        .await;
    let taken = house
        .until("the new token is in use", |record| {
            record["current"]["value"] == new.token.as_str() && record["rotation"].is_null()
        })
        .await;
    assert_eq!(taken["current"]["origin"], "operator");
    assert!(taken["current"]["evidence"].is_object(), "it is not proven");
    assert_eq!(keeper.holds().as_deref(), Some(new.token.as_str()));

    // Nobody can revoke the old one by a call: its expiry is waited for.
    let last = house.until("the old token is gone", is_settled).await;
    assert_eq!(read_users(&scim_url, &old.token).await, 401);
    assert_eq!(
        read_users(&scim_url, text(&last["current"]["value"])).await,
        200
    );
    let published = house.published().await;
    assert_eq!(published["token"], new.token.as_str());
    assert_eq!(published["owner"], "people team");
    daemon.stop().await;
    house.close().await;
}
