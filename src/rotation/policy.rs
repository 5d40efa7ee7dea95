//! The configured rules of one token, and the times that follow from them.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::full_cycle::FullCycleGate;
use super::privilege::PrivilegeRules;
use super::record::{ExpiryKnown, Failures, HeldToken};
use super::schedule::{CronRule, Windows};

/// The rules that the configuration sets for one token.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// When to renew.
    pub renew: Renew,
    /// How long the old token stays valid after a promotion.
    pub overlap: SignedDuration,
    /// When rotations may begin.
    pub windows: Windows,
    /// Lifetime that the issuer is asked for.
    pub lifetime: Option<SignedDuration>,
    /// Lifetime of a token whose expiry neither the issuer nor the token tells.
    pub declared_lifetime: Option<SignedDuration>,
    /// First pause after a failure.
    pub retry_min: SignedDuration,
    /// Longest pause after failures, as long as the token in use has much life
    /// left.
    pub retry_max: SignedDuration,
    /// Number of permanent failures in a row after which the token is halted.
    pub max_attempts: u32,
    /// Number of tokens that may be issued in 24 hours, or in less where tokens live
    /// for less; see [`Policy::issue_window`].
    pub issues_per_day: u32,
    /// How often the current token is tested.
    pub probe_every: SignedDuration,
    /// Clock difference above which no token is retired.
    pub max_clock_skew: SignedDuration,
    /// How long a person has to supply a new token, or to write one into a connection,
    /// before the alerts become urgent.
    pub operator_deadline: SignedDuration,
    /// How often the published path is read while a person is expected to write
    /// a token.
    pub operator_poll: SignedDuration,
    /// How long after a lost reply the issuer may still carry the request out.
    pub settle: SignedDuration,
    /// How long a new token may be refused before it is taken as one that does not
    /// work.
    pub new_token_patience: SignedDuration,
    /// How long a connection may take to prove that the token works there.
    pub confirm_timeout: SignedDuration,
    /// How often the connection is asked in that time.
    pub confirm_every: SignedDuration,
    /// How long the lease of a replica lasts after each commit.
    pub lease: SignedDuration,
    /// The full cycle that a rotation waits for.
    pub full_cycle: Option<FullCycleGate>,
    /// Whether a value that a person writes to the published path is accepted.
    pub accept_supplied: AcceptSupplied,
    /// What the token may be allowed to do.
    pub privilege: PrivilegeRules,
    /// How much shorter than asked, as a share, the life of a new token may be before
    /// people are told.
    pub life_tolerance: f64,
    /// How long a retired token must have been refused, from the first refusal on,
    /// before it counts as dead.
    pub refusal_window: SignedDuration,
}

/// Whether a value that a person writes to the published path becomes the next
/// token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptSupplied {
    /// Only where a person is the issuer. Elsewhere the token in use is written
    /// back, since who can write there is not who may rotate.
    #[default]
    OperatorOnly,
    /// With every issuer.
    Always,
}

/// When to renew: the earliest of the rules that are set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Renew {
    /// After this share of the issued lifetime, `0.0 < x < 1.0`.
    pub fraction: Option<f64>,
    /// This long before the expiry.
    pub before: Option<SignedDuration>,
    /// At this age.
    pub max_age: Option<SignedDuration>,
    /// At the times of this cron rule.
    pub cron: Option<CronRule>,
    /// This long before the expiry, because a person must act in each rotation; at
    /// most half of the lifetime.
    pub person_before: Option<SignedDuration>,
    /// Whether the time is brought forward by up to a twentieth of the
    /// lifetime, depending on a hash of the token's name.
    pub jitter: bool,
}

/// From when to when a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it was issued, or first seen.
    pub issued_at: Timestamp,
    /// When it stops working, as far as it is known.
    pub expires_at: Option<Timestamp>,
}

impl Policy {
    /// When a token expires, as far as it is known.
    #[must_use]
    pub fn expiry(&self, token: &HeldToken) -> Option<Timestamp> {
        let declared = self
            .declared_lifetime
            .filter(|_| token.expiry != ExpiryKnown::Never);
        token
            .expires_at
            .or_else(|| token.issued_at.checked_add(declared?).ok())
    }

    /// Whether nobody told when a token was issued or ends: its end is only counted
    /// from when it was first seen.
    #[must_use]
    pub fn end_is_assumed(&self, token: &HeldToken) -> bool {
        let is_told = match token.expiry {
            ExpiryKnown::Api | ExpiryKnown::Jwt | ExpiryKnown::Never => true,
            ExpiryKnown::Declared | ExpiryKnown::Unknown => false,
        };
        token.issued_at_is_seen && !is_told
    }

