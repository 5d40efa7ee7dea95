//! `inventory` with a real Vault and a service provider that others wrote.

use serde_json::{Value, json};

use super::house::{House, text};
use super::parts::{Keeper, better_auth_issuer, due_at_once, read_users, token};
use super::support::better_auth::BetterAuth;

fn whose<'i>(items: &'i Value, id: &str) -> &'i Value {
    let mut items = items.as_array().expect("items").iter();
    let item = items.find(|item| item["id"] == id);
    item.unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn it_tells_ours_from_foreign_credentials_and_adopts_them_by_its_text() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let foreign = server.mint("a script of somebody", 3600).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(
            &server.scim_url(),
            "idp",
            "lifetime = \"1h\"\noverlap = \"2s\"\nrenew_at = \"90%\"",
        ),
    ]
    .concat();
    house.configure(&sections);
    let before = house.command(&["once"]).await;
    assert_eq!(before.code, Some(0), "{before:?}");
    let ran = house.command(&["--output", "json", "inventory"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let items = &told["issuers"][0]["credentials"];
    assert_eq!(whose(items, &old.id)["whose"], "adopted");
    assert_eq!(whose(items, &old.id)["token"], "crm");
    let stranger = whose(items, &foreign.id);
    assert_eq!(stranger["whose"], "foreign");
    assert_eq!(told["coverage"], json!(0.5));

    let text_of = house.command(&["inventory", "--adopt"]).await;
    assert_eq!(text_of.stdout, text(&stranger["adopt"]));
    let blanks = house.command(&["check"]).await;
    assert_eq!(blanks.code, Some(0), "{blanks:?}");
    let filled = text_of
        .stdout
        .replace("<FILL IN>/scim/crm", "kv/scim/crm")
        .replace("<FILL IN>", "sp.example.com");
    house.configure(&format!("{sections}\n{filled}"));
    let checked = house.command(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}\n{filled}");
    house.configure(&format!("{sections}\n{}", text_of.stdout));
    let unfilled = house.command(&["check"]).await;
    assert_eq!(unfilled.code, Some(64), "a blank is an error: {unfilled:?}");

    house.configure(&sections);
    let table = house.command(&["inventory"]).await;
    assert!(
        table.stdout.contains("1 of 2 credentials are managed"),
        "{table:?}"
    );
    let mut live = server.live().await;
    live.sort();
    let mut all = [old.id.clone(), foreign.id.clone()];
    all.sort();
    assert_eq!(live, all, "nothing was touched");
    assert_eq!(read_users(&server.scim_url(), &foreign.token).await, 200);
    house.close().await;
}
