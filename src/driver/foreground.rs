//! The same driver in the foreground: for `once` and `rotate`.

use jiff::{SignedDuration, Timestamp};

use super::memory::Memory;
use super::run::{Rest, Runner};
use crate::ports::unit::Unit;
use crate::rotation::decision::{Decision, Reason};
use crate::rotation::record::{Record, StageName};

/// How foreground work on a token ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is in flight any more; the last decision says why.
    AtRest(Decision),
    /// A person must act: the token waits for an operator or is halted.
    NeedsPerson(StageName),
    /// Time ran out while something was in flight or held back.
    TimedOut(Reason),
    /// The store could not be used until time ran out.
    StoreFailed(String),
    /// Cancelled between two steps.
    Stopped,
}

/// When foreground work is content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// No rotation is in flight.
    AtRest,
    /// A rotation that was asked for has begun and ended.
    Rotated,
}

impl Runner {
    /// Wakes one token again and again until it is content, for at most this
    /// long. The last record that was seen stays in `memory`.
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
/// A person or another replica may change what is waited for.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);

fn judge(rest: &Rest, record: Option<&Record>, until: Until) -> Option<Ended> {
    let decision = match rest {
        Rest::Stopped => return Some(Ended::Stopped),
        Rest::StoreFailed { .. } | Rest::Interrupted => return None,
        Rest::Decided(decision) => decision,
    };
    let record = record?;
    let stage = record.stage_name();
    let begun = match until {
        Until::AtRest => true,
        // The request is taken out of the record when its rotation begins.
        Until::Rotated => record.request.is_none(),
    };
    match stage {
        StageName::Halted | StageName::WaitingOperator if begun => Some(Ended::NeedsPerson(stage)),
        StageName::Idle if begun && decision.reason != Reason::LeaseElsewhere => {
            Some(Ended::AtRest(decision.clone()))
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

fn timed_out(rest: Rest) -> Ended {
    match rest {
        Rest::Decided(decision) => Ended::TimedOut(decision.reason),
        Rest::StoreFailed { error, .. } => Ended::StoreFailed(error),
        Rest::Stopped | Rest::Interrupted => Ended::Stopped,
    }
}
