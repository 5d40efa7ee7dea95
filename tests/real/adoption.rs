//! A token that lived in Vault before the daemon did, taken over and rotated by
//! the commands that work in the foreground.

use serde_json::json;

use super::house::{House, is_settled, text};
use super::parts::{Keeper, better_auth_issuer, read_users, token};
use super::support::better_auth::BetterAuth;

#[tokio::test]
async fn a_token_found_in_vault_is_adopted_and_replaced_on_demand() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let scim_url = server.scim_url();
    let found = server.mint("made by hand", 3600).await;
    house.write_by_hand(json!({ "token": found.token })).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&scim_url, "idp", "lifetime = \"1h\"\noverlap = \"5s\""),
    ]
    .concat();
    house.configure(&sections);

    let once = house.command(&["once", "--timeout", "10m"]).await;
    assert_eq!(once.code, Some(0), "{}{}", once.stdout, once.stderr);
    let adopted = house.record().await;
    assert_eq!(adopted["generation"], 1);
    assert_eq!(adopted["current"]["origin"], "adopted");
    assert_eq!(adopted["current"]["value"], found.token.as_str());
    assert_eq!(server.live().await, [found.id], "nothing was issued");
    assert_eq!(keeper.holds(), None, "nothing was delivered");

    let args = [
        "rotate",
        "crm",
        "--foreground",
        "--timeout",
        "10m",
        "--output",
        "json",
    ];
    let rotate = house.command(&args).await;
    assert_eq!(rotate.code, Some(0), "{}{}", rotate.stdout, rotate.stderr);
    let events = rotate.events();
    let done = |step: &str| {
        events
            .iter()
            .any(|e| e["event"] == "step_ended" && e["step"] == step && e["result"] == "success")
    };
    for step in ["prepare", "issue", "prove", "deliver", "publish"] {
        assert!(done(step), "{step} is not shown: {}", rotate.stdout);
    }
    let rotated = house.record().await;
    let new = text(&rotated["current"]["value"]).to_owned();
    assert_eq!(rotated["generation"], 2);
    assert_eq!(rotated["history"][0]["trigger"], "force");
    assert_eq!(keeper.holds().as_deref(), Some(new.as_str()));
    assert_eq!(house.published().await["token"], new.as_str());

    let daemon = house.run(&sections).await;
    house
        .until("the adopted token is retired", is_settled)
        .await;
    assert_eq!(read_users(&scim_url, &found.token).await, 401);
    assert_eq!(read_users(&scim_url, &new).await, 200);
    daemon.stop().await;
    house.close().await;
}
