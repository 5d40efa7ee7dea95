//! What can go wrong at a port call, and the script that says where it does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::request::Request;
use crate::world::Call;

/// What goes wrong at one port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    /// Not reached: nothing happened, and that is known.
    Unreachable,
    /// Refused for good, by this one answer.
    Refused,
    /// Our credential was not accepted, this once.
    Unauthorized,
    /// A rate limit with a wish to be left alone for a while.
    Throttled,
    /// A server error after which nothing had happened, which nobody knows.
    Uncertain,
    /// It happened, and the answer was lost.
    ReplyLost,
    /// No answer within the deadline; the server gets to it after that.
    Slow,
    /// The process dies before the request leaves it.
    CrashBefore,
    /// The process dies when the request has been carried out.
    CrashAfter,
    /// Somebody else writes the record first.
    Rival,
    /// The process stands still until another one has taken the lease and done
    /// the work; then its request goes out and its answer is seen.
    TakenOver,
    /// The same, and its deadline passes before the answer is seen.
    TakenOverCut,
    /// The wall clock is set an hour forward, for a while.
    ClockForward,
    /// The wall clock is set an hour back, for a while.
    ClockBack,
    /// Vault is sealed from now on, for a while.
    Sealed,
    /// The network carries the request twice.
    Repeated,
}

impl Trouble {
    pub(crate) const ALL: [Self; 16] = [
        Self::Unreachable,
        Self::Refused,
        Self::Unauthorized,
        Self::Throttled,
        Self::Uncertain,
        Self::ReplyLost,
        Self::Slow,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Rival,
        Self::TakenOver,
        Self::TakenOverCut,
        Self::ClockForward,
        Self::ClockBack,
        Self::Sealed,
        Self::Repeated,
    ];

    /// Those of which every pair is run. The others differ from one of these in
    /// a word of the answer only, or are two of them at once.
    pub(crate) const PAIRED: [Self; 11] = [
        Self::Refused,
        Self::Throttled,
        Self::ReplyLost,
        Self::Slow,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Rival,
        Self::TakenOver,
        Self::ClockForward,
        Self::ClockBack,
        Self::Sealed,
    ];

    /// Whether this trouble makes a run of its own at a call. Where it does
    /// not, another one of the list makes the very same run.
    pub(crate) fn differs_at(self, call: &Call, next: Option<&Call>) -> bool {
        match self {
            // A read has no effect that could be lost or repeated.
            Self::ReplyLost | Self::Repeated => call.nature != Nature::Read,
            // Requests to Vault have no deadline of the driver's.
            Self::TakenOverCut => call.nature == Nature::Effect && !call.vault,
            // To die after a call is to die before the next, unless time passes
            // between them.
            Self::CrashAfter => {
                call.nature != Nature::Read && next.is_none_or(|next| next.at > call.at)
            }
            // What nobody has read nor written over cannot have been changed by
            // a rival, nor refused by a sealed Vault.
            Self::Rival => call.nature == Nature::Commit,
            Self::Sealed => call.vault,
            Self::Unreachable
            | Self::Refused
            | Self::Unauthorized
            | Self::Throttled
            | Self::Uncertain
            | Self::Slow
            | Self::CrashBefore
            | Self::TakenOver
            | Self::ClockForward
            | Self::ClockBack => true,
        }
    }
}

/// What a call can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Nature {
    /// Nothing.
    Read,
    /// The record.
    Commit,
    /// Something outside that no check-and-set guards.
    Effect,
}

impl Nature {
    pub(crate) fn of(request: &Request) -> Self {
        match request {
            Request::Load
            | Request::Published
            | Request::List
            | Request::Get { .. }
            | Request::Preflight { .. }
            | Request::Confirm { .. }
            | Request::Prove { .. }
            | Request::CompareTenants { .. }
            | Request::ProveRefused { .. } => Self::Read,
            Request::Commit { .. } => Self::Commit,
            Request::Publish { .. }
            | Request::Issue(_)
            | Request::Revoke(_)
            | Request::Complete
            | Request::Cancel
            | Request::Deliver { .. } => Self::Effect,
        }
    }
}

/// Which troubles come at which port calls, counted from the start of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Script(pub(crate) BTreeMap<usize, Trouble>);

impl Script {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn one(call: usize, trouble: Trouble) -> Self {
        Self(BTreeMap::from([(call, trouble)]))
    }

    pub(crate) fn and(&self, call: usize, trouble: Trouble) -> Self {
        let mut more = self.clone();
        more.0.insert(call, trouble);
        more
    }
}

/// A trouble that waits for a request of this kind, however many others come
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cue {
    /// The word of [`Request::word`].
    pub(crate) word: &'static str,
    /// How many requests of this kind go undisturbed first.
    pub(crate) skip: usize,
    pub(crate) trouble: Trouble,
}

/// Takes the trouble that was waiting for this request.
pub(crate) fn cued(cues: &mut Vec<Cue>, word: &str) -> Option<Trouble> {
    let due = cues.iter().position(|c| c.word == word && c.skip == 0);
    let due = due.map(|index| cues.remove(index));
    for later in cues.iter_mut().filter(|c| c.word == word) {
        later.skip = later.skip.saturating_sub(1);
    }
    due.map(|cue| cue.trouble)
}
