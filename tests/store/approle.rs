//! The shipped policy and the set-up script, on a real Vault.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use scim_rotator::fault::FaultClass;
use scim_rotator::ports::{Secrets, Store, StoreError};
use scim_rotator::rotation::record::Control;
use scim_rotator::secret::SecretRef;
use scim_rotator::vault::preflight::{self, MissingCapability};
use scim_rotator::vault::{
    FieldNames, KvPath, PublishTarget, Session, VaultErrorKind, VaultSecrets, VaultStore,
};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use super::bench::{approle_login, config, file, published, record, session, v};
use super::support::vault::RealVault;
use scim_rotator::clock::SystemClock;

fn deploy(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy/vault")
        .join(name)
}

fn policy() -> String {
    std::fs::read_to_string(deploy("scim-rotator.hcl")).expect("the policy")
}

pub(super) fn path(text: &str) -> KvPath {
    KvPath::parse(text).expect("a path")
}

pub(super) fn targets(published: &str) -> BTreeMap<String, PublishTarget> {
    let fields = Arc::<FieldNames>::default();
    let path = path(published);
    BTreeMap::from([("crm".to_owned(), PublishTarget { path, fields })])
}

fn store(session: &Arc<Session>, state: &str) -> VaultStore {
    VaultStore::new(Arc::clone(session), path(state), targets("kv/scim/crm"))
}

fn caller() -> SecretRef {
    SecretRef::Vault {
        path: "kv/scim-rotator-callers/idp".to_owned(),
        field: "secret".to_owned(),
    }
}

/// Logs in with a role of these settings; the file holds its secret-id.
async fn role_session(vault: &RealVault, settings: Value) -> (Arc<Session>, NamedTempFile) {
    let (role_id, secret_id) = vault.approle("test", settings).await;
    let secret_id = file(&secret_id);
    let session = session(&config(
        vault.url(),
        &approle_login(&role_id, &secret_id),
        "",
    ));
    session.login().await.expect("logs in");
    (session, secret_id)
}

async fn preflight(session: &Session) -> Vec<MissingCapability> {
    let secrets = BTreeSet::from([caller()]);
    let needs = preflight::needs(
        &path("kv/scim-rotator"),
        &targets("kv/scim/crm"),
        &secrets,
        &[],
    );
    preflight::check(session, &needs).await.expect("answers")
}

#[tokio::test]
async fn the_shipped_policy_and_script_are_enough_and_no_more() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let dir = TempDir::new().expect("a folder");
    let secret_id = dir.path().join("secret-id");
    let role_id = vault.set_up_approle(&secret_id);
    let session = is_let_in(&vault, &role_id, &secret_id).await;
    let secret_id = std::fs::read_to_string(&secret_id).expect("the secret-id");
    let wish = json!({"role_id": role_id, "secret_id": secret_id});
    let answer = vault.must("POST", "auth/approle/login", wish).await;
    let token = answer["auth"]["client_token"].as_str().expect("a token");
    enough_and_no_more(&vault, &session, token).await;
}

#[tokio::test]
async fn the_set_up_script_makes_its_folder_and_leaves_no_secret_id_behind() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let dir = TempDir::new().expect("a folder");
    let in_a_new_folder = dir.path().join("etc/scim-rotator/secret-id");
    vault.set_up_approle(&in_a_new_folder);
    assert_eq!(secret_ids(&vault).await, 1);
    let written = std::fs::metadata(&in_a_new_folder).expect("a file");
    assert_eq!(written.permissions().mode() & 0o777, 0o600);

    // What cannot be written is not issued, or destroyed.
    let in_a_file = in_a_new_folder.join("secret-id");
    assert!(!vault.try_script(script(&in_a_file)).status.success());
    let mut loses_it = script(&dir.path().join("other"));
    loses_it.env("VAULT_BIN", wrapper(&dir, &vault));
    let ran = vault.try_script(loses_it);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        !ran.status.success() && said.contains("no secret-id was issued"),
        "{said}"
    );
    assert_eq!(secret_ids(&vault).await, 1, "{said}");
    assert!(!dir.path().join("other").exists());
    let left = std::fs::read_dir(dir.path()).expect("a folder").count();
    assert_eq!(left, 2, "the folder and the wrapper");

    for (argument, code) in [("--help", 0), ("--nonsense", 64)] {
        let ran = vault.try_script(script(Path::new(argument)));
        assert_eq!(ran.status.code(), Some(code), "{argument}");
        let said = [ran.stdout, ran.stderr].concat();
        assert!(
            String::from_utf8_lossy(&said).contains("VAULT_ADDR"),
            "{argument}"
        );
    }
}

