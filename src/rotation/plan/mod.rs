//! The decision: what a token needs next.
//!
//! [`plan`] asks the `RULES` in order; the first that answers decides. Each
//! rule is one condition with one answer, so that the table reads as the
//! specification. A rule that makes the token wait asks the side tasks first:
//! while a window, a person or a server is waited for, a superseded token must
//! still be retired and the current one tested.

mod deliveries;
mod due;
mod ending;
mod flight;
mod gates;
mod handed_over;
mod leaving;
mod lost_lease;
mod probing;
mod published;
mod rehearsal;
mod rest;
mod restored;
mod retrying;
mod side_tasks;
mod view;

use jiff::Timestamp;

use self::view::{MIN_WAIT, View};
use super::decision::{Action, Decision};
use super::record::Record;
use super::situation::Situation;

/// Decides what happens next for a token. Every record gets an answer.
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

/// The rules, in order of precedence.
const RULES: &[(&str, Rule)] = &[
    // Who may act at all?
    (
        "a record of a newer program is left alone",
        gates::schema_is_ours,
    ),
    (
        "nothing is done while the clock is behind the record",
        gates::clock_is_sane,
    ),
    (
        "a token that left the configuration is let go when nothing is left to do",
        leaving::let_go,
    ),
    ("nothing is done for a paused token", gates::not_paused),
    (
        "a token that only this process knows is revoked",
        lost_lease::revoke_unrecorded,
    ),
    (
        "another replica's lease is respected",
        gates::lease_is_ours_or_free,
    ),
    (
        "a value that nobody may supply is refused, and the token in use is written back",
        published::refuse,
    ),
    ("a halted token is tested, and not rotated", gates::halted),
    (
        "a failed step is not repeated at once",
        gates::backoff_is_over,
    ),
    // The rotation in flight.
    (
        "an issuance request that was sent after lease loss is looked for",
        lost_lease::look_for_issue,
    ),
    (
        "the throw-away token of a rehearsal is revoked",
        rehearsal::end,
    ),
    (
        "what was issued in a time that a restored record does not know of is looked for",
        restored::look,
    ),
    ("a rotation in flight goes on", flight::go_on),
    // What the stored state calls for.
    (
        "a connection that does not hold the current token is given it",
        lost_lease::give_again,
    ),
    (
        "a connection of which a person said that it holds the token is confirmed",
        handed_over::close,
    ),
    ("a token without a record is adopted", published::adopt),
    (
        "a token that a person wrote becomes the pending token",
        published::take,
    ),
    (
        "an end that a person wrote for the token in use is looked at",
        published::look_at_end,
    ),
    ("the current token is published", published::follow),
    (
        "a superseded token is retired when its overlap has ended",
        ending::retire,
    ),
    ("an orphan is revoked", ending::revoke_orphan),
    ("a rotation begins when it is due", due::begin),
    ("the current token is tested periodically", probing::probe),
];
