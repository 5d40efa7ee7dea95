//! The state of one token as it is shown, without secrets. `status`, `/readyz`,
//! `/api/v1/tokens` and the metrics use it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::fault::FaultKind;
use crate::rotation::privilege::{AcceptedRisk, PrivilegeVerdict};
use crate::rotation::proof::Proof;
use crate::rotation::reason::Reason;
use crate::rotation::record::{
    Acknowledged, EndNote, ExpiryKnown, Halt, LastProbe, Lease, Origin, PastStep, Paused,
    RotationResult, StageName, SuppliedNote, Trigger,
};
use crate::rotation::state::{Hindered, Life, State};
use crate::scim::evidence::Finding;
use crate::scim::scopes::ScopeSource;
use crate::secret::Fingerprint;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::obstacle::Obstacle;

/// One token at one moment. Parts that an idle token does not have are boxed,
/// because there is one snapshot for each token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenSnapshot {
    /// The public part of its configuration.
    #[serde(flatten, serialize_with = "through_arc")]
    pub facts: Arc<TokenFacts>,
    /// Its state in a word and a sentence, when it was last decided on. Time and the
    /// identity providers change it: see [`TokenSnapshot::state_at`].
    pub state: State,
    /// How many tokens have become current.
    pub generation: u64,
    /// Stage of its rotation.
    pub stage: StageName,
    /// Since when.
    pub stage_entered_at: Timestamp,
    /// Why the rotation in flight began.
    pub trigger: Option<Trigger>,
    /// The step that is being done; `None` if it waits.
    pub step: Option<&'static str>,
    /// Why that step is done, or what is waited for.
    pub reason: Reason,
    /// The latest time at which it is decided again.
    pub next_wake_at: Timestamp,
    /// When the next step is expected, if that is known.
    pub next_attempt_at: Option<Timestamp>,
    /// When it is renewed.
    pub renew_at: Option<Timestamp>,
    /// From when on windows are ignored.
    pub renewal_deadline_at: Option<Timestamp>,
    /// The current token.
    pub current: Option<SlotFacts>,
    /// The pending token of a rotation in flight.
    pub pending: Option<Box<SlotFacts>>,
    /// Superseded tokens that are not yet retired, oldest first.
    pub retiring: Vec<RetiringFacts>,
    /// When the next of them is to be retired.
    pub retirement_due_at: Option<Timestamp>,
    /// Why that one is not shown to be dead, if something stands against it.
    pub retirement_obstacle: Option<Box<Obstacle>>,
    /// Every configured connection.
    pub connections: Vec<ConnectionState>,
    /// The last probe of the token in use.
    pub probe: Option<LastProbe>,
    /// What is shown of the token in use: `works`, `refused` or `unproven`.
    pub proof: Option<&'static str>,
    /// What the token in use may do, compared with what it should; `None` if no rule
    /// is set and no scope is known to allow far too much.
    pub privilege: Option<Box<PrivilegeFacts>>,
    /// Whether a person said that the token in use is compromised, and it was
    /// not replaced yet.
    pub compromised: bool,
    /// The last value at the published path that was not accepted.
    pub supplied: Option<Box<SuppliedNote>>,
    /// The last end that a person wrote for the token in use, if it was not
    /// taken as it is.
    pub stated_end: Option<Box<EndNote>>,
    /// When the last rotation began although the full cycle that it waits for had not
    /// passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_cycle_ignored_at: Option<Timestamp>,
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// The last failure since the last success.
    pub last_failure: Option<Box<FailureFacts>>,
    /// When a rotation last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When a step of a rotation was last attempted.
    pub last_attempt_at: Option<Timestamp>,
    /// When a person should have supplied the new token at the latest.
    pub operator_deadline_at: Option<Timestamp>,
    /// Number of tokens whose value was lost and that may still be valid.
    pub orphans: u64,
    /// Which replica may act.
    pub lease: Option<Lease>,
    /// Set by a person.
    pub paused: Option<Box<Paused>>,
    /// Why it is halted until a person acts.
    pub halt: Option<Box<Halt>>,
    /// The last finished rotations, newest first.
    pub rotations: Vec<PastFacts>,
}

