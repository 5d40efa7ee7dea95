//! Random ids; nothing else makes them.
#![expect(clippy::disallowed_methods, reason = "this is the home of random ids")]

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use crate::rotation::record::MARK;

fn rotation() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Characters of an id of a rotation that tell when it was made.
const TIME: usize = 24;

/// Length of each id of a rotation, in characters.
pub const ROTATION: usize = TIME + MARK;

/// Id of a rotation of a record that has this mark; sorts by time. Without a mark
/// it ends in a new one, which the record keeps.
#[must_use]
pub fn rotation_with(mark: Option<&str>) -> String {
    // These characters sort by time, and are different for each call.
    let mut id: String = rotation().chars().take(TIME).collect();
    let random = write();
    let new = || random.get(..MARK).unwrap_or(&random);
    id.push_str(mark.unwrap_or_else(new));
    id
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_rotations_are_equally_long() {
        let first = rotation_with(None);
        assert_eq!(first.len(), ROTATION);
        assert_eq!(rotation_with(first.get(TIME..)).len(), ROTATION);
    }
}
