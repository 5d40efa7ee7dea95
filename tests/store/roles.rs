//! The shipped policies of people, on a real Vault: each role tries each path.

use std::sync::Arc;

use scim_rotator::ports::StoreError;
use scim_rotator::rotation::record::{RequestsOf, Wish, WrittenRequest};
use scim_rotator::vault::requests::ALL;
use scim_rotator::vault::{KvPath, Session, VaultStore};
use serde_json::{Value, json};

use super::approle::{path, targets};
use super::bench::{approle_login, config, file, record, session, v};
use super::support::vault::RealVault;
use scim_rotator::ports::Store as _;
use tempfile::{NamedTempFile, TempDir};

/// One who is logged in.
struct Who {
    session: Arc<Session>,
    store: VaultStore,
    token: String,
    entity: String,
    _secret_id: NamedTempFile,
}

impl Who {
    async fn new(vault: &RealVault, name: &str, policy: &str) -> Self {
        let settings = json!({ "token_policies": [policy], "token_no_default_policy": true });
        let (role_id, secret_id) = vault.approle(name, settings).await;
        let wish = json!({ "role_id": role_id, "secret_id": secret_id });
        let answer = vault.must("POST", "auth/approle/login", wish).await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let token = text(&answer["auth"]["client_token"]);
        let entity = text(&answer["auth"]["entity_id"]);
        let secret_id = file(&secret_id);
        let login = approle_login(&role_id, &secret_id);
        let session = session(&config(vault.url(), &login, ""));
        let state: KvPath = path("kv/scim-rotator");
        let store = VaultStore::new(Arc::clone(&session), state, targets("kv/scim/crm"));
        Self {
            session,
            store,
            token,
            entity,
            _secret_id: secret_id,
        }
    }
}

struct House {
    vault: RealVault,
    daemon: Who,
    ann: Who,
    bob: Who,
    auditor: Who,
    publisher: Who,
    identifier: Who,
}

impl House {
    async fn new() -> Option<Self> {
        let vault = RealVault::start_dev().await?;
        vault.mount_kv("kv").await;
        let dir = TempDir::new().expect("a folder");
        vault.set_up_approle(&dir.path().join("secret-id"));
        Some(Self {
            daemon: Who::new(&vault, "daemon", "scim-rotator").await,
            ann: Who::new(&vault, "ann", "scim-rotator-operator").await,
            bob: Who::new(&vault, "bob", "scim-rotator-operator").await,
            auditor: Who::new(&vault, "auditor", "scim-rotator-auditor").await,
            publisher: Who::new(&vault, "publisher", "scim-rotator-publisher").await,
            identifier: Who::new(&vault, "identifier", "scim-rotator-identifier").await,
            vault,
        })
    }
}

fn request(what: Wish) -> WrittenRequest {
    WrittenRequest {
        id: "an-id".to_owned(),
        seq: 0,
        at: "2026-06-01T12:00:00Z".parse().expect("a time"),
        what,
        compromised: false,
        override_guards: false,
        supplied: false,
        reason: String::new(),
        connection: String::new(),
        fingerprint: String::new(),
        issued_at: None,
        expires_at: None,
        token_id: String::new(),
    }
}

