//! What people ask for, as their commands write it, and what the record notes of
//! it: which requests of whom were handled.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many requests one author's document for one token holds.
pub const MOST_REQUESTS: usize = 8;
/// Of how many authors a record notes which requests were handled.
pub const MOST_AUTHORS: usize = 32;
/// Longest id and longest reason.
const MOST_CHARACTERS: usize = 512;

/// A request, as a command writes it. A daemon that does not know a field
/// refuses the request: it would do something else than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenRequest {
    /// Random id, for logs and answers.
    pub id: String,
    /// Its number among the requests of its author for this token. It grows; a
    /// request whose number is not above the noted one was handled.
    pub seq: u64,
    /// When it was written, by the author's clock.
    pub at: Timestamp,
    /// What is asked for.
    pub what: Wish,
    /// For `rotate`: the token is compromised.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compromised: bool,
    /// For `rotate`: the runaway guard and the windows are overridden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub override_guards: bool,
    /// For `rotate`: the value at the published path is meant to become the token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supplied: bool,
    /// For `pause` and `ack`: why, in the author's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For `ack`: the connection.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    /// For `ack`: the fingerprint of the token that was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
}

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Rotate the token now.
    Rotate,
    /// Suspend the work.
    Pause,
    /// Resume the work.
    Resume,
    /// Take a person's word that the new token was written into a connection.
    Ack,
}

impl Wish {
    /// The word for logs and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Ack => "ack",
        }
    }

    /// How long a request waits for a daemon, for people.
    #[must_use]
    pub fn kept(self) -> &'static str {
        match self {
            Self::Rotate | Self::Resume => "24 hours",
            Self::Pause | Self::Ack => "7 days",
        }
    }

    /// How long after it was written a request is carried out. A pause outlasts
    /// an outage of the daemon; a rotation that was wanted days ago may be
    /// unwanted now.
    fn life(self) -> SignedDuration {
        match self {
            Self::Rotate | Self::Resume => SignedDuration::from_hours(24),
            Self::Pause | Self::Ack => SignedDuration::from_hours(7 * 24),
        }
    }
}

/// After this time no request can be carried out any more, and what is noted of
/// its author may be dropped.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How far the author's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

impl WrittenRequest {
    /// Why it is not carried out; `None` if it is.
    #[must_use]
    pub fn obstacle(&self, now: Timestamp) -> Option<String> {
        let age = now.duration_since(self.at);
        if age > self.what.life() {
            return Some(format!(
                "it was written at {} and is too old: ask again",
                self.at
            ));
        }
        if age < -AHEAD {
            return Some(format!(
                "it was written at {}, which is in the future: correct the clock of the machine that wrote it, and ask again",
                self.at
            ));
        }
        None
    }

    /// Why it cannot be used, without its text.
    #[must_use]
    pub fn malformation(&self) -> Option<&'static str> {
        let is_plain =
            |text: &str| text.len() <= MOST_CHARACTERS && !text.chars().any(char::is_control);
        match self {
            _ if self.id.is_empty() || !is_plain(&self.id) => {
                Some("its `id` is empty, too long or has control characters")
            }
            _ if self.seq == 0 => Some("its `seq` is 0"),
            _ if !is_plain(&self.reason) => {
                Some("its `reason` is too long or has control characters")
            }
            _ if ![&self.connection, &self.fingerprint]
                .into_iter()
                .all(|t| is_plain(t)) =>
            {
                Some("its `connection` or its `fingerprint` is too long or has control characters")
            }
            _ if self.what == Wish::Ack && self.reason.trim().is_empty() => {
                Some("its `reason` is empty: say why you are sure")
            }
            _ => None,
        }
    }
}

/// The requests of one author for one token, as the daemon read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestsOf {
    /// The author's entity in Vault, from the path that nobody else can write.
    pub author: String,
    /// The author's name in Vault, where Vault tells it.
    pub name: Option<String>,
    /// Version of the document.
    pub version: u64,
    /// Its requests, or why the document cannot be used.
    pub requests: Result<Vec<WrittenRequest>, String>,
}

impl RequestsOf {
    /// The author, for people.
    #[must_use]
    pub fn by(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.author),
            None => format!("entity {}", self.author),
        }
    }
}

/// What is noted of the newest request of one author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    /// The author's entity in Vault.
    pub author: String,
    /// The author, for people.
    pub by: String,
    /// Number of the newest request that was handled.
    pub seq: u64,
    /// Version of the document in which it stood.
    pub version: u64,
    /// Its id; empty if the document could not be used.
    pub id: String,
    /// When it was handled.
    pub at: Timestamp,
    /// What was asked for; `None` if the document could not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Wish>,
    /// Why it was refused; `None` if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Handled {
    /// Whether it may be dropped to make room for another author.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) > FORGOTTEN_AFTER
    }
}
