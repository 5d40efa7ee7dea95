//! Writes the index: a new token before anybody uses it, all others together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{COMPLETE, CREDENTIAL, FINGERPRINTS, digest, entries, keyed, shard};
use crate::ports::{Clock, StoreError};
use crate::rotation::record::Record;
use crate::secret::{Fingerprint, KeyedFingerprint};
use crate::vault::VaultStore;

/// How long after the first change documents are written, with all that came since.
const TOGETHER: SignedDuration = SignedDuration::from_mins(1);
/// Pause after Vault refused or did not answer.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Most entries of one document: those that came first are dropped.
const MOST: usize = 10_000;
/// How often a document is written over the writes of other replicas.
const CONFLICTS: usize = 5;

/// Writes the index beside the facts.
pub(in crate::cli) struct IndexWriter {
    store: Arc<VaultStore>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// One writer of a document at a time; what comes meanwhile is written together.
    writers: [tokio::sync::Mutex<()>; WRITERS],
}

/// How many documents are written at once.
const WRITERS: usize = 16;

#[derive(Default)]
struct State {
    /// Plain fingerprints that wait to be written, with their owners.
    waiting: BTreeMap<String, String>,
    write_at: Option<Timestamp>,
    /// Digest of what was noted of each token.
    noted: HashMap<String, u64>,
    /// Of each token, the new one that was written before anybody used it.
    before_use: HashMap<String, Fingerprint>,
    /// What has to be written at once, by document.
    urgent: BTreeMap<String, Vec<(KeyedFingerprint, String)>>,
    /// Whether it may have become complete.
    may_be_complete: bool,
    /// The tokens for which it was last said to be complete.
    complete_for: Option<String>,
}

