//! A place in the answer of one of several calls.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::http::exchange::{JoinPart, JsonPlace, Place, from_keys, from_parts};

/// A place, and whose answer it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Name of the lookup; the last one by default.
    pub step: Option<String>,
    /// Where in its answer.
    pub place: Place,
}

/// As it is written in a table: the keys of a place, and ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShown {
    step: Option<String>,
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    #[serde(default)]
    text: bool,
    between: Option<(String, String)>,
    #[serde(default)]
    join: Vec<JoinPart>,
}

impl RawShown {
    fn shown(self) -> Result<Shown, &'static str> {
        let one = from_keys(
            self.at,
            self.json_text,
            self.header,
            self.text,
            self.between,
        );
        let place = match (self.join.is_empty(), one) {
            (true, one) => one?,
            (false, Err(_)) => from_parts(self.join, false)?,
            (false, Ok(_)) => return Err("write a place or `join`, not both"),
        };
        Ok(Shown {
            step: self.step,
            place,
        })
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a place in the last lookup: \"/json/pointer\", or in another one: { step = \"name\", at = \"/json/pointer\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Shown, E> {
                let place = Place::parse(text).map_err(E::custom)?;
                Ok(Shown { step: None, place })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Shown, A::Error> {
                let raw = RawShown::deserialize(de::value::MapAccessDeserializer::new(map))?;
                raw.shown().map_err(de::Error::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}
