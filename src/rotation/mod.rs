//! The pure core: what a token needs next, and what an outcome means.
//!
//! Nothing here reads a clock, draws a random number, touches a file or a
//! socket, or logs. [`plan::plan`] looks at a [`record::Record`] and a
//! [`situation::Situation`] and returns one [`decision::Decision`];
//! [`apply::apply`] folds the [`outcome::Outcome`] of that step back into the
//! record. The driver does everything in between.
//!
//! ```text
//! idle ── begin ─> issuing ─> proving ─> delivering ─> confirming ── promote ─> idle
//!                     │          │           │              │          └ current joins `retiring`
//!                     │          └───────────┴──────┬───────┘ refused for good, or attempts used up
//!                     │                 reverting (deliver current again)
//!                     │                        └─> discarding (revoke pending) ─> idle
//!                     └ reply lost: recover, never a blind retry
//! waiting_operator   a person must supply the new token
//! completing         two-phase issuers whose next token works only after `complete`
//! halted             a person must decide; still measured and alerted
//! ```

pub mod apply;
pub mod capability;
pub mod decision;
pub mod fault;
pub mod forecast;
pub mod invariant;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod record;
pub mod schedule;
pub mod situation;
