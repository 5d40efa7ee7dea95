//! The durable document of one token. One document holds the stage and the
//! tokens, so they can never disagree.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::{FaultClass, FaultKind};
use crate::scim::evidence::{Evidence, Finding, Refusal};
use crate::secret::{BearerToken, Fingerprint};

/// Schema version that this program writes. A newer one is refused, untouched.
pub const SCHEMA: u32 = 1;

/// How many finished rotations a record remembers.
pub const HISTORY: usize = 10;

/// Everything that is remembered of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout.
    pub schema: u32,
    /// Name of the token in the configuration.
    pub token: String,
    /// How many tokens have become current: grows by one with each promotion.
    pub generation: u64,
    /// Random id of the write that made this version: tells our own write from
    /// a rival's when its answer was lost.
    pub write_id: String,
    /// When this version was made.
    pub updated_at: Timestamp,
    /// Which replica may act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Set by a person: nothing is done for this token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// A rotation asked for by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Nothing goes on until a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
    /// How many rotations have begun; feeds the jitter.
    #[serde(default)]
    pub ordinal: u64,
    /// The token in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<HeldToken>,
    /// Superseded tokens that still have to be retired, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retiring: Vec<Retiring>,
    /// The rotation in flight; `None` is the stage `idle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Failures since the last success.
    #[serde(default)]
    pub failures: Failures,
    /// When tokens were issued in the last day: the runaway guard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Timestamp>,
    /// Tokens of ours whose value was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphan>,
    /// How many tokens may be alive that no listing can show.
    #[serde(default)]
    pub orphans_uncounted: u32,
    /// The last probe of `current`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<LastProbe>,
    /// Which token each connection was last given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, ConnectionHolds>,
    /// Values at the published path that were refused; not tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_values: Vec<Fingerprint>,
    /// The last rotations, newest first, at most [`HISTORY`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRotation>,
}

impl Record {
    /// An empty record, for a token that nothing is known of yet.
    #[must_use]
    pub fn new(token: impl Into<String>, now: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            token: token.into(),
            generation: 0,
            write_id: String::new(),
            updated_at: now,
            lease: None,
            paused: None,
            request: None,
            halt: None,
            ordinal: 0,
            current: None,
            retiring: Vec::new(),
            rotation: None,
            failures: Failures::default(),
            issues: Vec::new(),
            orphans: Vec::new(),
            orphans_uncounted: 0,
            probe: None,
            connections: BTreeMap::new(),
            refused_values: Vec::new(),
            history: Vec::new(),
        }
    }

    /// The stage as people see it.
    #[must_use]
    pub fn stage_name(&self) -> StageName {
        match (&self.halt, &self.rotation) {
            (Some(_), _) => StageName::Halted,
            (None, None) => StageName::Idle,
            (None, Some(rotation)) => rotation.stage.name(),
        }
    }

    /// Whether a person asked for a rotation after the halt began.
    #[must_use]
    pub fn halt_is_lifted(&self) -> bool {
        match (&self.halt, &self.request) {
            (Some(halt), Some(request)) => request.at >= halt.since,
            (_, None) | (None, _) => false,
        }
    }

    /// Whether this value is or was one of ours, so that finding it at the
    /// published path means "old copy", not "a person wrote a new token".
    #[must_use]
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.current
            .as_ref()
            .is_some_and(|t| &t.fingerprint() == fingerprint)
            || self
                .retiring
                .iter()
                .any(|r| &r.token.fingerprint() == fingerprint)
            || self
                .history
                .iter()
                .any(|h| h.old.as_ref() == Some(fingerprint) || h.new.as_ref() == Some(fingerprint))
            || self.refused_values.contains(fingerprint)
    }
}

/// A token value with its public facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldToken {
    /// The token itself. Only the record store writes it out.
    #[serde(with = "token_value")]
    pub value: BearerToken,
    /// Its id at the issuer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was issued, or first seen.
    pub issued_at: Timestamp,
    /// When it stops working, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where `expires_at` is known from.
    pub expiry: ExpiryKnown,
    /// How it came to us.
    pub origin: Origin,
    /// The last proof that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl HeldToken {
    /// Fingerprint of the value.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.value.fingerprint()
    }
}

/// Where an expiry is known from; also a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryKnown {
    /// From the issuer's answer.
    Api,
    /// From the token's own `exp`.
    Jwt,
    /// From the configuration.
    Declared,
    /// Nothing tells.
    Unknown,
    /// It does not expire.
    Never,
}

