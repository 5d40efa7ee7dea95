//! What a process did after it had lost its lease, and connections that do not
//! hold the token in use.

use jiff::Timestamp;

use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{ConnectionHolds, HeldToken, Intent, Stage};
use crate::secret::Fingerprint;

/// Revokes a token that was issued to this process and is in no record. No
/// other replica knows its value, so the lease of another one does not matter.
pub(super) fn revoke_unrecorded(view: &View<'_>) -> Option<Decision> {
    let mut tokens = view.situation.unrecorded.iter();
    let token = tokens.find(|token| {
        let is_due = token.retry_at.is_none_or(|at| at <= view.now);
        is_due && !token.revoked && view.situation.can_revoke(token)
    })?;
    let label = token.intent.label.clone();
    view.step(Step::RevokeUnrecorded { label }, Reason::TokenUnrecorded)
}

/// When the next such revocation is attempted again.
pub(super) fn next_revocation(view: &View<'_>) -> Option<Timestamp> {
    let tokens = view.situation.unrecorded.iter().filter(|t| !t.revoked);
    let retries = tokens.filter_map(|token| token.retry_at);
    retries.filter(|at| *at > view.now).min()
}

/// Finds out whether the issuer made a token for a request that was sent after
/// lease loss, while no other issuance is in flight.
pub(super) fn look_for_issue(view: &View<'_>) -> Option<Decision> {
    let intent = view.record.issues_after_lease_loss.first()?;
    let busy = view
        .record
        .rotation
        .as_ref()
        .is_some_and(|r| r.stage != Stage::Issuing || r.intent.is_some());
    if busy || view.now < settled_at(view, intent) {
        return None;
    }
    view.step(Step::Recover, Reason::ReplyLost)
}

/// From when on a request that was sent after lease loss cannot take effect any
/// more.
pub(super) fn settled_at(view: &View<'_>, intent: &Intent) -> Timestamp {
    view.situation.policy.lost_request_settled_at(intent.at)
}

/// Gives a connection the token in use again.
pub(super) fn give_again(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    let connection = connection_in_doubt(view)?.to_owned();
    view.step(Step::Revert { connection }, Reason::ConnectionInDoubt)
}

/// A configured connection that holds neither the token in use nor the one that
/// follows it: a process may have written another token to it after lease loss, or
/// it was not configured when the token in use was delivered.
pub(super) fn connection_in_doubt<'a>(view: &View<'a>) -> Option<&'a str> {
    let current = view.record.current.as_ref()?.fingerprint();
    // A connection is never given a dead token in exchange for another one.
    let works = !view.current_has_expired() && !view.current_is_refused();
    let is_next = |holds: &ConnectionHolds| next(view) == Some(holds.fingerprint);
    let lacks = |holds: &ConnectionHolds| works && holds.fingerprint != current && !is_next(holds);
    let known = view.record.connections.iter();
    known
        .filter(|(_, holds)| holds.in_doubt || lacks(holds))
        .find(|(name, _)| view.situation.connection(name).is_some())
        .map(|(name, _)| name.as_str())
}

/// The pending token, unless it is being rolled back.
fn next(view: &View<'_>) -> Option<Fingerprint> {
    let rotation = view.record.rotation.as_ref()?;
    let goes_back = matches!(rotation.stage, Stage::Reverting | Stage::Discarding);
    let pending = rotation.pending.as_ref().filter(|_| !goes_back);
    pending.map(HeldToken::fingerprint)
}
