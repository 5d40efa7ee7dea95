//! The renewals of one token up to a horizon, if nothing but time changes and each
//! rotation succeeds at once.

use jiff::{SignedDuration, Timestamp};

use super::policy::{Life, Policy};

/// Renewals of one token that are listed at most: a token that lives for a minute has
/// half a million a year.
pub const MOST_RENEWALS: usize = 10_000;

/// One renewal to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// When the rules say that it is due.
    pub due: Timestamp,
    /// When it begins: windows hold it back, but not so long that the token expires.
    pub begins: Timestamp,
    /// When the token that it replaces expires, if it does.
    pub expires: Option<Timestamp>,
    /// Whether it begins outside the windows, as none opens before the deadline.
    pub is_outside_windows: bool,
}

/// The renewals of a token that begin from `now` on, up to `until`.
///
/// `life` is that of the token in use, `next_life` that of each following one (`None` if
/// they do not expire), `ordinal` the number of rotations that succeeded so far.
#[must_use]
pub fn renewals(
    policy: &Policy,
    (name, ordinal): (&str, u64),
    life: Life,
    next_life: Option<SignedDuration>,
    (now, until): (Timestamp, Timestamp),
) -> Vec<Renewal> {
    let mut life = life;
    let mut all = Vec::new();
    for ordinal in ordinal.. {
        let Some(renewal) = next(policy, (name, ordinal), life, now) else {
            break;
        };
        // A rule that makes no progress would be followed without an end.
        if renewal.begins > until || renewal.begins <= life.issued_at {
            break;
        }
        all.push(renewal);
        if all.len() == MOST_RENEWALS {
            break;
        }
        life = Life {
            issued_at: renewal.begins,
            expires_at: next_life.and_then(|life| renewal.begins.checked_add(life).ok()),
        };
    }
    all
}

fn next(policy: &Policy, named: (&str, u64), life: Life, now: Timestamp) -> Option<Renewal> {
    let due = policy.renewal_of(named.0, named.1, life)?;
    let begins = policy.opening_for(due.max(now), life);
    (begins != Timestamp::MAX).then(|| Renewal {
        due,
        begins,
        expires: life.expires_at,
        is_outside_windows: policy.windows.is_restricted() && !policy.windows.permit(begins),
    })
}
