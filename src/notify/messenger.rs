//! Sends what has to be told, beside the work.

mod round;
mod telling;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use super::note::Note;
use super::sender::Sender;
use super::view::View;
use super::{Notes, Tally};
use crate::ports::Clock;
use crate::ports::unit::Unit;
use crate::ports::witness::{Stored, Witness};
use crate::rotation::reason::Reason;

/// How long after a change of a record its messages are sent.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// The same for a record that another replica wrote, which sends them itself.
const LATER: SignedDuration = SignedDuration::from_mins(1);
/// The longest sleep: the clock may be set meanwhile.
const LONGEST_SLEEP: SignedDuration = SignedDuration::from_secs(30);
/// How long the end of a command waits for receivers.
const LONGEST_FLUSH: SignedDuration = SignedDuration::from_secs(30);
/// Tokens whose messages are sent at once.
const AT_ONCE: usize = 4;
/// Tokens of one pass.
const IN_ONE_PASS: usize = 64;

/// Tells people and their tools what happens to tokens.
pub struct Messenger {
    notes: Arc<dyn Notes>,
    clock: Arc<dyn Clock>,
    tally: Arc<dyn Tally>,
    /// Random id of this process.
    holder: String,
    /// Tells installations apart whose tokens have the same names.
    scope: String,
    started_at: Timestamp,
    senders: RwLock<Vec<Arc<Sender>>>,
    state: Mutex<State>,
    /// Something is due earlier than before.
    filled: Notify,
}

#[derive(Default)]
struct State {
    known: HashMap<String, Known>,
    agenda: BTreeSet<(Timestamp, String)>,
    /// What fails, by the name of the target.
    failing: BTreeMap<String, Failing>,
    /// How often a receiver refused a message, and when it is sent again, by the
    /// names of the target and of the message.
    refusals: HashMap<(String, String), (u32, Timestamp)>,
}

/// What is known of a token.
struct Known {
    view: Arc<View>,
    due_at: Timestamp,
    /// Counts the views, so that one that came meanwhile is seen.
    edition: u64,
    noted: Option<Noted>,
}

/// The note of a token as this process read or wrote it last.
#[derive(Clone)]
struct Noted {
    note: Note,
    version: u64,
    /// Whether it holds what is not stored yet.
    unsaved: bool,
}

/// A receiver that failed.
#[derive(Debug, Clone)]
struct Failing {
    since: Timestamp,
    attempts: u32,
    not_before: Timestamp,
    /// The tokens of which it was to be told something.
    waiting: BTreeSet<String>,
}

