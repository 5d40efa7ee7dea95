//! Calendar rules: cron and windows, in an IANA time zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// A cron rule (five fields) in a time zone. A local time that a change of the
/// clocks skips is taken just after the change; one that happens twice, the
/// first time.
#[derive(Debug, Clone, PartialEq)]
pub struct CronRule {
    pattern: croner::Cron,
    zone: TimeZone,
}

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
        // croner works on an unbroken time line: it is given the local wall
        // time as if it were UTC, and the zone is applied to what it finds.
        let mut local = as_unbroken(self.zone.to_datetime(after))?;
        for _ in 0..4 {
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

/// When rotations may begin. Without a rule, always.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    allow: Vec<Window>,
    deny: Vec<Window>,
    zone: TimeZone,
    /// This long before expiry windows are ignored: a window never causes an
    /// expiry.
    pub deadline: SignedDuration,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            zone: TimeZone::UTC,
            deadline: SignedDuration::ZERO,
        }
    }
}

/// Which list a window stands in, for error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowList {
    /// `allow`.
    Allow,
    /// `deny`.
    Deny,
}

#[derive(Debug, Clone, PartialEq)]
enum Window {
    Weekly { days: [bool; 7], from: i16, to: i16 },
    Dates { first: Date, last: Date },
}

const HOW: &str = "write \"Mon-Fri 08:00-17:00\", \"Sat,Sun 00:00-24:00\", \"daily 22:00-04:00\" or a range of days \"2026-12-20..2027-01-03\"";

/// Edges looked at in a search before it is given up: more than a year of
/// several windows a day.
const MAX_EDGES: usize = 4000;

impl Windows {
    /// Reads the lists of windows.
    ///
    /// # Errors
    /// The list, the index in it, and what is wrong.
    pub fn parse(
        allow: &[String],
        deny: &[String],
        zone: TimeZone,
        deadline: SignedDuration,
    ) -> Result<Self, (WindowList, usize, String)> {
        let parse_all = |list, texts: &[String]| {
            texts
                .iter()
                .enumerate()
                .map(|(index, text)| Window::parse(text).map_err(|error| (list, index, error)))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            allow: parse_all(WindowList::Allow, allow)?,
            deny: parse_all(WindowList::Deny, deny)?,
            zone,
            deadline,
        })
    }

    /// Whether any rule is set.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        !(self.allow.is_empty() && self.deny.is_empty())
    }

    /// Whether an `allow` window is set.
    #[must_use]
    pub fn has_allow(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether a rotation may begin at this time.
    #[must_use]
    pub fn permit(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        (self.allow.is_empty() || self.allow.iter().any(|w| w.contains(local)))
            && !self.deny.iter().any(|w| w.contains(local))
    }

    /// The first time from `from` on at which a rotation may begin.
    #[must_use]
    pub fn next_opening(&self, from: Timestamp) -> Option<Timestamp> {
        let mut at = from;
        for _ in 0..MAX_EDGES {
            if self.permit(at) {
                return Some(at);
            }
            at = self.next_edge(at)?;
        }
        None
    }

    fn next_edge(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.zone.to_datetime(after);
        let edges = self
            .allow
            .iter()
            .chain(&self.deny)
            .flat_map(|w| w.edges(local));
        edges
            .filter_map(|edge| self.zone.to_timestamp(edge).ok())
            .filter(|at| *at > after)
            .min()
    }
}

impl Window {
    fn parse(text: &str) -> Result<Self, String> {
        let complaint = || format!("`{text}` is not a window: {HOW}");
        if let Some((first, last)) = text.split_once("..") {
            let first: Date = first.trim().parse().map_err(|_| complaint())?;
            let last: Date = last.trim().parse().map_err(|_| complaint())?;
            if last < first {
                return Err(format!("`{text}` ends before it begins"));
            }
            return Ok(Self::Dates { first, last });
        }
        let (days, times) = match text.trim().rsplit_once(' ') {
            Some((days, times)) => (parse_days(days).ok_or_else(complaint)?, times),
            None => ([true; 7], text.trim()),
        };
        let (from, to) = times.split_once('-').ok_or_else(complaint)?;
        let from = parse_minute(from).ok_or_else(complaint)?;
        let to = parse_minute(to).ok_or_else(complaint)?;
        if from == to {
            return Err(format!("`{text}` is empty: its begin is its end"));
        }
        Ok(Self::Weekly { days, from, to })
    }

    fn contains(&self, local: DateTime) -> bool {
        match self {
            Self::Dates { first, last } => (*first..=*last).contains(&local.date()),
            Self::Weekly { .. } => {
                let yesterday = local.date().yesterday().ok();
                [Some(local.date()), yesterday]
                    .into_iter()
                    .flatten()
                    .filter_map(|day| self.on(day))
                    .any(|(from, to)| from <= local && local < to)
            }
        }
    }

