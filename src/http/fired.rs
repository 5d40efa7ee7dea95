//! Which rules of the calls decided what answers mean. A replay compares the
//! rules that fired with the rules that the configuration declares: a rule that
//! no scene fires is not tested.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::client::{Observer, Target};

/// A rule: one of the `answers` of a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rule {
    /// Name of the call, for example `revoke`; for a call of a list, its own
    /// name (`name = "create"`).
    pub call: String,
    /// Index among the `answers` of the call, from 0.
    pub index: usize,
}

impl Rule {
    /// The rule with this index among the `answers` of a call.
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

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.answers[{}]", self.call, self.index)
    }
}

/// The rules that fired so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Firings(Arc<Mutex<BTreeSet<Rule>>>);

impl Firings {
    /// Notes that a rule fired.
    pub fn note(&self, rule: Rule) {
        self.fired().insert(rule);
    }

    /// The declared rules that did not fire, in order.
    #[must_use]
    pub fn missing(&self, declared: &BTreeSet<Rule>) -> Vec<Rule> {
        declared.difference(&self.fired()).cloned().collect()
    }

    fn fired(&self) -> std::sync::MutexGuard<'_, BTreeSet<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client with this observer reports the rules that its user fires.
impl Observer for Firings {
    fn request(&self, _target: Target, _operation: &'static str, _code: &str, _seconds: f64) {}
    fn throttled(&self, _target: Target) {}
    fn clock_skew(&self, _target: Target, _seconds: f64) {}
    fn rule_fired(&self, call: &str, rule: usize) {
        self.note(Rule::new(call, rule));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_declared_and_never_fired_is_named() {
        let firings = Firings::default();
        let declared: BTreeSet<Rule> = Rule::all_of("revoke", 2)
            .chain(Rule::all_of("list", 1))
            .collect();
        firings.clone().rule_fired("revoke", 1);
        firings.rule_fired("foreign", 0);
        let missing = firings.missing(&declared);
        assert_eq!(missing, [Rule::new("list", 0), Rule::new("revoke", 0)]);
        assert_eq!(missing[1].to_string(), "revoke.answers[0]");
    }
}
