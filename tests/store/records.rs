//! Records: check-and-set, deletion, and documents that must not be touched.

use scim_rotator::ports::{Store, StoreError};
use scim_rotator::rotation::record::{IdsBefore, Intent};
use serde_json::{Value, json};

use super::bench::{Bench, record, v};

pub async fn all(bench: &Bench) {
    a_record_with_thousands_of_ids_is_stored_and_read(bench).await;
    a_record_that_could_not_be_read_back_is_not_written(bench).await;
    a_record_is_written_and_read(bench).await;
    a_stale_version_is_a_conflict(bench).await;
    a_soft_deleted_record_is_not_absent(bench).await;
    a_destroyed_record_is_not_absent(bench).await;
    metadata_alone_are_no_record(bench).await;
    a_newer_schema_is_left_untouched(bench).await;
    a_broken_record_is_explained(bench).await;
    a_mount_that_is_not_there_is_no_absent_record(bench).await;
}

async fn a_record_is_written_and_read(bench: &Bench) {
    let store = bench.store("plain");
    assert_eq!(store.load("crm").await, Ok(None));
    assert_eq!(store.commit(&record("w1"), v(0)).await, Ok(v(1)));
    assert_eq!(store.commit(&record("w2"), v(1)).await, Ok(v(2)));
    let loaded = store.load("crm").await.expect("loads").expect("is there");
    assert_eq!((loaded.version, loaded.value), (v(2), record("w2")));
    bench.meddler.seen();
    store.commit(&record("w3"), v(2)).await.expect("commits");
    let seen = bench.meddler.seen();
    assert_eq!(seen.len(), 1, "a commit is one request: {seen:?}");
}

async fn a_stale_version_is_a_conflict(bench: &Bench) {
    let store = bench.store("stale");
    let absent = store.commit(&record("w"), v(3)).await;
    assert_eq!(absent, Err(StoreError::Conflict), "nothing stands there");
    store.commit(&record("first"), v(0)).await.expect("commits");
    for wrong in [0, 2] {
        let result = store.commit(&record("second"), v(wrong)).await;
        assert_eq!(result, Err(StoreError::Conflict), "{wrong}");
    }
    assert_eq!(bench.get("state/stale/crm").await["write_id"], "first");
}

async fn a_soft_deleted_record_is_not_absent(bench: &Bench) {
    let store = bench.store("deleted");
    store.commit(&record("w"), v(0)).await.expect("commits");
    let path = format!("{}/data/state/deleted/crm", bench.mount);
    bench.raw("DELETE", &path, Value::Null).await;
    let reason = unusable(store.load("crm").await);
    assert!(reason.contains("vault kv undelete"), "{reason}");
    let blind = store.commit(&record("x"), v(0)).await;
    assert_eq!(blind, Err(StoreError::Conflict));

    let undelete = format!("{}/undelete/state/deleted/crm", bench.mount);
    bench.raw("POST", &undelete, json!({"versions": [1]})).await;
    let back = store.load("crm").await.expect("loads").expect("is back");
    assert_eq!(back.version, v(1));
}

async fn a_destroyed_record_is_not_absent(bench: &Bench) {
    let store = bench.store("destroyed");
    store.commit(&record("w"), v(0)).await.expect("commits");
    let path = format!("{}/destroy/state/destroyed/crm", bench.mount);
    bench.raw("PUT", &path, json!({"versions": [1]})).await;
    let reason = unusable(store.load("crm").await);
    assert!(reason.contains("destroyed"), "{reason}");
}

async fn metadata_alone_are_no_record(bench: &Bench) {
    let store = bench.store("metadata");
    let path = format!("{}/metadata/state/metadata/crm", bench.mount);
    let wish = json!({"custom_metadata": {"owner": "team-a"}});
    bench.raw("POST", &path, wish).await;
    assert_eq!(store.load("crm").await, Ok(None));
    assert_eq!(store.commit(&record("w"), v(0)).await, Ok(v(1)));
}

async fn a_newer_schema_is_left_untouched(bench: &Bench) {
    let store = bench.store("newer");
    let newer = json!({"schema": 99, "token": "crm", "write_id": "w", "what": {"is": "this"}});
    bench.put("state/newer/crm", newer.clone()).await;
    let reason = unusable(store.load("crm").await);
    assert!(
        reason.contains("99") && reason.contains("newer"),
        "{reason}"
    );
    assert_eq!(bench.get("state/newer/crm").await, newer);
    assert_eq!(bench.version("state/newer/crm").await, Some(1));
}

async fn a_broken_record_is_explained(bench: &Bench) {
    let store = bench.store("broken");
    let broken = json!({"schema": 1, "token": "crm", "generation": "canary"});
    bench.put("state/broken/crm", broken).await;
    let reason = unusable(store.load("crm").await);
    assert!(reason.contains("`generation`"), "{reason}");
    assert!(!reason.contains("canary"), "{reason}");
    bench
        .put("state/broken/crm", json!({"hello": "canary"}))
        .await;
    let reason = unusable(store.load("crm").await);
    assert!(reason.contains("no `schema`"), "{reason}");
    assert_eq!(bench.version("state/broken/crm").await, Some(2));
}

async fn a_mount_that_is_not_there_is_no_absent_record(bench: &Bench) {
    let elsewhere = scim_rotator::vault::KvPath::parse("no-such-mount/state").expect("a path");
    let store = scim_rotator::vault::VaultStore::new(
        bench.session.clone(),
        elsewhere,
        std::collections::BTreeMap::new(),
    );
    let Err(StoreError::Fault(fault)) = store.load("crm").await else {
        panic!("a missing mount must not look like a missing record");
    };
    assert!(fault.message.contains("nothing is mounted"), "{fault}");
}

fn unusable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unusable(reason)) => reason,
        other => panic!("expected `Unusable`: {other:?}"),
    }
}

async fn a_record_with_thousands_of_ids_is_stored_and_read(bench: &Bench) {
    let store = bench.store("many");
    let mut large = record("w1");
    let ids: Vec<_> = (0..30_000).map(|n| format!("token-{n:030}")).collect();
    large.issues_after_lease_loss.push(Intent {
        at: large.updated_at,
        issuer: None,
        label: "crm-1".to_owned(),
        ids_before: IdsBefore::of(ids.iter().map(String::as_str)),
        etag: None,
        chosen: None,
        unusable: None,
    });
    assert_eq!(store.commit(&large, v(0)).await, Ok(v(1)));
    let read = store.load("crm").await.expect("reads").expect("is there");
    assert_eq!(read.value, large);
}

async fn a_record_that_could_not_be_read_back_is_not_written(bench: &Bench) {
    let store = bench.store("unreadable");
    let mut newer = record("w1");
    newer.schema = 99;
    let mut huge = record("w1");
    huge.write_id = "x".repeat(1_000_000);
    for (broken, why) in [(newer, "could not be read back"), (huge, "larger than")] {
        let Err(StoreError::Unusable(text)) = store.commit(&broken, v(0)).await else {
            panic!("{why}: it was written");
        };
        assert!(text.contains(why), "{text}");
    }
    assert_eq!(bench.version("state/unreadable/crm").await, None);
}