impl ExpiryKnown {
    /// Every value, for state-set metrics.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Jwt,
        Self::Declared,
        Self::Unknown,
        Self::Never,
    ];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Jwt => "jwt",
            Self::Declared => "declared",
            Self::Unknown => "unknown",
            Self::Never => "never",
        }
    }
}

/// How a token came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Issued for us.
    Issued,
    /// Found at the published path when there was no record.
    Adopted,
    /// Written to the published path by a person.
    Operator,
}

/// The right of one replica to act on this token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Random id of the replica's process.
    pub holder: String,
    /// Grows each time the holder changes.
    pub epoch: u64,
    /// From when on another replica may take it.
    pub expires_at: Timestamp,
}

/// Work on the token is suspended by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// Why, in the person's words.
    #[serde(default)]
    pub reason: String,
}

/// A rotation that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `force` or `compromise`.
    pub trigger: Trigger,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whether the runaway guard and the windows are overridden.
    #[serde(default)]
    pub override_guards: bool,
}

/// Why a rotation began; a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The renewal time came.
    Schedule,
    /// There is no token.
    Missing,
    /// The token in use does not work any more.
    Drift,
    /// A person asked for it.
    Force,
    /// A person said that the token is in the wrong hands.
    Compromise,
    /// A person wrote a new token to the published path.
    Operator,
}

impl Trigger {
    /// Every trigger, for counters that start at zero.
    pub const ALL: [Self; 6] = [
        Self::Schedule,
        Self::Missing,
        Self::Drift,
        Self::Force,
        Self::Compromise,
        Self::Operator,
    ];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Missing => "missing",
            Self::Drift => "drift",
            Self::Force => "force",
            Self::Compromise => "compromise",
            Self::Operator => "operator",
        }
    }
}

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
    /// Why it is being rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<String>,
    /// When a waiting operator should have acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_deadline: Option<Timestamp>,
}

/// Durable phase of a rotation; it names the effect that may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A token is being issued.
    Issuing,
    /// The pending token is tested at the service provider.
    Proving,
    /// The pending token is written to the connections.
    Delivering,
    /// A two-phase issuer is told to make the pending token the only one.
    Completing,
    /// The connections are asked for proof.
    Confirming,
    /// The current token is written back to the connections.
    Reverting,
    /// The pending token is revoked.
    Discarding,
    /// A person must supply the new token.
    WaitingOperator,
}

impl Stage {
    /// Every stage, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Issuing,
        Self::Proving,
        Self::Delivering,
        Self::Completing,
        Self::Confirming,
        Self::Reverting,
        Self::Discarding,
        Self::WaitingOperator,
    ];

    /// The name as people see it.
    #[must_use]
    pub fn name(self) -> StageName {
        match self {
            Self::Issuing => StageName::Issuing,
            Self::Proving => StageName::Proving,
            Self::Delivering => StageName::Delivering,
            Self::Completing => StageName::Completing,
            Self::Confirming => StageName::Confirming,
            Self::Reverting => StageName::Reverting,
            Self::Discarding => StageName::Discarding,
            Self::WaitingOperator => StageName::WaitingOperator,
        }
    }
}

/// A stage, or `idle`, or `halted`: what status and metrics show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// No rotation in flight.
    Idle,
    /// See [`Stage::Issuing`].
    Issuing,
    /// See [`Stage::Proving`].
    Proving,
    /// See [`Stage::Delivering`].
    Delivering,
    /// See [`Stage::Completing`].
    Completing,
    /// See [`Stage::Confirming`].
    Confirming,
    /// See [`Stage::Reverting`].
    Reverting,
    /// See [`Stage::Discarding`].
    Discarding,
    /// See [`Stage::WaitingOperator`].
    WaitingOperator,
    /// A person must decide.
    Halted,
}

impl StageName {
    /// Every name, for state-set metrics.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::Issuing,
        Self::Proving,
        Self::Delivering,
        Self::Completing,
        Self::Confirming,
        Self::Reverting,
        Self::Discarding,
        Self::WaitingOperator,
        Self::Halted,
    ];

    /// The word for logs, labels and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Issuing => "issuing",
            Self::Proving => "proving",
            Self::Delivering => "delivering",
            Self::Completing => "completing",
            Self::Confirming => "confirming",
            Self::Reverting => "reverting",
            Self::Discarding => "discarding",
            Self::WaitingOperator => "waiting_operator",
            Self::Halted => "halted",
        }
    }
}

