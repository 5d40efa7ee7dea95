//! The record of one token, which Vault stores as one document. The stage and
//! the tokens are in the same document, so they cannot contradict each other.

mod control;
mod document;
mod ending;
mod failures;
mod flight;
mod history;
mod requests;
mod stage;
mod token;

pub use control::{Control, Lease, Paused, Request, Trigger};
pub use document::{HISTORY, Record, SCHEMA};
pub use ending::{Orphan, Retiring, UseSeen};
pub use failures::{Failures, Halt, HaltCause, LastFailure};
pub use flight::{ConnectionHolds, Delivery, DeliveryState, Intent, Rotation};
pub use history::{LastProbe, PastRotation, RotationResult};
pub use requests::{Handled, MOST_AUTHORS, MOST_REQUESTS, RequestsOf, Wish, WrittenRequest};
pub use stage::{Stage, StageName};
pub use token::{ExpiryKnown, HeldToken, Origin};
