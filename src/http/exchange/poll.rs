//! Waiting for the end of what a call started.

use jiff::SignedDuration;
use serde::Deserialize;

use super::condition::Condition;
use super::place::Place;
use crate::http::template::{Context, Names};
use crate::problem::Problems;
use crate::value::HumanDuration;

/// Longest time that one call may wait.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Shortest pause between two questions.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// How the end of what a call started is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// It has ended well when all of these hold for the newest answer.
    pub until: Vec<Condition>,
    /// It has ended badly when all of these hold.
    #[serde(default)]
    pub failed: Vec<Condition>,
    /// Where the first answer tells the URL to ask. Without it the call itself
    /// is repeated, which only a call without an effect may be.
    pub url: Option<Place>,
    /// Pause between two questions.
    #[serde(default = "default_every")]
    pub every: HumanDuration,
    /// Longest time to wait.
    #[serde(default = "default_at_most")]
    pub at_most: HumanDuration,
}

fn default_every() -> HumanDuration {
    HumanDuration(SignedDuration::from_secs(2))
}

fn default_at_most() -> HumanDuration {
    HumanDuration(SignedDuration::from_mins(2))
}

impl Poll {
    /// Reports conditions and times that cannot work.
    pub fn check(&self, path: &str, only_reads: bool, known: &Names, problems: &mut Problems) {
        if self.until.is_empty() {
            problems.error(
                format!("{path}.until"),
                "nothing says when it has ended",
                "write until = [{ at = \"/status\", equals = \"done\" }]",
            );
        }
        for (key, conditions) in [("until", &self.until), ("failed", &self.failed)] {
            for (index, condition) in conditions.iter().enumerate() {
                condition.check(&format!("{path}.{key}[{index}]"), &[], known, problems);
            }
        }
        match &self.url {
            Some(place) => place.check(&format!("{path}.url"), known, problems),
            None if only_reads => {}
            None => problems.error(
                format!("{path}.url"),
                "the call has an effect, so it cannot be repeated to see how far it is",
                "write where the answer tells the URL to ask, for example { header = \"Location\" }; or poll in a second call",
            ),
        }
        if self.every.0 < SHORTEST_PAUSE {
            problems.error(
                format!("{path}.every"),
                "the pause is shorter than 100ms",
                "write for example \"2s\"",
            );
        }
        if self.at_most.0 <= SignedDuration::ZERO || self.at_most.0 > LONGEST_WAIT {
            problems.error(
                format!("{path}.at_most"),
                "a call may wait for 10m at most",
                "write for example \"2m\"",
            );
        }
    }

    pub(super) fn resolve(&mut self, context: &Context) -> Result<(), String> {
        for condition in self.until.iter_mut().chain(&mut self.failed) {
            condition.resolve(context)?;
        }
        match &mut self.url {
            Some(place) => place.resolve(context),
            None => Ok(()),
        }
    }
}
