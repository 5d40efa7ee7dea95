//! The limit of issues: the guard against a runaway.

use jiff::{SignedDuration, Timestamp};

use super::policy::Policy;
use super::record::HeldToken;

/// The cap on issued tokens counts this far back at most.
pub(in crate::rotation) const ISSUE_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How many tokens may be issued in the time in which one is renewed, where the day is
/// too long for that.
const ISSUES_PER_RENEWAL: f64 = 2.0;

/// However short the life of its tokens is, an issuer is not asked more often than that
/// in the mean.
const SHORTEST_BETWEEN_ISSUES: SignedDuration = SignedDuration::from_mins(1);

impl Policy {
    /// The time in which [`Policy::issues_per_day`] tokens may be issued (the guard
    /// against a runaway). It is a day, and less where tokens really live for so short
    /// a time that their renewals would reach the limit: then twice as many may be
    /// issued as renewals need.
    #[must_use]
    pub fn issue_window(&self, current: Option<&HeldToken>) -> SignedDuration {
        let between = match current {
            Some(token) => {
                let issued = token.issued_at;
                let life = self.expiry(token).map(|end| end.duration_since(issued));
                let by_cron = self.by_cron(issued);
                let by_cron = by_cron.map(|at| at.duration_since(issued));
                [self.renewal_age(life), by_cron]
                    .into_iter()
                    .flatten()
                    .min()
            }
            None => self.renewal_age(self.longest_life()),
        };
        let Some(between) = between else {
            return ISSUE_WINDOW;
        };
        let cap = self.issues_per_day.max(1);
        let shortest = SHORTEST_BETWEEN_ISSUES.as_secs_f64() * f64::from(cap);
        let needed = between.as_secs_f64() * f64::from(cap) / ISSUES_PER_RENEWAL;
        let window = SignedDuration::try_from_secs_f64(needed.max(shortest));
        window.unwrap_or(ISSUE_WINDOW).min(ISSUE_WINDOW)
    }

    /// The cap on issued tokens (runaway guard): when the next one may be
    /// issued, if not now. `current` is the token in use.
    #[must_use]
    pub fn issue_permitted_at(
        &self,
        issues: &[Timestamp],
        current: Option<&HeldToken>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let window = self.issue_window(current);
        let recent: Vec<_> = issues
            .iter()
            .filter(|at| now.duration_since(**at) < window)
            .collect();
        let cap = usize::try_from(self.issues_per_day.max(1)).unwrap_or(usize::MAX);
        let counts = recent.len().checked_sub(cap)?;
        recent.get(counts)?.checked_add(window).ok()
    }
}
