//! How superseded tokens and orphans end.

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, IllegalOutcome};
use super::losing::NO_ID;
use super::promoting::overlap_by_our_clock;
use crate::fault::Fault;
use crate::rotation::capability::{IssuerCapabilities, Overlap};
use crate::rotation::decision::Step;
use crate::rotation::record::{Failures, PublishedEnd, Record, Retiring, UseSeen};
use crate::scim::evidence::{Finding, Refusal, Verdict};
use crate::secret::Fingerprint;

/// A connection may have sent a last request with the old token when it was
/// given the new one.
const LATE_USE: SignedDuration = SignedDuration::from_mins(1);

/// How long caches of the service provider can be the reason why a revoked
/// token is still accepted.
const CACHES: SignedDuration = SignedDuration::from_mins(10);

/// How often the issuer is asked for the last use, if it fails to answer.
const ASK_FOR_USE: u32 = 3;

pub(super) fn use_seen(
    change: Change<'_, '_>,
    fingerprint: &Fingerprint,
    last_used_at: Option<Timestamp>,
    last_used_by: Option<String>,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let grain = change
        .situation
        .issuer
        .last_used
        .granularity()
        .unwrap_or_default();
    let overlap = change.situation.policy.overlap;
    let Some(entry) = find(change.record, fingerprint) else {
        return Err(change.illegal("use_seen"));
    };
    let quiet_since = entry
        .superseded_at
        .checked_add(grain + LATE_USE)
        .unwrap_or(Timestamp::MAX);
    let still_used = last_used_at.is_some_and(|at| at > quiet_since);
    if still_used {
        entry.still_used = true;
        entry.used_by.clone_from(&last_used_by);
    }
    if still_used && !entry.extended {
        let who = who_uses(last_used_by.as_deref());
        let why = format!(
            "still in use after its successor was delivered: {who} holds the old token; the overlap was prolonged once"
        );
        prolong_once(entry, now, overlap, why);
    } else {
        entry.use_checked = Some(UseSeen {
            at: now,
            last_used_at,
        });
        if still_used {
            let who = who_uses(last_used_by.as_deref());
            entry.last_finding = Some(format!(
                "still in use after the overlap was prolonged: {who} holds the old token, and it is retired all the same"
            ));
        }
    }
    Ok(())
}

/// The consumer that was forgotten, as far as the issuer's log names it.
fn who_uses(by: Option<&str>) -> String {
    by.map_or_else(|| "somebody".to_owned(), |by| format!("`{by}`"))
}

/// The issuer could not tell the last use. It is asked again; then the overlap
/// is prolonged once, as if the token were in use. A missing answer must not
/// keep a token valid without end.
pub(super) fn use_unknown(change: Change<'_, '_>, fingerprint: &Fingerprint, fault: Fault) {
    let now = change.now;
    let policy = change.situation.policy;
    let Some(entry) = find(change.record, fingerprint) else {
        return;
    };
    entry.attempts = entry.attempts.saturating_add(1);
    if entry.attempts < ASK_FOR_USE {
        entry.retry_at = now.checked_add(policy.side_pause(entry.attempts)).ok();
        entry.last_finding = Some(fault.message);
        return;
    }
    entry.attempts = 0;
    entry.retry_at = None;
    if entry.extended {
        entry.use_checked = Some(UseSeen {
            at: now,
            last_used_at: None,
        });
        entry.last_finding = Some(fault.message);
    } else {
        let why = format!(
            "nobody can tell whether it is still in use ({}); the overlap was prolonged once",
            fault.message
        );
        prolong_once(entry, now, policy.overlap, why);
    }
}

fn prolong_once(entry: &mut Retiring, now: Timestamp, overlap: SignedDuration, why: String) {
    entry.extended = true;
    entry.use_checked = None;
    entry.last_finding = Some(why);
    prolong(entry, now, overlap);
}

/// Moves the end of the overlap to this long after now, at most to the expiry
/// of the token.
fn prolong(entry: &mut Retiring, now: Timestamp, overlap: SignedDuration) {
    let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
    entry.not_before = entry
        .token
        .told_end()
        .map_or(end, |expiry| end.min(expiry))
        .max(entry.not_before);
}

/// From now on readers of the published secret find the new token. If the
/// publication was late, the overlap starts again, because it is for them too.
/// With a wrong clock it is not known how late, so it starts again as well.
pub(super) fn published(change: Change<'_, '_>) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let tolerated = change.situation.policy.max_clock_skew;
    let window = overlap_by_our_clock(&change);
    let clock_is_wrong = change.situation.our_clock.is_wrong(tolerated);
    let current = change.record.current.as_ref();
    change.record.published_end = current.map(|token| PublishedEnd {
        fingerprint: token.fingerprint(),
        end: token.expires_at,
    });
    if let Some(note) = change.record.supplied.as_mut() {
        note.written_back_at.get_or_insert(now);
    }
    for entry in &mut change.record.retiring {
        let late = clock_is_wrong || now.duration_since(entry.superseded_at) > tolerated;
        let ends = change
            .situation
            .issuer
            .ends_old_token(entry.token.id.is_some());
        let was_tested = !ends && entry.retry_at.is_some();
        let waits = entry.revoked_at.is_none() && !was_tested && entry.has_window();
        if late && waits {
            prolong(entry, now, window);
        }
    }
    let failures = &change.record.failures;
    let failed = failures.last.as_ref();
    if failed.is_some_and(|failure| failure.step == Step::Publish.as_str()) {
        change.record.failures = Failures::default();
    }
    Ok(())
}

