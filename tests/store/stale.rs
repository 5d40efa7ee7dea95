//! Answers that are older than what is known: of a node that lags behind, or
//! that led the cluster once.

use scim_rotator::fault::FaultKind;
use scim_rotator::ports::{PublishedSecret, Store, StoreError};
use serde_json::{Value, json};

use super::bench::{Bench, published, record, v};
use super::support::meddler::Meddle;

pub async fn all(bench: &Bench) {
    an_older_record_is_not_believed(bench).await;
    an_older_publication_is_not_taken_for_one_by_hand(bench).await;
    a_node_that_never_catches_up_is_named(bench).await;
    a_record_that_was_deleted_with_its_versions_begins_anew(bench).await;
}

async fn an_older_record_is_not_believed(bench: &Bench) {
    let store = bench.store("older");
    store.commit(&record("w1"), v(0)).await.expect("commits");
    let old = kept(bench, "state/older/crm").await;
    store.commit(&record("w2"), v(1)).await.expect("commits");
    for stale in [old, nothing(), old_deleted()] {
        bench.meddler.next("GET", stale);
        let read = store.load("crm").await.expect("reads").expect("is there");
        assert_eq!((read.version, read.value.write_id.as_str()), (v(2), "w2"));
    }
}

async fn an_older_publication_is_not_taken_for_one_by_hand(bench: &Bench) {
    let store = bench.store("older-pub");
    let publish = async |token, generation| {
        let published = published(token, generation);
        store.publish("crm", &published).await.expect("publishes");
    };
    publish("tok-1", 1).await;
    let old = kept(bench, "published/older-pub").await;
    publish("tok-2", 2).await;
    store.forget("crm");
    bench.meddler.next("GET", old);
    let PublishedSecret::Token(read) = store.published("crm").await.expect("reads") else {
        panic!("a token");
    };
    assert_eq!(read.value.expose(), "tok-2");
}

async fn a_node_that_never_catches_up_is_named(bench: &Bench) {
    let store = bench.store("behind");
    store.commit(&record("w1"), v(0)).await.expect("commits");
    let old = kept(bench, "state/behind/crm").await;
    store.commit(&record("w2"), v(1)).await.expect("commits");
    for _ in 0..5 {
        bench.meddler.next("GET", old.clone());
    }
    let error = store.load("crm").await.expect_err("only old ones");
    let StoreError::Fault(fault) = error else {
        panic!("a fault: {error}");
    };
    assert_eq!(fault.kind, FaultKind::VaultUnavailable, "{fault}");
    assert!(fault.message.contains("lags behind"), "{fault}");
}

async fn a_record_that_was_deleted_with_its_versions_begins_anew(bench: &Bench) {
    let store = bench.store("wiped");
    for version in 0..2 {
        store
            .commit(&record("w"), v(version))
            .await
            .expect("commits");
    }
    let metadata = format!("{}/metadata/state/wiped/crm", bench.mount);
    bench.raw("DELETE", &metadata, Value::Null).await;
    let late = store.commit(&record("late"), v(2)).await;
    assert_eq!(late, Err(StoreError::Conflict), "its numbers began anew");
    assert_eq!(store.load("crm").await, Ok(None));
    assert_eq!(store.commit(&record("new"), v(0)).await, Ok(v(1)));

    bench.raw("DELETE", &metadata, Value::Null).await;
    let other = bench.store("wiped");
    other.commit(&record("other"), v(0)).await.expect("commits");
    let read = store.load("crm").await.expect("reads").expect("is there");
    assert_eq!(read.value.write_id, "other");
}

/// The answer that a read has now, to be given again later.
async fn kept(bench: &Bench, path: &str) -> Meddle {
    let path = format!("{}/data/{path}", bench.mount);
    let body = bench.raw("GET", &path, Value::Null).await;
    answer(200, &body)
}

fn nothing() -> Meddle {
    answer(404, &json!({ "errors": [] }))
}

fn old_deleted() -> Meddle {
    let metadata = json!({
        "version": 1,
        "created_time": "2026-01-01T00:00:00Z",
        "deletion_time": "2026-01-01T00:00:01Z",
        "destroyed": false,
    });
    answer(
        404,
        &json!({ "data": { "data": null, "metadata": metadata } }),
    )
}

fn answer(status: u16, body: &Value) -> Meddle {
    Meddle::Answer {
        status,
        header: None,
        body: body.to_string().leak(),
    }
}
