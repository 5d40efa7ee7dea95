//! The audit: one JSON line for every effect and every commit.
//!
//! ```text
//! driver ─> door (Store, Issuer, Connection, Probe, …) ─> what is behind it
//!             │ the line is written before the result goes back
//!             v
//!          Auditor ─> AuditLog ─> a thread ─> file or standard output
//! ```
//!
//! * [`door`] wraps every port, so that no path to an effect passes by.
//! * [`chain`] numbers the lines and joins each to the one before by its hash.
//!   [`verify`] finds what was changed in them.
//! * [`log`] hands the lines to a thread that writes them, so that a full disk or a
//!   reader that stalls never stops the work. What happens then is configured.
//! * Tokens stand in a line as keyed fingerprints only.

pub mod auditor;
pub mod chain;
pub mod config;
pub mod door;
pub mod event;
mod known;
pub mod log;
mod pen;
mod sink;
mod tail;
pub mod verify;
