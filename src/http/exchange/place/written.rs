//! How a place is written: a text, or a table of keys.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::join::{Join, Part};
use super::{Place, Source};
use crate::http::exchange::json_place::JsonPlace;

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a place: \"/json/pointer\", \"path.to.it\", { header = \"Name\" } or { text = true }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Place, E> {
                JsonPlace::parse(text).map(Place::json).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
                let keys = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
                if !keys.join.is_empty() {
                    let alone = keys.at.is_none() && keys.header.is_none() && !keys.text;
                    if !alone || keys.json_text.is_some() || keys.between.is_some() {
                        return Err(de::Error::custom(
                            "`join` stands alone: each of its parts is a place or `fixed`",
                        ));
                    }
                    return from_parts(keys.join, keys.base64).map_err(de::Error::custom);
                }
                if keys.base64 {
                    return Err(de::Error::custom("`base64` belongs to `join`"));
                }
                from_keys(
                    keys.at,
                    keys.json_text,
                    keys.header,
                    keys.text,
                    keys.between,
                )
                .map_err(de::Error::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// The keys of a place in a table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    #[serde(default)]
    text: bool,
    between: Option<(String, String)>,
    #[serde(default)]
    join: Vec<JoinPart>,
    #[serde(default)]
    base64: bool,
}

/// Builds a place from the keys of a table that may hold one.
///
/// # Errors
/// Says which keys do not go together.
pub(crate) fn from_keys(
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    text: bool,
    between: Option<(String, String)>,
) -> Result<Place, &'static str> {
    let source = match (at, header, text) {
        (Some(at), None, false) => Source::Json { at, json_text },
        (None, Some(_), false) | (None, None, true) if json_text.is_some() => {
            return Err("`json_text` belongs to `at`");
        }
        (None, Some(header), false) => {
            if http::HeaderName::from_bytes(header.as_bytes()).is_err() {
                return Err("`header` is not a header name: write the name alone");
            }
            Source::Header(header)
        }
        (None, None, true) => Source::Text,
        (None, None, false) => {
            return Err(
                "it does not say where to look: write `at = \"/pointer\"`, `header = \"Name\"` or `text = true`",
            );
        }
        (_, _, _) => return Err("write one of `at`, `header` and `text = true`"),
    };
    Ok(Place { source, between })
}

/// A part of a text that is made of several, as it is written: a place, or
/// `fixed`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinPart {
    at: Option<JsonPlace>,
    json_text: Option<JsonPlace>,
    header: Option<String>,
    #[serde(default)]
    text: bool,
    between: Option<(String, String)>,
    fixed: Option<String>,
}

/// Builds a place from parts.
///
/// # Errors
/// Says which part is neither a place nor a fixed text.
pub(crate) fn from_parts(parts: Vec<JoinPart>, base64: bool) -> Result<Place, &'static str> {
    let part = |part: JoinPart| {
        let place = from_keys(
            part.at,
            part.json_text,
            part.header,
            part.text,
            part.between,
        );
        match (part.fixed, place) {
            (Some(fixed), Err(_)) => Ok(Part::Fixed(fixed)),
            (None, Ok(place)) => Ok(Part::At(Box::new(place))),
            (Some(_), Ok(_)) => Err("a part of `join` is a place or `fixed`, not both"),
            (None, Err(why)) => Err(why),
        }
    };
    let parts: Vec<Part> = parts.into_iter().map(part).collect::<Result<_, _>>()?;
    Ok(Place {
        source: Source::Join(Join { parts, base64 }),
        between: None,
    })
}
