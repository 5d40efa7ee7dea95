//! From the keys of a token and of `[defaults]` to a [`Policy`].

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::raw::{Percent, RawPolicy, RawWindows};
use crate::problem::Problems;
use crate::rotation::policy::{Policy, Renew};
use crate::rotation::privilege::PrivilegeRules;
use crate::rotation::schedule::{CronRule, WindowList, Windows};
use crate::value::HumanDuration;

/// Values that hold where the configuration says nothing.
mod builtin {
    use jiff::SignedDuration;

    pub(super) const RENEW_AT: f64 = 0.67;
    pub(super) const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
    /// Zero: a tenth of the life.
    pub(super) const WINDOW_DEADLINE: SignedDuration = SignedDuration::ZERO;
    pub(super) const RETRY_MIN: SignedDuration = SignedDuration::from_secs(30);
    pub(super) const RETRY_MAX: SignedDuration = SignedDuration::from_hours(1);
    pub(super) const MAX_ATTEMPTS: u32 = 5;
    pub(super) const ISSUES_PER_DAY: u32 = 3;
    pub(super) const PROBE_EVERY: SignedDuration = SignedDuration::from_hours(1);
    pub(super) const CONFIRM_TIMEOUT: SignedDuration = SignedDuration::from_hours(2);
    pub(super) const CONFIRM_EVERY: SignedDuration = SignedDuration::from_mins(1);
    pub(super) const NEW_TOKEN_PATIENCE: SignedDuration = SignedDuration::from_mins(15);
    pub(super) const SETTLE: SignedDuration = SignedDuration::from_mins(2);
    pub(super) const OPERATOR_DEADLINE: SignedDuration = SignedDuration::from_hours(7 * 24);
    pub(super) const OPERATOR_POLL: SignedDuration = SignedDuration::from_secs(15);
    pub(super) const LIFE_TOLERANCE: f64 = 0.1;
    /// Caches of several servers disagree for seconds. What was seen of it is kept in
    /// memory meanwhile, so that it costs no write to Vault.
    pub(super) const REFUSAL_WINDOW: SignedDuration = SignedDuration::from_secs(30);
    pub(super) const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
}

impl RawPolicy {
    /// This policy, with what it leaves open taken from `defaults`.
    pub(super) fn or(self, defaults: &Self) -> Self {
        let d = defaults.clone();
        Self {
            environment: self.environment.or(d.environment),
            owner: self.owner.or(d.owner),
            renew_at: self.renew_at.or(d.renew_at),
            renew_before: self.renew_before.or(d.renew_before),
            max_age: self.max_age.or(d.max_age),
            renew_cron: self.renew_cron.or(d.renew_cron),
            time_zone: self.time_zone.or(d.time_zone),
            jitter: self.jitter.or(d.jitter),
            windows: self.windows.or(d.windows),
            overlap: self.overlap.or(d.overlap),
            lifetime: self.lifetime.or(d.lifetime),
            declared_lifetime: self.declared_lifetime.or(d.declared_lifetime),
            allow_short_lived: self.allow_short_lived.or(d.allow_short_lived),
            retry_min: self.retry_min.or(d.retry_min),
            retry_max: self.retry_max.or(d.retry_max),
            max_attempts: self.max_attempts.or(d.max_attempts),
            issues_per_day: self.issues_per_day.or(d.issues_per_day),
            probe_every: self.probe_every.or(d.probe_every),
            probe: self.probe.or(d.probe),
            new_token_patience: self.new_token_patience.or(d.new_token_patience),
            confirm_timeout: self.confirm_timeout.or(d.confirm_timeout),
            confirm_every: self.confirm_every.or(d.confirm_every),
            settle: self.settle.or(d.settle),
            operator_deadline: self.operator_deadline.or(d.operator_deadline),
            operator_poll: self.operator_poll.or(d.operator_poll),
            max_clock_skew: self.max_clock_skew.or(d.max_clock_skew),
            accept_supplied: self.accept_supplied.or(d.accept_supplied),
            scopes_allowed: self.scopes_allowed.or(d.scopes_allowed),
            on_broad: self.on_broad.or(d.on_broad),
            life_tolerance: self.life_tolerance.or(d.life_tolerance),
            refusal_window: self.refusal_window.or(d.refusal_window),
        }
    }