impl IndexWriter {
    pub(in crate::cli) fn new(store: Arc<VaultStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            state: Mutex::default(),
            writers: Default::default(),
        }
    }

    /// Writes the new token of a rotation or rehearsal, before anybody uses it. If Vault
    /// does not take it, the work goes on, and it is written later.
    pub(in crate::cli) async fn note_before_use(&self, record: &Record) {
        let rotation = record.rotation.as_ref();
        let pending = rotation.and_then(|r| r.pending.as_ref());
        let throwaway = record.rehearsal.as_deref().and_then(|r| r.issued.as_ref());
        let Some(print) = pending.or(throwaway).map(|token| token.fingerprint()) else {
            return;
        };
        if self.state.lock().before_use.get(&record.token) == Some(&print) {
            return;
        }
        if let Err(error) = self.write_now(&print.short(), &record.token).await {
            tracing::warn!(token = %record.token, %error, "the new token is not in the index of fingerprints yet; it is written later");
            let mut state = self.state.lock();
            state.waiting.insert(print.short(), record.token.clone());
            self.begin(&mut state);
            return;
        }
        let mut state = self.state.lock();
        state.before_use.insert(record.token.clone(), print);
    }

    async fn write_now(&self, print: &str, owner: &str) -> Result<(), StoreError> {
        let key = self.store.fingerprint_key().await?;
        let keyed = keyed(&key, print);
        let name = shard(&keyed);
        let entry = (keyed, owner.to_owned());
        {
            let mut state = self.state.lock();
            state.urgent.entry(name.clone()).or_default().push(entry);
        }
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % (WRITERS as u64)).unwrap_or_default();
        let _one = self.writers[place].lock().await;
        let new = self.state.lock().urgent.remove(&name);
        let Some(new) = new else {
            // Another rotation has written it with its own.
            return Ok(());
        };
        let entries: Vec<_> = new.iter().map(|(k, owner)| (*k, owner.as_str())).collect();
        let written = self.merge(&name, &entries, self.clock.now()).await;
        if written.is_err() {
            // Those who wait for theirs to be written find them here.
            self.state
                .lock()
                .urgent
                .entry(name)
                .or_default()
                .extend(new);
        }
        written
    }

    /// Whether nothing waits.
    pub(in crate::cli::facts) fn is_empty(&self) -> bool {
        self.state.lock().waiting.is_empty()
    }

    /// Notes every token of a record. Returns whether there is a new one.
    pub(in crate::cli::facts) fn note(&self, record: &Record) -> bool {
        let prints = prints(record);
        let mut hasher = DefaultHasher::new();
        prints.hash(&mut hasher);
        let digest = hasher.finish();
        let mut state = self.state.lock();
        let before = state.noted.insert(record.token.clone(), digest);
        if before == Some(digest) {
            return false;
        }
        // Those of the past were noted when this process first saw the record.
        let new = match before {
            Some(_) => held(record),
            None => prints,
        };
        let written = state.before_use.get(&record.token).map(Fingerprint::short);
        for print in new.into_iter().filter(|one| Some(one) != written.as_ref()) {
            state.waiting.insert(print, record.token.clone());
        }
        state.may_be_complete = true;
        self.begin(&mut state);
        true
    }

    /// Notes one of our own credentials.
    pub(in crate::cli::facts) fn note_credential(&self, print: &Fingerprint, what: &str) {
        let mut state = self.state.lock();
        let owner = format!("{CREDENTIAL}{what}");
        state.waiting.insert(print.short(), owner);
        self.begin(&mut state);
    }

    fn begin(&self, state: &mut State) {
        let soon = self.clock.now().checked_add(TOGETHER).ok();
        state.write_at = state.write_at.or(soon);
    }

    /// Writes what waits, if it is time.
    pub(in crate::cli::facts) async fn write_due(&self, now: Timestamp) {
        let waiting = {
            let mut state = self.state.lock();
            if state.write_at.is_none_or(|at| at > now) {
                return;
            }
            state.write_at = None;
            std::mem::take(&mut state.waiting)
        };
        let written = self.write(&waiting).await;
        if let Err(error) = written {
            tracing::warn!(%error, "the index of fingerprints was not written; it is written later");
            let mut state = self.state.lock();
            let newer = std::mem::take(&mut state.waiting);
            state.waiting = waiting.into_iter().chain(newer).collect();
            state.write_at = self.clock.now().checked_add(PAUSE).ok();
        }
    }

    /// Says that the index is complete for these tokens, once everything of them is
    /// written.
    pub(in crate::cli::facts) async fn write_complete(&self, names: impl FnOnce() -> Vec<String>) {
        {
            let state = self.state.lock();
            if !state.may_be_complete || !state.waiting.is_empty() {
                return;
            }
        }
        let names = names();
        let tokens = digest(names.iter().map(String::as_str));
        {
            let mut state = self.state.lock();
            if !names.iter().all(|name| state.noted.contains_key(name)) {
                return;
            }
            state.may_be_complete = false;
            if state.complete_for.as_ref() == Some(&tokens) {
                return;
            }
        }
        match self.say_complete(&tokens, names.len()).await {
            Ok(()) => self.state.lock().complete_for = Some(tokens),
            Err(error) => {
                tracing::warn!(%error, "it was not written that the index of fingerprints is complete; it is written later");
                self.state.lock().may_be_complete = true;
            }
        }
    }

    async fn say_complete(&self, tokens: &str, count: usize) -> Result<(), StoreError> {
        let stored = self.store.facts(COMPLETE).await?;
        if stored.facts.is_some_and(|facts| facts["tokens"] == tokens) {
            return Ok(());
        }
        let facts = json!({
            "schema": 1,
            "at": self.clock.now(),
            "tokens": tokens,
            "count": count,
        });
        // Another replica that came first has said the same.
        let _first = self
            .store
            .write_facts(COMPLETE, facts, stored.version)
            .await?;
        Ok(())
    }

    async fn write(&self, waiting: &BTreeMap<String, String>) -> Result<(), StoreError> {
        if waiting.is_empty() {
            return Ok(());
        }
        let key = self.store.fingerprint_key().await?;
        let mut shards: BTreeMap<String, Vec<(KeyedFingerprint, &str)>> = BTreeMap::new();
        for (print, owner) in waiting {
            let keyed = keyed(&key, print);
            shards
                .entry(shard(&keyed))
                .or_default()
                .push((keyed, owner));
        }
        let now = self.clock.now();
        for (name, new) in shards {
            self.merge(&name, &new, now).await?;
        }
        Ok(())
    }

    /// Adds entries to a document, also over the writes of others.
    async fn merge(
        &self,
        name: &str,
        new: &[(KeyedFingerprint, &str)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..CONFLICTS {
            let stored = self.store.facts(name).await?;
            let mut all = stored
                .facts
                .map(|facts| entries(&facts))
                .unwrap_or_default();
            let mut has_changed = false;
            for (keyed, owner) in new {
                let entry = all.entry(keyed.as_str()).or_insert(Value::Null);
                if entry[0].as_str() != Some(*owner) {
                    *entry = json!([owner, now.as_second()]);
                    has_changed = true;
                }
            }
            if !has_changed {
                return Ok(());
            }
            drop_oldest(&mut all);
            let facts = json!({ "schema": 1, FINGERPRINTS: all });
            let written = self.store.write_facts(name, facts, stored.version);
            if written.await?.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }
}

fn drop_oldest(all: &mut Map<String, Value>) {
    let excess = all.len().saturating_sub(MOST);
    if excess == 0 {
        return;
    }
    let mut ages: Vec<(i64, String)> = all
        .iter()
        .map(|(print, entry)| (entry[1].as_i64().unwrap_or_default(), print.clone()))
        .collect();
    ages.sort();
    for (_, print) in ages.into_iter().take(excess) {
        all.remove(&print);
    }
}

/// The plain fingerprints of every token that a record knows of, as people see them.
fn prints(record: &Record) -> BTreeSet<String> {
    let past = record.history.iter();
    let past = past.flat_map(|past| past.old.iter().chain(&past.new));
    let mut all = held(record);
    all.extend(past.map(Fingerprint::short));
    all
}

/// The same of those whose values it holds.
fn held(record: &Record) -> BTreeSet<String> {
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let throwaway = record.rehearsal.as_deref().and_then(|r| r.issued.as_ref());
    let held = record.current.iter().chain(pending).chain(throwaway);
    let held = held.chain(record.retiring.iter().map(|old| &old.token));
    held.map(|token| token.fingerprint().short()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_are_kept() {
        let entry = |n: usize| (format!("{n:010}"), json!(["crm", n]));
        let mut all: Map<String, Value> = (0..MOST + 3).map(entry).collect();
        drop_oldest(&mut all);
        assert_eq!(all.len(), MOST);
        assert!(!all.contains_key("0000000002") && all.contains_key("0000000003"));
    }
}
