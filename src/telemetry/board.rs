//! The current state of every token. The supervisor's witness writes it, and
//! the status page, the API and the metrics read it. The counters of a token are
//! removed with it, so its series end.

mod counters;
mod replicas;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use serde_json::{Value, json};

use super::facts::TokenFacts;
use super::looks::Looks;
use super::snapshot::TokenSnapshot;
use super::words;
use crate::rotation::forecast::Upcoming;
use crate::rotation::record::StageName;
use crate::rotation::state::{Counts, State};
use crate::scim::cycle::journal::JournalDocument;
use crate::scim::cycle::report::CycleVerdict;
use crate::scim::federated::verdict::Standing;

pub use counters::TokenCounters;
pub use replicas::Replica;

/// All tokens of this process.
#[derive(Debug, Default)]
pub struct Board {
    entries: RwLock<BTreeMap<String, Entry>>,
    /// Counts what changed of what people see.
    changes: AtomicU64,
    replicas: replicas::Seen,
}

/// One token: its configuration, its last known state, its counters.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What the configuration says.
    pub facts: Arc<TokenFacts>,
    /// Its state when the record was last read; `None` before that.
    pub snapshot: Option<Arc<TokenSnapshot>>,
    /// The next step that the last decision forecast.
    pub next: Option<Arc<Upcoming>>,
    /// Why the record cannot be read any more.
    pub trouble: Option<Arc<str>>,
    /// What this process did for it; `None` while that is nothing.
    pub counters: Option<Arc<TokenCounters>>,
    /// The states that its connections had when this process last asked; `None` if it
    /// never did.
    pub looks: Option<Arc<Looks>>,
    /// The results of its full cycles; `None` for most tokens.
    pub cycle: Option<Box<CycleFacts>>,
    /// What the last checks of a federated credential showed.
    pub federation: Option<Arc<Standing>>,
}

/// The results of the full cycles of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleFacts {
    /// Whether the last run that showed something passed; `None` before the first.
    pub passed: Option<bool>,
    /// When a run last passed.
    pub passed_at: Option<Timestamp>,
    /// Users and groups that may still be at the service provider.
    pub leftovers: u64,
    /// The last run, whatever it showed; `None` before the first.
    pub last: Option<LastCycle>,
}

/// The last full cycle of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCycle {
    /// When it ended.
    pub at: Timestamp,
    /// What it showed.
    pub verdict: CycleVerdict,
    /// The step that decided; empty if it passed.
    pub detail: String,
}

impl CycleFacts {
    /// The results that a journal holds.
    #[must_use]
    pub fn of(journal: &JournalDocument) -> Self {
        let last = journal.last.as_ref().map(|last| last.verdict);
        let passed = match (last, &journal.passed) {
            (_, Some(_)) => Some(true),
            (Some(CycleVerdict::Failed), None) => Some(false),
            (_, None) => None,
        };
        Self {
            passed,
            passed_at: journal.passed.as_ref().map(|passed| passed.at),
            leftovers: u64::try_from(journal.entries.len()).unwrap_or(u64::MAX),
            last: journal.last.as_ref().map(|last| LastCycle {
                at: last.at,
                verdict: last.verdict,
                detail: last.detail.clone(),
            }),
        }
    }

    /// The same for programs; `Null` before the first run.
    #[must_use]
    pub fn json(&self) -> Value {
        let last = self.last.as_ref().map(|last| {
            json!({
                "verdict": last.verdict,
                "at": last.at,
                "detail": last.detail,
                "passed_at": self.passed_at,
                "left_behind": self.leftovers,
            })
        });
        last.unwrap_or_default()
    }
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a configured token before its record was read, or updates its facts
    /// after a reload.
    pub fn expect(&self, facts: Arc<TokenFacts>) {
        let mut entries = self.write();
        let entry = entries.entry(facts.name.clone()).or_insert_with(|| Entry {
            facts: Arc::clone(&facts),
            snapshot: None,
            next: None,
            trouble: None,
            counters: None,
            looks: None,
            cycle: None,
            federation: None,
        });
        match facts.is_federated() {
            true => entry.snapshot = None,
            false => entry.federation = None,
        }
        let is_new = entry.facts != facts || entry.is_unread();
        entry.facts = facts;
        drop(entries);
        self.changed(is_new);
    }

    /// Stores what a check of a known federated credential showed.
    pub fn looked(&self, token: &str, standing: Standing) {
        if let Some(entry) = self.write().get_mut(token) {
            entry.federation = Some(Arc::new(standing));
        }
        self.changed(true);
    }

    /// Stores the newest state of a token and clears its trouble.
    pub fn set(&self, snapshot: TokenSnapshot) {
        self.expect(Arc::clone(&snapshot.facts));
        self.replicas.note(snapshot.lease.as_ref());
        let mut is_new = false;
        if let Some(entry) = self.write().get_mut(&snapshot.facts.name) {
            let before = entry.snapshot.as_deref();
            is_new = entry.trouble.is_some() || before.is_none_or(|old| !old.looks_like(&snapshot));
            entry.trouble = None;
            entry.snapshot = Some(Arc::new(snapshot));
        }
        self.changed(is_new);
    }

    /// Stores the next step of a known token.
    pub fn foresee(&self, token: &str, next: Option<Upcoming>) {
        let mut is_new = false;
        if let Some(entry) = self.write().get_mut(token) {
            is_new = entry.next.as_deref() != next.as_ref();
            entry.next = next.map(Arc::new);
        }
        self.changed(is_new);
    }

