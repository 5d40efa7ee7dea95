//! A federated credential as status, page, API and facts show it.

use serde_json::{Value, json};

use super::board::Entry;
use super::facts::TokenFacts;
use crate::scim::federated::verdict::Standing;
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
    let word = standing.map_or("unread", |standing| standing.word().as_str());
    state["standing"] = json!(word);
    state["federation"] = json!(standing.map(|standing| standing_json(&facts.name, standing)));
    state
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
