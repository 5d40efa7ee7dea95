//! Writes the facts of each token.
//!
//! They are written beside the work, after the record that they are taken from
//! is stored, and some seconds later, so that a rotation is told once and not at
//! each stage. Only changes that people see are written.

mod witness;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::document::CONFIG_REFUSED;
use super::index::IndexWriter;
use super::waiting::{FULL_CYCLE, News, Waiting};
use crate::driver::situation::Conditions;
use crate::ports::{Clock, StoreError};
use crate::rotation::record::Control;
use crate::scim::cycle::journal::JournalDocument;
use crate::secret::Fingerprint;
use crate::telemetry::board::{Board, CycleFacts};
use crate::vault::VaultStore;
use crate::vault::requests::ALL;

/// How long after a change that another replica stored the facts are written: it
/// writes them itself.
const LATER: SignedDuration = SignedDuration::from_mins(1);
/// How often it is looked what has to be written.
const LOOK: SignedDuration = SignedDuration::from_secs(1);
/// How many documents are written at once, and in one look.
const AT_ONCE: usize = 8;
const IN_ONE_LOOK: usize = 64;

/// What has to be written, and what was.
pub(in crate::cli) struct FactsWriter {
    store: Arc<VaultStore>,
    clock: Arc<dyn Clock>,
    conditions: Conditions,
    /// Is told what comes next.
    board: Arc<Board>,
    state: Mutex<State>,
    /// Whose each secret is.
    index: Arc<IndexWriter>,
    /// Something waits to be written.
    filled: Notify,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<String, Waiting>,
    written: HashMap<String, Written>,
    /// The results of full cycles; none for most tokens.
    cycles: BTreeMap<String, Value>,
}

/// What is known of a document of facts.
#[derive(Clone)]
struct Written {
    digest: Option<Fingerprint>,
    document: u64,
}

