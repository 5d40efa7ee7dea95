//! Records that a wrong clock has written.
//!
//! A replica whose clock is ahead writes times of the future. When the clock is
//! right again, or another replica reads the record, those times are set back: else
//! nothing could be done for the token until they have come.

use jiff::{SignedDuration, Timestamp};

use super::policy::Policy;
use super::record::{ExpiryKnown, HeldToken, Record, Retiring, Rotation};
use super::situation::Situation;

/// The longest pause before a retry, as far as it is known here.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// Whether the record is from the future by our clock.
#[must_use]
pub fn is_behind(record: &Record, policy: &Policy, now: Timestamp) -> bool {
    record.updated_at.duration_since(now) > policy.max_clock_skew
}

/// Whether it was the writer's clock that was wrong, not ours: the servers confirm
/// our clock, or they do not contradict it and a person asks for a rotation.
#[must_use]
pub fn may_set_back(record: &Record, situation: &Situation<'_>) -> bool {
    let (clock, tolerated) = (situation.our_clock, situation.policy.max_clock_skew);
    let asked = record.request.is_some() && !clock.is_wrong(tolerated);
    clock.is_confirmed(tolerated) || asked
}

/// The record with no time of the past that is after `now`, if a wrong clock has
/// written it. `None` if it can be used as it is.
#[must_use]
pub fn set_back(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Option<Record> {
    let policy = situation.policy;
    if !is_behind(record, policy, now) || !may_set_back(record, situation) {
        return None;
    }
    let mut next = record.clone();
    next.updated_at = now;
    control(&mut next, policy, now);
    tokens(&mut next, now);
    if let Some(rotation) = next.rotation.as_mut() {
        in_flight(rotation, now);
    }
    for past in &mut next.history {
        earlier(&mut past.began_at, now);
        earlier(&mut past.ended_at, now);
    }
    for holds in next.connections.values_mut() {
        earlier(&mut holds.at, now);
        each_earlier(&mut holds.confirmed_at, now);
    }
    Some(next)
}

fn control(record: &mut Record, policy: &Policy, now: Timestamp) {
    if let Some(lease) = record.lease.as_mut() {
        // Its holder may still be at work: it keeps one lease from now on.
        let latest = now.checked_add(policy.lease).unwrap_or(now);
        lease.expires_at = lease.expires_at.min(latest);
    }
    if let Some(paused) = record.paused.as_mut() {
        earlier(&mut paused.since, now);
    }
    if let Some(request) = record.request.as_mut() {
        earlier(&mut request.at, now);
    }
    if let Some(halt) = record.halt.as_mut() {
        earlier(&mut halt.since, now);
        retry(&mut halt.retry_at, now);
    }
    if let Some(restored) = record.restored.as_mut() {
        earlier(&mut restored.at, now);
    }
    if let Some(last) = record.failures.last.as_mut() {
        earlier(&mut last.at, now);
    }
    record.issues.iter_mut().for_each(|at| earlier(at, now));
}

fn tokens(record: &mut Record, now: Timestamp) {
    record.probe.take_if(|probe| probe.at > now);
    if let Some(current) = record.current.as_mut() {
        held(current, now);
    }
    record.retiring.iter_mut().for_each(|e| retiring(e, now));
    for orphan in &mut record.orphans {
        earlier(&mut orphan.found_at, now);
        retry(&mut orphan.retry_at, now);
    }
    for intent in &mut record.issues_after_lease_loss {
        earlier(&mut intent.at, now);
    }
    if let Some(rehearsal) = record.rehearsal.as_mut() {
        earlier(&mut rehearsal.intent.at, now);
        retry(&mut rehearsal.retry_at, now);
        if let Some(throwaway) = rehearsal.issued.as_mut() {
            held(throwaway, now);
        }
    }
}

/// A lifetime that the configuration states began when the token was issued. What
/// the issuer or the token tells of its end is right whatever our clock showed. A
/// proof of the future is dropped: the token is tested again.
fn held(token: &mut HeldToken, now: Timestamp) {
    let ahead = token.issued_at.duration_since(now);
    if ahead.is_positive() {
        token.issued_at = now;
        if token.expiry == ExpiryKnown::Declared {
            let end = token.expires_at.and_then(|end| end.checked_sub(ahead).ok());
            token.expires_at = end.or(token.expires_at);
        }
    }
    token.evidence.take_if(|evidence| evidence.at() > now);
}

/// The overlap is as long as it was, from now on.
fn retiring(entry: &mut Retiring, now: Timestamp) {
    held(&mut entry.token, now);
    let ahead = entry.superseded_at.duration_since(now);
    if ahead.is_positive() {
        entry.superseded_at = now;
        let end = entry.not_before.checked_sub(ahead);
        entry.not_before = end.unwrap_or(entry.not_before).max(now);
    }
    entry.use_checked.take_if(|seen| seen.at > now);
    each_earlier(&mut entry.revoked_at, now);
    each_earlier(&mut entry.refused_since, now);
    retry(&mut entry.retry_at, now);
}

fn in_flight(rotation: &mut Rotation, now: Timestamp) {
    // The deadline counts from the stage in which a person is waited for.
    let ahead = rotation.stage_entered_at.duration_since(now);
    if let Some(deadline) = rotation.operator_deadline.filter(|_| ahead.is_positive()) {
        rotation.operator_deadline = deadline.checked_sub(ahead).ok();
    }
    earlier(&mut rotation.began_at, now);
    earlier(&mut rotation.stage_entered_at, now);
    if let Some(intent) = rotation.intent.as_mut() {
        earlier(&mut intent.at, now);
    }
    if let Some(pending) = rotation.pending.as_mut() {
        held(pending, now);
    }
    for delivery in rotation.deliveries.values_mut() {
        earlier(&mut delivery.at, now);
        each_earlier(&mut delivery.ask_again_at, now);
    }
}

fn earlier(at: &mut Timestamp, now: Timestamp) {
    *at = (*at).min(now);
}

fn each_earlier(at: &mut Option<Timestamp>, now: Timestamp) {
    at.iter_mut().for_each(|at| earlier(at, now));
}

fn retry(at: &mut Option<Timestamp>, now: Timestamp) {
    let latest = now.checked_add(LONGEST_PAUSE).unwrap_or(now);
    each_earlier(at, latest);
}