    /// Begin and end of a weekly window that begins on this day.
    fn on(&self, day: Date) -> Option<(DateTime, DateTime)> {
        match self {
            Self::Dates { .. } => None,
            Self::Weekly { days, from, to } => {
                let index = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
                if !*days.get(index)? {
                    return None;
                }
                let end_day = if to <= from {
                    day.tomorrow().ok()?
                } else {
                    day
                };
                Some((at_minute(day, *from)?, at_minute(end_day, *to)?))
            }
        }
    }

    fn edges(&self, local: DateTime) -> Vec<DateTime> {
        match self {
            Self::Dates { first, last } => {
                let end = last
                    .tomorrow()
                    .ok()
                    .map(|d| d.to_datetime(Time::midnight()));
                [Some(first.to_datetime(Time::midnight())), end]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Self::Weekly { .. } => (-1..=8)
                .filter_map(|offset| local.date().checked_add(offset.days()).ok())
                .filter_map(|day| self.on(day))
                .flat_map(|(from, to)| [from, to])
                .collect(),
        }
    }
}

fn at_minute(day: Date, minute: i16) -> Option<DateTime> {
    let day = if minute >= 24 * 60 {
        day.tomorrow().ok()?
    } else {
        day
    };
    let minute = minute % (24 * 60);
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    Some(day.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
}

fn parse_minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    ((0..=24).contains(&hour) && (0..60).contains(&minute) && total <= 24 * 60).then_some(total)
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    if text.trim().eq_ignore_ascii_case("daily") {
        return Some([true; 7]);
    }
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (parse_day(first)?, parse_day(last)?);
        let mut day = first;
        loop {
            days[day] = true;
            if day == last {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    Some(days)
}

fn parse_day(text: &str) -> Option<usize> {
    let names = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let text = text.trim().to_ascii_lowercase();
    names
        .iter()
        .position(|name| text == *name || text == name[..3])
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

    fn windows(allow: &[&str], deny: &[&str]) -> Windows {
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Windows::parse(
            &own(allow),
            &own(deny),
            zone("Europe/Berlin"),
            SignedDuration::ZERO,
        )
        .expect("windows")
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

    #[test]
    fn weekly_windows_open_and_close_in_local_time() {
        let w = windows(&["Mon-Fri 08:00-17:00"], &[]);
        assert!(w.permit(at("2026-11-24T08:00:00Z")));
        assert!(
            !w.permit(at("2026-11-24T16:00:00Z")),
            "17:00 in Berlin is the end"
        );
        assert!(!w.permit(at("2026-11-28T10:00:00Z")), "a Saturday");
        assert_eq!(
            w.next_opening(at("2026-11-27T18:00:00Z")),
            Some(at("2026-11-30T07:00:00Z"))
        );
    }

    #[test]
    fn a_window_may_cross_midnight() {
        let w = windows(&["Fri 22:00-04:00"], &[]);
        assert!(
            w.permit(at("2026-11-28T02:00:00Z")),
            "Saturday 03:00 in Berlin"
        );
        assert!(
            !w.permit(at("2026-11-28T03:00:00Z")),
            "Saturday 04:00 in Berlin"
        );
        assert!(
            !w.permit(at("2026-11-27T02:00:00Z")),
            "Friday 03:00 in Berlin"
        );
    }

    #[test]
    fn deny_wins_over_allow_and_days_are_whole() {
        let w = windows(&[], &["2026-12-20..2027-01-03"]);
        assert!(w.permit(at("2026-12-19T22:59:59Z")));
        assert!(
            !w.permit(at("2026-12-19T23:00:00Z")),
            "already the 20th in Berlin"
        );
        assert_eq!(
            w.next_opening(at("2026-12-24T00:00:00Z")),
            Some(at("2027-01-03T23:00:00Z"))
        );
    }

    #[test]
    fn windows_that_never_open_are_found_out() {
        let w = windows(&["Mon 08:00-09:00"], &["daily 00:00-24:00"]);
        assert_eq!(w.next_opening(at("2026-11-24T00:00:00Z")), None);
    }

    #[test]
    fn malformed_windows_name_list_and_index() {
        let texts = ["Mon 08:00-09:00".to_owned(), "Moon 8-9".to_owned()];
        let error =
            Windows::parse(&[], &texts, TimeZone::UTC, SignedDuration::ZERO).expect_err("bad");
        assert_eq!((error.0, error.1), (WindowList::Deny, 1));
    }
}
