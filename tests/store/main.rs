//! The same store tests on the embedded Vault and on a real one.
//!
//! A real Vault is `tests/parts/vault.sh`, or with `SCIM_ROTATOR_TEST_VAULT=1`
//! the one of `VAULT_ADDR` and `VAULT_TOKEN` (a mount is made there and removed
//! again).
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod approle;
mod bench;
mod cycles;
mod failures;
mod kubernetes;
mod leased;
mod life;
mod logins;
mod memory;
mod namespaces;
mod nodes;
mod published;
mod records;
mod refresh;
mod roles;
mod secrets;
mod session;
mod stale;
mod terraform;
mod tls;
mod upgrades;
mod vault_dynamic;
mod vault_scim;
mod wrapped;

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use bench::Bench;
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::vault::{EmbeddedVault, Options};
use support::vault::RealVault;

/// Every test that a Vault must pass, whoever made it.
async fn all(bench: &Bench) {
    records::all(bench).await;
    cycles::all(bench).await;
    published::all(bench).await;
    failures::all(bench).await;
    stale::all(bench).await;
    nodes::all(bench).await;
    upgrades::all(bench).await;
    secrets::all(bench).await;
}

#[tokio::test]
async fn the_embedded_vault_passes() {
    let options = Options::new(Arc::new(SystemClock));
    let vault = EmbeddedVault::start(options).await.expect("starts");
    let bench = Bench::new(vault.url(), vault.root_token().expose(), "kv").await;
    all(&bench).await;
    vault.shutdown().await;
}

#[tokio::test]
async fn the_real_vault_passes() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    vault.mount_kv("kv").await;
    all(&Bench::new(vault.url(), vault.root_token(), "kv").await).await;
}

#[tokio::test]
async fn a_vault_of_your_own_passes() {
    let Some((url, token)) = bench::vault_of_your_own() else {
        return;
    };
    let mount = format!("scim-rotator-test-{}", std::process::id());
    let bench = Bench::new(&url, &token, &mount).await;
    let wish = serde_json::json!({"type": "kv-v2"});
    bench
        .raw("POST", &format!("sys/mounts/{mount}"), wish)
        .await;
    all(&bench).await;
    let nothing = serde_json::Value::Null;
    bench
        .raw("DELETE", &format!("sys/mounts/{mount}"), nothing)
        .await;
}
