//! Random ids; nothing else makes them.
#![expect(clippy::disallowed_methods, reason = "this is the home of random ids")]

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

/// Characters that sort by time, and are different for each call.
#[must_use]
pub fn time_ordered() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Id of one write of a record.
#[must_use]
pub fn write() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Id of this process as a holder of leases.
#[must_use]
pub fn holder() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A version 4 UUID in its usual form, for templates.
#[must_use]
pub fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// A UUID that is always the same for the same text (version 8, from its SHA-256).
#[must_use]
pub fn uuid_of(text: &str) -> String {
    let mut bytes = [0; 16];
    let digest = digest(&SHA256, text.as_bytes());
    bytes
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}