#[tokio::test]
async fn each_role_may_do_its_work_and_no_human_role_reaches_a_token() {
    let Some(house) = House::new().await else {
        return;
    };
    house
        .daemon
        .store
        .commit(&record("w1"), v(0))
        .await
        .expect("a record");
    let facts = json!({ "token": {} });
    let told = house.daemon.store.write_facts("crm", facts, 0).await;
    assert_eq!(told, Ok(Some(1)));
    house.daemon.store.fingerprint_key().await.expect("a key");
    let data = json!({ "data": { "token": "canary" } });
    house
        .vault
        .must("POST", "kv/data/scim/crm", data.clone())
        .await;

    let own = |who: &Who| format!("kv/data/scim-rotator/requests/{}/crm", who.entity);
    let paths = [
        "kv/data/scim-rotator/crm".to_owned(),
        "kv/metadata/scim-rotator/crm".to_owned(),
        "kv/subkeys/scim-rotator/crm".to_owned(),
        "kv/data/scim-rotator/.control".to_owned(),
        "kv/data/scim-rotator/.bell".to_owned(),
        "kv/data/scim-rotator/.installation-key".to_owned(),
        "kv/data/scim-rotator/facts/crm".to_owned(),
        "kv/data/scim/crm".to_owned(),
        "kv/data/scim-rotator-callers/idp".to_owned(),
        own(&house.ann),
        own(&house.bob),
        "kv/data/scim-rotator/audit/house".to_owned(),
    ];
    // For each role and path in this order: whether it reads, and writes.
    let table = [
        (
            &house.daemon,
            [
                "rw", "--", "--", "rw", "rw", "r-", "rw", "rw", "r-", "r-", "r-", "rw",
            ],
        ),
        (
            &house.ann,
            [
                "--", "--", "--", "--", "rw", "--", "r-", "--", "--", "rw", "--", "--",
            ],
        ),
        (
            &house.bob,
            [
                "--", "--", "--", "--", "rw", "--", "r-", "--", "--", "--", "rw", "--",
            ],
        ),
        (
            &house.auditor,
            [
                "--", "--", "--", "--", "--", "--", "r-", "--", "--", "r-", "r-", "r-",
            ],
        ),
        (
            &house.publisher,
            [
                "--", "--", "--", "--", "--", "--", "r-", "-w", "--", "--", "--", "--",
            ],
        ),
        (
            &house.identifier,
            [
                "--", "--", "--", "--", "--", "r-", "r-", "--", "--", "--", "--", "--",
            ],
        ),
    ];
    for (who, rights) in table {
        for (path, right) in paths.iter().zip(rights) {
            let read = house
                .vault
                .api_as(&who.token, "GET", path, Value::Null)
                .await;
            let permitted = read.0 != 403;
            assert_eq!(permitted, right.starts_with('r'), "{path}: {read:?}");
            let wrote = house
                .vault
                .api_as(&who.token, "POST", path, data.clone())
                .await;
            let permitted = wrote.0 != 403;
            assert_eq!(permitted, right.ends_with('w'), "{path}: {wrote:?}");
            let gone = house
                .vault
                .api_as(&who.token, "DELETE", path, Value::Null)
                .await;
            assert_eq!(gone.0, 403, "{path}: {gone:?}");
        }
    }
    for who in [
        &house.ann,
        &house.auditor,
        &house.publisher,
        &house.identifier,
    ] {
        let wish = json!({ "policies": ["root"] });
        let (status, _) = house
            .vault
            .api_as(&who.token, "POST", "auth/token/create", wish)
            .await;
        assert_eq!(status, 403);
    }
}

#[tokio::test]
async fn a_request_is_read_in_the_name_of_its_author_and_nobody_elses() {
    let Some(house) = House::new().await else {
        return;
    };
    let (ann, bob, daemon) = (&house.ann, &house.bob, &house.daemon);
    assert_eq!(ann.store.own_entity().await, Ok(Some(ann.entity.clone())));
    for (name, seq) in [("crm", 1), (ALL, 1)] {
        let wish = request(Wish::Pause);
        let written = ann.store.write_request(&ann.entity, name, &wish, 1).await;
        assert_eq!(written, Ok(seq));
    }
    ann.store
        .ring(&[format!("{}/crm", ann.entity)])
        .await
        .expect("rings");
    let forged = ann
        .store
        .write_request(&bob.entity, "crm", &request(Wish::Rotate), 1)
        .await;
    let Err(StoreError::Fault(fault)) = forged else {
        panic!("a request in another's name: {forged:?}");
    };
    assert!(fault.to_string().contains("permission denied"), "{fault}");

    let mut listed = daemon
        .store
        .list_requests(|name| name == "crm")
        .await
        .expect("lists");
    listed.sort();
    let mine = |name: &str| (ann.entity.clone(), name.to_owned());
    assert_eq!(listed, [mine(ALL), mine("crm")]);
    let read = daemon.store.requests_of(&ann.entity, "crm").await;
    let read = read.expect("reads").expect("a document");
    assert_eq!(
        (read.author.as_str(), read.version),
        (ann.entity.as_str(), 1)
    );
    let requests = read.requests.expect("requests");
    assert_eq!((requests[0].seq, requests[0].what), (1, Wish::Pause));
    // The shipped parts are 1.21, which tells who wrote a version.
    assert!(read.name.is_some_and(|name| name.contains("approle")));

    // A person with more rights writes in ann's name: Vault tells on them.
    let place = format!("kv/data/scim-rotator/requests/{}/crm", ann.entity);
    let now = request(Wish::Rotate);
    let forged = json!({ "data": { "requests": [WrittenRequest { seq: 9, ..now }] } });
    let admin = Who::new(&house.vault, "admin", "everything").await;
    let all = "path \"kv/*\" { capabilities = [\"create\", \"read\", \"update\"] }";
    house.vault.policy("everything", all).await;
    let wrote = house
        .vault
        .api_as(&admin.token, "POST", &place, forged)
        .await;
    assert_eq!(wrote.0, 200, "{wrote:?}");
    let read = daemon.store.requests_of(&ann.entity, "crm").await;
    let RequestsOf { requests, .. } = read.expect("reads").expect("a document");
    let why = requests.expect_err("it is not hers");
    assert!(why.contains(&admin.entity), "{why}");
    for who in [ann, bob, daemon] {
        who.session.close().await;
    }
}

