//! The end of superseded tokens, and of tokens whose value was lost.

use jiff::{SignedDuration, Timestamp};

use super::promoting::overlap_by_our_clock;
use super::{Change, IllegalOutcome};
use crate::rotation::record::UseSeen;
use crate::scim::evidence::{Finding, Refusal, Verdict};
use crate::secret::Fingerprint;

/// A connection may have been about to use the old token when it was given the
/// new one.
const LATE_USE: SignedDuration = SignedDuration::from_mins(1);

/// Readers of the published secret find the successor from now on. Where that
/// came late, the overlap window is counted anew: it is for them as well.
pub(super) fn published(change: Change<'_, '_>) {
    let now = change.now;
    let tolerated = change.situation.policy.max_clock_skew;
    let window = overlap_by_our_clock(&change);
    for entry in &mut change.record.retiring {
        let late = now.duration_since(entry.superseded_at) > tolerated;
        let waits = entry.revoked_at.is_none() && entry.has_window();
        if late && waits {
            let end = now.checked_add(window).unwrap_or(Timestamp::MAX);
            let end = entry.token.expires_at.map_or(end, |expiry| end.min(expiry));
            entry.not_before = entry.not_before.max(end);
        }
    }
}

pub(super) fn use_seen(
    change: Change<'_, '_>,
    fingerprint: &Fingerprint,
    last_used_at: Option<Timestamp>,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let grain = change
        .situation
        .issuer
        .last_used
        .granularity()
        .unwrap_or_default();
    let overlap = change.situation.policy.overlap;
    let Some(entry) = change
        .record
        .retiring
        .iter_mut()
        .find(|r| r.token.fingerprint() == *fingerprint)
    else {
        return Err(change.illegal("use_seen"));
    };
    let quiet_since = entry
        .superseded_at
        .checked_add(grain + LATE_USE)
        .unwrap_or(Timestamp::MAX);
    let still_used = last_used_at.is_some_and(|at| at > quiet_since);
    if still_used && !entry.extended {
        entry.extended = true;
        let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
        entry.not_before = entry
            .token
            .expires_at
            .map_or(end, |expiry| end.min(expiry))
            .max(entry.not_before);
        entry.last_finding = Some(
            "still in use after its successor was delivered: somebody holds the old token; the overlap was prolonged once".to_owned(),
        );
        entry.use_checked = None;
    } else {
        entry.use_checked = Some(UseSeen {
            at: now,
            last_used_at,
        });
    }
    Ok(())
}

pub(super) fn retired(
    change: Change<'_, '_>,
    fingerprint: &Fingerprint,
    refusal: Verdict<Refusal>,
) -> Result<(), IllegalOutcome> {
    let position = change
        .record
        .retiring
        .iter()
        .position(|r| r.token.fingerprint() == *fingerprint);
    let Some(position) = position else {
        return Err(change.illegal("retired"));
    };
    match refusal {
        Verdict::Pass(proof) if proof.fingerprint() == fingerprint => {
            change.record.retiring.remove(position);
            let past = change
                .record
                .history
                .iter_mut()
                .find(|h| h.old.as_ref() == Some(fingerprint));
            if let Some(past) = past {
                past.old_refused = Some(proof);
            }
            Ok(())
        }
        Verdict::Pass(_) => Err(change.illegal("retired with the proof of another token")),
        Verdict::Fail(finding) | Verdict::Inconclusive(finding) => {
            try_again(change, position, &finding);
            Ok(())
        }
    }
}

/// Revoked, yet not shown to be dead: caches, an outage, or a revocation that
/// did not take. It stays in `retiring` until it is shown.
fn try_again(change: Change<'_, '_>, position: usize, finding: &Finding) {
    let now = change.now;
    let policy = change.situation.policy;
    let Some(entry) = change.record.retiring.get_mut(position) else {
        return;
    };
    entry.revoked_at = entry.revoked_at.or(Some(now));
    entry.attempts += 1;
    entry.retry_at = now.checked_add(policy.side_pause(entry.attempts)).ok();
    entry.last_finding = Some(finding.detail.clone());
}

pub(super) fn orphan_revoked(change: Change<'_, '_>, id: &str) -> Result<(), IllegalOutcome> {
    let before = change.record.orphans.len();
    change.record.orphans.retain(|orphan| orphan.id != id);
    if change.record.orphans.len() == before {
        return Err(change.illegal("orphan_revoked"));
    }
    Ok(())
}
