//! What the supervisor reports of itself.

use jiff::{SignedDuration, Timestamp};

/// Is told that the supervisor runs, and how late it is.
pub trait Pulse: Send + Sync {
    /// The loop has run once.
    fn beat(&self, now: Timestamp);
    /// A token was woken this long after it was due.
    fn woke(&self, late: SignedDuration);
    /// How many leases this process holds.
    fn leases_held(&self, count: usize);
    /// It is time to report the state of all tokens in one line.
    fn report(&self, now: Timestamp);
}
