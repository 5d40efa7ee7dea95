//! A credential that an engine of Vault makes for the daemon, under a Vault
//! lease: what the shipped policy says of it is enough, and the daemon's stop
//! takes it away from nobody.

use serde_json::Value;
use tempfile::TempDir;

use super::house::{House, is_settled};
use super::parts::{DUE, Keeper, due_fields, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;
use super::support::terraform::{Terraform, token_of, vault_with_plug_in};

const PATH: &str = "terraform/creds/scim";

#[tokio::test]
async fn a_leased_credential_serves_a_rotation_and_outlives_the_daemon() {
    let (Some(vault), Some(server)) = (vault_with_plug_in().await, Scim2Server::start()) else {
        return;
    };
    let api = Terraform::start().await;
    api.mount(&vault, "terraform", "1h", "2h").await;
    let mut house = House::around(vault, TempDir::new().expect("a folder")).await;
    house.plant(&token_of("at-1"));
    let old = server.mint(3600.0).await;
    house.write_by_hand(due_fields(&old.token, &old.id)).await;
    let keeper = Keeper::new(&house);
    let reference = format!("{{ vault = \"{PATH}#token\", lease = true }}");
    let issuer = scim2_server_issuer(&server).replacen(
        "[issuers.sp.http.capabilities]",
        &format!("[issuers.sp.http]\nauth.bearer = {reference}\n\n[issuers.sp.http.capabilities]"),
        1,
    );
    let sections = [
        issuer,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ]
    .concat();
    house.configure(&sections);

    // The lines that the shipped policy holds as a comment.
    let check = house.command(&["check", "--online"]).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    let shipped = include_str!("../../deploy/vault/scim-rotator.hcl");
    let lines = shipped
        .lines()
        .filter_map(|line| line.strip_prefix("#   path "));
    let lines: Vec<_> = lines.map(|line| format!("path {line}")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let mended = format!("{shipped}\n{}\n", lines.join("\n"));
    house.vault.policy("scim-rotator", &mended).await;
    let check = house.command(&["check", "--online"]).await;
    assert_eq!(check.code, Some(0), "{check:?}");
    assert_eq!(api.made(), 0, "nothing is made for a look");

    let before = house.vault.tokens().await;
    let daemon = house.run(&sections).await;
    house
        .until("the rotation is done", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(api.made(), 1, "one lease for all calls");
    daemon.stop().await;
    assert_eq!(house.vault.tokens().await, before + 1);
    let leases = format!("sys/leases/lookup/{PATH}?list=true");
    let leases = house.vault.must("GET", &leases, Value::Null).await;
    assert_eq!(leases["data"]["keys"].as_array().map(Vec::len), Some(1));
    house.close().await;
}
