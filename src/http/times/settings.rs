//! The settings of a time: how it is written in the configuration.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{TimeField, TimeReading};
use crate::http::exchange::{JsonPlace, Place, from_keys};

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2026-01-31T12:00:00Z`, also with a space in place of the `T`, with
    /// fractions of a second, and with `+0000`. Without a zone only if `zone`
    /// says which one is meant.
    #[default]
    Rfc3339,
    /// Date and time without a zone, `2026-01-31 12:00:00`, in the zone `zone`;
    /// UTC if that is not written.
    Local,
    /// A date, `2026-01-31`: the start of that day in the zone `zone`; UTC if
    /// that is not written.
    Date,
    /// `Sat, 31 Jan 2026 12:00:00 GMT`.
    Rfc2822,
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// Seconds after the answer.
    SecondsFromNow,
    /// Minutes after the answer.
    MinutesFromNow,
}

impl TimeFormat {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rfc3339 => "rfc3339",
            Self::Local => "local",
            Self::Date => "date",
            Self::Rfc2822 => "rfc2822",
            Self::EpochS => "epoch_s",
            Self::EpochMs => "epoch_ms",
            Self::SecondsFromNow => "seconds_from_now",
            Self::MinutesFromNow => "minutes_from_now",
        }
    }

    /// Whether a zone can be configured for it.
    #[must_use]
    pub fn takes_zone(self) -> bool {
        match self {
            Self::Rfc3339 | Self::Local | Self::Date => true,
            Self::Rfc2822
            | Self::EpochS
            | Self::EpochMs
            | Self::SecondsFromNow
            | Self::MinutesFromNow => false,
        }
    }
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

/// A value that means "never": a text, exactly, or a number, also one that is
/// written as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeverMark {
    /// `"never"`, `""`.
    Text(String),
    /// `0`, `-1`.
    Number(i64),
}

impl<'de> Deserialize<'de> for NeverMark {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = NeverMark;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NeverMark, E> {
                Ok(NeverMark::Text(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<NeverMark, E> {
                Ok(NeverMark::Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<NeverMark, E> {
                i64::try_from(number)
                    .map(NeverMark::Number)
                    .map_err(|_| E::custom("the number is too large"))
            }
        }
        from.deserialize_any(Visitor)
    }
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
    zone: Option<String>,
    #[serde(default)]
    never: Vec<NeverMark>,
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
                let zone = raw.zone.as_deref();
                let how = TimeReading::new(raw.format, zone, raw.never, raw.absent, raw.null)
                    .map_err(de::Error::custom)?;
                let at = from_keys(raw.at, raw.json_text, raw.header, raw.text, raw.between)
                    .map_err(de::Error::custom)?;
                Ok(TimeField { at, how })
            }
        }
        from.deserialize_any(Visitor)
    }
}