#[tokio::test]
async fn the_bell_brings_each_name_once_and_is_replaced_when_it_is_none() {
    let Some(house) = House::new().await else {
        return;
    };
    let mut listener = scim_rotator::vault::bell::Listener::default();
    let daemon = &house.daemon.store;
    let heard = daemon.listen(&mut listener).await.expect("listens");
    assert_eq!(heard, scim_rotator::vault::bell::News::default());
    for (who, name) in [(&house.ann, "a"), (&house.bob, "b")] {
        who.store.ring(&[name.to_owned()]).await.expect("rings");
    }
    let heard = daemon.listen(&mut listener).await.expect("listens");
    assert_eq!(heard.names.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    let heard = daemon.listen(&mut listener).await.expect("listens");
    assert!(heard.names.is_empty() && !heard.incomplete, "{heard:?}");

    let nonsense = json!({ "data": { "counter": "canary", "names": "x".repeat(100_000) } });
    let bell = "kv/data/scim-rotator/.bell";
    let wrote = house
        .vault
        .api_as(&house.ann.token, "POST", bell, nonsense)
        .await;
    assert_eq!(wrote.0, 200, "{wrote:?}");
    let heard = daemon.listen(&mut listener).await.expect("listens");
    assert!(heard.names.is_empty() && heard.incomplete, "{heard:?}");
    house
        .ann
        .store
        .ring(&["c".to_owned()])
        .await
        .expect("rings");
    let heard = daemon.listen(&mut listener).await.expect("listens");
    assert_eq!(heard.names.into_iter().collect::<Vec<_>>(), ["c"]);
}

const KEY: &str = "kv/data/scim-rotator/.installation-key";

#[tokio::test]
async fn replicas_that_start_at_once_agree_on_the_key_of_fingerprints() {
    let Some(house) = House::new().await else {
        return;
    };
    let none = house.identifier.store.existing_fingerprint_key().await;
    assert!(none.expect("reads").is_none(), "a reader makes no key");
    let others = [
        Who::new(&house.vault, "daemon-2", "scim-rotator").await,
        Who::new(&house.vault, "daemon-3", "scim-rotator").await,
    ];
    let (a, b, c) = tokio::join!(
        house.daemon.store.fingerprint_key(),
        others[0].store.fingerprint_key(),
        others[1].store.fingerprint_key(),
    );
    let known = house.identifier.store.existing_fingerprint_key().await;
    let known = known.expect("reads").expect("a key").of("a-token");
    for key in [a, b, c] {
        assert_eq!(key.expect("a key").of("a-token"), known);
    }
    let stored = house.vault.must("GET", KEY, Value::Null).await;
    assert_eq!(stored["data"]["metadata"]["version"], 1, "made once");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_an_error_with_a_remedy_and_never_overwritten() {
    let Some(house) = House::new().await else {
        return;
    };
    let another = Who::new(&house.vault, "daemon-2", "scim-rotator").await;
    let nonsense = json!({ "data": { "key": "canary-no-key" } });
    house.vault.must("POST", KEY, nonsense).await;
    let refused = house.daemon.store.fingerprint_key().await;
    let Err(StoreError::Unusable(why)) = refused else {
        panic!("it was used: {refused:?}");
    };
    assert!(why.contains("vault kv rollback"), "{why}");
    assert!(!why.contains("canary"), "{why}");
    house.vault.must("DELETE", KEY, Value::Null).await;
    let refused = another.store.fingerprint_key().await;
    let Err(StoreError::Unusable(why)) = refused else {
        panic!("it was made anew: {refused:?}");
    };
    assert!(why.contains("vault kv undelete"), "{why}");
    let metadata = "kv/metadata/scim-rotator/.installation-key";
    let left = house.vault.must("GET", metadata, Value::Null).await;
    assert_eq!(left["data"]["current_version"], 1);
}
