//! The rules of time: when a token is renewed, when windows are open, how long
//! a failure is waited out.

mod calendar;
mod renewal;
mod retries;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::policy::share;

use crate::scene::{ago, hours, policy, renewal_due, secs};

/// The probe after one this long ago that found nothing wrong.
pub(crate) fn next_probe(before: SignedDuration) -> Timestamp {
    ago(before) + spread(hours(1), 1)
}

/// The probe after one this long ago that raised doubts.
pub(crate) fn next_suspicious_probe(before: SignedDuration) -> Timestamp {
    ago(before) + spread(secs(30), 1)
}

/// The pause, and up to a tenth more by a hash of the token's name.
fn spread(pause: SignedDuration, counter: u64) -> SignedDuration {
    let more = pause.as_secs_f64() * 0.1 * share("crm", counter);
    pause + SignedDuration::try_from_secs_f64(more).expect("a duration")
}

/// When the pause after the last of this many failures ends.
pub(crate) fn after_failures(count: u32, last: Timestamp) -> Timestamp {
    let scene = renewal_due().failed("deliver", count, last);
    policy()
        .retry_at("crm", &scene.record.failures, None)
        .expect("a pause")
}
