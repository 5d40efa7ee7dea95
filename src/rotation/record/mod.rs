//! The record of one token, which Vault stores as one document. The stage and
//! the tokens are in the same document, so they cannot contradict each other.

mod control;
mod document;
mod ending;
mod failures;
mod flight;
mod history;
mod ids_before;
mod rehearsal;
mod requests;
mod restored;
mod stage;
mod supplied;
mod token;

pub use control::{Control, Lease, Paused, Request, Trigger};
pub use document::{HISTORY, Record, SCHEMA};
pub use ending::{Orphan, Retiring, UseSeen};
pub use failures::{Failures, Halt, HaltCause, LastFailure};
pub use flight::{
    Acknowledged, ConnectionHolds, Delivery, DeliveryState, Intent, Rotation, UnusableAnswer,
};
pub use history::{LastProbe, MOST_STEPS, PastRotation, PastStep, RotationResult};
pub use ids_before::{IdsBefore, MOST_IDS};
pub use rehearsal::Rehearsal;
pub use requests::{Handled, MOST_AUTHORS, MOST_REQUESTS, RequestsOf, Wish, WrittenRequest};
pub use restored::{Restored, RestoredTodo};
pub use stage::{Stage, StageName};
pub use supplied::{EndNote, PublishedEnd, StatedEnd, SuppliedNote};
pub use token::{ExpiryKnown, HeldToken, Origin};
