//! When a failed step may be repeated.

use jiff::Timestamp;

use super::view::View;
use crate::fault::FaultClass;
use crate::rotation::capability::IssueEffect;
use crate::rotation::decision::Step;

/// Whether this step failed too recently to be repeated.
pub(super) fn waits(view: &View<'_>, step: &Step) -> bool {
    let last = view.record.failures.last.as_ref();
    last.is_some_and(|failure| failure.step == step.as_str())
        && retry_at(view).is_some_and(|until| until > view.now)
}

/// When a failed step may be repeated. A person's request, and corrected
/// settings, do not wait for failures from before.
pub(super) fn retry_at(view: &View<'_>) -> Option<Timestamp> {
    if view.situation.is_corrected(view.record) {
        return None;
    }
    let failures = &view.record.failures;
    let last = failures.last.as_ref()?;
    let requested = view.record.request.as_ref().map(|request| request.at);
    if requested.is_some_and(|at| at >= last.at) {
        return None;
    }
    let end = match is_cut_off(view) {
        true => Some(last.at),
        false => view.current_expiry(),
    };
    view.situation
        .policy
        .retry_at(&view.record.token, failures, end)
}

/// Whether the current token does not work although its expiry is in the
/// future: it is refused, or an issue may have ended it.
fn is_cut_off(view: &View<'_>) -> bool {
    let intent = view
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.intent.as_ref());
    let last = view.record.failures.last.as_ref();
    let maybe_killed = view.situation.issuer.issue_effect == IssueEffect::Kills
        && intent.is_some()
        && last.is_some_and(|failure| failure.class == FaultClass::Ambiguous);
    maybe_killed || view.current_is_refused()
}
