//! Tokens that the daemon had issued and whose value was lost.

use jiff::Timestamp;

use super::change::Change;
use crate::rotation::capability::Overlap;
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::ListedToken;
use crate::rotation::record::{Orphan, Record};

/// What people are told of a superseded token whose id is not known.
pub(super) const NO_ID: &str = "its id at the issuer is not known, so it is not revoked and works until it expires: revoke it at the issuer by hand if it must end earlier";

/// Adds a token whose value was lost to the orphans, if it can be revoked by
/// its id; otherwise only counts it until it expires.
pub(super) fn lost(change: &mut Change<'_, '_>, id: Option<IssuerId>, dies_at: Option<Timestamp>) {
    let issuer = &change.situation.issuer;
    let can_end = issuer.revokes_by_id() || matches!(issuer.overlap, Overlap::TwoPhase { .. });
    match id.filter(|_| can_end) {
        Some(id) => change.record.orphans.push(Orphan {
            id,
            issuer: Some(change.situation.issuer_name.to_owned()),
            found_at: change.now,
            may_be_used: false,
            attempts: 0,
            retry_at: None,
        }),
        None => {
            let dies_at = dies_at.unwrap_or(Timestamp::MAX);
            change.record.orphans_uncounted.push(dies_at);
        }
    }
}

/// The latest time at which a token can expire that was never seen, estimated
/// from the configured lifetime or from that of the current token.
pub(super) fn latest_death(change: &Change<'_, '_>) -> Option<Timestamp> {
    let policy = change.situation.policy;
    let life_of_current = change.record.current.as_ref().and_then(|token| {
        let end = policy.expiry(token)?;
        Some(end.duration_since(token.issued_at))
    });
    let life = policy.lifetime.or(policy.declared_lifetime);
    let settled = change.now.checked_add(policy.settle).ok()?;
    settled.checked_add(life.or(life_of_current)?).ok()
}

/// Whether the record contains the token with this id.
pub(super) fn owns(record: &Record, id: &str) -> bool {
    let superseded = record.retiring.iter().map(|old| &old.token);
    let held = record.current.iter().chain(superseded);
    let throwaway = record.rehearsal.as_ref().and_then(|r| r.issued.as_ref());
    let mut ids = held.chain(throwaway).filter_map(|token| token.id.as_ref());
    ids.any(|known| known.as_str() == id)
        || record.orphans.iter().any(|orphan| orphan.id.as_str() == id)
}

/// Whether a listed token is the throw-away token of a rehearsal that has not ended.
pub(super) fn is_throwaway(record: &Record, listed: &ListedToken) -> bool {
    let rehearsal = record.rehearsal.as_ref();
    rehearsal.is_some_and(|rehearsal| listed.label.as_ref() == Some(&rehearsal.intent.label))
}
