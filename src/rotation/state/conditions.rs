//! What the identity providers say of the connections.

use super::model::State;
use super::word::{Urgency, Word};
use super::wording::command;

/// Why a connection does not provision, as its identity provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hindered {
    /// Somebody switched it off.
    Disabled,
    /// The identity provider holds it back after failures.
    Quarantined,
}

impl State {
    /// The state of a token of which these connections do not provision. What is as
    /// urgent, and says more of the token itself, stays.
    #[must_use]
    pub fn with_hindered<'n>(
        self,
        token: &str,
        all: impl Iterator<Item = (&'n str, Hindered)>,
    ) -> Self {
        let Some((name, how)) = all.max_by_key(|(_, how)| *how) else {
            return self;
        };
        let (urgency, text) = match how {
            Hindered::Quarantined => (
                Urgency::Urgent,
                format!(
                    "The identity provider holds connection {name} in quarantine: it does not provision."
                ),
            ),
            Hindered::Disabled => (
                Urgency::Attention,
                format!(
                    "Connection {name} is switched off at the identity provider: it does not provision."
                ),
            ),
        };
        let is_worse = self.urgency > urgency || (self.urgency == urgency && self.needs_person());
        if is_worse {
            return self;
        }
        let also = match self.urgency {
            Urgency::Fine => String::new(),
            Urgency::Attention | Urgency::Urgent => format!(" {}", self.sentence),
        };
        let state = Self::attention(Word::Quarantined, text + &also, "ScimIdpQuarantined");
        Self {
            urgency,
            deadline: self.deadline,
            command: self
                .command
                .or_else(|| Some(command("verify", token).into())),
            ..state
        }
    }
}
