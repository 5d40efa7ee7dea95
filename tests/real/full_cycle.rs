//! `verify --full-cycle` and the gate, with a real Vault and two scim2-servers: one is
//! the test tenant, the other one production.

use serde_json::{Value, json};

use super::house::{House, is_settled};
use super::parts::{Keeper, due_fields, read_users, scim2_server_issuer_at, token};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// The token of the test tenant; `marker` pins it.
fn staging(server: &Scim2Server, marker: &str) -> String {
    let issuer = scim2_server_issuer_at("sp-staging", server.base_url());
    format!(
        r#"
{issuer}
[tokens.crm-staging]
vault_path = "kv/scim/crm-staging"
scim_url = "{}"
issuer = "sp-staging"
environment = "staging"
lifetime = "1h"
overlap = "2s"
allow_write_probe = true
{marker}
"#,
        server.scim_url()
    )
}

const GATE: &str = "environment = \"production\"\nlifetime = \"1h\"\noverlap = \"2s\"\nrequire_full_cycle_on = \"crm-staging\"\nfull_cycle_within = \"1h\"";

#[tokio::test]
async fn production_is_rotated_after_the_full_cycle_of_the_test_tenant() {
    let (Some(house), Some(production), Some(tenant)) = (
        House::new().await,
        Scim2Server::start(),
        Scim2Server::start(),
    ) else {
        return;
    };
    let keeper = Keeper::new(&house);
    let old = production.mint(3600.0).await;
    house.write_by_hand(due_fields(&old.token, &old.id)).await;
    let crm = [
        scim2_server_issuer_at("sp", production.base_url()),
        keeper.connection(&house),
        token(&production.scim_url(), "idp", GATE),
    ]
    .concat();
    let daemon = house.run(&(crm.clone() + &staging(&tenant, ""))).await;
    daemon.until_reason("crm", "waiting_full_cycle").await;
    let waited = daemon
        .metric("scim_rotator_full_cycle_waited{token=\"crm\"}")
        .await;
    assert_eq!(waited, Some(1.0));
    eventually("the token of the test tenant", async || {
        let record = house.record_of("crm-staging").await;
        is_settled(&record).then_some(())
    })
    .await;

    // Without a marker nothing is written; the dry run shows one.
    let verify = ["verify", "crm-staging", "--full-cycle"];
    let with = |more: &'static [&'static str]| [&verify[..], more].concat();
    let unpinned = house.command(&with(&["--i-accept-side-effects"])).await;
    assert_eq!(
        unpinned.code,
        Some(1),
        "{}{}",
        unpinned.stdout,
        unpinned.stderr
    );
    let looked = house
        .command(&with(&["--dry-run", "--output", "json"]))
        .await;
    let looked: Value = serde_json::from_str(&looked.stdout).expect("JSON");
    let digest = looked["configuration"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let marker = format!("full_cycle = {{ tenant_marker = {{ configuration = \"{digest}\" }} }}");
    house.reconfigure(&(crm.clone() + &staging(&tenant, &marker)));

    let without_consent = house.command(&verify).await;
    assert_eq!(without_consent.code, Some(64), "{}", without_consent.stderr);
    let forbidden = house
        .command(&["verify", "crm", "--full-cycle", "--i-accept-side-effects"])
        .await;
    assert_eq!(forbidden.code, Some(64), "production: {}", forbidden.stdout);
    let passed = house.command(&with(&["--i-accept-side-effects"])).await;
    assert_eq!(passed.code, Some(0), "{}{}", passed.stdout, passed.stderr);
    assert!(
        passed.stdout.contains("the full cycle passed"),
        "{}",
        passed.stdout
    );

    // At once, and no other token has a word in that column.
    let told = house.command(&["status", "--output", "json"]).await;
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let of = |name: &str| {
        let mut tokens = told["tokens"].as_array().expect("tokens").iter();
        let token = tokens.find(|token| token["name"] == name);
        token.expect("the token")["full_cycle"].clone()
    };
    assert_eq!(of("crm-staging")["verdict"], "passed", "{told}");
    assert_eq!(of("crm-staging")["left_behind"], 0, "{told}");
    assert!(of("crm").is_null(), "{told}");
    let table = house.command(&["status"]).await;
    assert!(table.stdout.contains("FULL CYCLE"), "{}", table.stdout);

    // The bell wakes the token that waited.
    let record = house
        .until("a new token of production", |record| {
            record["generation"] == 2
        })
        .await;
    assert!(record["full_cycle_ignored_at"].is_null());
    let new = record["current"]["value"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(read_users(&production.scim_url(), &new).await, 200);
    daemon.stop().await;
    house.close().await;
}

/// The permission was taken away while a user of a cycle may still be there.
#[tokio::test]
async fn what_a_cycle_left_is_told_after_the_permission_was_taken_away() {
    let (Some(house), Some(tenant)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    let entry = json!({
        "run": "0198c3a0-1111-7222-8333-444455556666",
        "kind": "user",
        "scim_url": tenant.scim_url().as_str(),
        "name": "scimrot-probe-left",
        "external_id": "scimrot-probe-left",
        "ids": ["7"],
        "state": "created",
        "created_at": "2026-11-27T00:00:00Z",
    });
    let journal = json!({ "data": { "schema": 1, "entries": [entry] } });
    let path = "kv/data/scim-rotator/cycles/crm-staging";
    house.vault.must("POST", path, journal).await;
    let forbidden = staging(&tenant, "").replace("allow_write_probe = true\n", "");
    let daemon = house.run(&forbidden).await;
    let series = "scim_rotator_full_cycle_leftovers{token=\"crm-staging\",result=\"none\"}";
    eventually("it is told", async || {
        (daemon.metric(series).await == Some(1.0)).then_some(())
    })
    .await;
    let log = daemon.log();
    assert!(log.contains("scimrot-probe-left"), "{log}");
    assert!(log.contains("allow_write_probe"), "{log}");
    let kept = house.vault.must("GET", path, Value::Null).await;
    assert_eq!(
        kept["data"]["data"]["entries"].as_array().map(Vec::len),
        Some(1)
    );
    daemon.stop().await;
    house.close().await;
}
