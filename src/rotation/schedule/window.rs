//! One window: certain hours of certain days of the week, or a range of days.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Window {
    Weekly { days: [bool; 7], from: i16, to: i16 },
    Dates { first: Date, last: Date },
}

const HOW: &str = "write \"Mon-Fri 08:00-17:00\", \"Sat,Sun 00:00-24:00\", \"daily 22:00-04:00\" or a range of days \"2026-12-20..2027-01-03\"";

impl Window {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
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

    pub(super) fn contains(&self, local: DateTime) -> bool {
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

    pub(super) fn edges(&self, local: DateTime) -> Vec<DateTime> {
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
