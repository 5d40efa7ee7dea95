//! The counters of one token.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::fault::FaultKind;
use crate::rotation::record::{RotationResult, Trigger};

/// What this process did for one token since it started.
#[derive(Debug, Default)]
pub struct TokenCounters {
    /// Allocated at the first rotation: a process rotates most tokens only
    /// once in several weeks.
    rotations: OnceLock<Box<Rotations>>,
    issued: AtomicU64,
    revoked: AtomicU64,
    step_failures: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

/// By trigger and result.
type Rotations = [[AtomicU64; RotationResult::ALL.len()]; Trigger::ALL.len()];

impl TokenCounters {
    /// Counts a finished rotation.
    pub fn rotation(&self, trigger: Trigger, result: RotationResult) {
        let rotations = self.rotations.get_or_init(Box::default);
        if let Some(cell) = cell(rotations, trigger, result) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Number of rotations with this trigger and result.
    #[must_use]
    pub fn rotations(&self, trigger: Trigger, result: RotationResult) -> u64 {
        let rotations = self.rotations.get();
        let cell = rotations.and_then(|rotations| cell(rotations, trigger, result));
        cell.map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// Counts a token that was issued.
    pub fn token_issued(&self) {
        self.issued.fetch_add(1, Ordering::Relaxed);
    }

    /// How many tokens were issued.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// Counts a token that was revoked.
    pub fn token_revoked(&self) {
        self.revoked.fetch_add(1, Ordering::Relaxed);
    }

    /// How many tokens were revoked.
    #[must_use]
    pub fn revoked(&self) -> u64 {
        self.revoked.load(Ordering::Relaxed)
    }

    /// Counts a step that failed.
    pub fn step_failed(&self, step: &'static str, reason: FaultKind) {
        *self.failures().entry((step, reason.as_str())).or_insert(0) += 1;
    }

    /// The failures by step and reason; a pair that never happened is not listed.
    #[must_use]
    pub fn step_failures(&self) -> Vec<((&'static str, &'static str), u64)> {
        self.failures().iter().map(|(k, v)| (*k, *v)).collect()
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<(&'static str, &'static str), u64>> {
        self.step_failures.lock()
    }
}

fn cell(rotations: &Rotations, trigger: Trigger, result: RotationResult) -> Option<&AtomicU64> {
    let row = Trigger::ALL.iter().position(|t| *t == trigger)?;
    let column = RotationResult::ALL.iter().position(|r| *r == result)?;
    rotations.get(row)?.get(column)
}
