//! The lifetime that is asked for, within the provider's limits and in its unit.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::http::template::Context;
use crate::problem::Problems;
use crate::value::HumanDuration;

/// What a provider takes as a lifetime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetime {
    /// What `{{ lifetime }}` stands for.
    pub unit: LifetimeUnit,
    /// Shortest life that the provider takes.
    pub min: Option<HumanDuration>,
    /// Longest life that the provider takes.
    pub max: Option<HumanDuration>,
    /// Life to ask for when the token's settings name none.
    pub default: Option<HumanDuration>,
    /// Life that tokens have by its documentation, where no answer tells.
    pub declared: Option<HumanDuration>,
}

/// A provider's unit of a lifetime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeUnit {
    /// Seconds.
    #[default]
    Seconds,
    /// Minutes.
    Minutes,
    /// Days of 24 hours.
    Days,
    /// Not a length: the date of the end, RFC 3339.
    Rfc3339,
    /// Not a length: the end in seconds since 1970.
    EpochS,
    /// Not a length: the end in milliseconds since 1970.
    EpochMs,
}

impl LifetimeUnit {
    fn seconds(self) -> i64 {
        match self {
            Self::Seconds | Self::Rfc3339 | Self::EpochS | Self::EpochMs => 1,
            Self::Minutes => 60,
            Self::Days => 86_400,
        }
    }
}

impl Lifetime {
    /// Reports limits that exclude each other.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            problems.error(
                format!("{path}.min"),
                "the shortest life is longer than the longest",
                "exchange `min` and `max`",
            );
        }
    }

    /// The life to ask for: the wish within the limits, in whole units.
    #[must_use]
    pub fn asked(&self, wish: Option<SignedDuration>) -> Option<SignedDuration> {
        let wish = wish.or(self.default.map(|d| d.0))?;
        let wish = self.max.map_or(wish, |max| wish.min(max.0));
        let wish = self.min.map_or(wish, |min| wish.max(min.0));
        let unit = self.unit.seconds();
        let down = wish.as_secs() / unit;
        // A whole number below the minimum would be refused, and zero often
        // means "for ever".
        let below = down == 0
            || self
                .min
                .is_some_and(|min| SignedDuration::from_secs(down * unit) < min.0);
        Some(SignedDuration::from_secs((down + i64::from(below)) * unit))
    }

    /// Puts `lifetime`, `lifetime_seconds` and `expires_at` into a context.
    #[must_use]
    pub fn fill(&self, context: Context, asked: Option<SignedDuration>, now: Timestamp) -> Context {
        let end = asked.and_then(|life| now.checked_add(life).ok());
        let context = context
            .seconds("lifetime_seconds", asked)
            .time("expires_at", end);
        match (self.unit, asked, end) {
            (LifetimeUnit::Rfc3339, _, _) => context.time("lifetime", end),
            (_, None, _) | (LifetimeUnit::EpochS | LifetimeUnit::EpochMs, _, None) => {
                context.none("lifetime")
            }
            (LifetimeUnit::EpochS, _, Some(end)) => context.number("lifetime", end.as_second()),
            (LifetimeUnit::EpochMs, _, Some(end)) => {
                context.number("lifetime", end.as_millisecond())
            }
            (unit, Some(life), _) => context.number("lifetime", life.as_secs() / unit.seconds()),
        }
    }
}

/// Names that [`Lifetime::fill`] provides.
pub const NAMES: [&str; 3] = ["lifetime", "lifetime_seconds", "expires_at"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::template::Template;

    fn days(n: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * n)
    }

    fn limits(unit: LifetimeUnit, min: i64, max: i64) -> Lifetime {
        Lifetime {
            unit,
            min: Some(HumanDuration(days(min))),
            max: Some(HumanDuration(days(max))),
            ..Lifetime::default()
        }
    }

    #[test]
    fn wishes_are_clamped_and_rounded() {
        let tfe = limits(LifetimeUnit::Days, 29, 365);
        let half = SignedDuration::from_hours(12);
        let cases = [
            (days(90), days(90)),
            (days(90) + half, days(90)),
            (days(1), days(29)),
            (days(1000), days(365)),
        ];
        for (wish, expected) in cases {
            assert_eq!(tfe.asked(Some(wish)), Some(expected));
        }
        assert_eq!(tfe.asked(None), None);
        let odd = Lifetime {
            unit: LifetimeUnit::Days,
            min: Some(HumanDuration(half)),
            ..Lifetime::default()
        };
        assert_eq!(
            odd.asked(Some(half)),
            Some(days(1)),
            "never rounded to zero"
        );
    }

    #[test]
    fn each_unit_writes_its_own_value() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("time");
        let cases = [
            (LifetimeUnit::Seconds, "172800"),
            (LifetimeUnit::Minutes, "2880"),
            (LifetimeUnit::Days, "2"),
            (LifetimeUnit::Rfc3339, "2026-01-03T00:00:00Z"),
            (LifetimeUnit::EpochS, "1767398400"),
            (LifetimeUnit::EpochMs, "1767398400000"),
        ];
        for (unit, expected) in cases {
            let lifetime = Lifetime {
                unit,
                ..Lifetime::default()
            };
            let context = lifetime.fill(Context::new(now), Some(days(2)), now);
            let text = Template::new("{{ lifetime }}")
                .text(&context)
                .expect("text");
            assert_eq!(text.as_str(), expected);
        }
    }
}
