//! The state of one token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::word::{Urgency, Word};

/// Text that is a constant for most tokens.
pub type Text = std::borrow::Cow<'static, str>;

/// The state of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// One word.
    pub word: Word,
    /// Whether a person must look, and how soon.
    pub urgency: Urgency,
    /// Since when it is so, as far as that is known.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// When provisioning stops if nothing is done; in the past if it has stopped.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
    /// What is the matter.
    pub sentence: Text,
    /// What to type next; `None` if there is nothing to do.
    #[serde(default)]
    pub command: Option<Text>,
    /// What to read, as a path in the repository.
    pub runbook: Text,
}

/// Where the runbook describes the states.
pub const STATES: &str = "deploy/RUNBOOK.md#states";

impl State {
    /// A state of which nobody needs to do anything.
    #[must_use]
    pub fn fine(word: Word, sentence: impl Into<Text>) -> Self {
        Self {
            word,
            urgency: Urgency::Fine,
            since: None,
            deadline: None,
            sentence: sentence.into(),
            command: None,
            runbook: STATES.into(),
        }
    }

    /// A state that a person should look at, with the section of the runbook that the
    /// alert of this name has.
    #[must_use]
    pub fn attention(word: Word, sentence: impl Into<Text>, alert: &str) -> Self {
        Self {
            urgency: Urgency::Attention,
            runbook: section(alert),
            ..Self::fine(word, sentence)
        }
    }

    /// A state in which provisioning stops soon or has stopped.
    #[must_use]
    pub fn urgent(word: Word, sentence: impl Into<Text>, alert: &str) -> Self {
        Self {
            urgency: Urgency::Urgent,
            ..Self::attention(word, sentence, alert)
        }
    }

    /// The same with the next command.
    #[must_use]
    pub fn with_command(self, command: impl Into<Text>) -> Self {
        Self {
            command: Some(command.into()),
            ..self
        }
    }

    /// The same with the time since when it is so.
    #[must_use]
    pub fn since(self, since: Option<Timestamp>) -> Self {
        Self { since, ..self }
    }

    /// Whether only a person ends it.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.urgency != Urgency::Fine && self.word.waits_for_person()
    }

    /// What sorts the most urgent first: the urgency, then the time that is left.
    #[must_use]
    pub fn order(&self) -> (std::cmp::Reverse<Urgency>, Timestamp) {
        let deadline = self.deadline.unwrap_or(Timestamp::MAX);
        (std::cmp::Reverse(self.urgency), deadline)
    }
}

/// The section of the runbook for this alert.
pub(super) fn section(alert: &str) -> Text {
    format!("deploy/RUNBOOK.md#{}", alert.to_lowercase()).into()
}
