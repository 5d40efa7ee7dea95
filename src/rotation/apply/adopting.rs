//! What a person tells of an adopted token: when it was issued, when it ends, its id.

use jiff::Timestamp;

use crate::rotation::record::{ExpiryKnown, HeldToken, Origin, Record, WrittenRequest};

/// Why the person is not believed; `None` if it is.
pub(super) fn obstacle(
    record: &Record,
    request: &WrittenRequest,
    now: Timestamp,
) -> Option<String> {
    let Some(current) = &record.current else {
        return Some("no token is in use yet: it is adopted first".to_owned());
    };
    if current.fingerprint().short() != request.fingerprint {
        return Some("another token is in use now: look at it, and tell again".to_owned());
    }
    if current.origin == Origin::Issued || current.issuer.is_some() {
        return Some("its issuer made it, and tells its age, its end and its id".to_owned());
    }
    let issued_at = request.issued_at.unwrap_or(current.issued_at);
    if issued_at > now {
        return Some(format!("it cannot be issued at {issued_at}, in the future"));
    }
    let end = request.expires_at?;
    if end <= issued_at {
        return Some(format!("it cannot end at {end}, before it was issued"));
    }
    let own_end = current
        .expires_at
        .filter(|_| current.expiry == ExpiryKnown::Jwt);
    own_end.filter(|own_end| end > *own_end).map(|own_end| {
        format!("the token itself says that it ends at {own_end}, which is before {end}")
    })
}

/// The record with what the person told.
pub(super) fn tell(record: &mut Record, request: &WrittenRequest) {
    let Some(current) = record.current.as_mut() else {
        return;
    };
    if let Some(issued_at) = request.issued_at {
        move_issue(current, issued_at);
    }
    if let Some(end) = request.expires_at {
        current.expires_at = Some(end);
        current.expiry = ExpiryKnown::Api;
        record.stated_end = None;
    }
    if !request.token_id.is_empty() {
        current.stated_id = Some(request.token_id.clone());
    }
}

/// An end that follows from a declared life moves with the issue.
fn move_issue(current: &mut HeldToken, issued_at: Timestamp) {
    if current.expiry == ExpiryKnown::Declared {
        let life = current
            .expires_at
            .map(|end| end.duration_since(current.issued_at));
        current.expires_at = life.and_then(|life| issued_at.checked_add(life).ok());
    }
    current.issued_at = issued_at;
    current.issued_at_is_seen = false;
}
