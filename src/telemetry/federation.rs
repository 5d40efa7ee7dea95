//! A federated credential as status, page, API and facts show it.

use serde_json::{Value, json};

use super::board::Entry;
use super::facts::TokenFacts;
use crate::rotation::state::{State, Word, quoted};
use crate::scim::federated::verdict::{self, Standing};
use crate::scim::federated::words;

/// The reason by which nothing is planned for it.
pub const REASON: &str = "federated";

/// What the looks showed, for programs and people.
#[must_use]
pub fn standing_json(token: &str, standing: &Standing) -> Value {
    let breaks: Vec<Value> = standing
        .breaks()
        .map(|(mark, against)| {
            json!({
                "part": mark.part,
                "source": mark.source,
                "since": against.since,
                "expected": against.difference.expected,
                "seen": against.difference.seen,
            })
        })
        .collect();
    json!({
        "breaks": breaks,
        "note": words::of_standing(token, standing),
        "notes": standing.notes,
        "looked_at": standing.looked_at,
        "clear_at": standing.clear_at,
        "certificate_ends_at": standing.certificate_ends_at,
    })
}

/// The state of a token that is not rotated, in the form of the API.
#[must_use]
pub fn state_json(facts: &TokenFacts, standing: Option<&Standing>) -> Value {
    let mut state = serde_json::to_value(facts).unwrap_or_default();
    state["state"] = json!(federated_state(&facts.name, standing));
    state["federation"] = json!(standing.map(|standing| standing_json(&facts.name, standing)));
    state
}

/// Its state, as for tokens that are rotated.
#[must_use]
pub fn federated_state(token: &str, standing: Option<&Standing>) -> State {
    let Some(standing) = standing else {
        return unread();
    };
    let note = words::of_standing(token, standing);
    let note = note.or_else(|| standing.notes.first().cloned());
    let text = |otherwise: &str| note.clone().unwrap_or_else(|| otherwise.to_owned());
    let once = format!("scim-rotator once {}", quoted(token));
    match standing.word() {
        verdict::Word::Trusted => State::fine(Word::Fresh, text("Federated: nothing expires.")),
        verdict::Word::Unclear => {
            let text = text("Not every part could be seen.");
            State::attention(Word::Unproven, text, "ScimFederationUnclear").with_command(once)
        }
        verdict::Word::Broken => {
            let text = text("A part is not as configured.");
            let since = standing.breaks().map(|(_, against)| against.since).min();
            let state = State::urgent(Word::Refused, text, "ScimFederationBroken");
            state.since(since).with_command(once)
        }
    }
}

/// The state of a token that the daemon has not looked at yet.
#[must_use]
pub fn unread() -> State {
    // After a start all are read within seconds; what cannot be read is said.
    State::fine(Word::Unproven, "The daemon has not read its record yet.")
}

/// What is decided of it: nothing.
#[must_use]
pub fn decision_json() -> Value {
    json!({ "step": null, "reason": REASON, "wake_at": null })
}

impl Entry {
    /// Whether nothing of it is rotated.
    #[must_use]
    pub fn is_federated(&self) -> bool {
        self.facts.is_federated()
    }

    /// What is broken or could not be seen of a federated credential.
    #[must_use]
    pub fn federation_note(&self) -> Option<String> {
        words::of_standing(&self.facts.name, self.federation.as_deref()?)
    }
}
