//! Builds a [`TokenSnapshot`] from a record and the decision on it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::rotation::decision::{Action, Decision};
use crate::rotation::handover;
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::policy::Policy;
use crate::rotation::privilege::{self, Judged, PrivilegeVerdict};
use crate::rotation::proof::{self, Proof};
use crate::rotation::reason::Urgency;
use crate::rotation::record::{
    ExpiryKnown, HeldToken, Origin, PastRotation, Record, Retiring, RotationResult, Trigger,
};
use crate::rotation::state::judge;
use crate::secret::Fingerprint;
use crate::telemetry::facts::{ConnectionFacts, TokenFacts};
use crate::telemetry::obstacle::Obstacle;
use crate::telemetry::snapshot::{
    ConnectionState, FailureFacts, HandoverFacts, PastFacts, PrivilegeFacts, RetiringFacts,
    SlotFacts, TokenSnapshot,
};

/// How many finished rotations are shown; the record has more.
const SHOWN_ROTATIONS: usize = 3;

impl TokenSnapshot {
    /// The state of a token as it is shown. `policy` and `now` must be those that
    /// `plan` was given.
    #[must_use]
    pub fn from_record(
        facts: &Arc<TokenFacts>,
        record: &Record,
        decision: &Decision,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let renew_at = renew_at(record, policy);
        let slot = |token| SlotFacts::of(token, policy);
        let rotation = record.rotation.as_ref();
        Self {
            facts: Arc::clone(facts),
            state: judge(record, policy, decision, &facts.about(), now),
            generation: record.generation,
            stage: record.stage_name(),
            stage_entered_at: stage_entered_at(record),
            trigger: rotation.map(|r| r.trigger),
            step: match &decision.action {
                Action::Do(step) => Some(step.as_str()),
                Action::Wait => None,
            },
            reason: decision.reason,
            next_wake_at: decision.wake_at,
            next_attempt_at: next_attempt_at(record, decision, renew_at),
            renew_at,
            renewal_deadline_at: record
                .current
                .as_ref()
                .and_then(|token| policy.window_deadline(token)),
            current: record.current.as_ref().map(slot),
            pending: rotation
                .and_then(|r| r.pending.as_ref())
                .map(|token| Box::new(slot(token))),
            retiring: record
                .retiring
                .iter()
                .map(|old| RetiringFacts::of(old, policy))
                .collect(),
            retirement_due_at: next_to_retire(record).map(|old| old.not_before),
            retirement_obstacle: next_to_retire(record)
                .and_then(|old| Obstacle::of(record, old))
                .map(Box::new),
            connections: facts
                .connections
                .iter()
                .map(|connection| ConnectionState::of(connection, record))
                .collect(),
            probe: record.probe.clone(),
            proof: proof::of_current(record, policy).map(Proof::as_str),
            privilege: PrivilegeFacts::of(record, policy).map(Box::new),
            compromised: record.is_compromised()
                || rotation.is_some_and(|r| r.trigger == Trigger::Compromise),
            supplied: record.supplied.clone().map(Box::new),
            stated_end: record.stated_end.clone().map(Box::new),
            full_cycle_ignored_at: record.full_cycle_ignored_at,
            consecutive_failures: record.failures.consecutive,
            last_failure: last_failure(record).map(Box::new),
            last_success_at: last_success_at(record),
            last_attempt_at: last_attempt_at(record),
            operator_deadline_at: rotation.and_then(|r| r.operator_deadline),
            orphans: (record.orphans.len() + record.orphans_uncounted.len()) as u64,
            lease: record.lease.clone(),
            paused: record.paused.clone().map(Box::new),
            halt: record.halt.clone().map(Box::new),
            rotations: rotations(record),
        }
    }
}

