//! TERM in the middle of a step.

use serde_json::json;

use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

#[tokio::test]
async fn a_step_that_runs_is_finished_and_stored_before_the_daemon_ends() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    house.longest_call = 20;
    due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    let fault = json!({ "mint": "slow", "count": 1, "delay_ms": 4000 });
    server.plan_fault(fault).await;
    let mut daemon = house.run(&sections).await;
    let live = async || (server.live().await.len() == 2).then_some(());
    eventually("a token is minted", live).await;
    daemon.terminate();
    assert_eq!(daemon.wait().await.code(), Some(0));

    let record = house.record().await;
    let pending = text(&record["rotation"]["pending"]["value"]).to_owned();
    assert!(record["lease"].is_null(), "the lease is given back");
    assert_eq!(keeper.holds(), None, "no further step was begun");

    let daemon = house.run(&sections).await;
    let record = house
        .until("the next process completes it", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(record["current"]["value"], pending.as_str());
    assert_eq!(record["issues"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    daemon.stop().await;
    house.close().await;
}
