//! A changed configuration is taken up while the work goes on.
//!
//! A wake that runs ends between two steps and goes on under the new
//! configuration. A token that was taken out stays, as it was configured last,
//! until what was begun for it has come to its end.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::Supervisor;
use super::settings::Change;
use crate::driver::resting::Resting;
use crate::driver::run::Rest;
use crate::rotation::decision::Reason;

/// Waits for the next change; of several that were not taken up, the last
/// counts.
pub(super) async fn next(changes: &mut watch::Receiver<Arc<Change>>) -> Arc<Change> {
    if changes.changed().await.is_err() {
        // Nobody is there to change anything.
        return std::future::pending().await;
    }
    Arc::clone(&changes.borrow_and_update())
}

impl Supervisor {
    pub(super) fn take_up(&mut self, change: &Change) {
        self.settings = change.settings.clone();
        let named: BTreeSet<_> = change.units.iter().map(|unit| &unit.name).collect();
        let gone = self.units.values_mut().filter(|u| !named.contains(&u.name));
        for unit in gone {
            Arc::make_mut(unit).leaving = true;
            // Whether it is settled is not judged by what was known earlier.
            if let Some(resting) = self.resting.get_mut(&unit.name) {
                resting.outdated = true;
            }
        }
        for unit in &change.units {
            self.units.insert(unit.name.clone(), Arc::clone(unit));
        }
        for interruption in self.interruptions.values() {
            interruption.cancel();
        }
        self.look_at_all();
    }

    /// What is due at another time under the new configuration is found by
    /// looking. A token that runs is looked at when its wake has ended.
    fn look_at_all(&mut self) {
        let now = self.runner.clock.now();
        let names: Vec<_> = self.units.keys().cloned().collect();
        for name in names {
            if self.interruptions.contains_key(&name) {
                continue;
            }
            self.resting
                .entry(name.clone())
                .or_insert_with(|| Resting::unread(now));
            let soon = self.spread(&name, now);
            let at = self.agenda.at(&name).map_or(soon, |at| at.min(soon));
            self.agenda.set(&name, at);
        }
    }

    /// Whether nothing is left to do for a token that was taken out.
    pub(super) fn has_left(&self, name: &str, rest: &Rest) -> bool {
        let leaving = self.units.get(name).is_some_and(|unit| unit.leaving);
        leaving && matches!(rest, Rest::Decided(decision) if decision.reason == Reason::Left)
    }

    pub(super) fn let_go(&mut self, name: &str) {
        self.units.remove(name);
        self.agenda.remove(name);
        self.runner.witness.removed(name);
        tracing::info!(token = %name, "no longer configured, and nothing is left to do for it here");
    }
}
