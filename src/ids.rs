//! Random ids; nothing else makes them.
#![expect(clippy::disallowed_methods, reason = "this is the home of random ids")]

use uuid::Uuid;

/// Id of a rotation; sorts by time.
#[must_use]
pub fn rotation() -> String {
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
