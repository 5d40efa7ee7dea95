//! What is done after Vault was restored from a snapshot.

use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::RestoredTodo;

/// Lists the issuer's tokens. An intent in flight is resolved first.
pub(super) fn look(view: &View<'_>) -> Option<Decision> {
    let rotation = view.record.rotation.as_ref();
    let in_flight = rotation.is_some_and(|r| r.intent.is_some());
    if view.record.restored_todo() != RestoredTodo::Look || in_flight {
        return None;
    }
    view.step(Step::Recover, Reason::VaultRestored)
}

/// Whether the current token must be replaced, because the connections may hold
/// one whose value is lost.
pub(super) fn must_replace(view: &View<'_>) -> bool {
    view.record.restored_todo() == RestoredTodo::Replace
}
