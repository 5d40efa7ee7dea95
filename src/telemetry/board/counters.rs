//! The counters of one token.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::rotation::record::RotationResult;

/// What this process did for one token since it started.
#[derive(Debug, Default)]
pub struct TokenCounters {
    rotations: [AtomicU64; RotationResult::ALL.len()],
    issued: AtomicU64,
}

impl TokenCounters {
    /// Counts a finished rotation.
    pub fn rotation(&self, result: RotationResult) {
        if let Some(count) = self.of(result) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Number of rotations with this result.
    #[must_use]
    pub fn rotations(&self, result: RotationResult) -> u64 {
        let count = self.of(result);
        count.map_or(0, |count| count.load(Ordering::Relaxed))
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

    fn of(&self, result: RotationResult) -> Option<&AtomicU64> {
        let place = RotationResult::ALL.iter().position(|r| *r == result)?;
        self.rotations.get(place)
    }
}
