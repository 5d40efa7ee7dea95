//! The published secret: a token in it is adopted, taken as a person's or
//! refused, and the current token is published.

use jiff::SignedDuration;

use super::retrying;
use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{Stage, StatedEnd};
use crate::rotation::situation::Published;
use crate::rotation::supplying::{Supplying, supplying};
use crate::secret::Fingerprint;

/// Pause before a path that could not be read is read again.
const READ_AGAIN: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn adopt(view: &View<'_>) -> Option<Decision> {
    if view.record.current.is_some() || view.situation.leaving {
        return None;
    }
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::Adopt, Reason::Adoptable)
        }
        Published::Unknown => view.wait(view.after(READ_AGAIN), Reason::Adoptable),
        Published::Token(_) | Published::Absent | Published::Malformed => None,
    }
}

/// Refuses a value that nobody may supply, whatever else the token waits for,
/// and writes the token in use back.
pub(super) fn refuse(view: &View<'_>) -> Option<Decision> {
    let Supplying::Refuse(_) = supplying(view.record, view.situation) else {
        return None;
    };
    let Published::Token(found) = view.situation.published else {
        return None;
    };
    let step = match supplied(view) {
        Some(_) => Step::TakeSupplied,
        None if view.record.awaits_write_back(found) => Step::Publish,
        None => return None,
    };
    let nothing_to_write_back = view.record.current.is_none();
    if nothing_to_write_back || retrying::waits(view, &step) {
        return None;
    }
    view.step(step, Reason::SuppliedRefused)
}

/// Takes a token that a person wrote: any value that is and was none of this
/// record's.
pub(super) fn take(view: &View<'_>) -> Option<Decision> {
    supplied(view)?;
    match supplying(view.record, view.situation) {
        Supplying::Accept if waits_for_audit(view) => None,
        Supplying::Accept => view.step(Step::TakeSupplied, Reason::OperatorSupplied),
        Supplying::Refuse(_) | Supplying::Leave => None,
    }
}

/// Whether a token that a person wrote is not taken as long as the audit fails. One that a
/// rotation in flight waits for is.
pub(super) fn waits_for_audit(view: &View<'_>) -> bool {
    view.situation.audit_fails
        && view.record.rotation.is_none()
        && supplied(view).is_some()
        && matches!(supplying(view.record, view.situation), Supplying::Accept)
}

/// A value at the published path that is none of this record's, and that was
/// not refused just now.
fn supplied<'v>(view: &View<'v>) -> Option<&'v Fingerprint> {
    let Published::Token(found) = view.situation.published else {
        return None;
    };
    let is_open = !view.record.owns(found) && !view.record.awaits_write_back(found);
    (is_open && !view.situation.leaving).then_some(found)
}

/// Takes a token that a person wrote while a rotation is stuck: as long as no
/// token was issued, the person's is used instead.
pub(super) fn rescue(view: &View<'_>) -> Option<Decision> {
    let open = match view.record.rotation.as_ref() {
        None => true,
        Some(rotation) => match rotation.stage {
            Stage::Issuing => rotation.intent.is_none(),
            Stage::WaitingOperator => true,
            Stage::Proving
            | Stage::Delivering
            | Stage::Completing
            | Stage::Confirming
            | Stage::HandedOver
            | Stage::Reverting
            | Stage::Discarding => false,
        },
    };
    open.then(|| take(view)).flatten()
}

/// Looks at an end that a person wrote for the token in use, once for each.
pub(super) fn look_at_end(view: &View<'_>) -> Option<Decision> {
    if !is_current(view) || view.situation.leaving || !end_is_new(view) {
        return None;
    }
    view.step(Step::TakeSupplied, Reason::EndSupplied)
}

/// Whether the published end is neither ours nor one that was looked at.
fn end_is_new(view: &View<'_>) -> bool {
    let record = view.record;
    let Some(current) = &record.current else {
        return false;
    };
    let stated = view.situation.stated_end;
    let fingerprint = current.fingerprint();
    let note = record.stated_end.as_ref();
    let note = note.filter(|note| note.fingerprint == fingerprint);
    if stated == StatedEnd::Absent || note.is_some_and(|note| note.stated == stated) {
        return false;
    }
    if note.is_some_and(|note| note.stated == StatedEnd::Unreadable) {
        return true;
    }
    let last = record.published_end.as_ref();
    let Some(last) = last.filter(|last| last.fingerprint == fingerprint) else {
        // It is not known what the daemon published.
        return stated == StatedEnd::Unreadable;
    };
    stated.time() != last.end && stated.time() != current.expires_at
        || stated == StatedEnd::Unreadable
}

/// Whether the published end is one that was not taken as it is: ours is
/// published in its place.
fn end_is_refused(view: &View<'_>) -> bool {
    let record = view.record;
    let (Some(note), Some(current)) = (&record.stated_end, &record.current) else {
        return false;
    };
    let stated = view.situation.stated_end;
    note.fingerprint == current.fingerprint()
        && note.stated == stated
        && matches!(stated, StatedEnd::At(end) if Some(end) != current.expires_at)
}

/// Publishes the current token. A token that a person wrote is taken first,
/// never overwritten.
pub(super) fn follow(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    let is_ours = match view.situation.published {
        Published::Token(found) => view.record.knows(found),
        Published::Unknown => false,
        Published::Absent | Published::Malformed => true,
    };
    let is_right = is_current(view) && !end_is_refused(view);
    if is_right || !is_ours {
        return None;
    }
    view.step(Step::Publish, Reason::PublishDue)
}

/// Whether the published path has the current token.
pub(super) fn is_current(view: &View<'_>) -> bool {
    match (view.situation.published, view.record.current.as_ref()) {
        (Published::Token(found), Some(current)) => *found == current.fingerprint(),
        (Published::Token(_), None)
        | (Published::Unknown | Published::Absent | Published::Malformed, _) => false,
    }
}
