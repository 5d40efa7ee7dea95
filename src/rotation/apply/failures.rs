//! The counters of failures; the backoff follows from them.

use super::change::Change;
use crate::fault::Fault;
use crate::rotation::decision::Step;
use crate::rotation::record::{Failures, LastFailure};

/// Counts a failure.
pub(super) fn note_failure(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) {
    let failures = &mut change.record.failures;
    failures.consecutive = failures.consecutive.saturating_add(1);
    if fault.class.is_permanent() {
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

/// Counts a failure that speaks against the pending token itself, and says how
/// many came in a row. Doubts between them neither count nor clear them.
pub(super) fn note_refusal(change: &mut Change<'_, '_>, step: &Step, fault: &Fault) -> u32 {
    note_failure(change, step, fault);
    let failures = &mut change.record.failures;
    failures.refused = failures.refused.saturating_add(1);
    failures.refused
}

/// The next stage begins at once, with attempts of its own. What led to it is
/// not forgotten.
pub(super) fn forget_counts(change: &mut Change<'_, '_>) {
    let last = change.record.failures.last.take();
    change.record.failures = Failures {
        last,
        ..Failures::default()
    };
}
