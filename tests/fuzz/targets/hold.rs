//! What has to hold for the input of every target.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// What must not come back in any text for people.
pub(super) const CANARY: &str = "cnry7f3a9c2e51d8";

/// What stands for [`CANARY`] in an input.
const PLACE: &str = "@@";

/// The time of every run.
pub(super) fn now() -> Timestamp {
    "2026-11-27T06:00:00Z".parse().expect("a time")
}

/// The input as text, with the secret in it; `None` if it is no UTF-8.
pub(super) fn planted(input: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(input).ok()?;
    Some(text.replace(PLACE, CANARY))
}

/// Whether an input holds the secret itself: the fuzzer finds it out by the
/// comparisons of [`hides`].
pub(super) fn gives_it_away(input: &[u8]) -> bool {
    let secret = CANARY.as_bytes();
    let mut parts = input.windows(secret.len());
    parts.any(|part| part.eq_ignore_ascii_case(secret))
}

/// The text does not hold the secret.
pub(super) fn hides(text: &str) {
    let found = text.to_ascii_lowercase().contains(CANARY);
    assert!(!found, "the secret is in: {text}");
}

/// A text for a person: of this length at most, and without a character that a
/// terminal obeys.
pub(super) fn is_for_people(text: &str, longest: usize) {
    let length = text.len();
    assert!(length <= longest, "{length} bytes, more than {longest}");
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    let found = text.chars().find(|c| obeyed(*c));
    assert_eq!(found, None, "a control character is in: {text:?}");
}

/// Longest time on a processor for one input, also without optimization.
const LONGEST: Duration = Duration::from_secs(5);

/// The same, within a bounded time.
pub(super) fn in_time<T>(work: impl FnOnce() -> T) -> T {
    let began = used();
    let result = work();
    let took = used().saturating_sub(began);
    assert!(took <= LONGEST, "it took {took:?}");
    result
}

/// The time that this thread has had on a processor.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time after the start")
}

/// The first line, and the rest.
pub(super) fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
