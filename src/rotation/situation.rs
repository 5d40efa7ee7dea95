//! What `plan` and `apply` are given besides the record and the time.

use jiff::{SignedDuration, Timestamp};

use super::capability::{ConnectionCapabilities, IssuerCapabilities};
use super::policy::Policy;
use super::record::{Record, StatedEnd};
use super::uncommitted::UnrecordedToken;
use crate::scim::evidence::Passed;
use crate::secret::Fingerprint;

/// Facts about one token that are not in its record.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Name of the token.
    pub token: &'a str,
    /// Name of its issuer in the configuration. A token that another issuer
    /// made is neither looked for nor revoked at this one, where its id may be
    /// another customer's.
    pub issuer_name: &'a str,
    /// Digest of the settings of its issuer: an answer of the issuer that could
    /// not be used may be usable under other settings. Empty if unknown.
    pub issuer_settings: &'a str,
    /// Random id of this replica's process; `None` for a dry run (`scim-rotator
    /// plan`), which ignores the leases of other replicas.
    pub holder: Option<&'a str>,
    /// The rules that the configuration sets for this token.
    pub policy: &'a Policy,
    /// What its issuer can do.
    pub issuer: IssuerCapabilities,
    /// The connections that must hold it, in the order of the configuration;
    /// the first is the canary.
    pub connections: &'a [(String, ConnectionCapabilities)],
    /// What the published path contains.
    pub published: &'a Published,
    /// The end that the published path names for its token.
    pub stated_end: StatedEnd,
    /// Whether other tokens of the configuration have the same issuer. Then the
    /// only token that it lists may be one of theirs.
    pub shares_issuer: bool,
    /// Whether this run committed the stored intent and has not sent its
    /// request yet. After a restart it is always `false`. `apply` is given the
    /// value from before the step.
    pub intent_is_fresh: bool,
    /// Whether this process stored the pending token and knows of every delivery
    /// of it since. After a restart, or when another writer came first, it is
    /// `false`.
    pub knows_deliveries: bool,
    /// Tokens that were issued to this process and are in no record; empty after
    /// a restart, and for a dry run.
    pub unrecorded: &'a [UnrecordedToken],
    /// What the servers say of this machine's clock.
    pub our_clock: OurClock,
    /// The last full cycle that passed of the token that this one waits for, as far as
    /// it is known; `None` if it waits for none.
    pub full_cycle: Option<Passed>,
    /// Whether a person stopped all work (the kill switch).
    pub all_paused: bool,
    /// Whether the audit cannot be written, and no rotation may begin then.
    pub audit_fails: bool,
    /// Whether the token was taken out of the configuration: a rotation or
    /// retirement in progress is finished, and nothing new begins.
    pub leaving: bool,
}

impl Situation<'_> {
    /// What the named connection can do, if it is configured for this token.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<ConnectionCapabilities> {
        self.connections
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, c)| *c)
    }

    /// Whether a halt has ended: a person asked for a rotation, or corrected the
    /// settings that it comes from.
    #[must_use]
    pub fn is_lifted(&self, record: &Record) -> bool {
        record.halt_is_lifted() || self.is_corrected(record)
    }

    /// Whether the settings that a halt comes from have changed.
    #[must_use]
    pub fn is_corrected(&self, record: &Record) -> bool {
        record.halt.as_ref().is_some_and(|halt| {
            !halt.settings.is_empty()
                && !self.issuer_settings.is_empty()
                && halt.settings != self.issuer_settings
        })
    }

    /// Whether the configured issuer made this token and can revoke it alone.
    #[must_use]
    pub fn can_revoke(&self, unrecorded: &UnrecordedToken) -> bool {
        let issuer = unrecorded.intent.issuer.as_ref();
        let made_here = issuer.is_none_or(|name| name == self.issuer_name);
        made_here && self.issuer.revokes_single_tokens()
    }
}

/// What the servers say of this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OurClock {
    /// How far the right time is ahead of it, as most servers say; without a
    /// measurement zero.
    pub skew: SignedDuration,
    /// Whether a server's clock was seen.
    pub is_measured: bool,
    /// Whether Vault says the same as most servers.
    pub vault_agrees: bool,
}

/// A clock that is wrong by more than the tolerance still shows well enough what is
/// due. One that is wrong by more than this many times the tolerance does not.
const UNUSABLE: i32 = 10;

impl OurClock {
    /// No server's clock was seen yet.
    pub const UNKNOWN: Self = Self {
        skew: SignedDuration::ZERO,
        is_measured: false,
        vault_agrees: false,
    };

    /// Whether it is known to be wrong by more than is tolerated.
    #[must_use]
    pub fn is_wrong(self, tolerated: SignedDuration) -> bool {
        self.skew.unsigned_abs() > tolerated.unsigned_abs()
    }

    /// Whether a server's clock confirms it.
    #[must_use]
    pub fn is_confirmed(self, tolerated: SignedDuration) -> bool {
        self.is_measured && !self.is_wrong(tolerated)
    }

    /// Whether the servers' time is used instead.
    #[must_use]
    pub fn is_replaced(self, tolerated: SignedDuration) -> bool {
        self.vault_agrees && self.is_wrong(tolerated.saturating_mul(UNUSABLE))
    }

    /// The time by which is decided and written when this clock shows `shown`. If
    /// Vault and most servers say that it is far from right, that is the servers'
    /// time: what a clock of next year writes could not be used this year.
    #[must_use]
    pub fn right_time(self, shown: Timestamp, tolerated: SignedDuration) -> Timestamp {
        match self.is_replaced(tolerated) {
            true => shown.checked_add(self.skew).unwrap_or(shown),
            false => shown,
        }
    }
}

/// What the published path contains, as last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Not read, or it could not be read.
    Unknown,
    /// No secret, or no token in it.
    Absent,
    /// A token.
    Token(Fingerprint),
    /// A value that cannot be a token.
    Malformed,
}
