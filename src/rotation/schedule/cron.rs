//! Cron rules.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A cron rule (five fields) in a time zone. A local time that is skipped when
/// clocks are set forward is taken just after; one that occurs twice is taken
/// the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct CronRule {
    pattern: croner::Cron,
    zone: TimeZone,
}

/// When clocks are set back, local times occur twice, and the second ones are
/// already past. No zone sets its clocks back by more than a day.
const REPEATED_MINUTES: usize = 24 * 60 + 1;

impl CronRule {
    /// Reads a rule of five fields, such as `0 3 * * Mon`.
    ///
    /// # Errors
    /// Says what is wrong with the pattern.
    pub fn parse(expression: &str, zone: TimeZone) -> Result<Self, String> {
        let pattern = croner::parser::CronParser::builder()
            .seconds(croner::parser::Seconds::Disallowed)
            .build()
            .parse(expression)
            .map_err(|error| {
                format!("`{expression}` is not a cron rule of five fields: {error}")
            })?;
        Ok(Self { pattern, zone })
    }

    /// The first time after `after`, if there is one in the next years.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        // croner needs a time line without gaps: it is given the local time as
        // if it were UTC, and the zone is applied to its result.
        let mut local = as_unbroken(self.zone.to_datetime(after))?;
        for _ in 0..REPEATED_MINUTES {
            local = self.pattern.find_next_occurrence(&local, false).ok()?;
            let found = self.zone.to_timestamp(from_unbroken(&local)?).ok()?;
            if found > after {
                return Some(found);
            }
        }
        None
    }
}

fn as_unbroken(local: DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
    let date = chrono::NaiveDate::from_ymd_opt(
        i32::from(local.year()),
        u32::try_from(local.month()).ok()?,
        u32::try_from(local.day()).ok()?,
    )?;
    let time = date.and_hms_opt(
        u32::try_from(local.hour()).ok()?,
        u32::try_from(local.minute()).ok()?,
        u32::try_from(local.second()).ok()?,
    )?;
    Some(time.and_utc())
}

fn from_unbroken(time: &chrono::DateTime<chrono::Utc>) -> Option<DateTime> {
    let second = Timestamp::from_second(time.timestamp()).ok()?;
    Some(TimeZone::UTC.to_datetime(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn cron_keeps_local_time_across_a_change_of_the_clocks() {
        let rule = CronRule::parse("0 3 * * *", zone("Europe/Berlin")).expect("a rule");
        assert_eq!(
            rule.next_after(at("2026-03-28T12:00:00Z")),
            Some(at("2026-03-29T01:00:00Z"))
        );
        assert_eq!(
            rule.next_after(at("2026-03-27T12:00:00Z")),
            Some(at("2026-03-28T02:00:00Z"))
        );
    }

    #[test]
    fn cron_takes_a_skipped_local_time_after_the_change() {
        let rule = CronRule::parse("30 2 * * *", zone("Europe/Berlin")).expect("a rule");
        assert_eq!(
            rule.next_after(at("2026-03-28T12:00:00Z")),
            Some(at("2026-03-29T01:30:00Z"))
        );
    }

    #[test]
    fn cron_of_six_fields_is_refused_in_words() {
        let error = CronRule::parse("0 0 3 * * *", TimeZone::UTC).expect_err("six fields");
        assert!(error.contains("five fields"), "{error}");
    }
}