impl SlotFacts {
    /// An expiry that only the policy declares is marked as declared.
    fn of(token: &HeldToken, policy: &Policy) -> Self {
        // An end that is only counted from when it was first seen is none.
        let expires_at = policy.expiry(token);
        let expires_at = expires_at.filter(|_| !policy.end_is_assumed(token));
        let id = token.id.as_ref().map(IssuerId::text);
        let declared = token.expires_at.is_none() && expires_at.is_some();
        Self {
            fingerprint: token.fingerprint(),
            id: id.or_else(|| token.stated_id.clone()),
            origin: token.origin,
            issued_at: token.issued_at,
            issued_at_is_seen: token.issued_at_is_seen,
            expires_at,
            expiry: match (declared, policy.end_is_assumed(token)) {
                (true, _) => ExpiryKnown::Declared,
                (false, true) => ExpiryKnown::Unknown,
                (false, false) => token.expiry,
            },
            proven_at: token.evidence.as_ref().map(|evidence| evidence.at()),
            unclear_controls: token
                .evidence
                .as_ref()
                .and_then(|evidence| evidence.unclear().cloned())
                .map(Box::new),
            tenant_doubt: token
                .evidence
                .as_ref()
                .and_then(|evidence| evidence.tenant_doubt())
                .map(Box::from),
            asked_life: token.asked_life,
        }
    }
}

impl PrivilegeFacts {
    /// An accepted risk is told also while nothing is known of the token.
    fn of(record: &Record, policy: &Policy) -> Option<Self> {
        let rules = &policy.privilege;
        let current = record.current.as_ref()?;
        let judged = privilege::judge(rules, current);
        let accepted_risk = rules.accepted_risk.clone();
        let judged = match (judged, &accepted_risk) {
            (Some(judged), _) => judged,
            (None, None) => return None,
            (None, Some(_)) => Judged {
                verdict: PrivilegeVerdict::Unknown,
                source: None,
                detail: "nobody tells what it may do".to_owned(),
            },
        };
        let evidence = current.evidence.as_ref();
        Some(Self {
            verdict: judged.verdict,
            source: judged.source,
            detail: judged.detail,
            checked_at: evidence.and_then(|e| e.privilege()).map(|found| found.at),
            accepted_risk,
        })
    }
}

impl RetiringFacts {
    fn of(old: &Retiring, policy: &Policy) -> Self {
        Self {
            token: SlotFacts::of(&old.token, policy),
            superseded_at: old.superseded_at,
            not_before: old.not_before,
            revoked_at: old.revoked_at,
            attempts: old.attempts,
            last_finding: old.last_finding.clone(),
            used_by: old.used_by.clone(),
            still_used: old.still_used,
        }
    }
}

impl ConnectionState {
    fn of(facts: &ConnectionFacts, record: &Record) -> Self {
        let holds = record.connections.get(&facts.name);
        let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
        let wanted = [record.current.as_ref(), pending];
        let waits = facts.handover.as_ref().and_then(|place| {
            let holds = handover::open(record, &facts.name)?;
            Some(HandoverFacts {
                since: holds.at,
                deadline_at: record.rotation.as_ref().and_then(|r| r.operator_deadline),
                vault_path: place.vault_path.clone(),
                fingerprint: handover::name_of(&holds.fingerprint),
                instructions: place.instructions.clone(),
                command: place.command.clone(),
            })
        });
        Self {
            name: facts.name.clone(),
            kind: facts.kind.clone(),
            in_sync: holds.map(|holds| {
                wanted
                    .into_iter()
                    .flatten()
                    .any(|token| token.fingerprint() == holds.fingerprint)
            }),
            delivered_at: holds.map(|holds| holds.at),
            confirmed_at: holds.and_then(|holds| holds.confirmed_at),
            handover: waits.map(Box::new),
            acknowledged: holds.and_then(|holds| holds.ack.clone()),
        }
    }
}

fn next_to_retire(record: &Record) -> Option<&Retiring> {
    record.retiring.iter().min_by_key(|old| old.not_before)
}

