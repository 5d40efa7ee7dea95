//! What the supervisor tells of itself.

use jiff::{SignedDuration, Timestamp};

/// Is told that the supervisor is alive, and how late it is.
pub trait Pulse: Send + Sync {
    /// The loop went round.
    fn beat(&self, now: Timestamp);
    /// A token was woken this long after it was due.
    fn woke(&self, late: SignedDuration);
    /// How many leases this process holds.
    fn leases_held(&self, count: usize);
    /// Time to say in words how things stand.
    fn report(&self, now: Timestamp);
}
