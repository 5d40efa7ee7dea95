//! Published secrets: foreign fields, hand-written values, one request a
//! publication.

use scim_rotator::ports::{PublishedSecret, Store, StoreError};
use scim_rotator::vault::FieldNames;
use serde_json::{Value, json};

use super::bench::{Bench, published};

pub async fn all(bench: &Bench) {
    what_is_published_is_read_back(bench).await;
    foreign_fields_are_kept(bench).await;
    publishing_is_one_request_in_the_steady_state(bench).await;
    a_rival_is_noticed_and_kept(bench).await;
    hand_written_values_are_understood(bench).await;
    a_deleted_publication_is_made_anew(bench).await;
    other_field_names_are_used(bench).await;
}

async fn what_is_published_is_read_back(bench: &Bench) {
    let store = bench.store("pub-plain");
    assert_eq!(store.published("crm").await, Ok(PublishedSecret::Absent));
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    store.forget("crm");
    let expected = PublishedSecret::Token(published("tok-1", 1));
    assert_eq!(store.published("crm").await, Ok(expected));
    let stored = bench.get("published/pub-plain").await;
    let wanted = json!({
        "token": "tok-1", "token_id": "id-1", "issued_at": "2026-11-01T00:00:00Z",
        "expires_at": "2027-01-01T00:00:00Z", "generation": 1,
    });
    assert_eq!(stored, wanted);
}

async fn foreign_fields_are_kept(bench: &Bench) {
    let store = bench.store("pub-foreign");
    let foreign = json!({"token": "old", "owner": "team-a", "nested": {"n": [1, 2]}});
    bench.put("published/pub-foreign", foreign).await;
    for generation in 1..4 {
        let token = published(&format!("tok-{generation}"), generation);
        store.publish("crm", &token).await.expect("publishes");
    }
    let stored = bench.get("published/pub-foreign").await;
    assert_eq!(stored["token"], "tok-3");
    assert_eq!(stored["owner"], "team-a");
    assert_eq!(stored["nested"], json!({"n": [1, 2]}));
}

async fn publishing_is_one_request_in_the_steady_state(bench: &Bench) {
    let store = bench.store("pub-steady");
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    bench.meddler.seen();
    store
        .publish("crm", &published("tok-2", 2))
        .await
        .expect("publishes");
    store.published("crm").await.expect("remembered");
    let seen = bench.meddler.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

async fn a_rival_is_noticed_and_kept(bench: &Bench) {
    let store = bench.store("pub-rival");
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    let by_hand = json!({"token": "by-hand", "note": "urgent"});
    bench.put("published/pub-rival", by_hand).await;
    let result = store.publish("crm", &published("tok-2", 2)).await;
    assert_eq!(result, Err(StoreError::Conflict));
    assert_eq!(bench.get("published/pub-rival").await["token"], "by-hand");
    let PublishedSecret::Token(seen) = store.published("crm").await.expect("reads") else {
        panic!("the rival's token");
    };
    assert_eq!(seen.value.expose(), "by-hand");
    store
        .publish("crm", &published("tok-2", 2))
        .await
        .expect("publishes");
    assert_eq!(bench.get("published/pub-rival").await["note"], "urgent");
}

async fn hand_written_values_are_understood(bench: &Bench) {
    let store = bench.store("pub-hand");
    bench
        .put("published/pub-hand", json!({"token": "raw"}))
        .await;
    let PublishedSecret::Token(read) = store.published("crm").await.expect("reads") else {
        panic!("a token");
    };
    assert_eq!((read.generation, read.token_id), (None, None));
    let cases = [
        (json!("canary "), "newline"),
        (json!("Bearer canary"), "scheme"),
        (json!(5), "not a string"),
    ];
    for (value, part) in cases {
        bench
            .put("published/pub-hand", json!({ "token": value }))
            .await;
        store.forget("crm");
        let PublishedSecret::Malformed(reason) = store.published("crm").await.expect("reads")
        else {
            panic!("{value} cannot be a token");
        };
        assert!(reason.contains(part), "{reason}");
        assert!(!reason.contains("canary"), "{reason}");
    }
}

async fn a_deleted_publication_is_made_anew(bench: &Bench) {
    let store = bench.store("pub-deleted");
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    let path = format!("{}/data/published/pub-deleted", bench.mount);
    bench.raw("DELETE", &path, Value::Null).await;
    store.forget("crm");
    assert_eq!(store.published("crm").await, Ok(PublishedSecret::Absent));
    store
        .publish("crm", &published("tok-2", 2))
        .await
        .expect("publishes");
    assert_eq!(bench.version("published/pub-deleted").await, Some(2));
}

async fn other_field_names_are_used(bench: &Bench) {
    let fields = FieldNames {
        token: "bearer".to_owned(),
        generation: String::new(),
        ..FieldNames::default()
    };
    let store = bench.store_with("pub-names", fields);
    store
        .publish("crm", &published("tok-1", 1))
        .await
        .expect("publishes");
    let stored = bench.get("published/pub-names").await;
    assert_eq!(stored["bearer"], "tok-1");
    assert!(stored.get("token").is_none() && stored.get("generation").is_none());
}
