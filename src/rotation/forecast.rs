//! What will happen next to a token if nothing else changes: `plan`, asked
//! again at each of its own wake times.

use jiff::{SignedDuration, Timestamp};

use super::decision::{Action, Decision, Step};
use super::plan::plan;
use super::reason::{Reason, WaitEnds};
use super::record::{LastProbe, Record};
use super::situation::Situation;

/// The decision of now, and the next effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// What is decided now.
    pub now: Decision,
    /// The next thing that is done, apart from periodic probes; `None` while
    /// it depends on a person or on nothing that is known.
    pub next: Option<Upcoming>,
}

/// Something that will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upcoming {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: Step,
    /// Why.
    pub reason: Reason,
}

/// Decisions that are looked at before it is given up.
const LOOKS: usize = 2_000;

/// Asks [`plan`] at `now`, and then at each time it names, until it wants
/// something done. The periodic probe is passed over: it changes nothing as
/// long as the token works.
#[must_use]
pub fn forecast(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Forecast {
    let decision = plan(record, situation, now);
    let next = upcoming(record, situation, now);
    Forecast {
        now: decision,
        next,
    }
}

fn upcoming(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Option<Upcoming> {
    let mut policy = situation.policy.clone();
    policy.probe_every = SignedDuration::MAX;
    let situation = Situation {
        policy: &policy,
        ..situation.clone()
    };
    let mut record = record.clone();
    let mut at = now;
    for _ in 0..LOOKS {
        let decision = plan(&record, &situation, at);
        match decision.action {
            Action::Do(Step::Verify) if record.probe.is_none() => {
                record.probe = Some(passed(at));
            }
            Action::Do(step) => {
                return Some(Upcoming {
                    at,
                    step,
                    reason: decision.reason,
                });
            }
            Action::Wait if has_no_end_by_itself(decision.reason) => return None,
            Action::Wait if decision.wake_at == Timestamp::MAX => return None,
            Action::Wait => at = decision.wake_at,
        }
    }
    None
}

fn passed(at: Timestamp) -> LastProbe {
    LastProbe {
        at,
        refused: 0,
        passed_at: Some(at),
        finding: None,
    }
}

/// Whether no clock tells when the wait ends.
fn has_no_end_by_itself(reason: Reason) -> bool {
    match reason.wait_ends() {
        WaitEnds::ByPerson | WaitEnds::FromOutside => true,
        WaitEnds::ByTime | WaitEnds::ByOtherReplica => false,
    }
}
