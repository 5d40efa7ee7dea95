//! Which rules of a configuration decided about an answer. A replay compares
//! them with the rules that the configuration declares: a rule that no scene
//! fires is not tested.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;

/// A rule by its place: one of the `answers` of a call, or of all calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleName {
    /// Name of the call; empty for the rules of all calls.
    pub call: String,
    /// Index in its `answers`, from 0.
    pub index: usize,
}

impl RuleName {
    /// The rule with this index.
    pub fn new(call: impl Into<String>, index: usize) -> Self {
        Self {
            call: call.into(),
            index,
        }
    }

    /// All rules of a call that has `count` of them.
    pub fn all_of(call: &str, count: usize) -> impl Iterator<Item = Self> {
        (0..count).map(move |index| Self::new(call, index))
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call.as_str() {
            "" => write!(f, "answers[{}]", self.index),
            call => write!(f, "{call}.answers[{}]", self.index),
        }
    }
}

/// Which rules of `answers` decided. Clones share one set.
#[derive(Debug, Clone, Default)]
pub struct Firings(Arc<Mutex<BTreeSet<RuleName>>>);

impl Firings {
    /// Notes that a rule decided. The name is empty for the rules of all calls.
    pub fn note(&self, call: &str, index: usize) {
        self.decided().insert(RuleName::new(call, index));
    }

    /// All that have decided until now.
    #[must_use]
    pub fn all(&self) -> BTreeSet<RuleName> {
        self.decided().clone()
    }

    /// The declared rules that have not decided until now, in order.
    #[must_use]
    pub fn missing(&self, declared: &BTreeSet<RuleName>) -> Vec<RuleName> {
        declared.difference(&self.decided()).cloned().collect()
    }

    fn decided(&self) -> MutexGuard<'_, BTreeSet<RuleName>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_declared_and_never_fired_is_named() {
        let firings = Firings::default();
        let declared: BTreeSet<RuleName> = RuleName::all_of("revoke", 2)
            .chain(RuleName::all_of("", 1))
            .collect();
        firings.clone().note("revoke", 1);
        firings.note("foreign", 0);
        let missing = firings.missing(&declared);
        assert_eq!(missing, [RuleName::new("", 0), RuleName::new("revoke", 0)]);
        assert_eq!(missing[0].to_string(), "answers[0]");
        assert_eq!(missing[1].to_string(), "revoke.answers[0]");
    }
}