    /// The rules of the pure core. `at` names the table for problems.
    pub(super) fn to_policy(
        &self,
        lease: SignedDuration,
        at: &str,
        problems: &mut Problems,
    ) -> Policy {
        let zone = zone(
            self.time_zone.as_deref(),
            &format!("{at}.time_zone"),
            problems,
        );
        let overlap = or(self.overlap, builtin::OVERLAP);
        let percent = |set: Option<Percent>, otherwise| set.map_or(otherwise, |Percent(p)| p);
        Policy {
            renew: self.renew(zone.clone(), at, problems),
            overlap,
            windows: self.windows(zone, at, problems),
            lifetime: self.lifetime.map(|d| d.0),
            declared_lifetime: self.declared_lifetime.map(|d| d.0),
            retry_min: or(self.retry_min, builtin::RETRY_MIN),
            retry_max: or(self.retry_max, builtin::RETRY_MAX),
            max_attempts: self.max_attempts.unwrap_or(builtin::MAX_ATTEMPTS),
            issues_per_day: self.issues_per_day.unwrap_or(builtin::ISSUES_PER_DAY),
            probe_every: or(self.probe_every, builtin::PROBE_EVERY),
            max_clock_skew: or(self.max_clock_skew, builtin::MAX_CLOCK_SKEW),
            operator_deadline: or(self.operator_deadline, builtin::OPERATOR_DEADLINE),
            operator_poll: or(self.operator_poll, builtin::OPERATOR_POLL),
            settle: or(self.settle, builtin::SETTLE),
            new_token_patience: or(self.new_token_patience, builtin::NEW_TOKEN_PATIENCE),
            confirm_timeout: or(self.confirm_timeout, builtin::CONFIRM_TIMEOUT),
            confirm_every: or(self.confirm_every, builtin::CONFIRM_EVERY),
            lease,
            accept_supplied: self.accept_supplied.unwrap_or_default(),
            full_cycle: None,
            privilege: PrivilegeRules {
                scopes_allowed: self.scopes_allowed.clone(),
                on_broad: self.on_broad.unwrap_or_default(),
                ..PrivilegeRules::default()
            },
            life_tolerance: percent(self.life_tolerance, builtin::LIFE_TOLERANCE),
            refusal_window: or(self.refusal_window, builtin::REFUSAL_WINDOW),
        }
    }

    fn renew(&self, zone: TimeZone, at: &str, problems: &mut Problems) -> Renew {
        let fraction = self
            .renew_at
            .map_or(builtin::RENEW_AT, |Percent(share)| share);
        let cron = self.renew_cron.as_ref().and_then(|text| {
            let noted = |error| {
                problems.error(
                    format!("{at}.renew_cron"),
                    error,
                    "write minute, hour, day of month, month, day of week: \"0 3 * * Mon\"",
                );
            };
            let rule = CronRule::parse(text, zone).map_err(noted).ok()?;
            // From a leap year on, so that the 29th of February counts.
            let year: Timestamp = Timestamp::from_second(1_704_067_200).unwrap_or_default();
            if rule.next_after(year).is_none() {
                problems.error(
                    format!("{at}.renew_cron"),
                    format!("`{text}` never comes: no such day exists"),
                    "name a day that the month has, for example \"0 3 28 2 *\"",
                );
            }
            Some(rule)
        });
        Renew {
            fraction: Some(fraction),
            before: self.renew_before.map(|d| d.0),
            max_age: self.max_age.map(|d| d.0),
            cron,
            jitter: self.jitter.unwrap_or(true),
            person_before: None,
        }
    }

    fn windows(&self, zone_of_token: TimeZone, at: &str, problems: &mut Problems) -> Windows {
        let none = RawWindows::default();
        let raw = self.windows.as_ref().unwrap_or(&none);
        let zone = match &raw.time_zone {
            Some(name) => zone(Some(name), &format!("{at}.windows.time_zone"), problems),
            None => zone_of_token,
        };
        let deadline = or(raw.deadline, builtin::WINDOW_DEADLINE);
        let parsed = Windows::parse(&raw.allow, &raw.deny, zone, deadline);
        parsed.unwrap_or_else(|(list, index, error)| {
            let list = match list {
                WindowList::Allow => "allow",
                WindowList::Deny => "deny",
            };
            let (message, remedy) = match error.split_once(": ") {
                Some((message, remedy)) => (message.to_owned(), remedy.to_owned()),
                None => (error, "write \"Mon-Fri 08:00-17:00\"".to_owned()),
            };
            problems.error(format!("{at}.windows.{list}[{index}]"), message, remedy);
            Windows::default()
        })
    }
}

fn or(set: Option<HumanDuration>, otherwise: SignedDuration) -> SignedDuration {
    set.map_or(otherwise, |d| d.0)
}

fn zone(name: Option<&str>, path: &str, problems: &mut Problems) -> TimeZone {
    let Some(name) = name else {
        return TimeZone::UTC;
    };
    TimeZone::get(name).unwrap_or_else(|_| {
        problems.error(
            path,
            format!("`{name}` is not a known time zone"),
            "write a name of the IANA database, such as \"Europe/Berlin\" or \"UTC\"; in a small container it needs the package tzdata",
        );
        TimeZone::UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People who write a token by hand are told that it is seen this soon.
    #[test]
    fn a_token_that_a_person_writes_is_looked_for_every_fifteen_seconds() {
        let policy = RawPolicy::default().to_policy(
            SignedDuration::from_mins(2),
            "tokens.crm",
            &mut Problems::default(),
        );
        assert_eq!(policy.operator_poll, SignedDuration::from_secs(15));
    }
}
