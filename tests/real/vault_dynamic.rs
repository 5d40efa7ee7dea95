//! A token that an engine of Vault makes under a Vault lease: the whole rotation,
//! from the engine to an identity provider that provisions with it, and the end of
//! the old lease. The service provider accepts the tokens that live, and no others.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::identity_provider::{DemoIdentityProvider, Options};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{House, is_settled, text};
use super::parts::{read_users, token};
use super::support::scim2_server::Scim2Server;
use super::support::terraform::{Terraform, vault_with_plug_in};
use super::wait::eventually;

const PATH: &str = "terraform/creds/scim";
/// What the lease's first life is, before it is renewed.
const TTL: &str = "30s";
const TIMES: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

/// `[issuers.sp.vault_dynamic]` with its parent.
fn issuer(parent: &str) -> String {
    format!(
        "\n[issuers.sp.vault_dynamic]\npath = \"{PATH}\"\ntoken = \"/token\"\nparent = {parent}\nlive_tokens = \"many\"\nlist = true\nlifetime = \"1h\"\n"
    )
}

#[tokio::test]
async fn a_token_under_a_vault_lease_turns_over_and_the_old_lease_is_ended() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let Scene {
        house,
        server,
        api,
        idp,
        connection,
    } = scene;
    let scim_url = server.scim_url();
    let sections = |parent: &str| {
        [
            issuer(parent),
            connection.clone(),
            token(&scim_url, "hr", TIMES),
        ]
        .concat()
    };

    // With the daemon's login, which lasts an hour from each renewal on.
    house.configure(&sections("\"login\"").replace("\"1h\"", "\"24h\""));
    let check = house.command(&["check", "--online"]).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(
        check.stdout.contains("our login to Vault lasts for"),
        "{check:?}"
    );
    assert!(check.stdout.contains("token_role"), "{check:?}");

    // The lines of the shipped policy, and the role of the shipped example.
    let sections = sections("{ token_role = \"scim-leases\" }");
    house.configure(&sections);
    let check = house.command(&["check", "--online"]).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    grant(&house).await;
    let check = house.command(&["check", "--online"]).await;
    assert_eq!(check.code, Some(0), "{check:?}");
    assert_eq!(api.made(), 0, "nothing is made for a look");

    let daemon = house.run(&sections).await;
    let first = house.until("the first token", is_settled).await;
    let old = text(&first["current"]["value"]).to_owned();
    let lease = text(&first["current"]["id"]).to_owned();
    assert!(lease.starts_with("terraform/creds/scim/"), "{lease}");
    assert_eq!(leases(&house).await, 1);
    assert_eq!(read_users(&scim_url, &old).await, 200);

    let rotated = house.command(&["rotate", "crm"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let second = house
        .until("the next token, alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let new = text(&second["current"]["value"]);
    assert_ne!(old, new);
    assert_eq!(read_users(&scim_url, &old).await, 401);
    assert_eq!(read_users(&scim_url, new).await, 200);
    let past = &second["history"][0];
    assert_eq!(past["result"], "success");
    assert!(past["old_refused"].is_object(), "no proof of death: {past}");
    assert_eq!(api.live(), [new.to_owned()]);
    assert_eq!(leases(&house).await, 1, "the old lease is gone");
    assert_eq!(house.published().await["token"], new);

    // The daemon stops, its login is gone; the identity provider goes on.
    daemon.stop().await;
    let logins = "sys/leases/revoke-prefix/auth/approle/login";
    house.vault.must("PUT", logins, json!({})).await;
    let ok = idp.stats().ok;
    eventually("another provisioning call", async || {
        (idp.stats().ok > ok + 3).then_some(())
    })
    .await;
    assert_eq!(read_users(&scim_url, new).await, 200);
    let stats = idp.stats();
    assert_eq!((stats.refused, stats.failed), (0, 0), "{stats:?}");
    house.close().await;
}

#[tokio::test]
async fn a_lease_without_the_token_that_the_settings_name_is_ended_and_no_other_is_made() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    grant(&scene.house).await;
    let sections = [
        issuer("{ token_role = \"scim-leases\" }").replace("/token", "/password"),
        scene.connection.clone(),
        token(&scene.server.scim_url(), "hr", TIMES),
    ];
    let house = scene.house;
    let daemon = house.run(&sections.concat()).await;
    let record = house
        .until("it stops for a person", |record| !record["halt"].is_null())
        .await;
    let why = record["halt"]["detail"].to_string();
    assert!(why.contains("token_id"), "the fields are named: {record}");
    eventually("the lease is ended", async || {
        (leases(&house).await == 0).then_some(())
    })
    .await;
    assert_eq!(scene.api.live(), [""; 0]);
    assert_eq!(scene.api.made(), 1);
    daemon.stop().await;
    house.close().await;
}

/// What an operator adds to the shipped policy, and the token role.
async fn grant(house: &House) {
    let shipped = include_str!("../../deploy/vault/scim-rotator.hcl");
    let lines = shipped
        .lines()
        .filter(|line| !line.contains("kv/"))
        .filter_map(|line| line.strip_prefix("#    path "));
    let lines: Vec<_> = lines
        .map(|line| format!("path {line}").replace("consul/creds/scim", PATH))
        .collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    let policy = format!("{shipped}\n{}\n", lines.join("\n"));
    house.vault.policy("scim-rotator", &policy).await;
    let maker = format!("path \"{PATH}\" {{ capabilities = [\"read\"] }}");
    house.vault.policy("scim-leases", &maker).await;
    let role = json!({ "allowed_policies": ["scim-leases"], "orphan": true });
    let path = "auth/token/roles/scim-leases";
    house.vault.must("POST", path, role).await;
}

/// How many leases of the engine there are.
async fn leases(house: &House) -> usize {
    let path = format!("sys/leases/lookup/{PATH}?list=true");
    let (_, body) = house.vault.api("GET", &path, Value::Null).await;
    body["data"]["keys"].as_array().map_or(0, Vec::len)
}

struct Scene {
    house: House,
    server: Scim2Server,
    api: Terraform,
    idp: DemoIdentityProvider,
    connection: String,
}

impl Scene {
    async fn start() -> Option<Self> {
        let (Some(vault), Some(server)) = (vault_with_plug_in().await, Scim2Server::start()) else {
            return None;
        };
        let api = Terraform::before(server.base_url()).await;
        api.mount(&vault, "terraform", TTL, "2h").await;
        let mut house = House::around(vault, TempDir::new().expect("a folder")).await;
        let mut options = Options::new(server.scim_url(), Arc::new(SystemClock));
        options.pace = SignedDuration::from_millis(100);
        let idp = DemoIdentityProvider::start(options).await.expect("starts");
        let admin = house.credential("idp", idp.admin_token().expose()).await;
        let connection = idp.connection_config("hr", &admin);
        Some(Self {
            house,
            server,
            api,
            idp,
            connection,
        })
    }
}
