//! The periodic probe of the current token.

use jiff::{SignedDuration, Timestamp};

use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::policy::share;

pub(super) fn probe(view: &View<'_>) -> Option<Decision> {
    if next_probe(view)? > view.now {
        return None;
    }
    view.step(Step::Verify, Reason::ProbeDue)
}

/// When the current token is tested next: at the usual interval, or sooner
/// after a failed probe, because one refusal alone is not trusted. A missing or
/// expired token is not tested.
pub(super) fn next_probe(view: &View<'_>) -> Option<Timestamp> {
    view.record.current.as_ref()?;
    if view.current_has_expired() {
        return None;
    }
    let Some(last) = &view.record.probe else {
        return Some(view.now);
    };
    let policy = view.situation.policy;
    let suspicious = last.finding.is_some() && !last.is_drift();
    let pause = match suspicious {
        true => policy.retry_min.min(policy.probe_every),
        false => policy.probe_every,
    };
    let spread = pause.as_secs_f64() * 0.1 * share(&view.record.token, view.record.generation);
    let spread = SignedDuration::try_from_secs_f64(spread).unwrap_or_default();
    let next = last.at.checked_add(pause.saturating_add(spread));
    Some(next.unwrap_or(Timestamp::MAX))
}
