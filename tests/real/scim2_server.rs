//! scim2-server: a service provider that misbehaves on demand.

use serde_json::json;

use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

const TIMES: &str = "lifetime = \"1h\"\noverlap = \"2s\"\nprobe_every = \"2s\"";

#[tokio::test]
async fn a_service_provider_that_stumbles_never_gets_a_token_promoted() {
    let (Some(house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(&server.scim_url(), "idp", TIMES),
    ];
    for fault in [
        json!({ "status": 500 }),
        json!({ "status": 429, "retry_after": 1 }),
        json!({ "status": 200, "body": "html", "count": 2 }),
        json!({ "status": 503 }),
    ] {
        let mut fault = fault;
        fault["path_prefix"] = "/v2/".into();
        server.plan_fault(fault).await;
    }
    let daemon = house.run(&sections.concat()).await;
    eventually("the faults are used up", async || {
        // In this order: a fault that is left later was there before.
        let record = house.record().await;
        let left = server.faults_left().await;
        if left > 0 {
            assert!(record["current"].is_null(), "promoted without a proof");
            assert_eq!(keeper.holds(), None, "delivered without a proof");
        }
        (left == 0).then_some(())
    })
    .await;
    let record = house.until("a proven token", is_settled).await;
    assert!(record["current"]["evidence"].is_object());
    assert_eq!(
        record["issues"].as_array().map(Vec::len),
        Some(1),
        "a stumble is no reason for another token"
    );
    assert_eq!(
        keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    daemon.stop().await;
    house.close().await;
}

/// The command tests what the daemon has put into use, and says the same of it.
#[tokio::test]
async fn verify_tells_what_a_service_provider_shows() {
    let (Some(house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let times = "lifetime = \"1h\"\noverlap = \"2s\"\nprobe_every = \"1h\"";
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(&server.scim_url(), "idp", times),
    ];
    let daemon = house.run(&sections.concat()).await;
    let record = house.until("the first token", is_settled).await;
    let verify = ["verify", "crm", "--output", "json"];
    let level = |told: &serde_json::Value, name: &str| {
        let rows = told["levels"].as_array().expect("levels");
        let row = rows.iter().find(|row| row["level"] == name);
        row.expect("the level")["verdict"].clone()
    };
    let ran = house.command(&verify).await;
    let told = &ran.events()[0];
    for name in ["L0", "L1", "L2", "L3"] {
        assert_eq!(level(told, name), "pass", "{told}");
    }
    assert!(told["requests"].as_u64().is_some_and(|n| n <= 10), "{told}");

    server.revoke(text(&record["current"]["id"])).await;
    let ran = house.command(&verify).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(level(&ran.events()[0], "L2"), "fail", "{ran:?}");
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_token_that_somebody_else_revoked_is_noticed_and_replaced() {
    let (Some(house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        token(&server.scim_url(), "idp", TIMES),
    ];
    let daemon = house.run(&sections.concat()).await;
    let first = house.until("the first token", is_settled).await;
    server.revoke(text(&first["current"]["id"])).await;
    let second = house
        .until("another token", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(second["history"][0]["trigger"], "drift");
    let new = text(&second["current"]["value"]);
    assert_eq!(read_users(&server.scim_url(), new).await, 200);
    assert_eq!(keeper.holds().as_deref(), Some(new));
    assert_eq!(server.live().await, [text(&second["current"]["id"])]);
    daemon.stop().await;
    house.close().await;
}
