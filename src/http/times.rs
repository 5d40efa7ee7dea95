//! Times in answers.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::http::exchange::{JsonPlace, Place, from_keys};

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2026-01-31T12:00:00Z`.
    #[default]
    Rfc3339,
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// Seconds after the answer.
    SecondsFromNow,
    /// Minutes after the answer.
    MinutesFromNow,
}

/// What a missing time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It never happens (a token that does not expire, or was never used).
    Never,
    /// The answer is wrong.
    Error,
}

/// Where a time stands and how to read it: `"/expires_at"` or
/// `{ at = "/exp", format = "epoch_s", never = [0, -1], null = "never" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeField {
    /// Where.
    pub at: Place,
    /// How it is written.
    pub format: TimeFormat,
    /// Numbers that mean "never".
    pub never: Vec<i64>,
    /// What it means when the field is not there.
    pub absent: Missing,
    /// What it means when the field is `null`.
    pub null: Missing,
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

impl TimeField {
    /// An RFC 3339 time at a pointer.
    #[must_use]
    pub fn at(at: Place) -> Self {
        Self {
            at,
            format: TimeFormat::default(),
            never: Vec::new(),
            absent: Missing::default(),
            null: Missing::default(),
        }
    }

    /// Reads the time; `now` is the time of the answer.
    ///
    /// # Errors
    /// Names the pointer and what is wrong, never the value.
    pub fn read_value(
        &self,
        found: Option<&Value>,
        at: &str,
        now: Timestamp,
    ) -> Result<Known, String> {
        let _ = at;
        match found {
            None => self.missing(self.absent, "missing"),
            Some(Value::Null) => self.missing(self.null, "null"),
            Some(value) => self.present(value, now),
        }
    }

    fn missing(&self, meaning: Missing, what: &str) -> Result<Known, String> {
        match meaning {
            Missing::Unknown => Ok(Known::Unknown),
            Missing::Never => Ok(Known::Never),
            Missing::Error => Err(format!("the time at `{}` is {what}", self.at)),
        }
    }

    fn present(&self, value: &Value, now: Timestamp) -> Result<Known, String> {
        let number = as_number(value);
        #[expect(
            clippy::cast_precision_loss,
            reason = "markers such as 0 and -1 are small"
        )]
        let marks_never = |n: f64| self.never.iter().any(|never| *never as f64 == n);
        if number.is_some_and(marks_never) {
            return Ok(Known::Never);
        }
        let time = match self.format {
            TimeFormat::Rfc3339 => value.as_str().and_then(|t| t.parse().ok()),
            TimeFormat::EpochS => number.and_then(|n| after(Timestamp::UNIX_EPOCH, n)),
            TimeFormat::EpochMs => number.and_then(|n| after(Timestamp::UNIX_EPOCH, n / 1000.0)),
            TimeFormat::SecondsFromNow => number.and_then(|n| after(now, n)),
            TimeFormat::MinutesFromNow => number.and_then(|n| after(now, n * 60.0)),
        };
        time.map(Known::At).ok_or_else(|| {
            format!(
                "the value at `{}` is not a time in the configured format ({:?})",
                self.at, self.format
            )
        })
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

fn after(start: Timestamp, seconds: f64) -> Option<Timestamp> {
    let duration = SignedDuration::try_from_secs_f64(seconds).ok()?;
    start.checked_add(duration).ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimeField {
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    #[serde(default)]
    text: bool,
    between: Option<(String, String)>,
    #[serde(default)]
    format: TimeFormat,
    #[serde(default)]
    never: Vec<i64>,
    #[serde(default)]
    absent: Missing,
    #[serde(default)]
    null: Missing,
}

impl<'de> Deserialize<'de> for TimeField {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = TimeField;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place, or { at = \"/pointer\", format = \"epoch_s\", never = [0] }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeField, E> {
                Place::parse(text).map(TimeField::at).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<TimeField, A::Error> {
                let raw = RawTimeField::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let at = from_keys(raw.at, raw.json_text, raw.header, raw.text, raw.between)
                    .map_err(de::Error::custom)?;
                Ok(TimeField {
                    at,
                    format: raw.format,
                    never: raw.never,
                    absent: raw.absent,
                    null: raw.null,
                })
            }
        }
        from.deserialize_any(Visitor)
    }
}