fn stage_entered_at(record: &Record) -> Timestamp {
    if let Some(halt) = &record.halt {
        return halt.since;
    }
    if let Some(rotation) = &record.rotation {
        return rotation.stage_entered_at;
    }
    match (record.history.first(), &record.current) {
        (Some(past), _) => past.ended_at,
        (None, Some(token)) => token.issued_at,
        (None, None) => record.updated_at,
    }
}

/// The planned time of renewal, moved into the next window.
fn renew_at(record: &Record, policy: &Policy) -> Option<Timestamp> {
    let current = record.current.as_ref()?;
    let due = policy.renew_at(&record.token, record.generation, current)?;
    let permitted = if policy.windows.permit(due) {
        due
    } else {
        policy.window_opens(due, current)
    };
    (permitted < Timestamp::MAX).then_some(permitted)
}

/// When a step is expected next. A wait often ends earlier, for a probe or
/// because waits are capped; an idle token is next rotated at its renewal.
fn next_attempt_at(
    record: &Record,
    decision: &Decision,
    renew_at: Option<Timestamp>,
) -> Option<Timestamp> {
    let waits = match decision.action {
        Action::Do(_) => false,
        Action::Wait => true,
    };
    let stopped = record.halt.is_some() || record.paused.is_some();
    match (
        stopped,
        waits && decision.reason.urgency() == Urgency::Healthy,
    ) {
        (true, _) => None,
        (false, true) => renew_at,
        (false, false) => Some(decision.wake_at),
    }
}

fn last_failure(record: &Record) -> Option<FailureFacts> {
    record.failures.last.as_ref().map(|failure| FailureFacts {
        at: failure.at,
        step: failure.step.clone(),
        reason: failure.kind,
        message: failure.message.clone(),
    })
}

/// When a rotation last succeeded. After many failures the last success is no
/// longer in the history; then the current token tells.
fn last_success_at(record: &Record) -> Option<Timestamp> {
    let remembered = record
        .history
        .iter()
        .find(|past| past.result == RotationResult::Success)
        .map(|past| past.ended_at);
    let issued = record
        .current
        .as_ref()
        .filter(|token| token.origin == Origin::Issued)
        .map(|token| token.issued_at);
    remembered.or(issued)
}

fn last_attempt_at(record: &Record) -> Option<Timestamp> {
    let failed = record.failures.last.as_ref().map(|failure| failure.at);
    let began = record.rotation.as_ref().map(|rotation| rotation.began_at);
    let ended = record.history.first().map(|past| past.ended_at);
    [failed, began, ended].into_iter().flatten().max()
}

fn rotations(record: &Record) -> Vec<PastFacts> {
    let shown = record.history.iter().take(SHOWN_ROTATIONS);
    shown.map(PastFacts::of).collect()
}

impl PastFacts {
    /// All rotations that the record remembers, newest first.
    #[must_use]
    pub fn all_of(record: &Record) -> Vec<Self> {
        let with_steps = |past: &PastRotation| Self {
            steps: past.steps.clone(),
            ..Self::of(past)
        };
        record.history.iter().map(with_steps).collect()
    }

    fn of(past: &PastRotation) -> Self {
        let refusal = past.old_refused.as_ref();
        Self {
            id: past.id.clone(),
            trigger: past.trigger,
            asked_by: past.asked_by.clone(),
            asked_why: past.asked_why.clone(),
            began_at: past.began_at,
            ended_at: past.ended_at,
            took_seconds: past.ended_at.duration_since(past.began_at).as_secs(),
            result: past.result,
            old: past.old.as_ref().map(Fingerprint::short),
            new: past.new.as_ref().map(Fingerprint::short),
            old_refused_at: refusal.map(|refusal| refusal.at()),
            old_gone_at_issuer: refusal.is_some_and(|refusal| refusal.is_by_issuer()),
            detail: past.detail.clone(),
            steps: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
