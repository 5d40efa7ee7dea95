//! Reconciles what this process did with a record that another writer has
//! stored in the meantime.
//!
//! Check-and-set refuses the commit of such a process, but its requests were
//! sent. So it adds to the newer record what they may have caused. From then on
//! the replica that holds the lease acts on that.

use jiff::Timestamp;

use super::folding::apply;
use super::revoking::delist;
use crate::rotation::capability::{IssueEffect, Overlap};
use crate::rotation::outcome::{IssuedToken, Outcome};
use crate::rotation::record::{ConnectionHolds, DeliveryState, HeldToken, Intent, Record};
use crate::rotation::situation::Situation;
use crate::rotation::uncommitted::{SentIssue, Uncommitted, UnrecordedToken};
use crate::secret::{BearerToken, Fingerprint};

/// What [`reconcile_uncommitted`] makes of the effects of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The record to store.
    pub record: Record,
    /// Tokens that only this process knows, and that it can revoke.
    pub unrecorded: Vec<UnrecordedToken>,
}

/// Reconciles what this process did with `stored`, the record that another
/// writer has stored since. A second call with the returned record changes
/// nothing.
///
/// * A token that the stored rotation still waits for is put into the record.
/// * An issuance request that is not in the record is listed in
///   [`Record::issues_after_lease_loss`], or noted by its effect on the current
///   token. If its answer arrived, the token is to be revoked by
///   [`Step::RevokeUnrecorded`](crate::rotation::decision::Step).
/// * A connection that was sent another token than the record wants it to hold is
///   marked as in doubt.
///
/// [`Situation::unrecorded`] are the tokens of earlier calls. Those that are
/// revoked, that the record contains, or that the holder of the lease has found
/// are dropped.
#[must_use]
pub fn reconcile_uncommitted(
    stored: &Record,
    uncommitted: &Uncommitted,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Reconciled {
    let mut next = stored.clone();
    let mut unrecorded = still_unrecorded(&mut next, situation);
    for issue in &uncommitted.issues {
        reconcile_issue(&mut next, &mut unrecorded, issue, situation, now);
    }
    for (connection, given) in &uncommitted.delivered {
        doubt_connection(&mut next, connection, given, now);
    }
    let two_phase = matches!(situation.issuer.overlap, Overlap::TwoPhase { .. });
    if uncommitted.ended && two_phase {
        // The call named no token: it may have ended the one in use.
        next.probe = None;
    }
    if next != *stored {
        next.updated_at = now.max(stored.updated_at);
    }
    Reconciled {
        record: next,
        unrecorded,
    }
}

/// The tokens of earlier calls that this process still has to revoke.
fn still_unrecorded(record: &mut Record, situation: &Situation<'_>) -> Vec<UnrecordedToken> {
    let mut kept = Vec::new();
    for token in situation.unrecorded {
        let label = &token.intent.label;
        if token.revoked {
            delist(record, label);
            continue;
        }
        let found_by_holder = token.listed && !is_listed(record, label);
        let dropped = found_by_holder
            || accounts_for(record, &token.token.value)
            || !situation.can_revoke(token);
        if !dropped {
            kept.push(token.clone());
        }
    }
    kept
}

fn reconcile_issue(
    record: &mut Record,
    unrecorded: &mut Vec<UnrecordedToken>,
    issue: &SentIssue,
    situation: &Situation<'_>,
    now: Timestamp,
) {
    let Some(token) = &issue.token else {
        note_issue(record, &issue.intent, situation, now);
        return;
    };
    if let Some(taken) = take_into_record(record, &issue.intent, token, situation, now) {
        *record = taken;
        return;
    }
    let mut open = UnrecordedToken::new(issue.intent.clone(), token.clone());
    let known = unrecorded.iter().any(|other| other.token == open.token);
    if known || accounts_for(record, &token.value) {
        return;
    }
    note_issue(record, &issue.intent, situation, now);
    if situation.can_revoke(&open) {
        open.listed = is_listed(record, &issue.intent.label);
        unrecorded.push(open);
    }
}

/// Puts the token into the record, if the stored intent waits for it and no
/// other replica holds the lease: a person wrote the record between the
/// issuance and its commit.
fn take_into_record(
    record: &Record,
    intent: &Intent,
    token: &IssuedToken,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Option<Record> {
    let lease = record.lease.as_ref();
    let ours = lease.is_none_or(|lease| {
        let held_here = situation.holder == Some(lease.holder.as_str());
        held_here || lease.expires_at <= now
    });
    if !ours || !is_awaited(record, intent) {
        return None;
    }
    apply(record, Outcome::Issued(token.clone()), situation, now).ok()
}

/// Whether the stored rotation or rehearsal still has this intent. Then that finds out
/// what the issuer did.
fn is_awaited(record: &Record, intent: &Intent) -> bool {
    let stored = record.rotation.as_ref().and_then(|r| r.intent.as_ref());
    let rehearsed = record.rehearsal.as_deref().map(|r| &r.intent);
    let mut known = stored.into_iter().chain(rehearsed);
    known.any(|known| known.label == intent.label)
}

fn is_listed(record: &Record, label: &str) -> bool {
    let mut listed = record.issues_after_lease_loss.iter();
    listed.any(|intent| intent.label == label)
}

/// Whether the record contains a token.
fn accounts_for(record: &Record, value: &BearerToken) -> bool {
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

fn doubt_connection(record: &mut Record, connection: &str, given: &Fingerprint, now: Timestamp) {
    let wanted = shall_hold(record, connection);
    let doubted = |holds: &ConnectionHolds| holds.in_doubt && holds.fingerprint == *given;
    let noted = record.connections.get(connection).is_some_and(doubted);
    if noted || wanted.is_none_or(|wanted| wanted == *given) {
        return;
    }
    let holds = ConnectionHolds {
        fingerprint: *given,
        at: now,
        confirmed_at: None,
        in_doubt: true,
        by_person: false,
        ack: None,
    };
    record.connections.insert(connection.to_owned(), holds);
}

/// The token that a connection must hold. `None` if it is about to be written
/// anyway.
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

/// Adds an issuance request that is not in the record.
fn note_issue(record: &mut Record, intent: &Intent, situation: &Situation<'_>, now: Timestamp) {
    if is_listed(record, &intent.label) || is_awaited(record, intent) {
        return;
    }
    match (situation.issuer.issue_effect, situation.issuer.overlap) {
        // The issuer drops the token when the next rotation begins.
        (IssueEffect::Keeps, Overlap::TwoPhase { .. }) => {}
        (IssueEffect::Keeps, _) => {
            // The process sent it at most a lease ago.
            let at = now.checked_sub(situation.policy.lease).unwrap_or(now);
            record.issues_after_lease_loss.push(Intent {
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