    /// From when on a request that a process sent at this time, before it lost its lease,
    /// cannot take effect any more.
    #[must_use]
    pub fn lost_request_settled_at(&self, sent: Timestamp) -> Timestamp {
        sent.checked_add(self.lease + self.settle).unwrap_or(sent)
    }

    /// The life that was asked for, if the issued one is shorter by more than is
    /// tolerated.
    #[must_use]
    pub fn asked_in_vain(
        &self,
        asked: Option<SignedDuration>,
        issued: Option<SignedDuration>,
    ) -> Option<SignedDuration> {
        let (asked, issued) = (asked?, issued?);
        (issued < scale(asked, 1.0 - self.life_tolerance)).then_some(asked)
    }

    /// The longest life that the configuration knows of tokens of this kind.
    #[must_use]
    pub fn longest_life(&self) -> Option<SignedDuration> {
        let lives = [self.lifetime, self.declared_lifetime];
        lives.into_iter().flatten().max()
    }

    /// When a token is to be renewed: the earliest of the rules that are set,
    /// with the lifetime that was really issued. `None` if no rule gives a
    /// time. The same inputs always give the same time.
    #[must_use]
    pub fn renew_at(&self, name: &str, ordinal: u64, token: &HeldToken) -> Option<Timestamp> {
        self.renewal_of(name, ordinal, self.life(token))
    }

    fn life(&self, token: &HeldToken) -> Life {
        Life {
            issued_at: token.issued_at,
            expires_at: self.expiry(token),
        }
    }

    /// The same as [`Self::renew_at`], of a token of which only the life is known.
    #[must_use]
    pub fn renewal_of(&self, name: &str, ordinal: u64, life: Life) -> Option<Timestamp> {
        let issued = life.issued_at;
        let life = life.expires_at.map(|end| end.duration_since(issued));
        let age = self.renewal_age(life);
        let planned = age.and_then(|age| issued.checked_add(age).ok());
        let jittered = planned.map(|at| self.bring_forward(at, issued, name, ordinal));
        [jittered, self.by_cron(issued)].into_iter().flatten().min()
    }

    pub(super) fn by_cron(&self, issued: Timestamp) -> Option<Timestamp> {
        self.renew.cron.as_ref()?.next_after(issued)
    }

    /// The age at which a token of this life is renewed, jitter and cron aside.
    pub(super) fn renewal_age(&self, life: Option<SignedDuration>) -> Option<SignedDuration> {
        let renew = &self.renew;
        let by_fraction = renew.fraction.zip(life);
        let by_fraction = by_fraction.map(|(fraction, life)| scale(life, fraction));
        let by_before = renew.before.zip(life).map(|(before, life)| {
            // With a lead as long as the lifetime the token would be renewed
            // without end: two thirds of the lifetime are used instead.
            match before >= life {
                true => scale(life, 2.0 / 3.0),
                false => life.saturating_sub(before),
            }
        });
        let by_person = renew.person_before.zip(life).map(|(before, life)| {
            // A person cannot be given more time than there is.
            life.saturating_sub(before.min(scale(life, 0.5)))
        });
        let ages = [by_fraction, by_before, by_person, renew.max_age];
        ages.into_iter().flatten().min()
    }

    fn bring_forward(
        &self,
        at: Timestamp,
        issued: Timestamp,
        name: &str,
        ordinal: u64,
    ) -> Timestamp {
        if !self.renew.jitter {
            return at;
        }
        let most = scale(at.duration_since(issued), 1.0 / 20.0);
        at.checked_sub(scale(most, share(name, ordinal)))
            .unwrap_or(at)
    }

    /// From when on windows are ignored, so that no window causes an expiry.
    #[must_use]
    pub fn window_deadline(&self, token: &HeldToken) -> Option<Timestamp> {
        self.deadline_of(self.life(token))
    }

    fn deadline_of(&self, life: Life) -> Option<Timestamp> {
        let expiry = life.expires_at?;
        let life = expiry.duration_since(life.issued_at);
        let lead = if self.windows.deadline.is_zero() {
            scale(life, 0.1)
        } else {
            self.windows.deadline
        };
        expiry.checked_sub(lead.min(scale(life, 0.5))).ok()
    }

    /// The first time from `from` on at which windows let a renewal of this
    /// token begin.
    #[must_use]
    pub fn window_opens(&self, from: Timestamp, token: &HeldToken) -> Timestamp {
        self.opening_for(from, self.life(token))
    }

