//! The timer queue: when each token is due.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// When each token is due; each is in it at most once. The times are wall-clock
/// times and are compared with the clock at each call, so a jump of the clock
/// loses none.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(Timestamp, String)>,
    by_name: BTreeMap<String, Timestamp>,
}

impl Agenda {
    /// Sets the time of a token, whatever it was before.
    pub(super) fn set(&mut self, name: &str, at: Timestamp) {
        self.remove(name);
        self.by_name.insert(name.to_owned(), at);
        self.by_time.insert((at, name.to_owned()));
    }

    /// Removes a token.
    pub(super) fn remove(&mut self, name: &str) {
        if let Some(at) = self.by_name.remove(name) {
            self.by_time.remove(&(at, name.to_owned()));
        }
    }

    /// Removes and returns the token that has been due for longest, if any is
    /// due.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, String)> {
        let (at, _) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let (at, name) = self.by_time.pop_first()?;
        self.by_name.remove(&name);
        Some((at, name))
    }

    /// When this token is due.
    pub(super) fn at(&self, name: &str) -> Option<Timestamp> {
        self.by_name.get(name).copied()
    }

    /// When the next token is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// The tokens in the queue, in order of name.
    pub(super) fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_token_stands_in_it_once_and_the_last_time_counts() {
        let mut agenda = Agenda::default();
        agenda.set("a", at(10));
        agenda.set("b", at(20));
        agenda.set("a", at(30));
        assert_eq!(agenda.pop_due(at(25)), Some((at(20), "b".to_owned())));
        assert_eq!(agenda.pop_due(at(25)), None);
        assert_eq!(agenda.next(), Some(at(30)));
    }

    #[test]
    fn a_jump_of_the_clock_makes_everything_due_once() {
        let mut agenda = Agenda::default();
        for (name, second) in [("a", 10), ("b", 20), ("c", 30)] {
            agenda.set(name, at(second));
        }
        let mut due = Vec::new();
        while let Some((_, name)) = agenda.pop_due(at(1_000_000)) {
            due.push(name);
        }
        assert_eq!(due, ["a", "b", "c"]);
        assert!(agenda.names().is_empty());
    }
}
