//! How many tokens are in which state, in one sentence.

use serde::Serialize;

use super::model::State;
use super::word::Urgency;

/// What a state asks of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Only a person ends it.
    NeedsYou,
    /// Something is wrong, and the daemon works on it.
    Failing,
    /// Nobody needs to do anything.
    Fine,
}

impl Group {
    /// All of them, those for a person first.
    pub const ALL: [Self; 3] = [Self::NeedsYou, Self::Failing, Self::Fine];

    /// The one that this state belongs to.
    #[must_use]
    pub fn of(state: &State) -> Self {
        match (state.urgency, state.needs_person()) {
            (Urgency::Fine, _) => Self::Fine,
            (_, true) => Self::NeedsYou,
            (_, false) => Self::Failing,
        }
    }

    /// The word for URLs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsYou => "needs_you",
            Self::Failing => "failing",
            Self::Fine => "fine",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NeedsYou => "needs you",
            Self::Failing | Self::Fine => self.as_str(),
        }
    }
}

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
            match Group::of(state) {
                Group::NeedsYou => counts.need_you += 1,
                Group::Failing => counts.failing += 1,
                Group::Fine => counts.fine += 1,
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

/// The counts as JSON tells them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The most urgent of all.
    pub urgency: Urgency,
    /// Only a person ends their state.
    pub need_you: usize,
    /// Something is wrong with them, and the daemon works on it.
    pub failing: usize,
    /// Nobody needs to do anything.
    pub fine: usize,
    /// The same in words.
    pub sentence: String,
}

impl Counts {
    /// The counts as JSON tells them.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            urgency: self.urgency,
            need_you: self.need_you,
            failing: self.failing,
            fine: self.fine,
            sentence: self.sentence(),
        }
    }
}
