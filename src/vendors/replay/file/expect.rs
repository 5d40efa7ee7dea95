//! What must come of an operation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use super::OneOrMore;
use crate::fault::{FaultClass, FaultKind};
use crate::ports::condition::ConnectionState;
use crate::rotation::record::ExpiryKnown;
use crate::value::HumanDuration;

/// What must come of an operation. A fact that is not listed may be anything.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// `revoke`, `complete`, `cancel`, `preflight`, `deliver`, `revert`: it was
    /// done.
    Done,
    /// `get`: there is no such token. `look`: nothing tells.
    Nothing,
    /// `issue`: a token.
    Issued(IssuedFacts),
    /// `list`: tokens.
    Listed(ListedFacts),
    /// `get`: a token.
    Found(TokenFacts),
    /// `confirm`: what the connection shows.
    Confirmation(ConfirmationFacts),
    /// `look`: how provisioning fares.
    Condition(ConditionFacts),
    /// `inventory`: connections.
    Connections(ConnectionsFacts),
    /// Any: a failure.
    Fault(FaultFacts),
}

/// Facts of a token that was issued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IssuedFacts {
    /// The token.
    pub token: Option<String>,
    /// Its id.
    pub id: Option<TextFact>,
    /// When it expires.
    pub expires_at: Option<TimeFact>,
    /// Where that is known from.
    pub expiry: Option<ExpiryKnown>,
    /// When the old token dies.
    pub old_dies_at: Option<TimeFact>,
}

/// Facts of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListedFacts {
    /// How many tokens it holds.
    pub count: Option<usize>,
    /// Their ids, in order.
    pub ids: Option<Vec<String>>,
    /// Facts of some of them; each names its `id`.
    pub tokens: Vec<TokenFacts>,
    /// Version of the issuer's state.
    pub etag: Option<TextFact>,
}

/// Facts of one token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenFacts {
    /// Its id.
    pub id: Option<String>,
    /// Its label.
    pub label: Option<TextFact>,
    /// When it was made.
    pub created_at: Option<TimeFact>,
    /// When it expires.
    pub expires_at: Option<TimeFact>,
    /// When it was last used.
    pub last_used_at: Option<TimeFact>,
    /// A value that it is taken for, by the parts that are shown of it.
    pub fits: Option<String>,
    /// A value that it is not taken for.
    pub differs: Option<String>,
}

/// Facts of the connections that an identity provider lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionsFacts {
    /// Their ids, in order: `item`, or `item/part`.
    pub ids: Option<Vec<String>>,
    /// Number of items that we may not look into.
    pub hidden: Option<usize>,
    /// The id of the connection of this file, which is one of the listed ones.
    pub own: Option<String>,
    /// Facts of some of them; each names its `id`.
    pub some: Vec<ListedConnectionFacts>,
}

/// Facts of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListedConnectionFacts {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<TextFact>,
    /// The SCIM base URL that it holds.
    pub base_url: Option<TextFact>,
    /// Its status.
    pub status: Option<TextFact>,
    /// Values of the parameters with which it is adopted, as TOML writes them.
    pub adopt: BTreeMap<String, String>,
}

/// What the connection shows: a word, or a table with more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WordOrFacts")]
pub struct ConfirmationFacts {
    /// The word.
    pub is: ConfirmationWord,
    /// Texts that its explanation holds.
    pub detail_contains: Option<OneOrMore>,
    /// When to ask again.
    pub ask_again: Option<HumanDuration>,
}

/// What a connection can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationWord {
    /// It works with the token.
    Works,
    /// Not yet.
    NotYet,
    /// It says that the token does not work.
    Refused,
    /// It has no way to tell.
    CannotTell,
}

impl ConfirmationWord {
    /// The word of the replay.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::NotYet => "not_yet",
            Self::Refused => "refused",
            Self::CannotTell => "cannot_tell",
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"works\", \"not_yet\", \"refused\", \"cannot_tell\", or a table with one of them as `is`, and `detail_contains` or `ask_again`"
)]
enum WordOrFacts {
    Word(ConfirmationWord),
    Facts(RawFacts),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFacts {
    is: ConfirmationWord,
    detail_contains: Option<OneOrMore>,
    ask_again: Option<HumanDuration>,
}

impl From<WordOrFacts> for ConfirmationFacts {
    fn from(written: WordOrFacts) -> Self {
        let facts = match written {
            WordOrFacts::Facts(facts) => facts,
            WordOrFacts::Word(is) => RawFacts {
                is,
                detail_contains: None,
                ask_again: None,
            },
        };
        Self {
            is: facts.is,
            detail_contains: facts.detail_contains,
            ask_again: facts.ask_again,
        }
    }
}

/// How provisioning fares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionFacts {
    /// The state.
    pub state: ConnectionState,
    /// When it last worked.
    #[serde(default)]
    pub last_success_at: Option<TimeFact>,
}

/// Facts of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultFacts {
    /// What may be concluded.
    pub class: FaultClass,
    /// Why.
    #[serde(default)]
    pub kind: Option<FaultKind>,
    /// Texts that its message holds.
    #[serde(default)]
    pub message_contains: Option<OneOrMore>,
    /// How long the server asks to be left alone.
    #[serde(default)]
    pub retry_after: Option<HumanDuration>,
}

/// A text, with placeholders, or `{absent}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct TextFact(pub String);

/// A time, or `{absent}`: none is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFact {
    /// This one.
    At(Timestamp),
    /// None.
    Absent,
}

impl<'de> Deserialize<'de> for TimeFact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "{absent}" {
            return Ok(Self::Absent);
        }
        text.parse().map(Self::At).map_err(|_| {
            de::Error::custom(format!(
                "`{text}` is no time: write for example \"2026-11-27T00:00:00Z\", or \"{{absent}}\""
            ))
        })
    }
}
