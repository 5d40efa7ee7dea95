//! A record whose store was restored from a snapshot.
//!
//! What happened after the snapshot is lost. The connections may hold a token that
//! the record does not contain, and the issuer may have one that nobody ends. The
//! labels of such tokens contain the record's mark and the id of a rotation that
//! is newer than all that the record knows. Their values are lost, so they are
//! replaced by another token, and revoked after that.

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::losing::{lost, owns};
use crate::rotation::capability::Overlap;
use crate::rotation::outcome::{ListedToken, Listing};
use crate::rotation::record::{Intent, Record, Restored, RestoredTodo};
use crate::rotation::rotation_id::{LENGTH, MARK};

/// How long another replica's note of the same restore counts.
const NOTED: SignedDuration = SignedDuration::from_hours(1);

/// A request whose reply was lost is resolved within minutes. After this time its
/// token may be in use, in a time that the record does not know of.
const LOST_TIME: SignedDuration = SignedDuration::from_hours(2);

/// Notes that Vault was restored from a snapshot. `newest` is the record as it was
/// stored last, if this process still has it: then it is put back, and nothing is
/// lost.
#[must_use]
pub fn restored(found: &Record, newest: Option<&Record>, now: Timestamp) -> Record {
    let noted = |r: &Restored| now.duration_since(r.at).abs() <= NOTED;
    if found.restored.as_ref().is_some_and(noted) {
        return found.clone();
    }
    // Another replica may have written since the restore.
    let newest = newest.filter(|newest| newest.updated_at > found.updated_at);
    let todo = match newest {
        Some(_) => RestoredTodo::Nothing,
        None => RestoredTodo::Look,
    };
    let mut next = newest.unwrap_or(found).clone();
    next.updated_at = now.max(next.updated_at);
    next.restored = Some(Restored { at: now, todo });
    next
}

/// The record keeps the end of its first rotation's id as its mark.
pub(super) fn keep_mark(record: &mut Record, rotation_id: &str) {
    let start = rotation_id.len().saturating_sub(MARK);
    let made_with_mark = rotation_id.len() == LENGTH;
    if record.mark.is_none() && made_with_mark {
        record.mark = rotation_id.get(start..).map(str::to_owned);
    }
}

/// The tokens that the issuer lists, after Vault was restored.
pub(super) fn looked(change: &mut Change<'_, '_>, listing: &Listing) {
    // The current token may be dead: it is tested at once.
    change.record.probe = None;
    if let Some(restored) = change.record.restored.as_mut() {
        restored.todo = RestoredTodo::Test;
    }
    take_in(change, listing);
}

/// Adds listed tokens of a time that the record does not know of to the orphans.
pub(super) fn take_in(change: &mut Change<'_, '_>, listing: &Listing) {
    let unknown: Vec<_> = listing
        .tokens
        .iter()
        .filter(|token| is_of_lost_time(change, token))
        .map(|token| (token.issuer_id(), token.expires_at))
        .collect();
    if unknown.is_empty() {
        return;
    }
    for (id, dies_at) in unknown {
        lost(change, Some(id.clone()), dies_at);
        spare(change, id.as_str());
    }
    let at = change.now;
    let todo = RestoredTodo::Replace;
    let restored = change.record.restored.get_or_insert(Restored { at, todo });
    restored.todo = todo;
}

fn is_of_lost_time(change: &Change<'_, '_>, token: &ListedToken) -> bool {
    let record = &*change.record;
    let is_known = owns(record, &token.id) || is_pending(change, &token.id);
    let is_dead = token.expires_at.is_some_and(|end| end <= change.now);
    let label = token.label.as_deref();
    let id = label.and_then(|label| rotation_id_in(label, record.mark.as_deref()?));
    let newest = record.history.iter().map(|past| past.id.as_str());
    let in_flight = record.rotation.as_ref().map(|r| r.id.as_str());
    let newest = newest.chain(in_flight).max();
    !is_known && !is_dead && id.is_some_and(|id| newest.is_none_or(|newest| id > newest))
}

fn is_pending(change: &Change<'_, '_>, id: &str) -> bool {
    let pending = change.pending().and_then(|pending| pending.id.as_ref());
    pending.is_some_and(|known| known.as_str() == id)
}

/// The id of a rotation of the record with this mark, in a label.
fn rotation_id_in<'l>(label: &'l str, mark: &str) -> Option<&'l str> {
    let end = label.find(mark)? + mark.len();
    let id = label.get(end.checked_sub(LENGTH)?..end)?;
    id.chars().all(|c| c.is_ascii_hexdigit()).then_some(id)
}

/// A token that was found for this intent may be in use, if the intent is so old
/// that the record does not know what happened since.
pub(super) fn spare_if_old(change: &mut Change<'_, '_>, intent: &Intent, id: &str) {
    if intent.unusable.is_some() {
        // Nobody has ever had its value.
        return;
    }
    let age = change.now.duration_since(intent.at);
    if age >= LOST_TIME || change.record.restored_todo() != RestoredTodo::Nothing {
        spare(change, id);
    }
}

/// The orphan is not revoked before the current token is replaced. What a
/// two-phase issuer has is dropped by its `cancel` in any case.
fn spare(change: &mut Change<'_, '_>, id: &str) {
    if matches!(change.situation.issuer.overlap, Overlap::TwoPhase { .. }) {
        return;
    }
    let mut orphans = change.record.orphans.iter_mut();
    if let Some(orphan) = orphans.find(|orphan| orphan.id.as_str() == id) {
        orphan.may_be_used = true;
    }
}

/// The current token works, as far as the restored record knows it. The
/// connections may hold another one, so they are given it again.
pub(super) fn tested(record: &mut Record) {
    if record.restored_todo() != RestoredTodo::Test {
        return;
    }
    for holds in record.connections.values_mut() {
        holds.in_doubt = true;
    }
    done(record);
}

/// A new token is current, and every connection holds it. Readers may still use
/// one of the lost time, so that is revoked after this overlap.
pub(super) fn replaced(record: &mut Record, revoke_at: Timestamp) {
    for orphan in record.orphans.iter_mut().filter(|o| o.may_be_used) {
        orphan.may_be_used = false;
        orphan.retry_at = Some(revoke_at);
    }
    done(record);
}

fn done(record: &mut Record) {
    if let Some(restored) = record.restored.as_mut() {
        restored.todo = RestoredTodo::Nothing;
    }
}
