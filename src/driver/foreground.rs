//! The driver in the foreground, for `once` and `rotate`: one token, with a
//! timeout.

use jiff::{SignedDuration, Timestamp};

use super::memory::Memory;
use super::run::{Runner, WakeEnd};
use crate::ports::unit::Unit;
use crate::rotation::decision::{Decision, Reason};
use crate::rotation::reason::WaitEnds;
use crate::rotation::record::{Record, StageName};

/// How foreground work on a token ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// No rotation is in flight, or waiting does not help the one that is; the decision
    /// says what the token waits for.
    Idle(Decision),
    /// A person has to act: the token waits for an operator or is halted.
    NeedsPerson(StageName),
    /// The timeout passed while a rotation was in flight or could not begin.
    TimedOut(Reason),
    /// The store could not be used until the timeout passed, or only a person can
    /// make it usable.
    StoreFailed(String),
    /// The issuer, the service provider or a connection refused a step in a way that no
    /// repetition changes: for a person.
    Refused(String),
    /// The work was cancelled between two steps.
    Stopped,
}

/// When foreground work is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When no rotation is in flight.
    Idle,
    /// When a requested rotation has begun and ended.
    Rotated,
}

impl Runner {
    /// Wakes one token until its work is finished, for at most this long. The
    /// last record that was read stays in `memory`.
    pub async fn work(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        until: Until,
        timeout: SignedDuration,
    ) -> Ended {
        let deadline = self
            .clock
            .now()
            .checked_add(timeout)
            .unwrap_or(Timestamp::MAX);
        loop {
            let rest = self.wake(unit, memory).await;
            if let Some(ended) = judge(&rest, memory.record(), until) {
                self.release(memory).await;
                return ended;
            }
            let now = self.clock.now();
            if now >= deadline {
                self.release(memory).await;
                return timed_out(rest);
            }
            let wake_at = rest.wake_at().unwrap_or(deadline).min(deadline);
            let pause = wake_at
                .duration_since(now)
                .clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = self.cancel.cancelled() => return Ended::Stopped,
            }
            if rest.waits_for_others() {
                memory.reload();
            }
        }
    }
}

const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_millis(50);
/// Longest pause between two wakes: a person or another replica may write the
/// record.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);

fn judge(rest: &WakeEnd, record: Option<&Record>, until: Until) -> Option<Ended> {
    let decision = match rest {
        WakeEnd::Stopped => return Some(Ended::Stopped),
        WakeEnd::StoreFailed {
            error,
            lasting: true,
            ..
        } => return Some(Ended::StoreFailed(error.clone())),
        WakeEnd::StoreFailed { .. } | WakeEnd::Interrupted => return None,
        WakeEnd::Decided(decision) => decision,
    };
    let record = record?;
    let stage = record.stage_name();
    let begun = match until {
        Until::Idle => true,
        // A rotation removes the request from the record when it begins.
        Until::Rotated => record.request.is_none(),
    };
    if let Some(refused) = refused(record, decision).filter(|_| until == Until::Idle) {
        return Some(Ended::Refused(refused));
    }
    match stage {
        StageName::Halted | StageName::WaitingOperator if begun => Some(Ended::NeedsPerson(stage)),
        StageName::Idle if begun && decision.reason != Reason::LeaseElsewhere => {
            Some(Ended::Idle(decision.clone()))
        }
        StageName::Idle
        | StageName::Issuing
        | StageName::Proving
        | StageName::Delivering
        | StageName::Completing
        | StageName::Confirming
        | StageName::Reverting
        | StageName::Discarding
            if waits_in_vain(decision, begun) =>
        {
            Some(Ended::Idle(decision.clone()))
        }
        StageName::Idle
        | StageName::Halted
        | StageName::WaitingOperator
        | StageName::Issuing
        | StageName::Proving
        | StageName::Delivering
        | StageName::Completing
        | StageName::Confirming
        | StageName::Reverting
        | StageName::Discarding => None,
    }
}

/// Whether neither time nor another replica ends the wait.
fn waits_in_vain(decision: &Decision, begun: bool) -> bool {
    match decision.reason.wait_ends() {
        WaitEnds::ByTime | WaitEnds::ByOtherReplica => false,
        // A request for a rotation may end it too.
        WaitEnds::ByPerson => begun,
        WaitEnds::FromOutside => true,
    }
}

/// What was refused for a reason that a person must remove, while the token only waits
/// until the same is asked again.
fn refused(record: &Record, decision: &Decision) -> Option<String> {
    let last = record.failures.last.as_ref()?;
    let waits = decision.reason == Reason::Backoff;
    (waits && last.class.is_permanent()).then(|| format!("{} failed: {}", last.step, last.message))
}

fn timed_out(rest: WakeEnd) -> Ended {
    match rest {
        WakeEnd::Decided(decision) => Ended::TimedOut(decision.reason),
        WakeEnd::StoreFailed { error, .. } => Ended::StoreFailed(error),
        WakeEnd::Stopped | WakeEnd::Interrupted => Ended::Stopped,
    }
}
