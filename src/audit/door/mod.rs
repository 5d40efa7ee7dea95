//! What stands before each port and writes a line for each effect. The line is written
//! before the caller is told the result, so that no later commit comes before it.
//!
//! Reads are not written down: they change nothing. Proofs and confirmations are, since
//! they are the evidence by which old tokens are retired.

mod begun;
mod connection;
mod handover;
mod issuer;
mod journal;
mod probe;
mod refresh;
mod store;
mod switch;

#[cfg(test)]
mod tests;

pub use self::begun::Place;
pub use self::connection::AuditedConnection;
pub use self::handover::AuditedHandover;
pub use self::issuer::AuditedIssuer;
pub use self::journal::AuditedJournal;
pub use self::probe::AuditedProbe;
pub use self::refresh::AuditedRefreshTokens;
pub use self::store::AuditedStore;
pub use self::switch::AuditedSwitch;
