//! An identity provider that no program can write: the token waits in Vault for
//! a person, who says that it is written, or whose work shows by its use.

use serde_json::Value;

use super::house::{House, is_settled, text};
use super::parts::{Keeper, better_auth_issuer, read_users, scim2_server_issuer, token};
use super::support::better_auth::BetterAuth;
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

const DIRECTORY: &str = r#"
[connections.directory.onelogin]
vault_path = "kv/handover/directory"
domain = "acme.onelogin.com"
app = "CRM"
"#;

const TIMES: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

/// What waits for the person; null if nothing does.
async fn waits(house: &House) -> Value {
    let path = "kv/data/handover/directory/crm";
    let (_, mut body) = house.vault.api("GET", path, Value::Null).await;
    body["data"]["data"].take()
}

/// Waits until the person is asked for the token after this one; returns it.
async fn handed_over(house: &mut House, after: &str) -> String {
    house
        .until("a person is asked", |record| {
            let rotation = &record["rotation"];
            let state = &rotation["deliveries"]["directory"]["state"];
            rotation["stage"] == "handed_over" && state == "delivered"
        })
        .await;
    let pending = house.record().await["rotation"]["pending"]["value"].clone();
    let pending = text(&pending).to_owned();
    assert_ne!(pending, after);
    let found = waits(house).await;
    assert_eq!(found["token"], pending.as_str());
    assert!(text(&found["then_run"]).starts_with("scim-rotator ack crm directory "));
    assert!(text(&found["what_to_do"]).contains("SCIM Bearer Token"));
    house.plant(&pending);
    pending
}

#[tokio::test]
async fn the_rotation_ends_on_the_word_of_the_person_who_wrote_the_token() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let crm = token(&server.scim_url(), "idp", TIMES);
    let crm = crm.replace("[\"idp\"]", "[\"directory\", \"idp\"]");
    assert!(crm.contains("directory"), "{crm}");
    let sections = [
        scim2_server_issuer(&server),
        keeper.connection(&house),
        DIRECTORY.to_owned(),
        crm,
    ];
    let daemon = house.run(&sections.concat()).await;
    let first = handed_over(&mut house, "").await;
    assert_eq!(
        keeper.holds().as_deref(),
        Some(first.as_str()),
        "the other one before"
    );
    let record = house.record().await;
    assert_eq!(
        (&record["current"], &record["failures"]["consecutive"]),
        (&Value::Null, &Value::from(0))
    );

    let since = "scim_rotator_connection_waits_for_person_since_timestamp_seconds{token=\"crm\",connection=\"directory\"}";
    let deadline = "scim_rotator_connection_person_deadline_timestamp_seconds{token=\"crm\",connection=\"directory\"}";
    let stage = "scim_rotator_rotation_stage_entered_timestamp_seconds{token=\"crm\",stage=\"waiting_operator\"}";
    eventually("the metrics tell", async || {
        let (since, deadline) = (daemon.metric(since).await?, daemon.metric(deadline).await?);
        (daemon.metric(stage).await? > 0.0 && deadline > since).then_some(())
    })
    .await;
    let (_, page) = daemon.get("/").await.expect("the page");
    assert!(
        page.contains("directory: waiting for you")
            && page.contains("scim-rotator ack crm directory"),
        "{page}"
    );
    let shown = eventually("the facts tell", async || {
        let ran = house.command(&["status", "crm"]).await;
        ran.stdout
            .contains("kv/handover/directory/crm")
            .then_some(ran)
    })
    .await;
    for part in [
        "directory: waiting for you",
        "(due in ",
        "SCIM Bearer Token",
        "scim-rotator ack crm directory --reason",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }

    for (args, code) in [
        (vec!["ack", "crm", "idp", "--reason", "x"], 64),
        (vec!["ack", "crm", "nowhere", "--reason", "x"], 64),
        (vec!["ack", "crm", "directory", "--reason", " "], 64),
        (vec!["ack", "crm", "directory"], 64),
    ] {
        let ran = house.command(&args).await;
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    }
    let told = house
        .command(&[
            "ack",
            "crm",
            "directory",
            "--reason",
            "pasted, test was green",
        ])
        .await;
    assert_eq!(told.code, Some(0), "{told:?}");
    let settled = house.until("it is in use", is_settled).await;
    assert_eq!(settled["current"]["value"], first.as_str());
    assert_eq!(house.published().await["token"], first.as_str());
    let ack = &settled["connections"]["directory"]["ack"];
    assert_eq!(ack["reason"], "pasted, test was green");
    assert!(
        text(&ack["by"]).contains("entity") || text(&ack["by"]).contains('('),
        "{ack}"
    );
    assert_eq!(waits(&house).await, Value::Null, "it waits no more");
    let metadata = house
        .vault
        .api("GET", "kv/metadata/handover/directory/crm", Value::Null);
    assert_eq!(metadata.await.0, 404, "with all its versions");

    // The next one needs a word of its own, and the old one lives until then.
    let asked = house.command(&["rotate", "crm"]).await;
    assert_eq!(asked.code, Some(1), "it waits for a person: {asked:?}");
    assert!(
        asked.stdout.contains("write the token at") || asked.stderr.contains("write the token at"),
        "{asked:?}"
    );
    let second = handed_over(&mut house, &first).await;
    assert_eq!(read_users(&server.scim_url(), &first).await, 200);
    eventually("the person's word is taken", async || {
        let args = ["ack", "crm", "directory", "--reason", "pasted again"];
        (house.command(&args).await.code == Some(0)).then_some(())
    })
    .await;
    let last = house.until("the first one is gone", |record| {
        is_settled(record) && record["generation"] == 2
    });
    assert_eq!(last.await["current"]["value"], second.as_str());
    assert_eq!(read_users(&server.scim_url(), &first).await, 401);
    daemon.stop().await;
    house.close().await;
}

#[tokio::test]
async fn where_no_other_connection_holds_it_the_use_of_the_token_is_proof() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let issuer = better_auth_issuer(&mut house, &server).await;
    let sections = [
        issuer,
        DIRECTORY.to_owned(),
        token(&server.scim_url(), "directory", TIMES),
    ];
    let daemon = house.run(&sections.concat()).await;
    let pending = handed_over(&mut house, "").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(
        house.record().await["generation"],
        0,
        "our own test is no use"
    );
    // The person writes it, and the identity provider begins to use it.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(read_users(&server.scim_url(), &pending).await, 200);
    let settled = house.until("it is in use", is_settled).await;
    assert_eq!(settled["current"]["value"], pending.as_str());
    assert_eq!(
        settled["connections"]["directory"]["ack"],
        Value::Null,
        "nobody said so"
    );
    assert_eq!(waits(&house).await, Value::Null);
    daemon.stop().await;
    house.close().await;
}
