//! Journals of full cycles: check-and-set, lost answers, and documents that must not
//! be overwritten.

use scim_rotator::ports::{Journal, Store};
use scim_rotator::scim::cycle::journal::{JournalDocument, JournalError, Kind, LastRun};
use scim_rotator::scim::cycle::names::Names;
use scim_rotator::scim::cycle::report::CycleVerdict;
use scim_rotator::secret::Fingerprint;
use serde_json::{Value, json};

use super::bench::Bench;

pub async fn all(bench: &Bench) {
    a_journal_is_written_and_read(bench).await;
    a_stale_version_is_a_conflict(bench).await;
    what_cannot_be_understood_is_not_overwritten(bench).await;
    a_passed_cycle_is_read_by_the_store(bench).await;
}

fn now() -> jiff::Timestamp {
    "2026-11-27T12:00:00Z".parse().expect("a time")
}

fn journal() -> JournalDocument {
    let mut journal = JournalDocument::default();
    let names = Names::new("staging", "r1", "x.invalid");
    journal.take("a", now(), jiff::SignedDuration::from_mins(15));
    journal.intend("r1", Kind::User, &names, "https://x.example/scim", now());
    journal.created("r1", Kind::User, "7");
    journal
}

async fn a_journal_is_written_and_read(bench: &Bench) {
    let store = bench.store("cycle");
    let empty = store.read("crm").await;
    assert_eq!(empty, Ok((JournalDocument::default(), 0)));
    assert_eq!(store.write("crm", &journal(), 0).await, Ok(1));
    assert_eq!(store.read("crm").await, Ok((journal(), 1)));
    let stored = bench.get("state/cycle/cycles/crm").await;
    assert_eq!(stored["entries"][0]["ids"], json!(["7"]));
    assert_eq!(
        store.load("crm").await,
        Ok(None),
        "a record is something else"
    );
}

async fn a_stale_version_is_a_conflict(bench: &Bench) {
    let store = bench.store("cycle-stale");
    assert_eq!(store.write("crm", &journal(), 0).await, Ok(1));
    for wrong in [0, 2] {
        let written = store.write("crm", &JournalDocument::default(), wrong).await;
        assert_eq!(written, Err(JournalError::Conflict), "{wrong}");
    }
    assert_eq!(store.read("crm").await, Ok((journal(), 1)));
}

async fn what_cannot_be_understood_is_not_overwritten(bench: &Bench) {
    let store = bench.store("cycle-odd");
    assert_eq!(store.write("crm", &journal(), 0).await, Ok(1));
    for (version, odd) in [json!({ "schema": 2 }), json!({ "entries": 7 })]
        .into_iter()
        .enumerate()
    {
        let path = format!("{}/data/state/cycle-odd/cycles/crm", bench.mount);
        let body = json!({ "data": odd, "options": { "cas": version + 1 } });
        bench.raw("POST", &path, body).await;
        let read = store.read("crm").await;
        assert!(
            matches!(read, Err(JournalError::Failed(_))),
            "{odd}: {read:?}"
        );
        assert!(store.full_cycle("crm").await.is_err(), "{odd}");
    }
    let path = format!("{}/data/state/cycle-odd/cycles/crm", bench.mount);
    bench.raw("DELETE", &path, Value::Null).await;
    let read = store.read("crm").await;
    let Err(JournalError::Failed(text)) = read else {
        panic!("a deleted journal may say what is left: {read:?}");
    };
    assert!(text.contains("undelete"), "{text}");
}

async fn a_passed_cycle_is_read_by_the_store(bench: &Bench) {
    let store = bench.store("cycle-passed");
    assert_eq!(store.full_cycle("crm").await, Ok(None));
    let mut passed = JournalDocument::default();
    let run = LastRun {
        run: "r1".to_owned(),
        at: now(),
        verdict: CycleVerdict::Passed,
        detail: String::new(),
        fingerprint: Fingerprint::of("a token"),
    };
    passed.conclude(run, now());
    assert_eq!(store.write("crm", &passed, 0).await, Ok(1));
    assert_eq!(store.full_cycle("crm").await, Ok(passed.passed));
}
