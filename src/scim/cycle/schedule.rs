//! When the daemon runs the next full cycle of a token.

use jiff::{SignedDuration, Timestamp};

use super::journal::JournalDocument;
use super::report::CycleVerdict;
use crate::secret::Fingerprint;

/// Pause after a run that did not pass.
pub const RETRY: SignedDuration = SignedDuration::from_mins(30);

/// When the next run of a token is due: at the usual interval, at once for a token
/// that no run has shown to work, and after a pause if the last run did not pass.
#[must_use]
pub fn due_at(journal: &JournalDocument, token: &Fingerprint, every: SignedDuration) -> Timestamp {
    let Some(last) = &journal.last else {
        return Timestamp::MIN;
    };
    let is_fresh = last.fingerprint != *token;
    let pause = match last.verdict {
        CycleVerdict::Passed if is_fresh => return Timestamp::MIN,
        CycleVerdict::Passed => every,
        CycleVerdict::Failed | CycleVerdict::Inconclusive if is_fresh => return Timestamp::MIN,
        CycleVerdict::Failed | CycleVerdict::Inconclusive => RETRY.min(every),
    };
    last.at.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::cycle::journal::LastRun;

    #[test]
    fn a_fresh_token_is_tested_at_once_and_a_failure_is_repeated_after_a_pause() {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        let day = SignedDuration::from_hours(24);
        let (old, new) = (Fingerprint::of("old"), Fingerprint::of("new"));
        let ran = |verdict| JournalDocument {
            last: Some(LastRun {
                run: String::new(),
                at,
                verdict,
                detail: String::new(),
                fingerprint: old,
            }),
            ..JournalDocument::default()
        };
        assert_eq!(
            due_at(&JournalDocument::default(), &old, day),
            Timestamp::MIN
        );
        assert_eq!(
            due_at(&ran(CycleVerdict::Passed), &new, day),
            Timestamp::MIN
        );
        assert_eq!(due_at(&ran(CycleVerdict::Passed), &old, day), at + day);
        for verdict in [CycleVerdict::Failed, CycleVerdict::Inconclusive] {
            assert_eq!(due_at(&ran(verdict), &old, day), at + RETRY);
            assert_eq!(due_at(&ran(verdict), &new, day), Timestamp::MIN);
        }
    }
}