fn script(argument: &Path) -> Command {
    let mut command = Command::new(deploy("setup.sh"));
    command.arg(argument);
    command
}

/// The number of secret-ids of the role.
async fn secret_ids(vault: &RealVault) -> usize {
    let path = "auth/approle/role/scim-rotator/secret-id";
    let answer = vault.must("LIST", path, Value::Null).await;
    answer["data"]["keys"].as_array().expect("a list").len()
}

/// The program `vault`, whose answer loses the secret-id on the way.
fn wrapper(dir: &TempDir, vault: &RealVault) -> PathBuf {
    let path = dir.path().join("vault");
    let lines = format!(
        "#!/bin/sh\n{} \"$@\" | sed '/\"secret_id\":/d'\n",
        vault.program().display()
    );
    std::fs::write(&path, lines).expect("a file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("executable");
    path
}

/// This session may do all that the daemon does, and its token nothing else.
pub(super) async fn enough_and_no_more(vault: &RealVault, session: &Arc<Session>, token: &str) {
    vault.mount_kv("kv").await;
    let wish = json!({"data": {"secret": "of-the-caller"}});
    vault
        .must("POST", "kv/data/scim-rotator-callers/idp", wish.clone())
        .await;
    vault.must("POST", "kv/data/somebody/else", wish).await;
    session.login().await.expect("logs in");
    assert_eq!(preflight(session).await, []);

    let ours = store(session, "kv/scim-rotator");
    assert_eq!(ours.load("crm").await, Ok(None));
    assert_eq!(ours.commit(&record("w1"), v(0)).await, Ok(v(1)));
    assert_eq!(ours.commit(&record("w2"), v(1)).await, Ok(v(2)));
    ours.publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    ours.publish("crm", &published("tok-2", 2))
        .await
        .expect("publishes");
    assert_eq!(ours.control().await, Ok(Control::default()));
    let memory = VaultSecrets::MEMORY;
    let secrets = VaultSecrets::new(session.clone(), Arc::new(SystemClock), memory);
    secrets
        .resolve(&caller())
        .await
        .expect("reads the caller's credential");

    let Err(StoreError::Fault(fault)) = store(session, "kv/somebody").load("else").await else {
        panic!("somebody else's secret was read");
    };
    assert_eq!(fault.class, FaultClass::Unauthorized, "{fault}");
    what_the_token_may_do(vault, token).await;
    session.close().await;
}

/// Logs in, and finds that everything that is needed is permitted.
pub(super) async fn is_let_in(vault: &RealVault, role_id: &str, secret_id: &Path) -> Arc<Session> {
    let login = format!(
        "auth.approle.role_id = \"{role_id}\"\nauth.approle.secret_id.file = {secret_id:?}"
    );
    let session = session(&config(vault.url(), &login, ""));
    session.login().await.expect("logs in");
    assert_eq!(preflight(&session).await, []);
    session
}

/// Vault is asked about every path that it has, and about the neighbours of
/// ours.
async fn what_the_token_may_do(vault: &RealVault, token: &str) {
    const WRITE: &[&str] = &["create", "read", "update"];
    let allowed = BTreeMap::from([
        ("auth/token/lookup-self", &["read"] as &[&str]),
        ("auth/token/renew-self", &["update"]),
        ("auth/token/revoke-self", &["update"]),
        ("sys/capabilities-self", &["update"]),
        ("kv/data/scim-rotator/crm", WRITE),
        ("kv/data/scim-rotator/.control", WRITE),
        (
            "kv/data/scim-rotator/.installation-key",
            &["create", "read"],
        ),
        ("kv/data/scim/crm", WRITE),
        ("kv/metadata/scim/crm", &["read"]),
        ("kv/data/scim-rotator/.bell", WRITE),
        ("kv/data/scim-rotator/facts/crm", WRITE),
        ("kv/data/scim-rotator/requests/another/crm", &["read"]),
        ("kv/metadata/scim-rotator/requests/", &["list", "read"]),
        (
            "kv/metadata/scim-rotator/requests/another/crm",
            &["list", "read"],
        ),
        ("kv/data/scim-rotator-callers/idp", &["read"]),
    ]);
    let spec = vault
        .must("GET", "sys/internal/specs/openapi", Value::Null)
        .await;
    let every = spec["paths"].as_object().expect("paths");
    let mut paths: BTreeSet<String> = every.keys().map(|path| example(path)).collect();
    assert!(paths.len() > 300, "only {} paths", paths.len());
    paths.extend(allowed.keys().map(|&path| path.to_owned()));
    for neighbour in NEIGHBOURS {
        paths.insert((*neighbour).to_owned());
    }
    let wish = json!({ "paths": paths });
    let asked = vault.api_as(token, "POST", "sys/capabilities-self", wish);
    let (status, answer) = asked.await;
    assert_eq!(status, 200, "{answer}");
    for path in &paths {
        let expected = allowed.get(path.as_str()).copied().unwrap_or(&["deny"]);
        assert_eq!(answer["data"][path], json!(expected), "{path}");
    }
    for (method, path) in [
        ("GET", "kv/data/somebody/else"),
        ("GET", "kv/metadata/scim-rotator?list=true"),
        ("DELETE", "kv/data/scim-rotator/crm"),
        ("DELETE", "kv/metadata/scim-rotator/crm"),
        ("POST", "kv/data/scim-rotator/requests/another/crm"),
        ("DELETE", "kv/metadata/scim-rotator/requests/another/crm"),
        ("POST", "kv/data/scim-rotator-callers/idp"),
        ("POST", "auth/token/create"),
        ("GET", "sys/mounts"),
        ("PUT", "sys/policies/acl/scim-rotator"),
    ] {
        let body = json!({"data": {}, "policy": ""});
        let (status, answer) = vault.api_as(token, method, path, body).await;
        assert_eq!(status, 403, "{method} {path}: {answer}");
    }
}

/// Paths beside ours.
const NEIGHBOURS: &[&str] = &[
    "kv/data/scim-rotator",
    "kv/data/scim-rotatorx",
    "kv/data/scim",
    "kv/data/scimx/crm",
    "kv/data/scim-rotator-callers",
    "kv/metadata/scim-rotator/crm",
    "kv/metadata/scim/crm",
    "kv/delete/scim-rotator/crm",
    "kv/undelete/scim-rotator/crm",
    "kv/destroy/scim-rotator/crm",
    "kv/subkeys/scim-rotator/crm",
    "kv/config",
    "secret/data/scim-rotator/crm",
    "cubbyhole/ours",
];

/// A path of Vault's description with its parameters filled in.
fn example(path: &str) -> String {
    let segments = path.trim_start_matches('/').split('/');
    let filled = segments.map(|s| if s.starts_with('{') { "x" } else { s });
    filled.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn a_missing_policy_line_is_printed_ready_to_paste() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    vault.mount_kv("kv").await;
    let whole = policy();
    let published =
        "path \"kv/data/scim/*\" {\n  capabilities = [\"create\", \"read\", \"update\"]\n}\n";
    assert!(
        whole.contains(published),
        "the shipped policy changed its form"
    );
    vault.policy("partial", &whole.replace(published, "")).await;
    let settings = json!({"token_policies": ["partial"], "token_no_default_policy": true});
    let (session, _secret_id) = role_session(&vault, settings).await;

    let missing = preflight(&session).await;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].path, "kv/data/scim/crm");
    assert!(missing[0].purpose.contains("`crm`"), "{missing:?}");
    let line = "path \"kv/data/scim/crm\" { capabilities = [\"create\", \"read\", \"update\"] }";
    assert_eq!(preflight::policy_lines(&missing), [line]);

    // The printed line, pasted, mends it.
    let mended = format!("{}\n{line}\n", whole.replace(published, ""));
    vault.policy("partial", &mended).await;
    assert_eq!(preflight(&session).await, []);
}