/// What must be durable before a token is issued, so that a lost reply can be
/// understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// When it was written.
    pub at: Timestamp,
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
        with = "optional_token_value"
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
}

/// A superseded token on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retiring {
    /// The token.
    pub token: HeldToken,
    /// When its successor became current.
    pub superseded_at: Timestamp,
    /// Not to be retired before: the end of the overlap window.
    pub not_before: Timestamp,
    /// Whether the window was prolonged because the token was still in use.
    #[serde(default)]
    pub extended: bool,
    /// When its use was last asked for, and what was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_checked: Option<UseSeen>,
    /// When the issuer took its revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// How often retiring it failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the next attempt may be made after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What the last attempt found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_finding: Option<String>,
}

/// When a token was last used, as the issuer tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseSeen {
    /// When we asked.
    pub at: Timestamp,
    /// Its last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// A token of ours whose value was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// Its id at the issuer.
    pub id: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// How often its revocation failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the next attempt may be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// Failures since the last success; the source of the backoff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// In a row, of any class.
    #[serde(default)]
    pub consecutive: u32,
    /// In a row, of a class that repeating cannot mend.
    #[serde(default)]
    pub permanent: u32,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastFailure>,
}

/// The last failure of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// Its class.
    pub class: FaultClass,
    /// Its kind.
    pub kind: FaultKind,
    /// For a person.
    pub message: String,
    /// How long the server asked us to stay away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SignedDuration>,
}

/// Why nothing goes on until a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Machine word.
    pub cause: HaltCause,
    /// Since when.
    pub since: Timestamp,
    /// For a person: what was seen and what to do.
    pub detail: String,
}

/// Machine word of a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltCause {
    /// The permitted attempts are used up.
    AttemptsUsedUp,
    /// Tokens were found that may be somebody else's.
    ForeignTokens,
    /// Every slot at the issuer is taken, and not by a token of ours.
    SlotBlocked,
    /// The service provider accepts anything.
    EndpointOpen,
    /// The issuer returned a token that is already in use.
    SameToken,
    /// The identity provider's SCIM base URL is not the configured one.
    WrongTarget,
}

impl HaltCause {
    /// The word for logs and status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsUsedUp => "attempts_used_up",
            Self::ForeignTokens => "foreign_tokens",
            Self::SlotBlocked => "slot_blocked",
            Self::EndpointOpen => "endpoint_open",
            Self::SameToken => "same_token",
            Self::WrongTarget => "wrong_target",
        }
    }
}

/// The last probe of the current token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastProbe {
    /// When.
    pub at: Timestamp,
    /// How many probes in a row were refused.
    #[serde(default)]
    pub refused: u32,
    /// When a probe last passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_at: Option<Timestamp>,
    /// What the last one found, when it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

/// A finished rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRotation {
    /// Its id.
    pub id: String,
    /// Why it began.
    pub trigger: Trigger,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: RotationResult,
    /// The token before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Fingerprint>,
    /// The token after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Fingerprint>,
    /// Proof that the old token is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_refused: Option<Refusal>,
    /// Why it failed, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How a rotation ended; a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationResult {
    /// The new token is current.
    Success,
    /// It ended before a token was issued.
    Failed,
    /// The new token was thrown away and the old one kept.
    RolledBack,
    /// A person must decide.
    Halted,
}

impl RotationResult {
    /// Every result, for counters that start at zero.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failed, Self::RolledBack, Self::Halted];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Halted => "halted",
        }
    }
}

/// Writes a token into the record. The one place where a token is serialised.
mod token_value {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::secret::BearerToken;

    pub(super) fn serialize<S: Serializer>(value: &BearerToken, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BearerToken, D::Error> {
        BearerToken::parse(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// [`token_value`] for a token that may be absent.
mod optional_token_value {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::secret::BearerToken;

    pub(super) fn serialize<S: Serializer>(
        value: &Option<BearerToken>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(token) => to.serialize_some(token.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<BearerToken>, D::Error> {
        Option::<String>::deserialize(from)?
            .map(|text| BearerToken::parse(text).map_err(D::Error::custom))
            .transpose()
    }
}