/// The public facts of one token value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotFacts {
    /// Its fingerprint.
    #[serde(serialize_with = "Fingerprint::serialize_short")]
    pub fingerprint: Fingerprint,
    /// Its id at the issuer.
    pub id: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// When it was issued, or first seen.
    pub issued_at: Timestamp,
    /// Whether that is when the daemon first saw it, as nobody told when it was issued.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub issued_at_is_seen: bool,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Where that is known from.
    pub expiry: ExpiryKnown,
    /// When it was last proven.
    pub proven_at: Option<Timestamp>,
    /// Why that proof does not suffice to retire its predecessor: whether wrong
    /// tokens are refused is not clear.
    pub unclear_controls: Option<Box<Finding>>,
    /// Why it is not known whether it belongs to the tenant of its predecessor: a
    /// person supplied it, and there was nothing to compare it with.
    pub tenant_doubt: Option<Box<str>>,
    /// The life that its issuer was asked for, if it made it for a much shorter one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_life: Option<SignedDuration>,
}

/// What the token in use may do, compared with what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrivilegeFacts {
    /// How it compares.
    pub verdict: PrivilegeVerdict,
    /// Who tells its scopes.
    pub source: Option<ScopeSource>,
    /// For a person.
    pub detail: String,
    /// When the issuer and the URLs of `must_refuse` were last asked.
    pub checked_at: Option<Timestamp>,
    /// Who accepted that it is broad, why, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_risk: Option<AcceptedRisk>,
}

/// A superseded token that is not retired yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetiringFacts {
    /// The token.
    #[serde(flatten)]
    pub token: SlotFacts,
    /// When its successor became current.
    pub superseded_at: Timestamp,
    /// The end of its overlap window.
    pub not_before: Timestamp,
    /// When the issuer accepted its revocation.
    pub revoked_at: Option<Timestamp>,
    /// How often retiring it failed.
    pub attempts: u32,
    /// What the last attempt found.
    pub last_finding: Option<String>,
    /// Who still used it after its successor was delivered, as the issuer tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_by: Option<String>,
    /// Whether it was still used after its successor was delivered.
    pub still_used: bool,
}

/// A connection, and whether it holds the right token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionState {
    /// Name in the configuration.
    pub name: String,
    /// Kind of identity provider.
    pub kind: String,
    /// Whether it was last given the current token, or the pending one of the
    /// rotation in flight; `None` if it was never given any.
    pub in_sync: Option<bool>,
    /// When a token was last delivered to it.
    pub delivered_at: Option<Timestamp>,
    /// When it last proved that it works.
    pub confirmed_at: Option<Timestamp>,
    /// What a person has to write into it; absent if nothing waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handover: Option<Box<HandoverFacts>>,
    /// Who said that the token was written into it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Box<Acknowledged>>,
}

impl ConnectionState {
    /// What it holds, in words for people.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match (self.in_sync, self.confirmed_at) {
            _ if self.handover.is_some() => "waiting for you",
            (None, _) => "assumed current (never updated by us)",
            (Some(false), _) => "holds another token",
            (Some(true), None) => "delivered, never confirmed",
            (Some(true), Some(_)) => "confirmed",
        }
    }
}

/// A token that waits for the person who writes it into a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoverFacts {
    /// Since when it waits.
    pub since: Timestamp,
    /// When it should have been written at the latest; `None` if no rotation
    /// depends on it.
    pub deadline_at: Option<Timestamp>,
    /// Where it waits in Vault.
    pub vault_path: String,
    /// Which token it is.
    pub fingerprint: String,
    /// What to do.
    pub instructions: String,
    /// The command that tells that it is done.
    pub command: String,
}

