//! The next step of a token, if nothing but time changes: `plan` is asked again
//! at each of the wake times that it returns.

use jiff::{SignedDuration, Timestamp};

use super::decision::{Action, Decision, Step};
use super::plan::plan;
use super::reason::{Reason, WaitEnds};
use super::record::{LastProbe, Record};
use super::situation::Situation;

/// The decision of now, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// What is decided now.
    pub now: Decision,
    /// The next step, apart from periodic probes; `None` if it depends on a
    /// person, or if no time is known.
    pub next: Option<Upcoming>,
}

/// A step that will be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upcoming {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: Step,
    /// Why.
    pub reason: Reason,
}

/// Number of decisions after which the search ends without a result.
const LOOKS: usize = 2_000;

/// Asks [`plan`] at `now`, and then at each wake time that it returns, until it
/// returns a step. The periodic probe is skipped: it changes nothing as long as
/// the token works.
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
    // When it would begin if the full cycle that it waits for passes in time.
    policy.full_cycle = None;
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

/// Whether the wait does not end by time alone.
fn has_no_end_by_itself(reason: Reason) -> bool {
    match reason.wait_ends() {
        WaitEnds::ByPerson | WaitEnds::FromOutside => true,
        WaitEnds::ByTime | WaitEnds::ByOtherReplica => false,
    }
}
