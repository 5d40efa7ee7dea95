//! Syncope provisions people at better-auth, and the daemon replaces its token
//! over HTTP with the configuration that is shipped for it.

use std::cell::Cell;
use std::pin::pin;

use serde_json::{Value, json};
use url::Url;

use super::house::{House, is_settled, text};
use super::mlflow;
use super::parts::{DUE, better_auth_issuer, due_at_once, read_users, token, users};
use super::support::better_auth::BetterAuth;
use super::support::syncope::{ADMIN, PASSWORD, ROTATOR_PASSWORD, Syncope};
use super::wait::eventually;

const SHIPPED: &str = include_str!("../../config/connections/syncope.toml");
/// The names in it.
const RESOURCE: &str = "crm";
const CANARY: &str = "scim-canary";

/// One server for all: it takes its time to start.
#[tokio::test]
async fn syncope_gets_each_new_token_and_its_word_is_proof_only_if_it_is_success() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let Some(syncope) = Syncope::start(&house.path("syncope")).await else {
        return;
    };
    // It starts a new client for each call, on a machine that is busy.
    house.longest_call = 30;
    house.sweep = "5s";
    house.credential("syncope", ROTATOR_PASSWORD).await;
    let issuer = better_auth_issuer(&mut house, &server).await;
    people_arrive_while_a_token_turns_over(&house, &server, &syncope, &issuer).await;
    the_inventory_tells_ours_from_a_foreign_resource(&house, &server, &syncope).await;
    let admin = house.credential("syncope-admin", PASSWORD).await;
    let settings = connection(&syncope, &asks_for_an_update(SHIPPED, &admin));
    a_failure_under_status_200_is_no_proof(&house, &server, &syncope, &[issuer, settings].concat())
        .await;
    house.close().await;
    mlflow::issues_what_syncope_provisions_with(&syncope).await;
}

async fn people_arrive_while_a_token_turns_over(
    house: &House,
    server: &BetterAuth,
    syncope: &Syncope,
    issuer: &str,
) {
    let scim_url = server.scim_url();
    let old = due_at_once(house, server).await;
    syncope.connect(RESOURCE, &scim_url, &old.token).await;
    for name in [CANARY, "before"] {
        let came = syncope.hire(name, RESOURCE).await;
        assert_eq!(came.as_deref(), Some("SUCCESS"), "{name}");
    }

    let settings = connection(syncope, SHIPPED);
    let sections = [issuer, &settings, &token(&scim_url, "syncope", DUE)];
    let daemon = house.run(&sections.concat()).await;
    let turned = Cell::new(false);
    let turning = async {
        let what = "the new token, alone";
        let second = |record: &Value| record["generation"] == 2 && is_settled(record);
        let record = house.until(what, second).await;
        turned.set(true);
        record
    };
    let (record, mut hired) = tokio::join!(turning, hire_until(syncope, &turned));

    assert_eq!(record["history"][0]["trigger"], "schedule");
    assert!(record["history"][0]["old_refused"].is_object(), "{record}");
    assert_eq!(read_users(&scim_url, &old.token).await, 401, "it is dead");
    let new = text(&record["current"]["value"]);
    assert_eq!(syncope.holds(RESOURCE).await, new);
    let after = syncope.hire("after", RESOURCE).await;
    assert_eq!(after.as_deref(), Some("SUCCESS"));
    hired.extend([CANARY, "before", "after"].map(str::to_owned));
    hired.sort();
    assert_eq!(names(&scim_url, new).await, hired, "everybody arrived");
    daemon.stop().await;
}

