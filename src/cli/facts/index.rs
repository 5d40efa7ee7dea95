//! The index of fingerprints: whose a secret is, without a look at every token. Its
//! documents are beside the facts, `<state_path>/facts/.fingerprints-<shard>`; they hold
//! keyed fingerprints of the tokens in use, of those before them, and of our own
//! credentials, with the names of what they belong to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::ports::{Clock, StoreError};
use crate::rotation::record::Record;
use crate::secret::{Fingerprint, FingerprintKey, KeyedFingerprint};
use crate::vault::VaultStore;

/// How long after the first change documents are written, with all that came since.
const TOGETHER: SignedDuration = SignedDuration::from_mins(1);
/// Pause after Vault refused or did not answer.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Most entries of one document: those that came first are dropped.
const MOST: usize = 10_000;
/// How often a document is written over the writes of other replicas.
const CONFLICTS: usize = 5;
/// The document that says for which tokens the index is complete.
const COMPLETE: &str = ".fingerprints";
/// Its field, an object of a keyed fingerprint, its owner and when it was noted.
const FINGERPRINTS: &str = "fingerprints";

/// Whose a fingerprint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Noted {
    /// Name of the token, or what the credential is.
    pub(in crate::cli) owner: String,
    /// Whether it is a credential of our own.
    pub(in crate::cli) is_credential: bool,
    /// When it was noted.
    pub(in crate::cli) noted_at: Option<Timestamp>,
}

/// The mark of our own credentials; no token has such a name.
const CREDENTIAL: &str = "credential: ";

/// The keyed fingerprint under which a secret is noted. It is one of the plain
/// fingerprint, since of the tokens of the past nothing else is stored.
pub(in crate::cli) fn keyed(key: &FingerprintKey, plain: &str) -> KeyedFingerprint {
    key.of(&format!("index {plain}"))
}

/// The name of the document that has it.
fn shard(keyed: &KeyedFingerprint) -> String {
    const DIGITS: &str = "abcdefghijklmnopqrstuvwxyz234567";
    let mut places = keyed.as_str().chars().filter_map(|c| DIGITS.find(c));
    let (first, second) = (places.next(), places.next());
    let number = first.unwrap_or_default() * 8 + second.unwrap_or_default() / 4;
    format!(".fingerprints-{number:02x}")
}

/// Looks fingerprints up.
///
/// # Errors
/// When Vault does not answer.
pub(in crate::cli) async fn find(
    store: &VaultStore,
    wanted: &BTreeSet<KeyedFingerprint>,
) -> Result<BTreeMap<KeyedFingerprint, Noted>, StoreError> {
    let mut found = BTreeMap::new();
    let mut shards: BTreeMap<String, Vec<KeyedFingerprint>> = BTreeMap::new();
    for keyed in wanted {
        shards.entry(shard(keyed)).or_default().push(*keyed);
    }
    let reads = shards.into_iter().map(async |(name, wanted)| {
        let stored = store.facts(&name).await;
        stored.map(|stored| (stored.facts, wanted))
    });
    for (facts, wanted) in futures_util::future::try_join_all(reads).await? {
        let entries = facts.map(|facts| entries(&facts)).unwrap_or_default();
        for keyed in wanted {
            if let Some(noted) = entries.get(keyed.as_str()).and_then(noted) {
                found.insert(keyed, noted);
            }
        }
    }
    Ok(found)
}

/// For which tokens every fingerprint is in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Complete {
    /// Since when.
    pub(in crate::cli) at: Timestamp,
    names: String,
}

impl Complete {
    /// Whether these are the tokens.
    pub(in crate::cli) fn is_of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        self.names == digest(names)
    }
}

/// What the daemon says of the index; `None`: it is not complete yet.
///
/// # Errors
/// When Vault does not answer.
pub(in crate::cli) async fn complete(store: &VaultStore) -> Result<Option<Complete>, StoreError> {
    let stored = store.facts(COMPLETE).await?;
    Ok(stored.facts.and_then(|facts| {
        Some(Complete {
            at: facts["at"].as_str()?.parse().ok()?,
            names: facts["tokens"].as_str()?.to_owned(),
        })
    }))
}

/// A digest of names of tokens, in whatever order.
fn digest<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let names: Vec<&str> = names.into_iter().collect();
    Fingerprint::of(&names.join("\n")).short()
}

fn entries(document: &Value) -> Map<String, Value> {
    document[FINGERPRINTS]
        .as_object()
        .cloned()
        .unwrap_or_default()
}

fn noted(entry: &Value) -> Option<Noted> {
    let owner = entry[0].as_str()?;
    let credential = owner.strip_prefix(CREDENTIAL);
    Some(Noted {
        owner: credential.unwrap_or(owner).to_owned(),
        is_credential: credential.is_some(),
        noted_at: entry[1]
            .as_i64()
            .and_then(|second| Timestamp::from_second(second).ok()),
    })
}

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
            self.state.lock().before_use.remove(&record.token);
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
    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().waiting.is_empty()
    }

    /// Notes every token of a record. Returns whether there is a new one.
    pub(super) fn note(&self, record: &Record) -> bool {
        let prints = prints(record);
        let mut hasher = DefaultHasher::new();
        prints.hash(&mut hasher);
        let digest = hasher.finish();
        let mut state = self.state.lock();
        if state.noted.insert(record.token.clone(), digest) == Some(digest) {
            return false;
        }
        for print in prints {
            state.waiting.insert(print, record.token.clone());
        }
        state.may_be_complete = true;
        self.begin(&mut state);
        true
    }

    /// Notes one of our own credentials.
    pub(super) fn note_credential(&self, print: &Fingerprint, what: &str) {
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
    pub(super) async fn write_due(&self, now: Timestamp) {
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
    pub(super) async fn write_complete(&self, names: impl FnOnce() -> Vec<String>) {
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
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let throwaway = record.rehearsal.as_deref().and_then(|r| r.issued.as_ref());
    let held = record.current.iter().chain(pending).chain(throwaway);
    let held = held.chain(record.retiring.iter().map(|old| &old.token));
    let past = record.history.iter();
    let past = past.flat_map(|past| past.old.iter().chain(&past.new));
    held.map(|token| token.fingerprint().short())
        .chain(past.map(Fingerprint::short))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::InstallationKey;

    #[test]
    fn shards_are_few_and_each_fingerprint_has_one() {
        let key = InstallationKey::random().for_fingerprints();
        let names: BTreeSet<_> = (0..5000)
            .map(|n| shard(&keyed(&key, &n.to_string())))
            .collect();
        assert!(names.len() > 200 && names.len() <= 256, "{}", names.len());
    }

    #[test]
    fn the_newest_entries_are_kept() {
        let entry = |n: usize| (format!("{n:010}"), json!(["crm", n]));
        let mut all: Map<String, Value> = (0..MOST + 3).map(entry).collect();
        drop_oldest(&mut all);
        assert_eq!(all.len(), MOST);
        assert!(!all.contains_key("0000000002") && all.contains_key("0000000003"));
    }
}
