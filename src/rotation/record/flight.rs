//! A rotation in flight and its progress.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::control::Trigger;
use super::history::PastStep;
use super::ids_before::IdsBefore;
use super::stage::Stage;
use super::token::HeldToken;
use crate::rotation::issuer_id::IssuerId;
use crate::secret::{BearerToken, Fingerprint};

/// One rotation in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Unique id; part of the label at the issuer.
    pub id: String,
    /// Why it began.
    pub trigger: Trigger,
    /// Who asked for it, as Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Why, in that person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_why: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// The effect that may be in flight.
    pub stage: Stage,
    /// Since when.
    pub stage_entered_at: Timestamp,
    /// Stored before a token is requested. As long as it is here, a token may
    /// have been issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// How often an issue was attempted in this rotation.
    #[serde(default)]
    pub attempts: u32,
    /// The new token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<HeldToken>,
    /// Progress at each connection that was written or is about to be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deliveries: BTreeMap<String, Delivery>,
    /// Whether the process that stored the pending token delivers it without
    /// storing that first. To any other process every connection may have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_delivered: bool,
    /// Whether the person who supplied the pending token said that this value is
    /// meant (`rotate --supplied`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supplied_is_meant: bool,
    /// Whether a two-phase issuer has ended the current token. Then the
    /// rotation cannot be rolled back.
    #[serde(default)]
    pub completed: bool,
    /// Why it is being rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<String>,
    /// When the operator should have acted at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_deadline: Option<Timestamp>,
    /// Its steps until now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PastStep>,
}

/// What must be stored before a token is requested, so that a lost reply can be
/// resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// When it was written.
    pub at: Timestamp,
    /// The issuer that it is meant for, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Label, name or request id that the issuer is given.
    pub label: String,
    /// The ids that the issuer listed before, where a lost token can only be told
    /// by comparison with them. None of them is revoked unless this record contains
    /// it.
    #[serde(default, skip_serializing_if = "IdsBefore::is_empty")]
    pub ids_before: IdsBefore,
    /// Version of the issuer's state before the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The secret, where the daemon chooses it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::token::optional_token_value"
    )]
    pub chosen: Option<BearerToken>,
    /// Set if the issuer answered the request completely, and the answer cannot
    /// be used: another request would end in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<UnusableAnswer>,
}

/// A complete answer of the issuer that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusableAnswer {
    /// For a person: what was expected, and what came.
    pub detail: String,
    /// Digest of the issuer's settings when the answer came.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings: String,
    /// Id of the token that was made, where the answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Whether it is a page for people, as a gateway sends while the issuer is away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_page: bool,
}

impl UnusableAnswer {
    /// The id that the answer of the issuer tells.
    #[must_use]
    pub fn issuer_id(&self) -> Option<IssuerId> {
        self.made.as_deref().map(IssuerId::shown)
    }
}

/// Progress of a rotation at one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How far the rotation got there.
    pub state: DeliveryState,
    /// Since when.
    pub at: Timestamp,
    /// When it is asked for proof again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_again_at: Option<Timestamp>,
}

impl Delivery {
    /// A write may have been sent.
    #[must_use]
    pub fn started(at: Timestamp) -> Self {
        Self {
            state: DeliveryState::Started,
            at,
            ask_again_at: None,
        }
    }
}

/// How far a rotation got at one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// A write may have been sent.
    Started,
    /// The connection accepted the pending token.
    Delivered,
    /// The connection has proved that it works with the pending token.
    Confirmed,
    /// The current token was written back.
    Reverted,
}

/// The token that a connection was last given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionHolds {
    /// Fingerprint of that token.
    pub fingerprint: Fingerprint,
    /// When it was delivered.
    pub at: Timestamp,
    /// When the connection last proved that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// Whether a process may have written another token to it after it had lost
    /// its lease. The connection is given the current token again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// Whether a person writes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_person: bool,
    /// A person's word that the token was written into it, where nobody else
    /// can write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<Box<Acknowledged>>,
}

/// A person's word that the token was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// When the daemon took it.
    pub at: Timestamp,
    /// Who, as Vault tells.
    pub by: String,
    /// Why that person is sure.
    pub reason: String,
}
