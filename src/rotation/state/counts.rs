//! How many tokens are in which state, in one sentence.

use super::model::State;
use super::word::Urgency;

/// How many tokens need a person, fail, and are fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Only a person ends their state.
    pub need_you: usize,
    /// Something is wrong with them, and the daemon works on it.
    pub failing: usize,
    /// Nobody needs to do anything.
    pub fine: usize,
    /// The most urgent of all.
    pub urgency: Urgency,
}

impl Counts {
    /// The counts of these states.
    #[must_use]
    pub fn of<'s>(states: impl IntoIterator<Item = &'s State>) -> Self {
        let mut counts = Self::default();
        for state in states {
            counts.urgency = counts.urgency.max(state.urgency);
            match (state.urgency, state.needs_person()) {
                (Urgency::Fine, _) => counts.fine += 1,
                (_, true) => counts.need_you += 1,
                (_, false) => counts.failing += 1,
            }
        }
        counts
    }

    /// How many somebody should look at.
    #[must_use]
    pub fn troubled(&self) -> usize {
        self.need_you + self.failing
    }

    /// Such as `2 need you, 1 failing, 27 fine`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let need = match self.need_you {
            1 => "1 needs you".to_owned(),
            many => format!("{many} need you"),
        };
        let all = [
            (self.need_you, need),
            (self.failing, format!("{} failing", self.failing)),
            (self.fine, format!("{} fine", self.fine)),
        ];
        let some = all.into_iter().filter(|(count, _)| *count > 0);
        let some: Vec<String> = some.map(|(_, text)| text).collect();
        match some.is_empty() {
            true => "no tokens".to_owned(),
            false => some.join(", "),
        }
    }
}