    /// Stores the results of the full cycles of a known token.
    pub fn full_cycle(&self, token: &str, facts: CycleFacts) {
        if let Some(entry) = self.write().get_mut(token) {
            entry.cycle = Some(Box::new(facts));
        }
        self.changed(true);
    }

    /// Stores why the record of a known token cannot be read. The last known
    /// state stays.
    pub fn trouble(&self, token: &str, why: &str) {
        let mut is_new = false;
        if let Some(entry) = self.write().get_mut(token) {
            is_new = entry.trouble.as_deref() != Some(why);
            entry.trouble = Some(why.into());
        }
        self.changed(is_new);
    }

    /// Removes a token with its counters.
    pub fn remove(&self, token: &str) {
        self.write().remove(token);
        self.changed(true);
    }

    /// Removes every token that is not named.
    pub fn retain(&self, names: &BTreeSet<String>) {
        self.write().retain(|name, _| names.contains(name));
        self.changed(true);
    }

    /// Notes that something changed that people see, if it did.
    pub fn changed(&self, is_new: bool) {
        if is_new {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many changes there were: equal numbers mean that nothing changed between.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// The replicas that held a lease of one of these tokens in the hour before `now`.
    #[must_use]
    pub fn replicas(&self, now: Timestamp) -> Vec<Replica> {
        self.replicas.in_the_hour_before(now)
    }

    /// Every token, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Entry> {
        self.read().values().cloned().collect()
    }

    /// One token.
    #[must_use]
    pub fn get(&self, token: &str) -> Option<Entry> {
        self.read().get(token).cloned()
    }

    /// The counters of a token; `None` if this process does not have it.
    #[must_use]
    pub fn counters(&self, token: &str) -> Option<Arc<TokenCounters>> {
        let mut all = self.write();
        let counters = &mut all.get_mut(token)?.counters;
        Some(Arc::clone(counters.get_or_insert_default()))
    }

    /// The states of the token's connections; `None` if this process does not have it.
    #[must_use]
    pub fn looks(&self, token: &str) -> Option<Arc<Looks>> {
        let mut all = self.write();
        let looks = &mut all.get_mut(token)?.looks;
        Some(Arc::clone(looks.get_or_insert_default()))
    }

    /// The state of all tokens in one line, such as `12 tokens: 1 needs you, 11 fine;
    /// next: crm-prod renews in 3 d`.
    #[must_use]
    pub fn sentence(&self, now: Timestamp) -> String {
        let all = self.read();
        let states: Vec<State> = all.values().map(|entry| entry.state(now)).collect();
        let plural = if all.len() == 1 { "" } else { "s" };
        let mut sentence = format!("{} token{plural}", all.len());
        if !all.is_empty() {
            sentence = format!("{sentence}: {}", Counts::of(&states).sentence());
        }
        match next_renewal(all.values()) {
            Some((name, at)) => {
                format!(
                    "{sentence}; next: {name} renews {}",
                    words::relative(at, now)
                )
            }
            None => sentence,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Entry>> {
        self.entries.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Entry>> {
        self.entries.write()
    }
}

fn next_renewal<'e>(all: impl Iterator<Item = &'e Entry>) -> Option<(&'e str, Timestamp)> {
    all.filter_map(|entry| entry.snapshot.as_deref())
        .filter(|snapshot| snapshot.stage == StageName::Idle && snapshot.paused.is_none())
        .filter_map(|snapshot| Some((snapshot.facts.name.as_str(), snapshot.renew_at?)))
        .min_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::record::{Halt, HaltCause};
    use crate::telemetry::fixture;

    #[test]
    fn the_sentence_tells_how_many_and_what_is_next() {
        let board = Board::new();
        assert_eq!(board.sentence(fixture::now()), "0 tokens");
        for name in ["a", "b"] {
            board.set(fixture::snapshot(&fixture::fresh_record(name)));
        }
        board.set(fixture::snapshot(&fixture::busy_record("c")));
        let mut halted = fixture::fresh_record("d");
        halted.halt = Some(Halt {
            step: String::new(),
            retry_at: None,
            may_pass: false,
            asked: None,
            settings: String::new(),
            cause: HaltCause::SameToken,
            since: fixture::now(),
            detail: String::new(),
            compromised: false,
        });
        board.set(fixture::snapshot(&halted));
        board.expect(fixture::facts("e"));
        assert_eq!(
            board.sentence(fixture::now()),
            "5 tokens: 1 needs you, 4 fine; next: a renews in 3 d"
        );
    }

    #[test]
    fn trouble_stays_until_the_record_is_read_again() {
        let board = Board::new();
        board.expect(fixture::facts("a"));
        board.trouble("a", "Vault is sealed");
        let entry = board.get("a").expect("known");
        assert_eq!(entry.trouble.as_deref(), Some("Vault is sealed"));
        board.set(fixture::snapshot(&fixture::fresh_record("a")));
        assert_eq!(board.get("a").expect("known").trouble, None);
    }

    #[test]
    fn counters_go_with_the_token_and_outlive_a_new_snapshot() {
        let board = Board::new();
        board.set(fixture::snapshot(&fixture::fresh_record("a")));
        board.counters("a").expect("known").token_issued();
        board.set(fixture::snapshot(&fixture::busy_record("a")));
        assert_eq!(board.counters("a").expect("known").issued(), 1);
        board.retain(&BTreeSet::from(["b".to_owned()]));
        assert!(board.counters("a").is_none() && board.all().is_empty());
    }
}
