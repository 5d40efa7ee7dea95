//! A token between two wakes.

use jiff::Timestamp;

use super::memory::Memory;

/// What is remembered of it.
pub(super) struct Resting {
    /// On its own: a map of these has places that are free.
    pub(super) memory: Box<Memory>,
    /// When it was last read from the store.
    pub(super) read_at: Timestamp,
    /// Somebody else will have written when the token is woken.
    pub(super) outdated: bool,
}

impl Resting {
    /// Nothing is known of the token.
    pub(super) fn unread(now: Timestamp) -> Self {
        Self {
            memory: Box::default(),
            read_at: now,
            outdated: false,
        }
    }
}
