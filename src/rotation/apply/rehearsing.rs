//! The throw-away token of a rehearsal: what is stored before it is requested, when
//! it came, and when it is gone.

use jiff::Timestamp;

use super::change::{Change, IllegalOutcome};
use super::issuing::{count_issue, ids_before, known_expiry, note_effect_on_current};
use super::losing::{latest_death, lost, owns};
use super::recovering::{Found, find_lost, unseen};
use crate::rotation::capability::Recovery;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing, Throwaway};
use crate::rotation::record::{HeldToken, Intent, Origin, Record, Rehearsal};
use crate::rotation::situation::Situation;
use crate::secret::BearerToken;

/// The record with the intent to request a throw-away token. The cap on issued
/// tokens counts the request.
#[must_use]
pub fn rehearsal_begins(
    record: &Record,
    label: String,
    listing: &Listing,
    chosen: Option<BearerToken>,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Record {
    changed(record, situation, now, |change| {
        let intent = Intent {
            at: change.now,
            issuer: Some(situation.issuer_name.to_owned()),
            label,
            ids_before: ids_before(change, listing),
            etag: listing.etag.clone(),
            chosen,
            unusable: None,
        };
        count_issue(change.record, change.now);
        change.record.rehearsal = Some(Box::new(Rehearsal {
            intent,
            issued: None,
            attempts: 0,
            retry_at: None,
        }));
    })
}

/// The record after the issuer certainly made no token.
#[must_use]
pub fn rehearsal_not_issued(
    record: &Record,
    label: &str,
    situation: &Situation<'_>,
    now: Timestamp,
) -> Record {
    changed(record, situation, now, |change| {
        if is_of(change.record, label) {
            change.record.rehearsal = None;
            change.record.issues.pop();
        }
    })
}

/// The record with the throw-away token, and whether it is a new token. One that is in
/// use is not put into the record, since it must not be revoked.
#[must_use]
pub fn rehearsal_token_came(
    record: &Record,
    label: &str,
    token: &IssuedToken,
    situation: &Situation<'_>,
    now: Timestamp,
) -> (Record, bool) {
    let is_used = is_in_use(record, token);
    let next = changed(record, situation, now, |change| {
        if !is_of(change.record, label) {
            return;
        }
        if is_used {
            change.record.rehearsal = None;
            return;
        }
        note_effect_on_current(change, token);
        let (expires_at, expiry) = known_expiry(change, token.expires_at, token.expiry, change.now);
        let held = HeldToken {
            id: token.issuer_id(),
            value: token.value.clone(),
            stated_id: None,
            supplied_by: None,
            issuer: Some(situation.issuer_name.to_owned()),
            issued_at: change.now,
            issued_at_is_seen: false,
            expires_at,
            expiry,
            origin: Origin::Issued,
            scopes: token.scopes.clone().map(Box::new),
            asked_life: token.asked_life,
            evidence: None,
        };
        if let Some(rehearsal) = change.record.rehearsal.as_mut() {
            rehearsal.issued = Some(held);
        }
    });
    (next, !is_used)
}

fn changed(
    record: &Record,
    situation: &Situation<'_>,
    now: Timestamp,
    how: impl FnOnce(&mut Change<'_, '_>),
) -> Record {
    let mut next = record.clone();
    let now = now.max(record.updated_at);
    next.updated_at = now;
    how(&mut Change {
        record: &mut next,
        situation,
        now,
    });
    next
}

fn is_of(record: &Record, label: &str) -> bool {
    let rehearsal = record.rehearsal.as_ref();
    rehearsal.is_some_and(|rehearsal| rehearsal.intent.label == label)
}

fn is_in_use(record: &Record, token: &IssuedToken) -> bool {
    let fingerprint = token.value.fingerprint();
    let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
    let same = |held: &HeldToken| {
        let same_id = token.id.is_some() && token.id == held.id.as_ref().map(|id| id.text());
        held.fingerprint() == fingerprint || same_id
    };
    let id_is_known = token.id.as_deref().is_some_and(|id| owns(record, id));
    record.knows(&fingerprint) || id_is_known || pending.is_some_and(same)
}

pub(super) fn ended(
    mut change: Change<'_, '_>,
    throwaway: &Throwaway,
) -> Result<(), IllegalOutcome> {
    let Some(rehearsal) = change.record.rehearsal.take() else {
        return Err(change.illegal("rehearsal_ended"));
    };
    match throwaway {
        Throwaway::Revoked => {}
        Throwaway::LeftToExpire => {
            let told = rehearsal.issued.and_then(|token| token.expires_at);
            let dies_at = told.or_else(|| latest_death(&change));
            lost(&mut change, None, dies_at);
        }
        Throwaway::Listed(listing) => match found(&change, &rehearsal.intent, listing) {
            Found::Ours(ids) => {
                for id in ids {
                    let mut listed = listing.tokens.iter();
                    let token = listed.find(|token| token.id == id);
                    let dies_at = token.and_then(|token| token.expires_at);
                    lost(&mut change, token.map(ListedToken::issuer_id), dies_at);
                }
            }
            // Which of them is ours cannot be told, so none of them is revoked.
            Found::Uncountable | Found::Foreign(_) => {
                let dies_at = latest_death(&change);
                lost(&mut change, None, dies_at);
            }
        },
    }
    Ok(())
}

fn found(change: &Change<'_, '_>, intent: &Intent, listing: &Listing) -> Found {
    match change.situation.issuer.recovery {
        // The same request would have given the same token, and the issuer made none.
        Recovery::ClientChosen | Recovery::Replay => unseen(change),
        Recovery::ClientNamed
        | Recovery::ByLabel
        | Recovery::BySetDifference
        | Recovery::ByStatus
        | Recovery::None => find_lost(change, intent, listing),
    }
}

/// The revocation failed: it is attempted again.
pub(super) fn end_failed(change: Change<'_, '_>) {
    let policy = change.situation.policy;
    if let Some(rehearsal) = change.record.rehearsal.as_mut() {
        rehearsal.attempts = rehearsal.attempts.saturating_add(1);
        let pause = policy.side_pause(rehearsal.attempts);
        rehearsal.retry_at = change.now.checked_add(pause).ok();
    }
}