    /// The same as [`Self::window_opens`], of a token of which only the life is known.
    #[must_use]
    pub fn opening_for(&self, from: Timestamp, life: Life) -> Timestamp {
        let opening = self.windows.next_opening(from);
        let deadline = self.deadline_of(life);
        match (opening, deadline) {
            (Some(opening), Some(deadline)) => opening.min(deadline.max(from)),
            (Some(opening), None) => opening,
            (None, Some(deadline)) => deadline.max(from),
            (None, None) => Timestamp::MAX,
        }
    }

    /// When the next attempt may be made after failures. The pause doubles with
    /// each failure, shrinks as the current token's life runs out, and is not shorter
    /// than the server asked for, unless that is more than a quarter of the life
    /// that is left.
    #[must_use]
    pub fn retry_at(
        &self,
        name: &str,
        failures: &Failures,
        expiry: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let last = failures
            .last
            .as_ref()
            .filter(|_| failures.consecutive > 0)?;
        let pause = self
            .side_pause(failures.consecutive)
            .min(self.longest_pause(last.at, expiry));
        let spread = scale(pause, 0.1 * share(name, u64::from(failures.consecutive)));
        let bound = expiry.map_or(MAX_RETRY_AFTER, |end| {
            scale(end.duration_since(last.at), 0.25).min(MAX_RETRY_AFTER)
        });
        let asked = last.retry_after.unwrap_or_default().min(bound);
        last.at
            .checked_add(pause.saturating_add(spread).max(asked))
            .ok()
    }

    /// How long a token that was issued at `issued` may be refused, while the current
    /// one expires at `expiry`. Near that expiry the time is shorter, so that another
    /// token can still be tried; never shorter than a third, because another token
    /// would need its time as well. After that expiry nothing is gained by haste.
    #[must_use]
    pub fn patience(&self, issued: Timestamp, expiry: Option<Timestamp>) -> SignedDuration {
        let whole = self.new_token_patience;
        let to_come = expiry.filter(|end| *end > issued);
        let half_of_rest = to_come.map(|end| scale(end.duration_since(issued), 0.5));
        half_of_rest.map_or(whole, |rest| rest.clamp(scale(whole, 1.0 / 3.0), whole))
    }

    /// The longest pause from `from` on that the remaining lifetime permits.
    #[must_use]
    pub fn longest_pause(&self, from: Timestamp, expiry: Option<Timestamp>) -> SignedDuration {
        let permitted = expiry.map(|end| scale(end.duration_since(from), 0.05));
        permitted
            .map_or(self.retry_max, |pause| pause.min(self.retry_max))
            .max(self.retry_min)
    }

    /// When a person who is asked at `now` should have acted at the latest: no later
    /// than the token in use works.
    #[must_use]
    pub fn person_deadline(&self, now: Timestamp, expiry: Option<Timestamp>) -> Option<Timestamp> {
        let whole = now.checked_add(self.operator_deadline).ok()?;
        Some(expiry.map_or(whole, |end| whole.min(end.max(now))))
    }

    /// Pause before a failed side task (a retirement, a revocation) is
    /// repeated.
    #[must_use]
    pub fn side_pause(&self, attempts: u32) -> SignedDuration {
        let factor = 1_i32
            .checked_shl(attempts.saturating_sub(1).min(16))
            .unwrap_or(i32::MAX);
        self.retry_min.saturating_mul(factor).min(self.retry_max)
    }

    /// Pause before the store is asked again after so many failures in a row.
    /// It doubles up to half a minute, and is at most a twentieth of the
    /// token's remaining life, so that a store that recovers just in time is
    /// noticed.
    #[must_use]
    pub fn store_pause(&self, failures: u32, left: Option<SignedDuration>) -> SignedDuration {
        let pause = SignedDuration::from_secs(1_i64 << failures.min(5));
        let urgent = left.map_or(pause, |left| scale(left, 0.05));
        pause.min(urgent).max(SignedDuration::from_secs(1))
    }
}

/// The longest `Retry-After` of a server that is obeyed.
const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A part of a duration; zero if the result is not a duration.
fn scale(duration: SignedDuration, factor: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(duration.as_secs_f64().max(0.0) * factor).unwrap_or_default()
}

/// A number in `0.0..1.0` that depends on the token and a counter only (FNV-1a
/// with a final mix, so that counters that differ by one differ widely).
#[must_use]
pub fn share(name: &str, counter: u64) -> f64 {
    let bytes = name.bytes().chain(counter.to_le_bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    let upper = u32::try_from(hash >> 32).unwrap_or_default();
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}
