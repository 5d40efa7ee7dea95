//! Each door hands on every method of its port: one that is added to a port with a default
//! body would otherwise be answered by the door.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;

use super::AuditedStore;
use crate::audit::auditor::Auditor;
use crate::audit::config::AuditConfig;
use crate::audit::event::WhoKind;
use crate::clock::SystemClock;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
use crate::rotation::apply::take_requests;
use crate::rotation::record::{Record, RequestsOf, Wish, WrittenRequest};
use crate::secret::InstallationKey;

/// The names of the methods of the block that begins with `head`.
fn methods(source: &str, head: &str) -> BTreeSet<String> {
    let block = source.split(head).nth(1).unwrap_or_default();
    let block = block.split("\n}").next().unwrap_or_default();
    let names = block.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ")?;
        name.split(['(', '<']).next().map(str::to_owned)
    });
    names.collect()
}

#[test]
fn every_door_has_every_method_of_its_port() {
    let ports = include_str!("../../ports/mod.rs");
    let rows = [
        (
            "Store",
            include_str!("../../ports/store.rs"),
            include_str!("store.rs"),
            6,
        ),
        ("Issuer", ports, include_str!("issuer.rs"), 11),
        ("Connection", ports, include_str!("connection.rs"), 7),
        (
            "Probe",
            include_str!("../../scim/probe.rs"),
            include_str!("probe.rs"),
            5,
        ),
        (
            "Journal",
            include_str!("../../scim/cycle/journal.rs"),
            include_str!("journal.rs"),
            3,
        ),
        (
            "Handover",
            include_str!("../../ports/handover.rs"),
            include_str!("handover.rs"),
            3,
        ),
        (
            "RefreshTokens",
            include_str!("../../ports/refresh.rs"),
            include_str!("refresh.rs"),
            2,
        ),
        (
            "Switch",
            include_str!("../../ports/switch.rs"),
            include_str!("switch.rs"),
            1,
        ),
    ];
    for (port, declared, door, least) in rows {
        let declared = methods(declared, &format!("pub trait {port}: "));
        assert!(declared.len() >= least, "{port}: {declared:?}");
        let handed_on = methods(door, &format!("\nimpl {port} for "));
        assert_eq!(declared, handed_on, "{port}");
    }
}

/// A store that answers a commit with what it is given.
struct Answers(Mutex<Option<Result<Version, StoreError>>>);

#[async_trait]
impl Store for Answers {
    async fn load(&self, _: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        Ok(None)
    }

    async fn commit(&self, _: &Record, _: Version) -> Result<Version, StoreError> {
        let answer = self.0.lock().take();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    async fn published(&self, _: &str) -> Result<PublishedSecret, StoreError> {
        Ok(PublishedSecret::Absent)
    }

    async fn publish(&self, _: &str, _: &PublishedToken) -> Result<(), StoreError> {
        Ok(())
    }

    fn forget(&self, _: &str) {}
}

struct Scene {
    folder: TempDir,
    auditor: Arc<Auditor>,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = AuditConfig {
            path: Some(folder.path().join("audit.jsonl")),
            replica: Some("a".to_owned()),
            ..AuditConfig::default()
        };
        let auditor = Auditor::new(&config, WhoKind::Daemon, "p", Arc::new(SystemClock));
        auditor.set_key(InstallationKey::random().for_fingerprints());
        auditor.start(None).expect("a thread");
        Self {
            folder,
            auditor: Arc::new(auditor),
        }
    }

    fn store(&self, answer: Option<Result<Version, StoreError>>) -> AuditedStore {
        let inner = Arc::new(Answers(Mutex::new(answer)));
        AuditedStore::new(inner, Arc::clone(&self.auditor))
    }

    /// What the lines so far say: what, who, result.
    async fn told(&self) -> Vec<(String, String, String)> {
        self.auditor.head().await.expect("a head");
        let path = self.folder.path().join("audit.jsonl");
        let text = std::fs::read_to_string(path).expect("a file");
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = text.lines().skip(1).map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            (
                word(&line["what"]),
                word(&line["who"]["kind"]),
                word(&line["result"]),
            )
        });
        lines.collect()
    }
}

/// A record that takes two requests of one person.
fn asked() -> Record {
    let now = Timestamp::UNIX_EPOCH;
    let request = |seq, what| WrittenRequest {
        id: format!("id-{seq}"),
        seq,
        at: now,
        what,
        compromised: false,
        override_guards: false,
        supplied: false,
        reason: "because".to_owned(),
        connection: String::new(),
        fingerprint: String::new(),
        issued_at: None,
        expires_at: None,
        token_id: String::new(),
    };
    let letter = RequestsOf {
        author: "ann".to_owned(),
        name: None,
        version: 1,
        requests: Ok(vec![request(1, Wish::Pause), request(2, Wish::Resume)]),
    };
    take_requests(&Record::new("crm", now), &[letter], now)
}

fn told(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let row = |(a, b, c): &(&str, &str, &str)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned());
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn a_commit_is_told_with_every_request_that_it_takes_and_each_once() {
    let scene = Scene::new();
    let store = scene.store(Some(Ok(Version(1))));
    let record = asked();
    store.commit(&record, Version(0)).await.expect("stored");
    let first = told(&[
        ("pause", "person", "ok"),
        ("resume", "person", "ok"),
        ("commit", "daemon", "ok"),
    ]);
    assert_eq!(scene.told().await, first);
    let again = scene.store(Some(Ok(Version(2))));
    again.commit(&record, Version(1)).await.expect("stored");
    assert_eq!(scene.told().await.len(), 4, "only the commit");
}

#[tokio::test]
async fn what_was_refused_or_lost_is_told_as_that() {
    let fault = |class| StoreError::Fault(Fault::new(class, FaultKind::Network, "away"));
    let rows = [
        (
            StoreError::Conflict,
            told(&[("commit", "daemon", "failed")]),
        ),
        (
            fault(FaultClass::NotApplied),
            told(&[("commit", "daemon", "failed")]),
        ),
        (
            fault(FaultClass::Ambiguous),
            told(&[
                ("pause", "person", "unknown"),
                ("resume", "person", "unknown"),
                ("commit", "daemon", "unknown"),
            ]),
        ),
    ];
    for (error, lines) in rows {
        let scene = Scene::new();
        let store = scene.store(Some(Err(error)));
        assert!(store.commit(&asked(), Version(0)).await.is_err());
        assert_eq!(scene.told().await, lines);
    }
}

#[tokio::test]
async fn an_effect_that_is_given_up_leaves_a_line() {
    let scene = Scene::new();
    let store = scene.store(None);
    let record = asked();
    let soon = std::time::Duration::from_millis(20);
    let given_up = tokio::time::timeout(soon, store.commit(&record, Version(0))).await;
    assert!(given_up.is_err());
    let lines = scene.told().await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.2 == "unknown"), "{lines:?}");
}
