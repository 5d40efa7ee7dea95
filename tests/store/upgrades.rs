//! Records of every version that was ever written. Those of the versions before
//! stay as they are for good: a program must read what its predecessors left.
//!
//! To add a version: raise `SCHEMA`, and keep records that its first program
//! wrote in a folder of its own.

use std::path::{Path, PathBuf};

use scim_rotator::ports::{Store, StoreError};
use scim_rotator::rotation::record::{Record, SCHEMA};
use serde_json::{Value, json};

use super::bench::{Bench, v};

pub async fn all(bench: &Bench) {
    records_of_every_version_are_read_and_nothing_of_them_is_lost(bench).await;
    a_record_of_a_newer_version_is_left_untouched(bench).await;
}

async fn records_of_every_version_are_read_and_nothing_of_them_is_lost(bench: &Bench) {
    for version in 1..=SCHEMA {
        let files = files(version);
        assert!(!files.is_empty(), "no record of version {version} is kept");
        for file in files {
            let kept = read(&file);
            assert_eq!(kept["schema"], version, "{}", file.display());
            let name = file.file_stem().expect("a name").to_string_lossy();
            let state = format!("v{version}-{name}");
            bench.put(&format!("state/{state}/crm"), kept.clone()).await;
            let store = bench.store(&state);
            let stored = store.load("crm").await;
            let stored = stored.unwrap_or_else(|error| panic!("{state}: {error}"));
            let record: Record = stored.expect("is there").value;
            store.commit(&record, v(1)).await.expect("commits");
            let written = bench.get(&format!("state/{state}/crm")).await;
            if version == SCHEMA {
                assert_contains(&state, &written, &without_adopted_ids(kept));
            }
        }
    }
}

async fn a_record_of_a_newer_version_is_left_untouched(bench: &Bench) {
    let file = files(SCHEMA).pop().expect("a record is kept");
    let mut newer = read(&file);
    newer["schema"] = json!(SCHEMA + 1);
    newer["of_the_future"] = json!(["something", "else"]);
    bench.put("state/of-the-future/crm", newer.clone()).await;
    let error = bench
        .store("of-the-future")
        .load("crm")
        .await
        .expect_err("newer");
    let StoreError::Unusable(text) = error else {
        panic!("it cannot be used: {error}");
    };
    assert!(text.contains("left untouched"), "{text}");
    assert!(text.contains("use that version"), "{text}");
    assert_eq!(bench.get("state/of-the-future/crm").await, newer);
    assert_eq!(bench.version("state/of-the-future/crm").await, Some(1));
}

/// The id of an adopted token was told by a person, not by the issuer: it is kept
/// for people only.
fn without_adopted_ids(mut record: Value) -> Value {
    let retiring = record["retiring"].as_array().map_or(0, Vec::len);
    let mut places = vec!["/current".to_owned(), "/rotation/pending".to_owned()];
    places.extend((0..retiring).map(|n| format!("/retiring/{n}/token")));
    for place in places {
        let Some(token) = record.pointer_mut(&place).and_then(Value::as_object_mut) else {
            continue;
        };
        let is_told = token.get("origin") == Some(&json!("issued")) || token.contains_key("issuer");
        if !is_told && let Some(id) = token.remove("id") {
            token.insert("stated_id".to_owned(), id);
        }
    }
    record
}

/// Whether all that was kept is there, at its place.
fn assert_contains(place: &str, written: &Value, kept: &Value) {
    match (written, kept) {
        (Value::Object(written), Value::Object(kept)) => {
            for (name, value) in kept {
                let found = written.get(name).unwrap_or(&Value::Null);
                assert_contains(&format!("{place}.{name}"), found, value);
            }
        }
        (Value::Array(written), Value::Array(kept)) => {
            assert_eq!(written.len(), kept.len(), "{place}");
            for (index, (written, kept)) in written.iter().zip(kept).enumerate() {
                assert_contains(&format!("{place}[{index}]"), written, kept);
            }
        }
        (written, kept) => assert_eq!(written, kept, "{place}"),
    }
}

fn files(version: u32) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/records");
    let folder = folder.join(format!("v{version}"));
    let found = std::fs::read_dir(&folder).into_iter().flatten();
    let mut files: Vec<_> = found.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn read(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}
