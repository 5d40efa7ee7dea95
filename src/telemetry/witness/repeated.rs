//! Failures that repeat: each is logged at its first, second, fourth, eighth … time
//! in a row, so that one broken server does not fill the log.

use std::collections::BTreeMap;

use crate::rotation::decision::Step;
use crate::telemetry::result::StepResult;

/// The last failure of each step of one token, and how often it came in a row.
#[derive(Debug, Default)]
pub(super) struct Repeated(BTreeMap<(&'static str, String), (String, u32)>);

impl Repeated {
    /// How often this failure has come in a row; `None` for another result.
    pub(super) fn count(&mut self, step: &Step, result: StepResult<'_>) -> Option<u32> {
        let connection = step.connection().unwrap_or_default().to_owned();
        let key = (step.as_str(), connection);
        let StepResult::Trouble(trouble) = result else {
            self.0.remove(&key);
            return None;
        };
        let (last, count) = self.0.entry(key).or_default();
        if last != trouble {
            trouble.clone_into(last);
            *count = 0;
        }
        *count = count.saturating_add(1);
        Some(*count)
    }
}

/// Whether this failure is told to people.
pub(super) fn is_told(count: u32) -> bool {
    count.is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_repeats_is_told_ever_less_often() {
        let mut repeated = Repeated::default();
        let mut told = |step: &Step, trouble: &str| {
            let count = repeated.count(step, StepResult::Trouble(trouble));
            is_told(count.expect("a failure"))
        };
        let row: Vec<_> = (0..9).map(|_| told(&Step::Prove, "401")).collect();
        let expected = [true, true, false, true, false, false, false, true, false];
        assert_eq!(row, expected);
        assert!(told(&Step::Prove, "503"), "another failure");
        assert!(told(&Step::Verify, "503"), "another step");
        assert_eq!(repeated.count(&Step::Prove, StepResult::Done), None);
        let again = repeated.count(&Step::Prove, StepResult::Trouble("503"));
        assert_eq!(again, Some(1), "it had succeeded");
    }
}