fn find<'r>(record: &'r mut Record, fingerprint: &Fingerprint) -> Option<&'r mut Retiring> {
    record
        .retiring
        .iter_mut()
        .find(|entry| entry.token.fingerprint() == *fingerprint)
}

pub(super) fn retired(
    mut change: Change<'_, '_>,
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
            if !is_refused_for_long(&mut change, position) {
                return Ok(());
            }
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
        Verdict::Fail(finding) => {
            // One that accepts it shows that the refusals before came from others.
            if let Some(entry) = change.record.retiring.get_mut(position) {
                entry.refused_since = None;
            }
            try_again(change, position, &finding, true);
            Ok(())
        }
        Verdict::Inconclusive(finding) => {
            try_again(change, position, &finding, false);
            Ok(())
        }
    }
}

/// Whether the old token has been refused for as long as the servers of a service
/// provider may disagree: one of them may still have it in a cache. Otherwise it is
/// asked again at the end of that time.
fn is_refused_for_long(change: &mut Change<'_, '_>, position: usize) -> bool {
    let now = change.now;
    let window = change.situation.policy.refusal_window;
    let Some(entry) = change.record.retiring.get_mut(position) else {
        return true;
    };
    let since = *entry.refused_since.get_or_insert(now);
    if now.duration_since(since) >= window {
        return true;
    }
    let here = change.situation.issuer_name;
    let elsewhere = entry.token.issuer.as_ref().is_some_and(|name| name != here);
    if !elsewhere {
        note_revocation(entry, &change.situation.issuer, now);
    }
    entry.still_accepted = false;
    entry.retry_at = since.checked_add(window).ok();
    entry.last_finding = None;
    false
}

/// The issuer accepted the revocation, or cannot revoke, but the token is not shown
/// to be refused: because of caches, of an outage, or because it still works. The token stays in `retiring` until a probe shows it refused. Probes
/// are frequent as long as caches can be the reason, and less and less frequent
/// after that.
fn try_again(change: Change<'_, '_>, position: usize, finding: &Finding, still_accepted: bool) {
    let now = change.now;
    let policy = change.situation.policy;
    let here = change.situation.issuer_name;
    let Some(entry) = change.record.retiring.get_mut(position) else {
        return;
    };
    if let Some(issuer) = entry.token.issuer.as_ref().filter(|name| *name != here) {
        // Nothing was revoked: at the configured issuer its id may be another
        // token's.
        entry.attempts = entry.attempts.saturating_add(1);
        entry.retry_at = now.checked_add(policy.side_pause(entry.attempts)).ok();
        entry.last_finding = Some(format!(
            "{}; it was made by the issuer `{issuer}`, which this token has no more: revoke it there",
            finding.detail
        ));
        return;
    }
    let id_is_known = entry.token.id.is_some();
    if change.situation.issuer.lacks_id_to_revoke(id_is_known) {
        entry.attempts = entry.attempts.saturating_add(1);
        entry.retry_at = now.checked_add(policy.side_pause(entry.attempts)).ok();
        entry.last_finding = Some(format!("{}; {NO_ID}", finding.detail));
        return;
    }
    note_revocation(entry, &change.situation.issuer, now);
    entry.still_accepted = still_accepted;
    let refused_since = entry.revoked_at.unwrap_or(entry.not_before);
    if now.duration_since(refused_since) >= CACHES {
        entry.attempts = entry.attempts.saturating_add(1);
    }
    entry.retry_at = now.checked_add(policy.side_pause(entry.attempts)).ok();
    entry.last_finding = Some(finding.detail.clone());
}

/// Notes since when the token is revoked, if the step revoked it.
fn note_revocation(entry: &mut Retiring, issuer: &IssuerCapabilities, now: Timestamp) {
    let completed = issuer.overlap == Overlap::TwoPhase { next_usable: false };
    entry.revoked_at = match issuer.ends_old_token(entry.token.id.is_some()) {
        true => entry.revoked_at.or(Some(now)),
        // It was ended by the completion, just before its successor was proven.
        false if completed => entry.revoked_at.or(Some(entry.superseded_at)),
        false => None,
    };
}

pub(super) fn orphan_revoked(change: Change<'_, '_>, id: &str) -> Result<(), IllegalOutcome> {
    let before = change.record.orphans.len();
    change
        .record
        .orphans
        .retain(|orphan| orphan.id.as_str() != id);
    if change.record.orphans.len() == before {
        return Err(change.illegal("orphan_revoked"));
    }
    Ok(())
}
