//! A record, as anybody who may write to the state in Vault can leave it: it is
//! read, or refused without a value of it; what is read can be planned with and
//! written again.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::SignedDuration;
use parking_lot::Mutex;
use scim_rotator::http::NoObserver;
use scim_rotator::ports::{Store as _, StoreError};
use scim_rotator::rotation::decision::Action;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::Record;
use scim_rotator::vault::{KvPath, Session, VaultStore};
use serde_json::Value;

use super::date::StandingClock;
use super::hold::{CANARY, hides, in_time, is_for_people, now, planted};
use super::server::Server;

mod planned;

pub(super) fn run(input: &[u8]) {
    let Some(text) = planted(input) else {
        return;
    };
    let read = in_time(|| serde_json::from_str::<Record>(&text));
    if let Ok(record) = &read {
        comes_back(record);
        if invariant::check(record).is_ok() {
            gets_a_decision(record);
        }
    }
    // The store takes an object only, with its members in any order.
    if serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object()) {
        is_loaded(&text);
    }
}

fn comes_back(record: &Record) {
    let written = serde_json::to_string(record).expect("a record is JSON");
    let again: Record = serde_json::from_str(&written).expect("a record is read again");
    assert_eq!(again, *record);
    let violation = invariant::check(record).err();
    if let Some(violation) = violation {
        hides(violation.rule);
    }
}

/// I8: every wait ends in the future.
fn gets_a_decision(record: &Record) {
    let decision = in_time(|| planned::decision(record));
    if decision.action == Action::Wait {
        assert!(decision.wake_at > now(), "{decision:?}");
        let far = now() + SignedDuration::from_hours(24 * 366);
        assert!(decision.wake_at <= far, "{decision:?}");
    }
}

/// Through the store, from an answer of Vault.
fn is_loaded(text: &str) {
    static VAULT: LazyLock<Mutex<Vault>> = LazyLock::new(|| Mutex::new(Vault::new()));
    match VAULT.lock().load(text) {
        Ok(()) => {}
        Err(StoreError::Unusable(why)) => {
            // The name of another token may be shown.
            hides(&why.replace(&format!("the token `{CANARY}`"), ""));
            is_for_people(&why, 1000);
        }
        Err(other) => panic!("{other:?}"),
    }
}

struct Vault {
    runtime: tokio::runtime::Runtime,
    server: Server,
    store: VaultStore,
    _token: tempfile::NamedTempFile,
}

impl Vault {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let server = Server::start(answer);
        let token = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(token.path(), "root-of-a-test").expect("written");
        let config = serde_json::json!({
            "address": server.url(),
            "state_path": "kv/state",
            "auth": { "token": { "token": { "file": token.path() } } },
        });
        let config = serde_json::from_value(config).expect("a section");
        let clock = Arc::new(StandingClock);
        let session = Session::new(&config, clock, Arc::new(NoObserver), "replica-1");
        let state = KvPath::parse("kv/state").expect("a path");
        Self {
            runtime: runtime.expect("a runtime"),
            server,
            store: VaultStore::new(session.expect("a session"), state, BTreeMap::new()),
            _token: token,
        }
    }

    fn load(&self, record: &str) -> Result<(), StoreError> {
        self.server.answer(record.as_bytes().to_vec());
        self.runtime.block_on(self.store.load("crm")).map(drop)
    }
}

fn answer(path: &str, record: &[u8]) -> Vec<u8> {
    let body = match path {
        "/v1/kv/data/state/crm" => {
            let metadata = r#","metadata":{"version":1,"created_time":"2026-11-27T06:00:00Z","deletion_time":"","destroyed":false}}}"#;
            [br#"{"data":{"data":"#, record, metadata.as_bytes()].concat()
        }
        "/v1/auth/token/lookup-self" => {
            br#"{"data":{"ttl":0,"renewable":false,"policies":["root"],"expire_time":null}}"#
                .to_vec()
        }
        _ => br#"{"data":{}}"#.to_vec(),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}
