//! All times of a demo, which follow from how long its tokens live.

use jiff::SignedDuration;

/// How fast a demo runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    lifetime: SignedDuration,
}

impl Pace {
    /// Below this, a slow machine could not renew a token in time.
    pub const SHORTEST_LIFE: SignedDuration = SignedDuration::from_secs(16);

    /// Tokens that live for this long, in whole seconds; `None` if it is below
    /// [`Pace::SHORTEST_LIFE`].
    #[must_use]
    pub fn of(lifetime: SignedDuration) -> Option<Self> {
        let lifetime = SignedDuration::from_secs(lifetime.as_secs());
        (lifetime >= Self::SHORTEST_LIFE).then_some(Self { lifetime })
    }

    /// Life of every token.
    #[must_use]
    pub fn lifetime(self) -> SignedDuration {
        self.lifetime
    }

    /// Age at which a token is renewed, jitter aside.
    #[must_use]
    pub fn renewal(self) -> SignedDuration {
        self.part(2)
    }

    /// How long an old token stays valid beside its successor.
    #[must_use]
    pub fn overlap(self) -> SignedDuration {
        self.part(6)
    }

    /// How long a broken part stays broken: well below what is left of a
    /// token's life when it is renewed.
    #[must_use]
    pub fn outage(self) -> SignedDuration {
        self.part(5)
    }

    /// How long a daemon that was killed stays away.
    #[must_use]
    pub fn restart(self) -> SignedDuration {
        self.part(30)
    }

    /// The configuration's placeholders for times, with their values.
    pub(super) fn placeholders(self) -> [(&'static str, SignedDuration); 8] {
        let four = SignedDuration::from_secs(4);
        let lease = self.part(6).max(four);
        [
            ("<LIFETIME>", self.lifetime),
            ("<OVERLAP>", self.overlap()),
            ("<LEASE>", lease),
            ("<TIMEOUT>", SignedDuration::from_secs(lease.as_secs() / 2)),
            ("<RETRY-MAX>", self.part(12)),
            ("<SETTLE>", self.part(30)),
            ("<PROBE-EVERY>", self.part(9)),
            ("<CONFIRM-TIMEOUT>", self.part(4)),
        ]
    }

    /// A share of the life, in whole seconds and at least one.
    fn part(self, of: i64) -> SignedDuration {
        SignedDuration::from_secs((self.lifetime.as_secs() / of).max(1))
    }
}
