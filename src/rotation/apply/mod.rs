//! Applies the outcome of a step to the record. Only this code changes a
//! [`Record`](super::record::Record).
//!
//! Promotion is not a step: it is what `apply` does when the last proof of a
//! rotation arrives. A pair of stage and outcome that cannot follow from `plan` is
//! an [`IllegalOutcome`].

mod adopting;
mod change;
mod committing;
mod delivering;
mod ends;
mod failing;
mod failures;
mod fitting;
mod folding;
mod halting;
mod handed_over;
mod identifying;
mod issuing;
mod losing;
mod promoting;
mod proving;
mod reconciling;
mod recovering;
mod refusing;
mod rehearsing;
mod requests;
mod restoring;
mod retiring;
mod revoking;
mod rolling_back;
mod supplying;
mod timing;

pub use change::IllegalOutcome;
pub use committing::{intend, may_precede_its_commit, must_be_stored};
pub use folding::apply;
pub use reconciling::{Reconciled, reconcile_uncommitted};
pub use rehearsing::{rehearsal_begins, rehearsal_not_issued, rehearsal_token_came};
pub use requests::{take_requests, take_requests_for_all};
pub use restoring::restored;
pub use timing::{rotation_of, with_step};
