//! One rotation in flight, and how far it got.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::control::Trigger;
use super::stage::Stage;
use super::token::HeldToken;
use crate::secret::{BearerToken, Fingerprint};

/// One rotation in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Unique id; part of the label at the issuer.
    pub id: String,
    /// Why it began.
    pub trigger: Trigger,
    /// When it began.
    pub began_at: Timestamp,
    /// The effect that may be in flight.
    pub stage: Stage,
    /// Since when.
    pub stage_entered_at: Timestamp,
    /// Written before a token is issued. While it is there, an issue may have
    /// happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// How often an issue was attempted in this rotation.
    #[serde(default)]
    pub attempts: u32,
    /// The new token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<HeldToken>,
    /// Progress at each connection that was touched.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deliveries: BTreeMap<String, Delivery>,
    /// Whether a two-phase issuer has ended the current token for it: only
    /// forward is left.
    #[serde(default)]
    pub completed: bool,
    /// Why it is being rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<String>,
    /// When a waiting operator should have acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_deadline: Option<Timestamp>,
}

/// What must be durable before a token is issued, so that a lost reply can be
/// understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// When it was written.
    pub at: Timestamp,
    /// The issuer that it is meant for, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Label, name or request id that the issuer is given.
    pub label: String,
    /// The ids that the issuer listed before. None of them is ours to revoke
    /// unless this record owns it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids_before: Vec<String>,
    /// Version of the issuer's state before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The secret, where we choose it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "super::token::optional_token_value"
    )]
    pub chosen: Option<BearerToken>,
}

/// Progress of a rotation at one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How far.
    pub state: DeliveryState,
    /// Since when.
    pub at: Timestamp,
    /// When it is to be asked for proof again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_again_at: Option<Timestamp>,
}

/// How far a rotation got at one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// A write may be in flight.
    Started,
    /// The connection said that it took the pending token.
    Delivered,
    /// It has shown that it works with it.
    Confirmed,
    /// The current token was written back.
    Reverted,
}

/// Which token a connection was last given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionHolds {
    /// Fingerprint of that token.
    pub fingerprint: Fingerprint,
    /// When it was delivered.
    pub at: Timestamp,
    /// When the connection last proved that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// A write of a process that had lost its lease may have left another token
    /// there: it is given the one in use again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
}
