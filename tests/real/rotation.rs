//! A service provider that mints by API, an identity provider that provisions
//! without a pause: whole rotations with an overlap.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::demo::identity_provider::{DemoIdentityProvider, Options};
use scim_rotator::driver::clock::SystemClock;
use scim_rotator::ports::Clock;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::house::{House, is_settled, seconds, text};
use super::parts::{better_auth_issuer, read_users, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

/// Renewed at half of their life; the old one lives on for a quarter of it.
const TIMES: &str = "lifetime = \"40s\"\nrenew_at = \"50%\"\noverlap = \"8s\"";

#[tokio::test]
async fn a_token_turns_over_with_overlap_and_the_old_one_is_dead() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    // Nothing that any part of it logs may hold a secret.
    house.log = "trace";
    let scim_url = server.scim_url();
    let mut options = Options::new(scim_url.clone(), Arc::new(SystemClock));
    options.pace = SignedDuration::from_millis(100);
    let idp = DemoIdentityProvider::start(options).await.expect("starts");
    let admin = house.credential("idp", idp.admin_token().expose()).await;
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        idp.connection_config("hr", &admin),
        token(&scim_url, "hr", TIMES),
    ];
    house.write_by_hand(json!({ "owner": "people team" })).await;
    let daemon = house.run(&sections.concat()).await;

    let first = house.until("the first token", is_settled).await;
    let first_token = text(&first["current"]["value"]).to_owned();
    assert_eq!(read_users(&scim_url, &first_token).await, 200);
    the_old_token_lives_on(&house, &server, &first_token).await;
    let second = house
        .until("the second token, alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(read_users(&scim_url, &first_token).await, 401);
    let second_token = text(&second["current"]["value"]).to_owned();
    assert_ne!(first_token, second_token);
    assert_eq!(read_users(&scim_url, &second_token).await, 200);
    let past = &second["history"][0];
    assert_eq!(past["result"], "success");
    assert!(past["old_refused"].is_object(), "no proof of death: {past}");
    everybody_agrees(&house, &daemon, &second).await;

    let third = house
        .until("the third token, alone", |record| {
            record["generation"] == 3 && is_settled(record)
        })
        .await;
    assert_eq!(server.live().await, [text(&third["current"]["id"])]);

    // Its first call may have come before its first token.
    let stats = idp.stats();
    assert_eq!((stats.refused, stats.failed), (0, 0), "{stats:?}");
    assert!(stats.ok > 0);
    daemon.stop().await;
    house.close().await;
}

/// While the superseded token waits for the end of its overlap, both work.
async fn the_old_token_lives_on(house: &House, server: &BetterAuth, old: &str) {
    let scim_url = server.scim_url();
    eventually("a look at the overlap", async || {
        let record = house.record().await;
        let waiting = record["retiring"].get(0)?.clone();
        let new = text(&record["current"]["value"]).to_owned();
        assert_ne!(new, old);
        let statuses = [
            read_users(&scim_url, old).await,
            read_users(&scim_url, &new).await,
        ];
        let end: jiff::Timestamp = text(&waiting["not_before"]).parse().expect("a time");
        // A slow look that ends after the overlap shows nothing.
        (SystemClock.now() < end).then(|| assert_eq!(statuses, [200, 200]))
    })
    .await;
}

/// The record, the published secret and the metrics tell the same.
async fn everybody_agrees(house: &House, daemon: &Daemon, record: &Value) {
    let current = &record["current"];
    let published = house.published().await;
    assert_eq!(published["owner"], "people team", "a foreign field");
    assert_eq!(published["token"], current["value"]);
    assert_eq!(published["token_id"], current["id"]);
    assert_eq!(published["issued_at"], current["issued_at"]);
    assert_eq!(published["expires_at"], current["expires_at"]);
    assert_eq!(published["generation"], record["generation"]);
    let expiry = "scim_rotator_token_expiry_timestamp_seconds{token=\"crm\",slot=\"current\"}";
    let expected = seconds(&current["expires_at"]);
    eventually("the new expiry in the metrics", async || {
        let shown = daemon.metric(expiry).await?;
        ((shown - expected as f64).abs() < 1.0).then_some(())
    })
    .await;
    let status = house.command(&["status", "--output", "json"]).await;
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    let shown: Value = serde_json::from_str(&status.stdout).expect("JSON");
    let shown = &shown["tokens"][0]["current"];
    assert_eq!(seconds(&shown["expires_at"]), expected, "{shown}");
}
