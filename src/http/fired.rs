//! Which rules of a configuration decided about an answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Which rules of `answers` decided: the name of the call, or an empty name
/// for the rules of all calls, and the index in its list. Clones share one set.
#[derive(Debug, Clone, Default)]
pub struct Firings(Arc<Mutex<BTreeSet<(String, usize)>>>);

impl Firings {
    /// Notes that a rule decided.
    pub fn note(&self, call: &str, index: usize) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.insert((call.to_owned(), index));
    }

    /// All that have decided until now.
    #[must_use]
    pub fn all(&self) -> BTreeSet<(String, usize)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
