//! Writes the facts of each token.
//!
//! They are written beside the work, after the record that they are taken from
//! is stored, and some seconds later, so that a rotation is told once and not at
//! each stage. Only changes that people see are written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::document::{
    CONFIG_REFUSED, ROTATIONS, digest_of, forecast_json, published_as_recorded, snapshot_json,
    stated_as_recorded,
};
use super::index::IndexWriter;
use super::waiting::{FULL_CYCLE, News, Waiting};
use crate::driver::situation::{Conditions, Inputs};
use crate::ports::unit::Unit;
use crate::ports::witness::{Stored, Witness};
use crate::ports::{Clock, StoreError, Version};
use crate::rotation::decision::{Action, Decision};
use crate::rotation::forecast::{Upcoming, forecast};
use crate::rotation::plan::plan;
use crate::rotation::reason::Reason;
use crate::rotation::record::{Control, Handled, Record};
use crate::rotation::situation::Situation;
use crate::scim::cycle::journal::JournalDocument;
use crate::secret::Fingerprint;
use crate::telemetry::board::{Board, CycleFacts};
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::snapshot::{PastFacts, TokenSnapshot};
use crate::vault::VaultStore;
use crate::vault::facts::RECORD_VERSION;
use crate::vault::requests::ALL;

/// How long after a change the facts are written: what changes meanwhile is
/// written with it.
const SOON: SignedDuration = SignedDuration::from_secs(10);
/// The same for a record that another replica wrote, which writes the facts
/// itself.
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

    /// Notes the facts of a stored record, to be written at once or soon.
    fn put(&self, unit: &Unit, stored: &Stored<'_>, at_once: bool) {
        if self.index.note(stored.record) {
            self.filled.notify_one();
        }
        let now = self.clock.now();
        let shown = self.snapshot(unit, stored);
        let digest = digest_of(shown, &stored.record.handled);
        let mut state = self.state.lock();
        let known = state
            .written
            .get(&unit.name)
            .and_then(|w| w.digest.as_ref());
        if known == Some(&digest) {
            let waits = state.waiting.get(&unit.name);
            if !waits.is_some_and(|waits| matches!(waits.news, News::FullCycle(_))) {
                state.waiting.remove(&unit.name);
            }
            return;
        }
        // After a start nothing else may tell people of the token.
        let is_first = !state.written.contains_key(&unit.name) && stored.by_us;
        let wait = match (at_once || is_first, stored.by_us) {
            (true, _) => SignedDuration::ZERO,
            (false, true) => SOON,
            (false, false) => LATER,
        };
        let before = state.waiting.remove(&unit.name);
        let write_at = now.checked_add(wait).unwrap_or(now);
        // A token that changes all the time is told of all the same.
        let write_at = before
            .as_ref()
            .map_or(write_at, |b| b.write_at.min(write_at));
        let waiting = match before.filter(|before| before.digest == digest) {
            Some(same) => Waiting { write_at, ..same },
            None => Waiting {
                news: self.news(unit, stored, &digest, now),
                digest,
                write_at,
            },
        };
        state.waiting.insert(unit.name.clone(), waiting);
        self.filled.notify_one();
    }

    fn snapshot(&self, unit: &Unit, stored: &Stored<'_>) -> TokenSnapshot {
        let known = self.board.get(&unit.name);
        let facts = known.as_ref().map(|entry| Arc::clone(&entry.facts));
        let facts = facts.unwrap_or_else(|| Arc::new(TokenFacts::of(unit)));
        let (record, decision, now) = (stored.record, stored.decision, self.clock.now());
        let shown = TokenSnapshot::from_record(&facts, record, decision, &unit.policy, now);
        match known {
            Some(entry) => entry.with_conditions(shown),
            None => shown,
        }
    }

    fn news(&self, unit: &Unit, stored: &Stored<'_>, digest: &Fingerprint, now: Timestamp) -> News {
        let forecast = self.decide(unit, stored.record, |s| forecast(stored.record, s, now));
        let mut facts = forecast_json(&forecast);
        facts["token"] = snapshot_json(&self.snapshot(unit, stored));
        facts["handled"] = json!(stored.record.handled);
        facts[ROTATIONS] = json!(PastFacts::all_of(stored.record));
        facts[RECORD_VERSION] = json!(stored.version.0);
        facts["digest"] = json!(digest.short());
        News::state(stored.version.0, &facts)
    }
}

impl FactsWriter {
    /// Decides on a record as a process that does nothing.
    fn decide<T>(
        &self,
        unit: &Unit,
        record: &Record,
        decide: impl FnOnce(&Situation<'_>) -> T,
    ) -> T {
        let connections = unit.connection_capabilities();
        let published = published_as_recorded(record);
        let inputs = Inputs::dry_run(&connections, &published, stated_as_recorded(record));
        decide(&self.conditions.situation(unit, inputs))
    }
}

impl Witness for FactsWriter {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        let next = match &decision.action {
            Action::Do(step) => Some(Upcoming {
                at: now,
                step: step.clone(),
                reason: decision.reason,
            }),
            Action::Wait => self.decide(unit, record, |situation| {
                forecast(record, situation, now).next
            }),
        };
        self.board.foresee(&unit.name, next);
    }

    fn stored(&self, unit: &Unit, stored: &Stored<'_>) {
        // Its holder tells more.
        if stored.decision.reason != Reason::LeaseElsewhere {
            self.put(unit, stored, false);
        }
    }

    fn request_handled(&self, unit: &Unit, record: &Record, version: Version, _: &Handled) {
        let now = self.clock.now();
        let decision = self.decide(unit, record, |situation| plan(record, situation, now));
        let stored = Stored {
            record,
            version,
            by_us: true,
            decision: &decision,
        };
        self.put(unit, &stored, true);
    }

    /// The last known facts stay, with what is wrong since then.
    fn unusable(&self, unit: &Unit, error: &str) {
        let digest = Fingerprint::of(error);
        let mut state = self.state.lock();
        let written = state.written.get(&unit.name);
        if written.and_then(|w| w.digest.as_ref()) == Some(&digest) {
            return;
        }
        let waiting = Waiting {
            news: News::Trouble(error.into()),
            digest,
            write_at: self.clock.now(),
        };
        state.waiting.insert(unit.name.clone(), waiting);
        self.filled.notify_one();
    }

    fn removed(&self, name: &str) {
        let mut state = self.state.lock();
        state.waiting.remove(name);
        state.written.remove(name);
        state.cycles.remove(name);
    }
}
