//! What has to be written of one token.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::secret::Fingerprint;
use crate::vault::facts::RECORD_VERSION;

/// The field with the result of the last full cycle.
pub(super) const FULL_CYCLE: &str = "full_cycle";

/// What has to be written of one token, and when.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) news: News,
    pub(super) digest: Fingerprint,
    pub(super) write_at: Timestamp,
}

#[derive(Clone)]
pub(super) enum News {
    /// Its state in a version of its record. As text, because after a start all
    /// tokens wait here at once, and a tree takes four times the memory.
    State { version: u64, facts: Box<str> },
    /// What is wrong with its record.
    Trouble(Box<str>),
    /// The result of its last full cycle.
    FullCycle(Value),
}

impl News {
    pub(super) fn state(version: u64, facts: &Value) -> Self {
        let facts = facts.to_string().into_boxed_str();
        Self::State { version, facts }
    }

    pub(super) fn is_state(&self) -> bool {
        match self {
            Self::State { .. } => true,
            Self::Trouble(_) | Self::FullCycle(_) => false,
        }
    }
}

impl Waiting {
    /// Whether a stored document says the same, or is newer.
    pub(super) fn is_told_by(&self, facts: &Value) -> bool {
        match &self.news {
            News::Trouble(trouble) => facts["trouble"] == **trouble,
            News::FullCycle(result) => facts[FULL_CYCLE] == *result,
            News::State { version, .. } => {
                let stored = facts[RECORD_VERSION].as_u64().unwrap_or_default();
                let same = facts["digest"] == self.digest.short() && facts["trouble"].is_null();
                stored > *version || (same && stored == *version)
            }
        }
    }

    /// The document to write. The last known facts stay, with what is wrong since
    /// then.
    pub(super) fn document(&self, before: Option<Value>, now: Timestamp) -> Value {
        let mut facts = match &self.news {
            News::State { facts, .. } => serde_json::from_str(facts).unwrap_or_default(),
            News::Trouble(trouble) => {
                let mut facts = before.unwrap_or_else(|| json!({}));
                facts["trouble"] = json!(trouble);
                facts
            }
            News::FullCycle(result) => {
                let mut facts = before.unwrap_or_else(|| json!({}));
                facts[FULL_CYCLE] = result.clone();
                facts
            }
        };
        facts["schema"] = json!(1);
        facts["written_at"] = json!(now);
        facts
    }
}
