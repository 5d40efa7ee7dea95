//! The daemon is killed in the middle of a rotation, as by a power cut, and
//! started again.

use std::path::Path;

use serde_json::{Value, json};

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{
    DUE, Keeper, better_auth_issuer, due_at_once, due_fields, exec_connection, read_users, token,
    token_program,
};
use super::saas::{Mint, slow};
use super::support::better_auth::BetterAuth;
use super::support::meddler::Meddler;
use super::wait::eventually;

#[tokio::test]
async fn killed_while_a_token_is_minted_it_leaves_no_orphan() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    house.longest_call = 10;
    let old = due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    let fault = json!({ "mint": "slow", "count": 1, "delay_ms": 9000 });
    server.plan_fault(fault).await;
    let daemon = house.run(&sections).await;
    let lost = eventually("a token is minted", async || {
        let live = server.live().await;
        live.into_iter().find(|id| *id != old.id)
    })
    .await;
    let record = house.record().await;
    daemon.kill();
    assert!(
        record["rotation"]["intent"].is_object(),
        "{}",
        record["rotation"]["stage"]
    );

    let daemon = house.run(&sections).await;
    let record = goes_on(&house, daemon).await;
    assert_ne!(text(&record["current"]["id"]), lost, "its text was lost");
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    assert_eq!(
        keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    assert_eq!(read_users(&server.scim_url(), &old.token).await, 401);
    house.close().await;
}

#[tokio::test]
async fn killed_while_a_token_is_delivered_it_delivers_the_same_token_again() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let [called, gate, held] = ["called", "gate", "held"].map(|name| house.path(name));
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        exec_connection(&house, &slow_program(&house, &called, &gate, &held)),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    let daemon = house.run(&sections).await;
    eventually("a delivery begins", async || called.exists().then_some(())).await;
    let record = house.record().await;
    daemon.kill();
    // Nothing tells that the delivery began, and nothing has to.
    assert_eq!(record["rotation"]["may_be_delivered"], true);
    let pending = text(&record["rotation"]["pending"]["value"]).to_owned();
    std::fs::write(&gate, "").expect("the gate opens");

    let daemon = house.run(&sections).await;
    let record = goes_on(&house, daemon).await;
    assert_eq!(record["current"]["value"], pending.as_str());
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    let held = std::fs::read_to_string(&held).expect("it was delivered");
    assert_eq!(held.trim(), pending);
    assert_eq!(read_users(&server.scim_url(), &old.token).await, 401);
    house.close().await;
}

/// An issue of several calls: the token exists after the first, and only the
/// last one tells it.
#[tokio::test]
async fn killed_between_create_and_disclose_it_revokes_what_was_created() {
    let Some(mut house) = House::new().await else {
        return;
    };
    house.longest_call = 10;
    let (sp, mint) = Mint::new().await;
    let service = slow::start(&mint).await;
    let door = Meddler::start(&service.address.parse().expect("a URL")).await;
    let old = mint.issue("by hand", 3600).await;
    let (old_id, old) = (text(&old["id"]), text(&old["token"]));
    house.write_by_hand(due_fields(old, old_id)).await;
    let keeper = Keeper::new(&house);
    let sections = [
        slow::issuer(door.url.as_str().trim_end_matches('/')),
        keeper.connection(&house),
        token(&sp.scim_url(), "idp", DUE),
    ]
    .concat();
    let gate = door.hold("POST /orders/");
    let daemon = house.run(&sections).await;
    eventually("the token is created and not disclosed", async || {
        gate.is_reached().then_some(())
    })
    .await;
    let created = mint.live().await.into_iter().find(|id| id != old_id);
    let created = created.expect("it exists");
    let record = house.record().await;
    daemon.kill();
    assert!(record["rotation"]["intent"].is_object(), "{record}");
    assert!(record["rotation"]["pending"].is_null(), "{record}");

    let daemon = house.run(&sections).await;
    let record = goes_on(&house, daemon).await;
    let current = text(&record["current"]["id"]);
    assert_ne!(current, created, "its text was never told");
    assert_eq!(mint.live().await, [current], "no orphan is left");
    assert_eq!(
        keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    assert_eq!(read_users(&sp.scim_url(), old).await, 401);
    house.close().await;
}

/// A program that takes its token only once the gate is open.
fn slow_program(house: &House, called: &Path, gate: &Path, held: &Path) -> std::path::PathBuf {
    let [called, gate, held] = [called, gate, held].map(Path::display);
    let takes =
        format!("touch '{called}'; while [ ! -e '{gate}' ]; do sleep 0.1; done; cat > '{held}'");
    token_program(house, "slow-program", &takes)
}

/// The second process completes what the first one began.
async fn goes_on(house: &House, daemon: Daemon) -> Value {
    let record = house
        .until("the rotation is completed", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert!(record["orphans"].is_null(), "{}", record["orphans"]);
    assert_eq!(record["history"].as_array().map(Vec::len), Some(1));
    daemon.stop().await;
    record
}
