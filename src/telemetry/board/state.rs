//! The state of an entry, with what this process knows besides the record.

use jiff::Timestamp;

use super::Entry;
use crate::ports::condition::ConnectionState;
use crate::rotation::state::{Hindered, State, Urgency, Word, quoted};
use crate::telemetry::federation::{federated_state, unread};
use crate::telemetry::snapshot::TokenSnapshot;

impl Entry {
    /// The state of the token at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        if self.is_federated() {
            return federated_state(&self.facts.name, self.federation.as_deref());
        }
        let Some(snapshot) = self.snapshot.as_deref() else {
            return self.unread();
        };
        let state = self.state_of(snapshot, now);
        match &self.trouble {
            Some(trouble) if state.urgency < Urgency::Urgent => {
                unreadable(&self.facts.name, trouble, Some(state))
            }
            Some(_) | None => state,
        }
    }

    /// The state of a newer snapshot of this token.
    #[must_use]
    pub fn state_of(&self, snapshot: &TokenSnapshot, now: Timestamp) -> State {
        snapshot.state_at(self.hindered(snapshot), now)
    }

    /// A snapshot with what the identity providers say of its connections.
    #[must_use]
    pub fn with_conditions(&self, mut snapshot: TokenSnapshot) -> TokenSnapshot {
        let name = &self.facts.name;
        let hindered: Vec<_> = self.hindered(&snapshot).collect();
        let hindered = hindered
            .into_iter()
            .map(|(name, how)| (name.to_owned(), how));
        let hindered: Vec<(String, Hindered)> = hindered.collect();
        let all = hindered.iter().map(|(name, how)| (name.as_str(), *how));
        snapshot.state = snapshot.state.clone().with_hindered(name, all);
        snapshot
    }

    /// The connections that do not provision, as their identity providers say.
    fn hindered<'s>(
        &self,
        snapshot: &'s TokenSnapshot,
    ) -> impl Iterator<Item = (&'s str, Hindered)> {
        let probed_at = snapshot.probe.as_ref().map(|probe| probe.at);
        snapshot.connections.iter().filter_map(move |connection| {
            let condition = self.looks.as_ref()?.get(&connection.name, probed_at)?;
            let how = match condition.state {
                ConnectionState::Quarantined => Hindered::Quarantined,
                ConnectionState::Disabled => Hindered::Disabled,
                ConnectionState::Healthy | ConnectionState::Degraded | ConnectionState::Unknown => {
                    return None;
                }
            };
            Some((connection.name.as_str(), how))
        })
    }

    /// Whether nothing is known of it yet.
    pub(super) fn is_unread(&self) -> bool {
        self.snapshot.is_none() && self.federation.is_none()
    }

    fn unread(&self) -> State {
        match &self.trouble {
            Some(trouble) => unreadable(&self.facts.name, trouble, None),
            None => unread(),
        }
    }
}

/// The record cannot be read; `last` is what was known before.
fn unreadable(token: &str, trouble: &str, last: Option<State>) -> State {
    let text = format!(
        "Its record cannot be read: {}.",
        trouble.trim_end_matches('.')
    );
    let state = State::attention(Word::Unproven, text, "ScimTokenRecordUnreadable");
    let state = state.with_command(format!("scim-rotator plan {}", quoted(token)));
    State {
        deadline: last.and_then(|last| last.deadline),
        ..state
    }
}
