//! Notices that the wall clock was set back.
//!
//! The agenda has wall-clock times. If a clock that was fast is corrected, all of
//! them are too late by the correction.

use jiff::{SignedDuration, Timestamp};

/// The wall clock when it was last read.
#[derive(Debug)]
pub(super) struct LastLook(Timestamp);

/// Smaller differences are leap seconds or gradual corrections.
const STEP: SignedDuration = SignedDuration::from_secs(2);

impl LastLook {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(now)
    }

    /// By how much the clock was set back since the last call, if it was.
    pub(super) fn step_back(&mut self, now: Timestamp) -> Option<SignedDuration> {
        let before = std::mem::replace(&mut self.0, now);
        let step = before.duration_since(now);
        (step > STEP).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn only_a_step_back_is_one_and_it_is_told_once() {
        let mut look = LastLook::at(at(100));
        let rows = [
            (101, None),
            (3700, None),
            (3699, None),
            (99, Some(3600)),
            (100, None),
        ];
        for (now, step) in rows {
            let step = step.map(SignedDuration::from_secs);
            assert_eq!(look.step_back(at(now)), step, "{now}");
        }
    }
}
