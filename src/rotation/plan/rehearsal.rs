//! When the throw-away token of a rehearsal is revoked that its own process did
//! not revoke.

use jiff::Timestamp;

use super::lost_lease::settled_at;
use super::view::View;
use crate::rotation::capability::Overlap;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{Rehearsal, Stage};

/// Ends a rehearsal whose process is gone: while that lives, it has the lease.
pub(super) fn end(view: &View<'_>) -> Option<Decision> {
    let rehearsal = view.record.rehearsal.as_deref()?;
    if waits_for_rotation(view, rehearsal) || ends_at(view, rehearsal) > view.now {
        return None;
    }
    view.step(Step::EndRehearsal, Reason::RehearsalOpen)
}

/// When it is attempted next, if not now.
pub(super) fn next_look(view: &View<'_>) -> Option<Timestamp> {
    let rehearsal = view.record.rehearsal.as_deref()?;
    let at = ends_at(view, rehearsal);
    (at > view.now && !waits_for_rotation(view, rehearsal)).then_some(at)
}

/// Until when no rotation begins: as long as the request for a throw-away token may
/// still be carried out, that token could be taken for one of the rotation.
pub(super) fn open_until(view: &View<'_>) -> Option<Timestamp> {
    let rehearsal = view.record.rehearsal.as_deref()?;
    let at = settled_at(view, &rehearsal.intent);
    (rehearsal.issued.is_none() && at > view.now).then_some(at)
}

fn ends_at(view: &View<'_>, rehearsal: &Rehearsal) -> Timestamp {
    let settled = match rehearsal.issued {
        Some(_) => view.now,
        None => settled_at(view, &rehearsal.intent),
    };
    rehearsal.retry_at.map_or(settled, |at| at.max(settled))
}

/// A lost token is found by comparison, which a token of a rotation in flight would
/// disturb; and a two-phase issuer drops the token that is pending, which may be that
/// of the rotation.
fn waits_for_rotation(view: &View<'_>, rehearsal: &Rehearsal) -> bool {
    let two_phase = matches!(view.situation.issuer.overlap, Overlap::TwoPhase { .. });
    let rotation = view.record.rotation.as_ref();
    let has_asked = rotation.is_some_and(|r| r.stage != Stage::Issuing || r.intent.is_some());
    has_asked && (two_phase || rehearsal.issued.is_none())
}
