//! Foreign code on both ends: canaille pushes people to scim2-server, with the
//! token that the daemon gave it.

use serde_json::json;

use super::house::{House, is_settled, text};
use super::parts::{exec_connection, read_users, scim2_server_issuer, token, token_program, users};
use super::support::canaille::Canaille;
use super::support::scim2_server::Scim2Server;

#[tokio::test]
async fn canaille_pushes_a_person_with_the_new_token_after_the_old_one_died() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let scim_url = server.scim_url();
    let old = server.mint(3600.0).await;
    let folder = house.path("canaille");
    let Some(canaille) = Canaille::set_up(&folder, &scim_url, &old.token) else {
        return;
    };
    // Its commands start a Python with the whole of canaille.
    house.longest_call = 120;
    let set = format!(
        "read -r token && {:?} set token px1 --access-token \"$token\"",
        canaille.program()
    );
    let program = token_program(&house, "set-token", &set);
    let sections = [
        scim2_server_issuer(&server),
        exec_connection(&house, &program),
        token(&scim_url, "idp", "lifetime = \"1h\"\noverlap = \"2s\""),
    ]
    .concat();
    house
        .write_by_hand(json!({ "token": old.token, "token_id": old.id }))
        .await;
    let daemon = house.run(&sections).await;
    house.until("the old token is adopted", is_settled).await;
    canaille.rename_alice("With the old token");
    assert_eq!(names(&server, &old.token).await, ["With the old token"]);

    // A daemon that runs on would hold its lease for two of its longest calls.
    daemon.stop().await;
    let rotate = house
        .command(&["rotate", "crm", "--foreground", "--timeout", "10m"])
        .await;
    assert_eq!(rotate.code, Some(0), "{}{}", rotate.stdout, rotate.stderr);
    // The daemon retires what `rotate` has superseded.
    let daemon = house.run(&sections).await;
    let record = house
        .until("the old token is retired", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let new = text(&record["current"]["value"]).to_owned();
    assert_eq!(read_users(&scim_url, &old.token).await, 401, "it is dead");
    canaille.rename_alice("With the new token");
    assert_eq!(names(&server, &new).await, ["With the new token"]);
    daemon.stop().await;
    house.close().await;
}

/// Display names of all people that the service provider knows.
async fn names(server: &Scim2Server, token: &str) -> Vec<String> {
    let users = users(&server.scim_url(), token).await;
    let names = users.iter().map(|user| text(&user["displayName"]));
    names.map(str::to_owned).collect()
}