#[tokio::test]
async fn the_lines_for_a_credential_under_a_vault_lease_stand_in_the_policy_as_they_are_printed() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    vault.mount_kv("kv").await;
    vault.policy("shipped", &policy()).await;
    let settings = json!({"token_policies": ["shipped"], "token_no_default_policy": true});
    let (session, _secret_id) = role_session(&vault, settings).await;
    let leased = SecretRef::VaultLease {
        path: "terraform/creds/scim".to_owned(),
        field: "token".to_owned(),
    };
    let secrets = BTreeSet::from([caller(), leased]);
    let needs = preflight::needs(
        &path("kv/scim-rotator"),
        &targets("kv/scim/crm"),
        &secrets,
        &[],
    );
    let lacking = async || preflight::check(&session, &needs).await.expect("answers");

    let lines = preflight::policy_lines(&lacking().await);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let comment = format!("\n#   {line}\n");
        assert!(policy().contains(&comment), "not told beforehand: {line}");
    }
    // Pasted, they are all that was missing.
    let mended = format!("{}\n{}\n", policy(), lines.join("\n"));
    vault.policy("shipped", &mended).await;
    assert_eq!(lacking().await, []);
}

#[tokio::test]
async fn even_the_question_may_be_forbidden() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    vault
        .policy("nothing", "path \"kv/x\" { capabilities = [\"read\"] }")
        .await;
    let settings = json!({"token_policies": ["nothing"], "token_no_default_policy": true});
    let (session, _secret_id) = role_session(&vault, settings).await;
    let missing = preflight(&session).await;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].path, "sys/capabilities-self");
}

