//! The vendor file `vault-scim` as it is shipped, with the token store of a real
//! Vault. Tokens of the type `scim` need Vault Enterprise; those of the type
//! `service` are made, told and revoked by the same calls.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::fault::{Fault, FaultClass};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::issuers;
use scim_rotator::ports::kind::Deps;
use scim_rotator::ports::{Clock as _, IssueRequest, Issuer, TokenHandle};
use scim_rotator::rotation::outcome::IssuedToken;
use scim_rotator::vault::VaultSecrets;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench::{config, file, session, token_login};
use super::support::vault::RealVault;

#[tokio::test]
async fn a_token_of_a_scim_client_is_made_by_the_role_and_revoked_by_its_accessor() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let entity = set_up(&vault).await;
    let (issuer, _folder) = issuer(&vault, "scim-maker", "10m").await;
    let first = issue(&issuer).await.expect("a token");
    let expected = SystemClock.now() + SignedDuration::from_hours(2);
    let end = first.expires_at.expect("an end");
    let late = end.duration_since(expected).abs();
    assert!(late < SignedDuration::from_secs(20), "{end}");

    let facts = look_up(&vault, first.value.expose()).await.expect("alive");
    assert_eq!(facts["entity_id"], entity, "of the client's entity");
    assert_eq!(facts["policies"], json!(["scim-client"]));
    assert_eq!(facts["orphan"], true);
    assert_eq!(facts["renewable"], false);

    // The callers' logins end; what they made stays.
    let logins = "sys/leases/revoke-prefix/auth/approle/login";
    vault.must("PUT", logins, json!({})).await;
    let second = issue(&issuer).await.expect("it logs in again");
    assert!(look_up(&vault, first.value.expose()).await.is_some());
    assert_ne!(first.id, second.id);

    let handle = TokenHandle {
        id: first.issuer_id(),
        value: Some(first.value.clone()),
    };
    issuer.revoke("crm", &handle).await.expect("revoked");
    assert_eq!(look_up(&vault, first.value.expose()).await, None);
    assert!(look_up(&vault, second.value.expose()).await.is_some());
    issuer.revoke("crm", &handle).await.expect("there is none");
}

#[tokio::test]
async fn a_caller_that_may_not_make_tokens_is_told_apart_from_one_that_is_no_more() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    set_up(&vault).await;
    let (nobody, _folder) = issuer(&vault, "nobody", "10m").await;
    let fault = issue(&nobody).await.expect_err("no permission");
    assert_eq!(fault.class, FaultClass::Unauthorized, "{fault}");

    // A login that has ended by itself is made again.
    let (brief, _other) = issuer(&vault, "scim-maker", "1s").await;
    issue(&brief).await.expect("a token");
    tokio::time::sleep(Duration::from_secs(2)).await;
    issue(&brief).await.expect("another one");

    // A role whose tokens live shorter than was asked for.
    let wish = json!({ "token_explicit_max_ttl": "60s" });
    vault
        .must("POST", "auth/token/roles/example-scim", wish)
        .await;
    let short = issue(&brief).await.expect("a token");
    let end = SystemClock.now() + SignedDuration::from_secs(61);
    assert!(short.expires_at < Some(end), "{short:?}");
}

/// As the file's notes say; returns the id of the client's entity.
async fn set_up(vault: &RealVault) -> Value {
    let wish = json!({ "name": "scim-client" });
    let entity = vault.must("POST", "identity/entity", wish).await;
    let id = &entity["data"]["id"];
    let mounts = vault.must("GET", "sys/auth", Value::Null).await;
    let wish = json!({
        "name": "example-client",
        "mount_accessor": mounts["data"]["token/"]["accessor"],
        "canonical_id": id,
    });
    vault.must("POST", "identity/entity-alias", wish).await;
    let may = "path \"identity/scim/v2/*\" { capabilities = [\"read\"] }\npath \"auth/token/lookup-self\" { capabilities = [\"read\"] }";
    vault.policy("scim-client", may).await;
    let may = "path \"auth/token/create/example-scim\" { capabilities = [\"update\"] }\npath \"auth/token/revoke-accessor\" { capabilities = [\"update\"] }";
    vault.policy("scim-maker", may).await;
    let wish = json!({
        "allowed_entity_aliases": ["example-client"],
        "allowed_policies": ["scim-client"],
        "orphan": true,
        "token_no_default_policy": true,
    });
    vault
        .must("POST", "auth/token/roles/example-scim", wish)
        .await;
    id.clone()
}

/// The issuer that a configuration names, whose caller has this policy, and the
/// folder from which its secret-id is read at each login.
async fn issuer(vault: &RealVault, policy: &str, token_ttl: &str) -> (Arc<dyn Issuer>, TempDir) {
    let settings = json!({ "token_policies": [policy], "token_ttl": token_ttl });
    let (role_id, secret_id) = vault
        .approle(&format!("{policy}-{token_ttl}"), settings)
        .await;
    let folder = tempfile::tempdir().expect("a folder");
    let secret_file = folder.path().join("secret-id");
    std::fs::write(&secret_file, secret_id).expect("written");
    let text = format!(
        r#"
[vault]
address = "{url}"
state_path = "kv/state"
[vault.auth.token]
token = {{ file = {secret_file:?} }}

[issuers.vault.vault-scim]
address = "{url}"
role_id = "{role_id}"
secret_id = {{ file = {secret_file:?} }}
token_role = "example-scim"
entity_alias = "example-client"
token_type = "service"

[tokens.crm]
vault_path = "kv/scim/crm"
scim_url = "{url}v1/identity/scim/v2"
issuer = "vault"
connections = []
"#,
        url = vault.url()
    );
    let path = folder.path().join("main.toml");
    std::fs::write(&path, text).expect("written");
    let loaded = scim_rotator::config::load(&path);
    let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
    let login = file(vault.root_token());
    let session = session(&config(vault.url(), &token_login(&login), ""));
    let clock = Arc::new(SystemClock);
    let (settings, observer) = (ClientSettings::default(), Arc::new(NoObserver));
    let http = Client::new(&settings, Target::Sp, clock.clone(), observer);
    let memory = SignedDuration::from_mins(5);
    let deps = Deps {
        handover: None,
        vault_leases: None,
        refresh_tokens: None,
        fired: None,
        http: http.expect("a client"),
        secrets: Arc::new(VaultSecrets::new(session, clock.clone(), memory)),
        clock,
    };
    let issuer = issuers::build("vault", &loaded.settings.issuers["vault"], &deps);
    (issuer.expect("an issuer"), folder)
}

async fn issue(issuer: &Arc<dyn Issuer>) -> Result<IssuedToken, Fault> {
    let request = IssueRequest {
        token: "crm".to_owned(),
        label: "scim-rotator-crm-1".to_owned(),
        lifetime: Some(SignedDuration::from_hours(2)),
        overlap: SignedDuration::ZERO,
        etag: None,
        chosen: None,
        current: None,
    };
    issuer.issue(&request).await
}

/// What Vault says of a token that shows itself; `None` if it is dead.
async fn look_up(vault: &RealVault, token: &str) -> Option<Value> {
    let path = "auth/token/lookup-self";
    let (status, mut answer) = vault.api_as(token, "GET", path, Value::Null).await;
    assert!(status == 200 || status == 403, "{status} {answer}");
    (status == 200).then(|| answer["data"].take())
}
