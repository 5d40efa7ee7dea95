//! What people ask for, as their commands write it, and what the record notes of
//! it: which requests of whom were handled.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

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
    /// Why, in the author's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For `ack`: the connection.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    /// For `ack`: the fingerprint of the token that was written. For `adopt`: of the
    /// token in use.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// For `adopt`: when the token in use was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// For `adopt`: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// For `adopt`: its id at the issuer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_id: String,
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
    /// Take a person's word for the age, the end and the id of an adopted token.
    Adopt,
}

impl Wish {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Rotate,
        Self::Pause,
        Self::Resume,
        Self::Ack,
        Self::Adopt,
    ];

    /// The word for logs and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Ack => "ack",
            Self::Adopt => "adopt",
        }
    }

    /// How long a request waits for a daemon, for people.
    #[must_use]
    pub fn kept(self) -> &'static str {
        match self {
            Self::Rotate | Self::Resume => "24 hours",
            Self::Pause | Self::Ack | Self::Adopt => "7 days",
        }
    }

    /// How long after it was written a request is carried out. A pause outlasts
    /// an outage of the daemon; a rotation that was wanted days ago may be
    /// unwanted now.
    fn life(self) -> SignedDuration {
        match self {
            Self::Rotate | Self::Resume => SignedDuration::from_hours(24),
            Self::Pause | Self::Ack | Self::Adopt => SignedDuration::from_hours(7 * 24),
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

    /// Whether it can cost an outage, or sets protections aside: such a request needs a
    /// reason. Requests about all tokens need one too.
    fn is_dangerous(&self) -> bool {
        self.compromised || self.override_guards || self.supplied
    }

    fn tells_of_a_token(&self) -> bool {
        self.issued_at.is_some() || self.expires_at.is_some() || !self.token_id.is_empty()
    }

    /// Whether its author says why.
    #[must_use]
    pub fn has_reason(&self) -> bool {
        !self.reason.trim().is_empty()
    }

    /// How it is asked for, in words.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let flags = [
            (self.compromised, "compromised"),
            (self.override_guards, "override_guards"),
            (self.supplied, "supplied"),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set);
        let connection =
            (!self.connection.is_empty()).then(|| format!("connection {}", self.connection));
        let issued = self.issued_at.map(|at| format!("issued {at}"));
        let expires = self.expires_at.map(|at| format!("expires {at}"));
        let id = (!self.token_id.is_empty()).then(|| format!("id {}", self.token_id));
        flags
            .map(|(_, word)| word.to_owned())
            .chain([connection, issued, expires, id].into_iter().flatten())
            .collect()
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
            _ if ![&self.connection, &self.fingerprint, &self.token_id]
                .into_iter()
                .all(|t| is_plain(t)) =>
            {
                Some(
                    "its `connection`, its `fingerprint` or its `token_id` is too long or has control characters",
                )
            }
            _ if self.what == Wish::Adopt && !self.tells_of_a_token() => {
                Some("it tells neither when the token was issued, nor when it ends, nor its id")
            }
            _ if self.what == Wish::Ack && !self.has_reason() => {
                Some("its `reason` is empty: say why you are sure")
            }
            _ if self.is_dangerous() && !self.has_reason() => {
                Some("its `reason` is empty: say why, with --reason")
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

fn own_texts<'a>(
    refused: &'a mut Option<String>,
    reason: &'a mut String,
) -> impl Iterator<Item = &'a mut String> {
    refused.iter_mut().chain([reason])
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
    /// What was asked for; `None` if the document could not be used, or if a later
    /// program handled what this one does not know.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known_wish"
    )]
    pub what: Option<Wish>,
    /// Why it was refused; `None` if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Why it was asked for, in the author's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How it was asked for, such as `compromised`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Earlier requests of this author that were handled in the same write, oldest
    /// first. They have none themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Self>,
}

/// A word of a later program is none of ours.
fn known_wish<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Wish>, D::Error> {
    let word = Option::<String>::deserialize(from)?;
    let known = Wish::ALL.into_iter();
    let mut known = known.filter(|wish| Some(wish.as_str()) == word.as_deref());
    Ok(known.next())
}

impl Handled {
    /// Every text that a person wrote.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let earlier = self.earlier.iter_mut();
        let earlier = earlier.flat_map(|noted| own_texts(&mut noted.refused, &mut noted.reason));
        own_texts(&mut self.refused, &mut self.reason).chain(earlier)
    }

    /// Whether it may be dropped to make room for another author.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) > FORGOTTEN_AFTER
    }
}
