//! Counters of failures. The pauses between attempts follow from them.

use super::change::Change;
use crate::fault::Fault;
use crate::rotation::decision::Step;
use crate::rotation::record::{Failures, LastFailure};

/// Counts a failure.
pub(super) fn note_failure(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) {
    let failures = &mut change.record.failures;
    failures.consecutive = failures.consecutive.saturating_add(1);
    // A complete answer that cannot be used comes again each time. What the
    // issuer may have made is looked for first, and no attempt follows.
    let same_again = fault.comes_again() && *step != Step::Issue;
    if fault.class.is_permanent() || same_again {
        failures.permanent = failures.permanent.saturating_add(1);
    }
    failures.last = Some(LastFailure {
        at: change.now,
        step: step.as_str().to_owned(),
        class: fault.class,
        kind: fault.kind,
        message: fault.message.clone(),
        retry_after: fault.retry_after,
    });
}

/// Counts a failure that concerns the pending token itself, and returns how
/// many came in a row. Inconclusive results between them neither count nor
/// reset the counter.
pub(super) fn note_refusal(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) -> u32 {
    note_failure(change, step, fault);
    let failures = &mut change.record.failures;
    failures.refused = failures.refused.saturating_add(1);
    failures.refused
}

/// Resets the counters for the next stage, which begins at once. The last
/// failure stays in the record.
pub(super) fn forget_counts(change: &mut Change<'_, '_>) {
    let last = change.record.failures.last.take();
    change.record.failures = Failures {
        last,
        ..Failures::default()
    };
}
