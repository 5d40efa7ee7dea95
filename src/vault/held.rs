//! The Vault token in use, and when it must be renewed. Only computes times.

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};

use super::auth::Granted;
use crate::secret::SecretText;

/// Shortest time between two renewals.
const SHORTEST: SignedDuration = SignedDuration::from_millis(500);

/// A Vault token and what is known of its lifetime.
#[derive(Clone)]
pub(super) struct HeldToken {
    pub(super) token: SecretText,
    /// Number of the login that it came from.
    pub(super) serial: u64,
    /// Whether Vault renews it.
    pub(super) renewable: bool,
    /// Whether it can be revoked.
    pub(super) revocable: bool,
    /// When it expires; `None` if it does not.
    pub(super) expires_at: Option<Timestamp>,
    /// Whether the last renewal granted the full lifetime again.
    pub(super) grows: bool,
    /// Number of failed renewals in a row.
    pub(super) failures: u32,
    /// When its lifetime was last granted, and how long that was.
    granted_at: Timestamp,
    ttl: SignedDuration,
    renewals: u32,
}

impl HeldToken {
    pub(super) fn new(serial: u64, granted: Granted, now: Timestamp) -> Self {
        Self {
            token: granted.token,
            serial,
            renewable: granted.renewable,
            revocable: !granted.is_batch,
            expires_at: granted.ttl.and_then(|ttl| now.checked_add(ttl).ok()),
            grows: true,
            failures: 0,
            granted_at: now,
            ttl: granted.ttl.unwrap_or_default(),
            renewals: 0,
        }
    }

    /// The same token after a renewal. If less is granted than before, its
    /// maximal lifetime is reached.
    pub(super) fn renewed(&self, granted: &Granted, now: Timestamp) -> Self {
        // In its last second Vault grants zero.
        let ttl = granted.ttl.unwrap_or_default();
        Self {
            renewable: granted.renewable,
            expires_at: now.checked_add(ttl).ok(),
            grows: ttl >= self.ttl,
            failures: 0,
            granted_at: now,
            ttl,
            renewals: self.renewals.saturating_add(1),
            ..self.clone()
        }
    }

    /// Whether it has expired.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// When to renew it: at two thirds of its lifetime, up to a tenth earlier
    /// depending on the replica's name. `None` if it does not expire.
    pub(super) fn due_at(&self, seed: &str) -> Option<Timestamp> {
        self.expires_at?;
        let share = 2.0 / 3.0 - 0.1 * self.spread(seed);
        let wait = self.ttl.mul_f64(share).max(SHORTEST);
        Some(
            self.granted_at
                .saturating_add(wait)
                .unwrap_or(self.granted_at),
        )
    }

    /// A number in [0, 1) that differs between replicas and renewals.
    fn spread(&self, seed: &str) -> f64 {
        let text = format!("{seed}\0{}\0{}", self.serial, self.renewals);
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let first = hash.as_ref().first().copied().unwrap_or(0);
        f64::from(first) / 256.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(seconds: i64) -> Granted {
        Granted {
            token: SecretText::parse("hvs.canary").expect("valid"),
            ttl: (seconds > 0).then(|| SignedDuration::from_secs(seconds)),
            renewable: true,
            is_batch: false,
        }
    }

    #[test]
    fn it_is_renewed_at_about_two_thirds_and_not_by_all_at_once() {
        let now = Timestamp::UNIX_EPOCH;
        let held = HeldToken::new(1, granted(3600), now);
        let mut seen = std::collections::BTreeSet::new();
        for replica in 0..20 {
            let due = held.due_at(&format!("replica-{replica}")).expect("due");
            let after = due.duration_since(now).as_secs();
            assert!((2040..=2400).contains(&after), "{after}");
            seen.insert(after);
        }
        assert!(seen.len() > 10, "{seen:?}");
        assert_eq!(held.due_at("a"), held.due_at("a"));
    }

    #[test]
    fn a_token_without_end_is_left_alone() {
        let held = HeldToken::new(1, granted(0), Timestamp::UNIX_EPOCH);
        assert_eq!(held.due_at("a"), None);
        assert!(!held.is_over(Timestamp::MAX));
    }

    #[test]
    fn a_shorter_grant_means_that_the_end_is_near() {
        let now = Timestamp::UNIX_EPOCH;
        let held = HeldToken::new(1, granted(60), now);
        for (ttl, grows) in [(60, true), (59, false), (0, false), (120, true)] {
            assert_eq!(held.renewed(&granted(ttl), now).grows, grows, "{ttl}");
        }
    }
}
