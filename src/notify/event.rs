//! What is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids;

/// What has happened to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A person must supply the new token, or write it into a connection.
    Waiting,
    /// The token is halted until a person acts.
    Halted,
    /// It was not renewed when it should have been, and its end comes near.
    Expiring,
    /// It has expired.
    Expired,
    /// The service provider refuses the token in use.
    Refused,
    /// A rotation has succeeded.
    Rotated,
    /// A rotation ended before a token was issued.
    RotationFailed,
    /// The new token was discarded and the old one kept.
    RolledBack,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Halted,
        Self::Expiring,
        Self::Expired,
        Self::Refused,
        Self::Rotated,
        Self::RotationFailed,
        Self::RolledBack,
    ];

    /// The word in the configuration and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Halted => "halted",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Rotated => "rotated",
            Self::RotationFailed => "rotation_failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Halted | Self::Expired | Self::Refused => Severity::Critical,
            Self::Waiting | Self::Expiring | Self::RotationFailed | Self::RolledBack => {
                Severity::Warning
            }
            Self::Rotated => Severity::Info,
        }
    }
}

/// Whether something begins, lasts or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It lasts from now on.
    Began,
    /// It lasts.
    Reminder,
    /// It has ended.
    Ended,
    /// It has happened, and does not last.
    Once,
}

impl Phase {
    /// The word in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Reminder => "reminder",
            Self::Ended => "ended",
            Self::Once => "once",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// For the next working hour.
    Warning,
    /// Provisioning stops, or has stopped.
    Critical,
}

impl Severity {
    /// The word in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One message. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Always the same for the same message, from every replica and in every attempt.
    pub id: String,
    /// The same for all messages about one matter: its beginning, reminders, its end.
    pub key: String,
    /// What has happened.
    pub event: Event,
    /// Whether it begins, lasts or has ended.
    pub phase: Phase,
    /// How bad it is; what has ended is `info`.
    pub severity: Severity,
    /// Name of the token in the configuration.
    pub token: String,
    /// Its environment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Name of its issuer.
    pub issuer: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The connection that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// One line. It quotes no server.
    pub summary: String,
    /// What was found. It may quote a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The command to type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Since when, or when it happened.
    pub since: Timestamp,
    /// When a person should have acted at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When the token in use expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The id of a message and the key of its matter. `scope` tells installations with
/// tokens of the same names apart.
pub(super) fn id(scope: &str, token: &str, matter: &str, phase: Phase, times: u32) -> String {
    let phase = phase.as_str();
    ids::uuid_of(&format!("{scope}\n{token}\n{matter}\n{phase}\n{times}"))
}

/// See [`id`].
pub(super) fn key(scope: &str, token: &str, matter: &str) -> String {
    ids::uuid_of(&format!("{scope}\n{token}\n{matter}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_all_that_makes_a_message() {
        let one = id("kv/s", "crm", "waiting r1", Phase::Began, 0);
        assert_eq!(one, id("kv/s", "crm", "waiting r1", Phase::Began, 0));
        let others = [
            id("kv/t", "crm", "waiting r1", Phase::Began, 0),
            id("kv/s", "hr", "waiting r1", Phase::Began, 0),
            id("kv/s", "crm", "waiting r2", Phase::Began, 0),
            id("kv/s", "crm", "waiting r1", Phase::Ended, 0),
            id("kv/s", "crm", "waiting r1", Phase::Began, 1),
        ];
        assert!(!others.contains(&one));
    }

    #[test]
    fn words_are_those_that_are_serialised() {
        for event in Event::ALL {
            let written = serde_json::to_value(event).expect("a word");
            assert_eq!(written, event.as_str());
        }
    }
}
