//! What a token needs next.
//!
//! [`plan`] asks the `RULES` from top to bottom; the first that answers
//! decides. Each rule is one small question with one answer, so that the table
//! can be read as the specification. A rule that makes the token wait asks the
//! side tasks first: waiting for a window, a person or a server is no reason
//! to leave a superseded token alive or the token in use untested.

mod due;
mod ending;
mod flight;
mod gates;
mod leaving;
mod lost_lease;
mod probing;
mod published;
mod rest;
mod side_tasks;
mod view;

use jiff::Timestamp;

use self::view::{MIN_WAIT, View};
use super::decision::{Action, Decision};
use super::record::Record;
use super::situation::Situation;

/// Decides what happens next for a token. Total: every record gets an answer.
#[must_use]
pub fn plan(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Decision {
    let view = View {
        record,
        situation,
        now,
    };
    let decision = RULES
        .iter()
        .find_map(|(_, rule)| rule(&view))
        .unwrap_or_else(|| rest::nothing_is_due(&view));
    not_beyond_revocation(&view, decision)
}

/// No wait lasts longer than until the next revocation of a token that only
/// this process knows.
fn not_beyond_revocation(view: &View<'_>, decision: Decision) -> Decision {
    match (&decision.action, lost_lease::next_revocation(view)) {
        (Action::Wait, Some(at)) => Decision {
            wake_at: decision.wake_at.min(at.max(view.after(MIN_WAIT))),
            ..decision
        },
        (Action::Wait, None) | (Action::Do(_), _) => decision,
    }
}

type Rule = fn(&View<'_>) -> Option<Decision>;

/// The rules, in the order in which they are asked.
const RULES: &[(&str, Rule)] = &[
    // Who may act at all?
    (
        "a record of a newer program is left alone",
        gates::schema_is_ours,
    ),
    (
        "a clock that runs backward does nothing",
        gates::clock_is_sane,
    ),
    (
        "a token that left the configuration is let go when it is settled",
        leaving::let_go,
    ),
    ("a person's pause holds everything", gates::not_paused),
    (
        "a token that only this process knows is revoked",
        lost_lease::revoke_unrecorded,
    ),
    (
        "another replica's lease is respected",
        gates::lease_is_ours_or_free,
    ),
    ("a halted token is measured, not moved", gates::halted),
    ("a failure is not repeated at once", gates::backoff_is_over),
    // The rotation in flight.
    (
        "an issuance request that was sent after lease loss is looked for",
        lost_lease::look_for_issue,
    ),
    ("a rotation in flight goes on", flight::go_on),
    // What the stored state calls for.
    (
        "a connection that does not hold the token in use is given it",
        lost_lease::give_again,
    ),
    ("a token without a record is adopted", published::adopt),
    ("a token that a person wrote is taken", published::take),
    ("the published copy follows the record", published::follow),
    (
        "a superseded token is retired when its overlap has ended",
        ending::retire,
    ),
    ("a lost token of ours is revoked", ending::revoke_orphan),
    ("a rotation begins when it is due", due::begin),
    ("the token in use is tested now and then", probing::probe),
];
