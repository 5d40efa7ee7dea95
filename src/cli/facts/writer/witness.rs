//! What the work tells, put into the queue.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{FactsWriter, LATER};
use crate::cli::facts::document::{
    ROTATIONS, digest_of, forecast_json, published_as_recorded, snapshot_json, stated_as_recorded,
};
use crate::cli::facts::waiting::{News, Waiting};
use crate::driver::situation::Inputs;
use crate::ports::Version;
use crate::ports::unit::Unit;
use crate::ports::witness::{Stored, Witness};
use crate::rotation::decision::{Action, Decision};
use crate::rotation::forecast::{Upcoming, forecast};
use crate::rotation::plan::plan;
use crate::rotation::reason::Reason;
use crate::rotation::record::{Handled, Record};
use crate::rotation::situation::Situation;
use crate::secret::Fingerprint;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::snapshot::{PastFacts, TokenSnapshot};
use crate::vault::facts::RECORD_VERSION;

/// How long after a change the facts are written: what changes meanwhile is
/// written with it.
const SOON: SignedDuration = SignedDuration::from_secs(10);

impl FactsWriter {
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
