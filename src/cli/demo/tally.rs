//! Counts the results of the daemon, in this process or in another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::rotation::decision::Decision;
use crate::rotation::record::Record;
use crate::telemetry::result::StepResult;

/// Results of the daemon since the demo began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    generations: BTreeMap<String, u64>,
    /// Steps that succeeded, by their word.
    steps: BTreeMap<String, u64>,
    /// Tokens whose predecessor was retired: name and number.
    retired: BTreeSet<(String, u64)>,
}

impl Counts {
    /// Number of tokens of this name that were in use, one after the other.
    pub(super) fn generation(&self, token: &str) -> u64 {
        self.generations.get(token).copied().unwrap_or_default()
    }

    /// Number of replaced tokens, by name.
    pub(super) fn rotations(&self) -> BTreeMap<&str, u64> {
        let all = self.generations.iter();
        all.map(|(token, generation)| (token.as_str(), generation.saturating_sub(1)))
            .collect()
    }

    /// Number of old tokens that were retired. Revocation and the test that follows
    /// it are two steps.
    pub(super) fn retired(&self) -> u64 {
        u64::try_from(self.retired.len()).unwrap_or_default()
    }

    /// Number of steps of this kind that succeeded.
    pub(super) fn steps(&self, step: &str) -> u64 {
        self.steps.get(step).copied().unwrap_or_default()
    }
}

/// The counts, and a way to wait until they change.
#[derive(Default)]
pub(super) struct Tally {
    counts: Mutex<Counts>,
    changed: Notify,
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// A step of a token succeeded.
    pub(super) fn done(&self, token: &str, step: &str) {
        let mut counts = self.lock();
        *counts.steps.entry(step.to_owned()).or_default() += 1;
        if step == "retire" {
            let generation = counts.generation(token);
            counts.retired.insert((token.to_owned(), generation));
        }
        drop(counts);
        self.changed.notify_waiters();
    }

    /// A token is in use; `generation` counts those of its name. Another
    /// process may have made it so.
    pub(super) fn in_use(&self, token: &str, generation: u64) {
        let before = self.lock().generations.insert(token.to_owned(), generation);
        if before != Some(generation) {
            self.changed.notify_waiters();
        }
    }

    /// Waits until the counts fulfil a condition.
    pub(super) async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        loop {
            let changed = self.changed.notified();
            if wanted(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }
}

impl Witness for Tally {
    fn decided(&self, unit: &Unit, record: &Record, _decision: &Decision, _now: Timestamp) {
        self.in_use(&unit.name, record.generation);
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        if StepResult::of(ended.outcome) == StepResult::Done {
            self.done(&unit.name, ended.step.as_str());
        }
        self.in_use(&unit.name, ended.after.generation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_token_of_a_name_is_no_rotation() {
        let tally = Tally::default();
        tally.in_use("crm", 1);
        tally.in_use("wiki", 1);
        tally.in_use("wiki", 2);
        tally.in_use("wiki", 3);
        let counts = tally.counts();
        assert_eq!(
            counts.rotations(),
            BTreeMap::from([("crm", 0), ("wiki", 2)])
        );
        assert_eq!((counts.generation("crm"), counts.generation("x")), (1, 0));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let tally = Tally::default();
        let waits = tally.until(|counts| counts.steps("retire") == 2);
        let acts = async {
            tally.done("crm", "retire");
            tokio::task::yield_now().await;
            tally.done("crm", "retire");
        };
        tokio::join!(waits, acts);
        assert_eq!(tally.counts().steps("retire"), 2);
        assert_eq!(tally.counts().retired(), 1, "two steps of one token");
    }
}
