//! Replaces the configuration while the work goes on.
//!
//! A running wake ends between two steps, and the token is woken again under the
//! new configuration. A token that was taken out is kept with its last
//! configuration until its rotation and its retirements are finished.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::Supervisor;
use super::settings::Change;
use crate::driver::idle::IdleToken;
use crate::driver::run::WakeEnd;
use crate::rotation::decision::Reason;

/// Waits for the next configuration; of several since the last call only the
/// newest counts.
pub(super) async fn next(changes: &mut watch::Receiver<Arc<Change>>) -> Arc<Change> {
    if changes.changed().await.is_err() {
        // The sender is gone: there are no further changes.
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
            // Whether its work is finished must be decided on a fresh record.
            if let Some(idle) = self.idle.get_mut(&unit.name) {
                idle.outdated = true;
            }
        }
        for unit in &change.units {
            self.units.insert(unit.name.clone(), Arc::clone(unit));
        }
        for interruption in self.interruptions.values() {
            interruption.cancel();
        }
        self.wake_all();
    }

    /// Wakes every token, since it may be due at another time now. A running
    /// token is woken when its wake has ended.
    fn wake_all(&mut self) {
        let now = self.runner.clock.now();
        let names: Vec<_> = self.units.keys().cloned().collect();
        for name in names {
            if self.interruptions.contains_key(&name) {
                continue;
            }
            self.idle
                .entry(name.clone())
                .or_insert_with(|| IdleToken::unread(now));
            let soon = self.spread(&name, now);
            let at = self.agenda.at(&name).map_or(soon, |at| at.min(soon));
            self.agenda.set(&name, at);
        }
    }

    /// Whether nothing is left to do for a token that was taken out.
    pub(super) fn has_left(&self, name: &str, rest: &WakeEnd) -> bool {
        let leaving = self.units.get(name).is_some_and(|unit| unit.leaving);
        leaving && matches!(rest, WakeEnd::Decided(decision) if decision.reason == Reason::Left)
    }

    pub(super) fn let_go(&mut self, name: &str) {
        self.units.remove(name);
        self.agenda.remove(name);
        self.runner.witness.removed(name);
        tracing::info!(token = %name, "no longer configured, and nothing is left to do for it here");
    }
}