impl FactsWriter {
    pub(in crate::cli) fn new(
        store: Arc<VaultStore>,
        clock: Arc<dyn Clock>,
        conditions: Conditions,
        board: Arc<Board>,
        index: Arc<IndexWriter>,
    ) -> Self {
        Self {
            index,
            store,
            clock,
            conditions,
            board,
            state: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Writes what is due until the end of the process.
    pub(in crate::cli) async fn run(&self) {
        loop {
            // Nothing is looked for while nothing waits.
            if self.state.lock().waiting.is_empty() && self.index.is_empty() {
                self.filled.notified().await;
            }
            self.clock.sleep(LOOK).await;
            self.write_due(self.clock.now()).await;
            self.index.write_due(self.clock.now()).await;
            self.say_whether_complete().await;
        }
    }

    async fn say_whether_complete(&self) {
        let names = || {
            let all = self.board.all().into_iter();
            all.map(|entry| entry.facts.name.clone()).collect()
        };
        self.index.write_complete(names).await;
    }

    /// Writes everything that waits, at the end of the work.
    pub(in crate::cli) async fn flush(&self) {
        self.write_due(Timestamp::MAX).await;
        self.index.write_due(Timestamp::MAX).await;
        self.say_whether_complete().await;
    }

    /// Notes one of our own credentials for the index of fingerprints.
    pub(in crate::cli) fn note_credential(&self, print: &Fingerprint, what: &str) {
        self.index.note_credential(print, what);
        self.filled.notify_one();
    }

    /// The facts of all work together. What is said of the configuration stays.
    pub(in crate::cli) async fn tell_control(&self, control: &Control) -> Result<(), StoreError> {
        let change = |facts: &mut Value| {
            facts["paused"] = json!(control.paused);
            facts["handled"] = json!(control.handled);
        };
        self.tell_all(change).await
    }

    /// Tells since when the configuration in force is not the one in the file; `None`
    /// if it is.
    pub(in crate::cli) async fn tell_config(
        &self,
        refused_since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let stored = self.store.facts(ALL).await?;
        let before = stored.facts.map(|facts| !facts[CONFIG_REFUSED].is_null());
        if before.unwrap_or_default() == refused_since.is_some() {
            return Ok(());
        }
        self.tell_all(|facts| facts[CONFIG_REFUSED] = json!(refused_since))
            .await
    }

    async fn tell_all(&self, change: impl Fn(&mut Value)) -> Result<(), StoreError> {
        loop {
            let stored = self.store.facts(ALL).await?;
            let mut facts = stored.facts.unwrap_or_else(|| json!({}));
            change(&mut facts);
            facts["schema"] = json!(1);
            facts["written_at"] = json!(self.clock.now());
            // Another replica that came first may have told something else.
            if self
                .store
                .write_facts(ALL, facts, stored.version)
                .await?
                .is_some()
            {
                return Ok(());
            }
        }
    }

    async fn write_due(&self, now: Timestamp) {
        let most = match now == Timestamp::MAX {
            true => usize::MAX,
            false => IN_ONE_LOOK,
        };
        let due: Vec<(String, Waiting)> = {
            let state = self.state.lock();
            let due = state.waiting.iter().filter(|(_, w)| w.write_at <= now);
            let due = due.map(|(name, waiting)| (name.clone(), waiting.clone()));
            due.take(most).collect()
        };
        let writes = due.into_iter().map(async |(name, waiting)| {
            let written = self.write(&name, &waiting).await;
            if let Err(error) = &written {
                tracing::warn!(token = %name, %error, "the facts of this token were not written; they are written later");
            }
            self.wrote(&name, &waiting, written.is_ok());
        });
        let written = futures_util::stream::iter(writes).buffer_unordered(AT_ONCE);
        written.collect::<Vec<()>>().await;
    }

    /// Facts that have changed since stay in the queue.
    fn wrote(&self, name: &str, wrote: &Waiting, done: bool) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let waiting = state.waiting.get_mut(name);
        let Some(waiting) = waiting.filter(|waiting| waiting.digest == wrote.digest) else {
            return;
        };
        if done {
            state.waiting.remove(name);
        } else {
            waiting.write_at = now.checked_add(LATER).unwrap_or(now);
        }
    }

    async fn write(&self, name: &str, waiting: &Waiting) -> Result<(), StoreError> {
        loop {
            let known = self.state.lock().written.get(name).cloned();
            let (document, before) = match known.filter(|_| waiting.news.is_state()) {
                Some(known) => (known.document, None),
                None => {
                    let stored = self.store.facts(name).await?;
                    (stored.version, stored.facts)
                }
            };
            self.remember_cycle(name, before.as_ref());
            if before
                .as_ref()
                .is_some_and(|facts| waiting.is_told_by(facts))
            {
                self.note(name, Some(waiting.digest), document);
                return Ok(());
            }
            if before.is_none() && matches!(waiting.news, News::FullCycle(_)) {
                // The first document of its state tells it too.
                return Ok(());
            }
            let mut facts = waiting.document(before, self.clock.now());
            if let Some(result) = self.state.lock().cycles.get(name) {
                facts[FULL_CYCLE] = result.clone();
            }
            match self.store.write_facts(name, facts, document).await? {
                Some(version) => {
                    let digest = match waiting.news {
                        News::State { .. } | News::Trouble(_) => Some(waiting.digest),
                        // The state in the document is the one of before.
                        News::FullCycle(_) => {
                            let state = self.state.lock();
                            state.written.get(name).and_then(|w| w.digest)
                        }
                    };
                    self.note(name, digest, version);
                    return Ok(());
                }
                None => {
                    self.state.lock().written.remove(name);
                }
            }
        }
    }

    /// What an earlier process told of full cycles is told on.
    fn remember_cycle(&self, name: &str, before: Option<&Value>) {
        let told = before.map(|facts| &facts[FULL_CYCLE]);
        if let Some(told) = told.filter(|told| told.is_object()) {
            let mut state = self.state.lock();
            let known = state.cycles.entry(name.to_owned());
            known.or_insert_with(|| told.clone());
        }
    }

    /// Notes the result of the last full cycle of a token.
    pub(in crate::cli) fn full_cycle(&self, name: &str, journal: &JournalDocument) {
        let result = CycleFacts::of(journal).json();
        let mut state = self.state.lock();
        if result.is_null() || state.cycles.get(name) == Some(&result) {
            return;
        }
        state.cycles.insert(name.to_owned(), result.clone());
        // What waits to be written already tells it too.
        state.waiting.entry(name.to_owned()).or_insert(Waiting {
            digest: Fingerprint::of(&result.to_string()),
            news: News::FullCycle(result),
            write_at: self.clock.now(),
        });
        self.filled.notify_one();
    }

    fn note(&self, name: &str, digest: Option<Fingerprint>, document: u64) {
        let written = Written { digest, document };
        self.state.lock().written.insert(name.to_owned(), written);
    }
}