impl Messenger {
    /// A messenger without targets.
    #[must_use]
    pub fn new(
        notes: Arc<dyn Notes>,
        clock: Arc<dyn Clock>,
        tally: Arc<dyn Tally>,
        holder: String,
        scope: String,
    ) -> Self {
        Self {
            notes,
            tally,
            holder,
            scope,
            started_at: clock.now(),
            clock,
            senders: RwLock::default(),
            state: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Replaces the targets: at the start, and after a reload. All tokens are looked
    /// at again.
    pub fn set(&self, senders: Vec<Sender>) {
        let new: Vec<_> = senders.into_iter().map(Arc::new).collect();
        for sender in &new {
            self.tally.expect(sender.name());
        }
        let old = std::mem::replace(&mut *self.senders.write(), new);
        let new = self.senders();
        for gone in old {
            if !new.iter().any(|sender| sender.name() == gone.name()) {
                self.tally.forget(gone.name());
            }
        }
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.failing.clear();
        let names: Vec<_> = state.known.keys().cloned().collect();
        for name in names {
            state.schedule(&name, now);
        }
        self.filled.notify_one();
    }

    /// The targets.
    #[must_use]
    pub fn senders(&self) -> Vec<Arc<Sender>> {
        self.senders.read().clone()
    }

    /// Sends what is due, until the end of the process.
    pub async fn run(&self) {
        loop {
            let now = self.clock.now();
            let next = self.state.lock().agenda.first().map(|(at, _)| *at);
            let sleep = match next {
                Some(at) if at <= now => SignedDuration::ZERO,
                Some(at) => at.duration_since(now).min(LONGEST_SLEEP),
                None => LONGEST_SLEEP,
            };
            if sleep.is_zero() {
                self.pass(now).await;
            } else {
                tokio::select! {
                    () = self.filled.notified() => {}
                    () = self.clock.sleep(sleep) => {}
                }
            }
        }
    }

    /// Tries once to send all that waits, at the end of a command. What is not sent
    /// is sent by the next process.
    pub async fn flush(&self) {
        if self.senders.read().is_empty() {
            return;
        }
        let after = |wait| self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        let (soon, end) = (after(SOON), after(LONGEST_FLUSH));
        let waits = || {
            let state = self.state.lock();
            state.agenda.first().is_some_and(|(at, _)| *at <= soon)
        };
        while waits() && self.clock.now() < end {
            self.pass(soon).await;
        }
    }

    /// Sends what is due at this time.
    async fn pass(&self, until: Timestamp) {
        let due = self.state.lock().take_due(until);
        let rounds = due.iter().map(|name| self.round(name));
        let rounds = futures_util::stream::iter(rounds).buffer_unordered(AT_ONCE);
        rounds.collect::<Vec<()>>().await;
    }

    fn put(&self, view: View, wait: SignedDuration) {
        if self.senders.read().is_empty() {
            return;
        }
        let at = self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        let mut state = self.state.lock();
        if state.put(view, at) {
            self.filled.notify_one();
        }
    }
}

impl State {
    /// Takes a new view, and returns whether something is due because of it.
    fn put(&mut self, view: View, at: Timestamp) -> bool {
        let name = view.token.clone();
        let Some(known) = self.known.get_mut(&name) else {
            let known = Known {
                view: Arc::new(view),
                due_at: at,
                edition: 0,
                noted: None,
            };
            self.known.insert(name.clone(), known);
            self.agenda.insert((at, name));
            return true;
        };
        let same = View {
            version: known.view.version,
            ..view.clone()
        };
        let is_same = same == *known.view;
        known.view = Arc::new(view);
        if is_same {
            return false;
        }
        known.edition += 1;
        let at = at.min(known.due_at);
        self.schedule(&name, at);
        true
    }

    /// Has a token looked at again at this time.
    fn schedule(&mut self, name: &str, at: Timestamp) {
        if let Some(known) = self.known.get_mut(name) {
            self.agenda.remove(&(known.due_at, name.to_owned()));
            known.due_at = at;
            self.agenda.insert((at, name.to_owned()));
        }
    }

    fn take_due(&mut self, until: Timestamp) -> Vec<String> {
        let due = self.agenda.iter().take_while(|(at, _)| *at <= until);
        let due: Vec<_> = due.take(IN_ONE_PASS).cloned().collect();
        for entry in &due {
            self.agenda.remove(entry);
        }
        due.into_iter().map(|(_, name)| name).collect()
    }
}

impl Witness for Messenger {
    fn stored(&self, unit: &Unit, stored: &Stored<'_>) {
        // Its holder tells more.
        if stored.decision.reason == Reason::LeaseElsewhere {
            return;
        }
        let wait = match stored.by_us {
            true => SOON,
            false => LATER,
        };
        self.put(
            View::of(&unit.into(), stored.record, stored.version.0),
            wait,
        );
    }

    fn unusable(&self, unit: &Unit, error: &str) {
        let now = self.clock.now();
        let mut view = View::unusable(&unit.into(), error, now);
        // The same trouble since it was noticed.
        let known = self
            .state
            .lock()
            .known
            .get(&unit.name)
            .map(|k| Arc::clone(&k.view));
        let before = known.as_ref().and_then(|view| view.lasting.first());
        if let (Some(new), Some(before)) = (view.lasting.first_mut(), before)
            && new.matter == before.matter
        {
            new.from = before.from;
        }
        self.put(view, SOON);
    }

    fn removed(&self, name: &str) {
        self.put(View::removed(name), SOON);
    }
}

#[cfg(test)]
mod tests;
