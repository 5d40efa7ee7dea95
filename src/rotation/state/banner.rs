//! What is true of all tokens together, and stands above every surface.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::{Text, section};
use super::wording::{sentence, time};
use crate::rotation::record::Paused;

/// What is true of all tokens together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// `paused_all` or `config_refused`.
    pub kind: Text,
    /// Since when.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// What is the matter.
    pub sentence: Text,
    /// What to type next.
    pub command: Text,
    /// What to read, as a path in the repository.
    pub runbook: Text,
}

impl Banner {
    /// A person stopped all work.
    #[must_use]
    pub fn paused_all(paused: &Paused) -> Self {
        let by = paused.by.as_ref().map(|by| format!(" by {by}"));
        let why = match paused.reason.trim() {
            "" => ".".to_owned(),
            reason => format!(": {}", sentence(reason)),
        };
        let text = format!(
            "All work is paused since {}{}{why} No token is rotated.",
            time(paused.since),
            by.unwrap_or_default()
        );
        Self {
            kind: "paused_all".into(),
            since: Some(paused.since),
            sentence: text.into(),
            command: "scim-rotator resume --all --reason TEXT".into(),
            runbook: section("ScimRotatorPausedTooLong"),
        }
    }

    /// A changed configuration was refused: the one in force is not the one in the
    /// file.
    #[must_use]
    pub fn config_refused(since: Timestamp) -> Self {
        let text = format!(
            "The changed configuration is refused since {}: the one in force is not the one in the file.",
            time(since)
        );
        Self {
            kind: "config_refused".into(),
            since: Some(since),
            sentence: text.into(),
            command: "scim-rotator check".into(),
            runbook: section("ScimRotatorConfigReloadFailed"),
        }
    }
}
