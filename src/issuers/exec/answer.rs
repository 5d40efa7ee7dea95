//! What the program's answer means.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::Action;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::times;
use crate::issuers::spelled;
use crate::program::{Answer, Common, Reply};
use crate::rotation::outcome::{ListedToken, Listing};
use crate::scim::scopes::{ScopeSource, Scopes};
use crate::secret::{BearerToken, objection_to_client_id};

/// The word in `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// The answer has a new token.
    Issued,
    /// The answer has the list.
    Listed,
    /// The token is revoked, or there is none.
    Revoked,
    /// Nothing was done; try again.
    NotApplied,
    /// It may have been done.
    Unknown,
    /// A permanent refusal.
    Refused,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Listed => "listed",
            Self::Revoked => "revoked",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// One JSON object. No `Debug`: it may hold a token.
#[derive(Deserialize)]
pub(super) struct Output {
    result: Word,
    #[serde(default, deserialize_with = "wiped")]
    token: Option<Zeroizing<String>>,
    id: Option<String>,
    client_id: Option<String>,
    expires_at: Option<Timestamp>,
    old_dies_at: Option<Timestamp>,
    scopes: Option<Vec<String>>,
    tokens: Option<Vec<Item>>,
    detail: Option<String>,
    retry_after_seconds: Option<u64>,
}

fn wiped<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Zeroizing::new))
}

/// A token of the list.
#[derive(Deserialize)]
struct Item {
    id: String,
    label: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    last_used_by: Option<String>,
    scopes: Option<Vec<String>>,
}

impl Answer for Output {
    const FORM: &'static str = "{\"result\": \"issued\" | \"listed\" | \"revoked\" | \"not_applied\" | \"unknown\" | \"refused\", …}, with times in RFC 3339";
    const TABLE: &'static str = "config/issuers/exec.toml";

    fn common(&self) -> Common<'_> {
        Common {
            word: self.result.as_str(),
            succeeds: match self.result {
                Word::Issued | Word::Listed | Word::Revoked => true,
                Word::NotApplied | Word::Unknown | Word::Refused => false,
            },
            detail: self.detail.as_deref(),
            retry_after_seconds: self.retry_after_seconds,
            token: self.token.as_ref().map(|token| token.as_str()),
        }
    }
}

/// An end that can be one: a zero time means that none is known.
fn end(told: Option<Timestamp>) -> Option<Timestamp> {
    told.filter(|end| !times::is_zero(*end))
}

/// What the program issued.
pub(super) struct Issued {
    pub(super) value: BearerToken,
    pub(super) id: Option<String>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) old_dies_at: Option<Timestamp>,
    pub(super) scopes: Option<Scopes>,
}

impl Reply<Output> {
    /// The new token; `chosen` is the one that we have chosen.
    pub(super) fn issued(mut self, chosen: Option<&BearerToken>) -> Result<Issued, Fault> {
        if self.answer.result != Word::Issued {
            return Err(self.not_done(Action::Issue));
        }
        let value = match (self.answer.token.take(), chosen) {
            (_, Some(chosen)) => chosen.clone(),
            (Some(text), None) => BearerToken::parse(text.as_str())
                .map_err(|shape| self.no_token(&format!("its `token` cannot be used: {shape}")))?,
            (None, None) => return Err(self.no_token("there is no `token` in its answer")),
        };
        if let Some(id) = &self.answer.id
            && let Some(why) = spelled::objection(id, Some(&value))
        {
            return Err(self.no_token(&format!("the `id` of the new token {why}, so it is no id")));
        }
        let client_id = self.answer.client_id.take();
        if let Some(why) = client_id.as_deref().and_then(objection_to_client_id) {
            return Err(self.no_token(&format!("the `client_id` of the new secret {why}")));
        }
        let value = match client_id {
            Some(id) => value.with_client_id(id),
            None => value,
        };
        let told = self.answer.scopes.take();
        Ok(Issued {
            scopes: told.and_then(|told| scopes(ScopeSource::Answer, &told, Some(&value))),
            value,
            id: self.answer.id.take(),
            expires_at: end(self.answer.expires_at),
            old_dies_at: end(self.answer.old_dies_at),
        })
    }

    /// It says that it issued a token, and gives none that can be used.
    fn no_token(&self, why: &str) -> Fault {
        self.useless(Action::Issue.unclear(), why)
    }

    /// The live tokens.
    pub(super) fn listing(self, now: Timestamp) -> Result<Listing, Fault> {
        if self.answer.result != Word::Listed {
            return Err(self.not_done(Action::List));
        }
        let Some(items) = self.answer.tokens else {
            let why = "there is no array `tokens` in its answer";
            return Err(self.useless(Action::List.unclear(), why));
        };
        let mut listing = Listing::default();
        for item in items {
            let expires_at = end(item.expires_at);
            let live = expires_at.is_none_or(|end| end > now);
            let known = listing.tokens.iter().any(|token| token.id == item.id);
            if live && !known && spelled::objection(&item.id, None).is_none() {
                let label = item.label;
                listing.tokens.push(ListedToken {
                    label: label.filter(|l| spelled::objection_to_label(l).is_none()),
                    created_at: item.created_at,
                    expires_at,
                    last_used_at: item.last_used_at,
                    last_used_by: item.last_used_by.and_then(|by| spelled::shown(&by)),
                    scopes: item
                        .scopes
                        .and_then(|told| scopes(ScopeSource::Listing, &told, None)),
                    ..ListedToken::with_id(item.id)
                });
            }
        }
        Ok(listing)
    }

    /// That a token is revoked.
    pub(super) fn revoked(self) -> Result<(), Fault> {
        match self.answer.result {
            Word::Revoked => Ok(()),
            Word::Issued | Word::Listed | Word::NotApplied | Word::Unknown | Word::Refused => {
                Err(self.not_done(Action::Revoke))
            }
        }
    }

    /// What an answer means that is no success of this action.
    fn not_done(&self, action: Action) -> Fault {
        let (class, kind) = match self.answer.result {
            Word::NotApplied => (FaultClass::NotApplied, FaultKind::Server),
            Word::Unknown => (action.unclear(), FaultKind::Server),
            Word::Refused => (FaultClass::Rejected, FaultKind::Refused),
            Word::Issued | Word::Listed | Word::Revoked => {
                return self.out_of_place(action.unclear());
            }
        };
        self.failure(class, kind)
    }
}

/// An empty array is told as well: the token may do nothing.
fn scopes(source: ScopeSource, told: &[String], token: Option<&BearerToken>) -> Option<Scopes> {
    let texts = told.iter().map(String::as_str);
    Scopes::read(source, texts.chain([""]), token)
}
