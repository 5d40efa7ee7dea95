//! What a process did, or may have done, after it had lost its lease.
//!
//! Check-and-set refuses the late commit of such a process; nothing can call
//! back the request that it sent. So it says in the record what may have come
//! of it, and whoever holds the lease looks after that.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::rotation::capability::{IssueEffect, Overlap};
use crate::rotation::record::{ConnectionHolds, DeliveryState, HeldToken, Intent, Record};
use crate::rotation::situation::Situation;
use crate::secret::{BearerToken, Fingerprint};

/// Effects that no stored record tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unnoted {
    /// Which token each connection may have been given.
    pub delivered: BTreeMap<String, Fingerprint>,
    /// Issues that may have happened.
    pub issues: Vec<Intent>,
    /// Whether tokens were ended, perhaps by a call that names none.
    pub ended: bool,
}

/// Notes in the record of whoever acts now what is in doubt. The record comes
/// back unchanged if nothing is.
#[must_use]
pub fn disown(
    record: &Record,
    unnoted: &Unnoted,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Record {
    let mut next = record.clone();
    for (connection, given) in &unnoted.delivered {
        if shall_hold(record, connection).is_some_and(|wanted| wanted != *given) {
            let holds = ConnectionHolds {
                fingerprint: given.clone(),
                at: now,
                confirmed_at: None,
                in_doubt: true,
            };
            next.connections.insert(connection.clone(), holds);
        }
    }
    for intent in &unnoted.issues {
        let noted = record.strays.iter().any(|s| s.label == intent.label);
        if !noted && !is_known(record, intent) {
            note_stray(&mut next, intent, situation, now);
        }
    }
    let two_phase = matches!(situation.issuer.overlap, Overlap::TwoPhase { .. });
    if unnoted.ended && two_phase {
        next.probe = None;
    }
    if next != *record {
        next.updated_at = now.max(record.updated_at);
    }
    next
}

/// Whether the record accounts for a token.
#[must_use]
pub fn accounts_for(record: &Record, value: &BearerToken) -> bool {
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let chosen = rotation
        .and_then(|r| r.intent.as_ref())
        .and_then(|intent| intent.chosen.as_ref());
    record
        .current
        .iter()
        .chain(pending)
        .chain(record.retiring.iter().map(|old| &old.token))
        .map(|token| &token.value)
        .chain(chosen)
        .any(|held| held == value)
}

/// What a connection must hold. `None`: it is about to be written anyway.
fn shall_hold(record: &Record, connection: &str) -> Option<Fingerprint> {
    let current = record.current.as_ref().map(HeldToken::fingerprint);
    let Some(rotation) = &record.rotation else {
        return current;
    };
    let pending = rotation.pending.as_ref().map(HeldToken::fingerprint);
    match rotation.deliveries.get(connection).map(|d| d.state) {
        Some(DeliveryState::Delivered | DeliveryState::Confirmed)
            if rotation.rollback.is_none() =>
        {
            pending
        }
        Some(DeliveryState::Delivered | DeliveryState::Confirmed | DeliveryState::Started) => None,
        Some(DeliveryState::Reverted) | None => current,
    }
}

/// Whether the stored rotation still carries this intent: then what became of
/// it is found out there.
fn is_known(record: &Record, intent: &Intent) -> bool {
    let stored = record.rotation.as_ref().and_then(|r| r.intent.as_ref());
    stored.is_some_and(|stored| stored.label == intent.label)
}

fn note_stray(record: &mut Record, intent: &Intent, situation: &Situation<'_>, now: Timestamp) {
    match (situation.issuer.issue_effect, situation.issuer.overlap) {
        // Dropped with the next phase that begins.
        (IssueEffect::Keeps, Overlap::TwoPhase { .. }) => {}
        (IssueEffect::Keeps, _) => {
            // It was out while its process believed to hold a lease.
            let at = now.checked_sub(situation.policy.lease).unwrap_or(now);
            record.strays.push(Intent {
                at,
                chosen: None,
                ..intent.clone()
            });
        }
        (IssueEffect::SchedulesDeath, _) => {
            let dies_at = now.checked_add(situation.policy.overlap).unwrap_or(now);
            if let Some(current) = record.current.as_mut() {
                let end = current.expires_at.map_or(dies_at, |end| end.min(dies_at));
                current.expires_at = Some(end);
            }
        }
        // The current token may be dead: it is tested at once.
        (IssueEffect::Kills, _) => record.probe = None,
    }
}
