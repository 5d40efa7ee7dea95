//! Times in answers: how they are written, and what it means when there is none.
//!
//! A time is believed only if it can be one. A zero time (1970 or before: a
//! default value of the server's language, not a time) and one that lies more
//! than 50 years ahead, or is told as more than 50 years ago, mean that no end is
//! known. What cannot be read is an
//! error that says what to change, and never quotes the value.

mod parse;
mod settings;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use self::parse::Instant;
pub use self::settings::{Missing, NeverMark, TimeFormat};
use super::exchange::{Place, View};

/// 1970-01-02: whatever is before is a zero time, in any zone.
const FIRST_TIME: i64 = 86_400;

/// Whether a time is none: a default value of the server's language.
#[must_use]
pub fn is_zero(time: Timestamp) -> bool {
    time.as_second() < FIRST_TIME
}

/// How a time is read, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeReading {
    /// How it is written.
    pub format: TimeFormat,
    /// The zone of times that name none.
    pub zone: Option<TimeZone>,
    /// Values that mean "never".
    pub never: Vec<NeverMark>,
    /// What it means when the field is not there.
    pub absent: Missing,
    /// What it means when the field is `null`.
    pub null: Missing,
}

/// Where a time stands and how to read it: `"/expires_at"` or
/// `{ at = "/exp", format = "epoch_s", never = [0, "never"], null = "never" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeField {
    /// Where.
    pub at: Place,
    /// How.
    pub how: TimeReading,
}

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Then.
    At(Timestamp),
    /// Never.
    Never,
    /// Nothing tells.
    Unknown,
}

impl Known {
    /// The time, if there is one.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Never | Self::Unknown => None,
        }
    }
}

impl TimeReading {
    /// How a time is read, from the keys of the configuration.
    ///
    /// # Errors
    /// When the zone does not exist, or the format has no use for one.
    pub fn new(
        format: TimeFormat,
        zone: Option<&str>,
        never: Vec<NeverMark>,
        absent: Missing,
        null: Missing,
    ) -> Result<Self, String> {
        if zone.is_some() && !format.takes_zone() {
            return Err(format!(
                "`zone` has no meaning for the format \"{}\": leave it out (it is for \"rfc3339\", \"local\" and \"date\")",
                format.as_str()
            ));
        }
        let zone = zone.map(zone_of).transpose()?;
        Ok(Self {
            format,
            zone,
            never,
            absent,
            null,
        })
    }

    /// Reads what was found at a place, named `at` in errors; `now` is the time
    /// of the answer.
    ///
    /// # Errors
    /// Names the place and what to change, never the value.
    pub fn read_value(
        &self,
        found: Option<&Value>,
        at: &str,
        now: Timestamp,
    ) -> Result<Known, String> {
        match found {
            None => missing(self.absent, at, "missing"),
            Some(Value::Null) => missing(self.null, at, "null"),
            Some(value) if self.means_never(value) => Ok(Known::Never),
            Some(value) => self
                .instant(value, now)
                .map(|instant| self.believed(instant, now))
                .map_err(|why| format!("the value at {at} {why}")),
        }
    }

    fn means_never(&self, value: &Value) -> bool {
        let number = as_number(value);
        #[expect(
            clippy::cast_precision_loss,
            reason = "markers such as 0 and -1 are small"
        )]
        let marks = |mark: &NeverMark| match mark {
            NeverMark::Text(text) => value.as_str() == Some(text.as_str()),
            NeverMark::Number(mark) => number.is_some_and(|n| n == *mark as f64),
        };
        self.never.iter().any(marks)
    }

    fn instant(&self, value: &Value, now: Timestamp) -> Result<Instant, String> {
        let zone = self.zone.as_ref();
        let text = || self.text(value);
        let number = || as_number(value).ok_or_else(|| self.unreadable());
        match self.format {
            TimeFormat::Rfc3339 => parse::rfc3339(text()?, zone),
            TimeFormat::Local => parse::local(text()?, zone.unwrap_or(&TimeZone::UTC)),
            TimeFormat::Date => parse::date(text()?, zone.unwrap_or(&TimeZone::UTC)),
            TimeFormat::Rfc2822 => parse::rfc2822(text()?),
            TimeFormat::EpochS => parse::epoch_s(number()?, now),
            TimeFormat::EpochMs => parse::epoch_ms(number()?, now),
            TimeFormat::SecondsFromNow => parse::after(now, number()?),
            TimeFormat::MinutesFromNow => parse::after(now, number()? * 60.0),
        }
        .map_err(|hint| hint.map_or_else(|| self.unreadable(), str::to_owned))
    }

    fn text<'v>(&self, value: &'v Value) -> Result<&'v str, String> {
        match value {
            Value::String(text) if text.trim().is_empty() => Err(
                "is an empty text: if that means that there is no end, write never = [\"\"]"
                    .to_owned(),
            ),
            Value::String(text) => Ok(text.trim()),
            Value::Number(_) => Err(format!(
                "is a number, and the configured format is \"{}\": write format = \"epoch_s\" or \"epoch_ms\"",
                self.format.as_str()
            )),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(self.unreadable())
            }
        }
    }

    fn unreadable(&self) -> String {
        format!(
            "is not a time in the configured format (\"{}\")",
            self.format.as_str()
        )
    }

    /// Zero times and the far future say nothing about an end.
    fn believed(&self, instant: Instant, now: Timestamp) -> Known {
        let Instant::At(time) = instant else {
            return Known::Unknown;
        };
        let relative = match self.format {
            TimeFormat::SecondsFromNow | TimeFormat::MinutesFromNow => true,
            TimeFormat::Rfc3339
            | TimeFormat::Local
            | TimeFormat::Date
            | TimeFormat::Rfc2822
            | TimeFormat::EpochS
            | TimeFormat::EpochMs => false,
        };
        let zero = match relative {
            true => time < parse::earliest(now),
            false => is_zero(time),
        };
        if zero || time > parse::horizon(now) {
            Known::Unknown
        } else {
            Known::At(time)
        }
    }
}

impl TimeField {
    /// An RFC 3339 time at a place.
    #[must_use]
    pub fn at(at: Place) -> Self {
        let how = TimeReading::default();
        Self { at, how }
    }

    /// Reads the time; `now` is the time of the answer.
    ///
    /// # Errors
    /// Names the place and what to change, never the value.
    pub fn read(&self, view: View<'_>, now: Timestamp) -> Result<Known, String> {
        let found = self.at.find(view);
        self.how
            .read_value(found.as_deref(), &self.at.to_string(), now)
    }
}

fn missing(meaning: Missing, at: &str, what: &str) -> Result<Known, String> {
    match meaning {
        Missing::Unknown => Ok(Known::Unknown),
        Missing::Never => Ok(Known::Never),
        Missing::Error => Err(format!("the time at {at} is {what}")),
    }
}

/// Numbers, also those written as text.
fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|n| n.is_finite())
}

fn zone_of(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        format!("`{name}` is not an IANA time zone: write one such as \"Europe/Berlin\" or \"UTC\"")
    })
}

#[cfg(test)]
mod tests;
