//! What people wrote to the published path, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// The last value at the published path that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppliedNote {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// When it was found.
    pub at: Timestamp,
    /// Who wrote it, where Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it was not accepted, for a person.
    pub detail: String,
    /// How many such values were found in all.
    #[serde(default)]
    pub count: u32,
    /// When the token in use was published again in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_back_at: Option<Timestamp>,
}

/// The end that the published path names for its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatedEnd {
    /// None.
    #[default]
    Absent,
    /// This one.
    At(Timestamp),
    /// Something that cannot be read as a time.
    Unreadable,
}

impl StatedEnd {
    /// The time, if there is one.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The last end that a person wrote for the token in use, if it was not taken
/// as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndNote {
    /// Fingerprint of the token in use.
    pub fingerprint: Fingerprint,
    /// What was written.
    pub stated: StatedEnd,
    /// When it was found.
    pub at: Timestamp,
    /// Who wrote it, where Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What became of it, for a person.
    pub detail: String,
}

/// The end that the daemon last published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedEnd {
    /// Fingerprint of the token that it was published with.
    pub fingerprint: Fingerprint,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}
