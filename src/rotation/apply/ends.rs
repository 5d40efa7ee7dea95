//! An end that a person writes to the published path for the token in use.

use jiff::Timestamp;

use super::change::Change;
use crate::rotation::capability::Supply;
use crate::rotation::outcome::Supplied;
use crate::rotation::policy::AcceptSupplied;
use crate::rotation::record::{EndNote, ExpiryKnown, Origin, PublishedEnd, StatedEnd};

/// Notes the end that stood beside an adopted token, and what was not taken of
/// it.
pub(super) fn note_adopted(change: &mut Change<'_, '_>, supplied: &Supplied) {
    let Some(current) = &change.record.current else {
        return;
    };
    let taken = current.expires_at;
    change.record.published_end = Some(PublishedEnd {
        fingerprint: current.fingerprint(),
        end: supplied.stated_end.time(),
    });
    let detail = match supplied.stated_end {
        StatedEnd::Absent => None,
        StatedEnd::Unreadable => supplied.unreadable.clone(),
        StatedEnd::At(end) if Some(end) == taken => None,
        StatedEnd::At(end) => Some(format!(
            "the published path says that the token ends at {end}, which is not believed: {}",
            reason_of_bound(supplied)
        )),
    };
    match detail {
        Some(detail) => note(change, supplied, detail),
        None => change.record.stated_end = None,
    }
}

/// A person wrote another end for the token in use.
pub(super) fn stated(change: &mut Change<'_, '_>, supplied: &Supplied) {
    let end = match supplied.stated_end {
        StatedEnd::At(end) => end,
        StatedEnd::Unreadable => {
            let why = supplied.unreadable.clone().unwrap_or_default();
            note(change, supplied, why);
            return;
        }
        StatedEnd::Absent => return,
    };
    if !is_believed(change) {
        let detail = format!(
            "somebody wrote that the token in use ends at {end}: the issuer tells its end, which is written back"
        );
        note(change, supplied, detail);
        return;
    }
    let Some(issued_at) = change.record.current.as_ref().map(|token| token.issued_at) else {
        return;
    };
    let told = supplied.expires_at.or(Some(end));
    let (taken, source) = bounded(change, told, ExpiryKnown::Api, issued_at);
    if let Some(current) = change.record.current.as_mut() {
        current.expires_at = taken;
        current.expiry = source;
    }
    if taken == Some(end) {
        change.record.stated_end = None;
        return;
    }
    let detail = format!(
        "somebody wrote that the token in use ends at {end}, which is not believed: {}",
        reason_of_bound(supplied)
    );
    note(change, supplied, detail);
}

fn reason_of_bound(supplied: &Supplied) -> &'static str {
    match supplied.expiry {
        ExpiryKnown::Jwt => "the token itself says that it ends earlier",
        ExpiryKnown::Api | ExpiryKnown::Declared | ExpiryKnown::Unknown | ExpiryKnown::Never => {
            "it is later than `lifetime` or `declared_lifetime` permits"
        }
    }
}

/// Whether a person knows the end of the token in use better than anybody else:
/// the issuer did not make it, or is a person. An end that the issuer tells
/// stays, since an earlier one would cause a rotation.
fn is_believed(change: &Change<'_, '_>) -> bool {
    let current = change.record.current.as_ref();
    let by_issuer = current.is_some_and(|t| t.origin == Origin::Issued || t.issuer.is_some());
    change.situation.issuer.supply == Supply::Operator
        || change.situation.policy.accept_supplied == AcceptSupplied::Always
        || !by_issuer
}

fn note(change: &mut Change<'_, '_>, supplied: &Supplied, detail: String) {
    change.record.stated_end = Some(EndNote {
        fingerprint: supplied.value.fingerprint(),
        stated: supplied.stated_end,
        at: change.now,
        by: supplied.by.clone(),
        detail,
    });
}

/// An end that a person or the token itself names, at most the longest life
/// that the configuration knows.
pub(super) fn bounded(
    change: &Change<'_, '_>,
    end: Option<Timestamp>,
    source: ExpiryKnown,
    issued_at: Timestamp,
) -> (Option<Timestamp>, ExpiryKnown) {
    let life = change.situation.policy.longest_life();
    let latest = life.and_then(|life| issued_at.checked_add(life).ok());
    match (end, latest) {
        (Some(end), Some(latest)) if end > latest => (Some(latest), ExpiryKnown::Declared),
        (end, _) => (end, source),
    }
}