/// A failure, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureFacts {
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// Why, as in the metric label `reason`.
    pub reason: FaultKind,
    /// What was attempted, the answer, and what to do.
    pub message: String,
}

/// A finished rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastFacts {
    /// Its id.
    pub id: String,
    /// Why it began.
    pub trigger: Trigger,
    /// Who asked for it or supplied the new token, as Vault tells.
    pub asked_by: Option<String>,
    /// Why, in the words of the person who asked for it.
    pub asked_why: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The time between, in seconds.
    pub took_seconds: i64,
    /// How.
    pub result: RotationResult,
    /// Fingerprint of the token that was in use before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Fingerprint of the new token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// When the old token was shown to be dead: the service provider refused it.
    pub old_refused_at: Option<Timestamp>,
    /// Whether the service provider gave no clear answer then, and the issuer
    /// said that it does not have the token any more.
    pub old_gone_at_issuer: bool,
    /// Why it failed.
    pub detail: Option<String>,
    /// Its steps. Only in the facts of the token: in memory there are thousands of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PastStep>,
}

impl TokenSnapshot {
    /// Where the expiry of the current token is known from; `Unknown` if there
    /// is no current token.
    #[must_use]
    pub fn expiry(&self) -> ExpiryKnown {
        self.current
            .as_ref()
            .map_or(ExpiryKnown::Unknown, |slot| slot.expiry)
    }

    /// Its state at `now`, as this process knows of its connections.
    #[must_use]
    pub fn state_at<'n>(
        &self,
        hindered: impl Iterator<Item = (&'n str, Hindered)>,
        now: Timestamp,
    ) -> State {
        let name = &self.facts.name;
        let state = self.state.clone().with_hindered(name, hindered);
        state.at(name, &self.life(), now)
    }

    /// The times of the token in use.
    #[must_use]
    pub fn life(&self) -> Life {
        let current = self.current.as_ref();
        Life {
            issued_at: current.map(|slot| slot.issued_at),
            renew_at: self.renew_at,
            expires_at: current.and_then(|slot| slot.expires_at),
            person_due: self.operator_deadline_at,
        }
    }

    /// Whether people see the same of both: they differ only in when the token was
    /// tested, when it is looked at again, and who may act on it.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let proof = |slot: &Option<SlotFacts>| {
            let slot = slot.as_ref();
            slot.map(|slot| (slot.fingerprint, slot.expires_at, slot.proven_at.is_some()))
        };
        let found = |snapshot: &Self| {
            let probe = snapshot.probe.as_ref();
            probe.map(|probe| (probe.refused, probe.finding.clone()))
        };
        self.state == other.state
            && (self.stage, self.step, self.reason) == (other.stage, other.step, other.reason)
            && proof(&self.current) == proof(&other.current)
            && self.pending == other.pending
            && self.renew_at == other.renew_at
            && self.retiring == other.retiring
            && self.connections == other.connections
            && found(self) == found(other)
            && self.proof == other.proof
            && self.last_failure == other.last_failure
            && self.paused == other.paused
            && self.halt == other.halt
            && self.rotations == other.rotations
            && self.privilege == other.privilege
    }

    /// The word for a token in use that was not shown to work.
    #[must_use]
    pub fn doubt(&self) -> Option<&'static str> {
        self.proof.filter(|word| *word != Proof::Works.as_str())
    }

    /// What the last probe found of a token that was not shown to work.
    #[must_use]
    pub fn doubt_detail(&self) -> Option<&str> {
        self.doubt()?;
        let finding = self.probe.as_ref()?.finding.as_ref()?;
        Some(&finding.detail)
    }
}

fn through_arc<S: Serializer>(facts: &Arc<TokenFacts>, to: S) -> Result<S::Ok, S::Error> {
    facts.as_ref().serialize(to)
}
