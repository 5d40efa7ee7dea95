//! Keycloak: its access tokens are the SCIM credential.

use super::house::{House, is_settled, text};
use super::parts::{Keeper, read_users, token};
use super::support::keycloak::service_provider::{CLIENT_ID, CLIENT_SECRET, ServiceProvider};

/// Life of an access token, in seconds.
const LIFE: u32 = 90;

#[tokio::test]
async fn an_oauth2_token_is_renewed_and_the_old_one_is_revoked_and_refused() {
    let (Some(mut house), Some(server)) = (House::new().await, ServiceProvider::start(LIFE).await)
    else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    let secret = house.credential("keycloak", CLIENT_SECRET).await;
    let keeper = Keeper::new(&house);
    let issuer = format!(
        r#"
[issuers.sp.oauth2]
token_url = "{}"
revocation_url = "{}"
introspection_url = "{}/introspect"
client_id = "{CLIENT_ID}"
client_secret = {secret}
"#,
        server.token_url(),
        server.revocation_url(),
        server.token_url(),
    );
    let times = format!("lifetime = \"{LIFE}s\"\nrenew_at = \"20%\"\noverlap = \"5s\"");
    let sections = [
        issuer,
        keeper.connection(&house),
        token(&scim_url, "idp", &times),
    ];
    let daemon = house.run(&sections.concat()).await;
    let first = house.until("the first token", is_settled).await;
    let old = text(&first["current"]["value"]).to_owned();
    assert_eq!(
        first["current"]["expiry"], "api",
        "{}",
        first["current"]["expiry"]
    );
    assert_eq!(read_users(&scim_url, &old).await, 200);

    let second = house
        .until("the second token, alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(second["history"][0]["trigger"], "schedule");
    assert!(second["history"][0]["old_refused"].is_object());
    let new = text(&second["current"]["value"]).to_owned();
    assert_eq!(read_users(&scim_url, &old).await, 401, "revoked");
    assert_eq!(read_users(&scim_url, &new).await, 200);
    assert_eq!(keeper.holds().as_deref(), Some(new.as_str()));
    assert_eq!(house.published().await["token"], new.as_str());
    // What the revocation did, the server said itself: RFC 7009 answers 200 to anything.
    let (_, metrics) = daemon.get("/metrics").await.expect("metrics");
    let of_calls =
        |line: &&str| line.contains("operation=\"introspect\"") && line.contains("code=");
    let introspected: Vec<_> = metrics.lines().filter(of_calls).collect();
    assert!(!introspected.is_empty(), "{metrics}");
    assert!(
        introspected
            .iter()
            .all(|line| line.contains("code=\"200\"")),
        "{introspected:?}"
    );
    daemon.stop().await;
    house.close().await;
}

/// Keycloak grants the client more scopes than are allowed, and says so in its answer.
#[tokio::test]
async fn a_token_with_more_scopes_than_are_allowed_is_never_delivered() {
    let (Some(mut house), Some(server)) = (House::new().await, ServiceProvider::start(LIFE).await)
    else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    let secret = house.credential("keycloak", CLIENT_SECRET).await;
    let keeper = Keeper::new(&house);
    let issuer = format!(
        r#"
[issuers.sp.oauth2]
token_url = "{}"
revocation_url = "{}"
client_id = "{CLIENT_ID}"
client_secret = {secret}
"#,
        server.token_url(),
        server.revocation_url(),
    );
    let times = format!("lifetime = \"{LIFE}s\"\nrenew_at = \"20%\"\noverlap = \"5s\"");
    let sections = |rules: &str| {
        [
            issuer.clone(),
            keeper.connection(&house),
            token(&scim_url, "idp", &format!("{times}\n{rules}")),
        ]
        .concat()
    };
    let daemon = house
        .run(&sections("scopes_allowed = [\"nothing-of-this\"]"))
        .await;
    let record = house
        .until("a discarded token", |record| {
            record["history"][0]["result"] == "rolled_back"
        })
        .await;
    assert_eq!(
        keeper.holds(),
        None,
        "delivered although it may do too much"
    );
    assert!(record["current"].is_null());
    let why = text(&record["history"][0]["detail"]);
    assert!(why.contains("scopes_allowed"), "{why}");

    // With a warning it is used.
    house.reconfigure(&sections(
        "scopes_allowed = [\"nothing-of-this\"]\non_broad = \"warn\"",
    ));
    let record = house.until("a token", is_settled).await;
    assert!(keeper.holds().is_some());
    let told = &record["current"]["scopes"];
    assert_eq!(told["source"], "answer", "{told}");
    assert!(
        told["names"]
            .as_array()
            .is_some_and(|names| !names.is_empty())
    );
    let ran = house.command(&["verify", "crm", "--output", "json"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = &ran.events()[0];
    let rows = told["levels"].as_array().expect("levels");
    let scope = rows.iter().find(|row| row["level"] == "L4").expect("L4");
    assert_eq!(scope["reason"], "broader", "{scope}");
    daemon.stop().await;
    house.close().await;
}