#[tokio::test]
async fn a_sealed_a_killed_and_a_restarted_vault() {
    let dir = TempDir::new().expect("a folder");
    let Some(mut vault) = RealVault::start_raft(dir.path()).await else {
        return;
    };
    vault.mount_kv("kv").await;
    vault.policy("scim-rotator", &policy()).await;
    let settings = json!({"token_policies": ["scim-rotator"], "token_period": "1h"});
    let (session, _secret_id) = role_session(&vault, settings).await;
    let store = store(&session, "kv/scim-rotator");
    store.commit(&record("w1"), v(0)).await.expect("commits");

    vault.seal().await;
    let error = session.ping().await.expect_err("sealed");
    assert_eq!(error.kind, VaultErrorKind::Sealed);
    assert!(session.state().sealed);
    assert!(store.commit(&record("w2"), v(1)).await.is_err());
    vault.unseal().await;
    assert_eq!(store.commit(&record("w2"), v(1)).await, Ok(v(2)));

    vault.kill();
    let error = session.ping().await.expect_err("killed");
    assert!(
        matches!(error.kind, VaultErrorKind::Unreachable(_)),
        "{error}"
    );
    vault.restart().await;
    vault.unseal().await;
    let loaded = store.load("crm").await.expect("loads").expect("is there");
    assert_eq!((loaded.version, loaded.value), (v(2), record("w2")));
    assert_eq!(session.state().logins, 1, "the token survived the restart");
}