/// The rotator's login lists all resources; what is not ours stays as it is.
async fn the_inventory_tells_ours_from_a_foreign_resource(
    house: &House,
    server: &BetterAuth,
    syncope: &Syncope,
) {
    const FOREIGN: &str = "a-token-of-somebody-else";
    syncope.connect("hr", &server.scim_url(), FOREIGN).await;
    let ran = house
        .command(&["--output", "json", "inventory", "syncope"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let listed = &told["providers"][0]["connections"];
    let of = |id: &str| {
        let mut all = listed.as_array().expect("connections").iter();
        let found = all.find(|one| one["id"] == id);
        found.unwrap_or_else(|| panic!("no {id}: {told}")).clone()
    };
    assert_eq!(told["providers"][0]["cannot_look_into"], 0, "{told}");
    assert_eq!(of(RESOURCE)["connection"], "syncope", "{told}");
    let hr = of("hr");
    assert_eq!(hr["managed"], false, "{told}");
    assert_eq!(
        text(&hr["base_url"]).trim_end_matches('/'),
        server.scim_url().as_str().trim_end_matches('/')
    );
    assert!(
        text(&hr["adopt"]).contains("config.resource = \"hr\""),
        "{hr}"
    );
    assert_eq!(told["coverage"], json!(0.5), "{told}");
    for secret in [FOREIGN, &syncope.holds(RESOURCE).await] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
    assert_eq!(syncope.holds("hr").await, FOREIGN, "it was touched");
}

/// Makes one person after the other, and none may be refused. Whom Syncope
/// passed by is pushed out afterwards, as its administrator would.
async fn hire_until(syncope: &Syncope, turned: &Cell<bool>) -> Vec<String> {
    let (mut hired, mut passed_by) = (Vec::new(), Vec::new());
    while !turned.get() {
        let name = format!("during-{}", hired.len());
        match syncope.hire(&name, RESOURCE).await {
            Some(came) => assert_eq!(came, "SUCCESS", "{name} did not arrive"),
            None => passed_by.push(name.clone()),
        }
        hired.push(name);
    }
    // The connector is written once, and once more if a person is in its way.
    assert!(passed_by.len() <= 2, "not by the writing: {passed_by:?}");
    for name in &passed_by {
        assert_eq!(syncope.push(name, RESOURCE).await, "SUCCESS", "{name}");
    }
    assert!(hired.len() > 3, "hardly anybody came meanwhile: {hired:?}");
    hired
}

/// Syncope is asked to update the canary, which it answers with status 200
/// whatever comes of it, and its resource has a token of its own, which is dead.
async fn a_failure_under_status_200_is_no_proof(
    house: &House,
    server: &BetterAuth,
    syncope: &Syncope,
    sections: &str,
) {
    let scim_url = server.scim_url();
    let before = house.record().await;
    let old = text(&before["current"]["value"]);
    let dead = server.mint("dead", 3600).await;
    server.revoke(&dead.id).await;
    syncope.override_token(RESOURCE, Some(&dead.token)).await;
    let nobody = syncope.hire("nobody", RESOURCE).await;
    assert_eq!(nobody.as_deref(), Some("FAILURE"));

    house.configure(&[sections, &token(&scim_url, "syncope", DUE)].concat());
    let mut rotate = pin!(house.command(&["rotate", "crm", "--foreground", "--timeout", "10m"]));
    let failed_before = syncope.failures(RESOURCE).await;
    let watch = async {
        eventually("Syncope failed twice with the new token", async || {
            let failed = syncope.failures(RESOURCE).await - failed_before;
            (failed >= 2).then_some(())
        })
        .await;
        let record = house.record().await;
        assert_eq!(record["generation"], before["generation"], "promoted");
        assert_eq!(record["current"]["value"], old);
        assert_eq!(read_users(&scim_url, old).await, 200, "retired");
        syncope.override_token(RESOURCE, None).await;
    };
    tokio::select! {
        ended = &mut rotate => panic!("it did not wait: {}{}", ended.stdout, ended.stderr),
        () = watch => {}
    }
    let rotate = rotate.await;
    assert_eq!(rotate.code, Some(0), "{}{}", rotate.stdout, rotate.stderr);
    let record = house.record().await;
    assert_eq!(record["generation"], 3, "its SUCCESS is proof");
    let new = text(&record["current"]["value"]);
    assert_eq!(syncope.holds(RESOURCE).await, new);
}

/// The settings with the address of this server.
fn connection(syncope: &Syncope, settings: &str) -> String {
    let shipped = "https://syncope.example.com/syncope/rest";
    assert!(settings.contains(shipped), "the file is another one");
    settings.replace(shipped, syncope.url())
}

/// The shipped settings with another way to ask for proof, for which one must be
/// allowed more; and without the look whether the resource has a token of its own.
fn asks_for_an_update(settings: &str, password: &str) -> String {
    let mut settings: toml::Table = toml::from_str(settings).expect("TOML");
    let http = &mut settings["connections"]["syncope"]["http"];
    let http = http.as_table_mut().expect("a table");
    let lookups = http["lookups"].as_array_mut().expect("lookups");
    lookups.retain(|lookup| lookup["name"].as_str() != Some("resource"));
    assert_eq!(lookups.len(), 1, "the connector is read all the same");
    let auth = format!("basic = {{ username = {ADMIN:?}, password = {password} }}");
    let auth: toml::Table = toml::from_str(&auth).expect("TOML");
    http.insert("auth".to_owned(), auth.into());
    let surname = json!({ "schema": "surname", "values": ["{{ uuid }}"] });
    let update = json!({
        "method": "PATCH",
        "url": "/users/{{ config.canary }}",
        "answers": [
            { "means": "success", "when": [{ "at": "/propagationStatuses/0/status", "equals": "SUCCESS" }] },
            { "means": "later", "status": "2xx" },
        ],
        "body": { "json": {
            "@class": "org.apache.syncope.common.lib.patch.UserPatch",
            "key": CANARY,
            "plainAttrs": [{ "operation": "ADD_REPLACE", "attrTO": surname }],
        } },
    });
    let update = toml::Value::try_from(update).expect("TOML");
    http.insert("test_saved".to_owned(), update);
    toml::to_string(&settings).expect("TOML")
}

/// User names that the service provider knows, in order.
async fn names(scim_url: &Url, token: &str) -> Vec<String> {
    let users = users(scim_url, token).await;
    let names = users.iter().map(|user| text(&user["userName"]).to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
