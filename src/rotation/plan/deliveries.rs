//! Which connection is written next, and whether the token is still good for it.

use super::view::View;
use crate::rotation::capability::Writer;
use crate::rotation::handover;
use crate::rotation::record::HeldToken;

/// The first connection that is written so and was not given the pending token.
pub(super) fn next_to_deliver<'v>(view: &View<'v>, writer: Writer) -> Option<&'v String> {
    let connections = view.situation.connections.iter();
    let mut written = connections.filter(|(_, can)| can.writer == writer);
    written
        .find(|(name, _)| !handover::is_given(view.record, name, writer))
        .map(|(name, _)| name)
}

/// Whether the token has expired since it was proven: such a token is delivered
/// to no connection.
pub(super) fn has_died(view: &View<'_>, pending: &HeldToken) -> bool {
    let proven_after = |end| pending.evidence.as_ref().is_some_and(|e| e.at() >= end);
    pending
        .expires_at
        .is_some_and(|end| end <= view.now && !proven_after(end))
}
