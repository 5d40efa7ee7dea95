//! Where something is in an answer: in its JSON body, in a header, or in a body
//! that is plain text.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use zeroize::Zeroizing;

use super::json_place::JsonPlace;
use crate::http::message::{Answer, SecretJson};
use crate::http::template::{Context, Names};
use crate::problem::Problems;

/// What can be looked into: a whole answer, or one item of a list in it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    json: Option<&'a Value>,
    answer: Option<&'a Answer>,
}

impl<'a> View<'a> {
    /// An answer, with its body as JSON if it is that.
    #[must_use]
    pub fn of(answer: &'a Answer, json: Option<&'a SecretJson>) -> Self {
        Self {
            json: json.map(|json| &**json),
            answer: Some(answer),
        }
    }

    /// A part of a JSON body.
    #[must_use]
    pub fn item(json: &'a Value) -> Self {
        Self {
            json: Some(json),
            answer: None,
        }
    }

    /// Whether it is an answer with a status of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.answer.is_some_and(Answer::is_success)
    }

    /// The JSON.
    #[must_use]
    pub fn json(&self) -> Option<&'a Value> {
        self.json
    }
}

/// A place in an answer: `"/data/id"`, `"data.id"`, `{ header = "Location",
/// between = ["/tokens/", ""] }`, `{ text = true, between = ["token=", "\n"] }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    source: Source,
    between: Option<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Json {
        at: JsonPlace,
        json_text: Option<JsonPlace>,
    },
    Header(String),
    Text,
    Join {
        parts: Vec<Part>,
        base64: bool,
    },
}

/// A part of a text that is made of several.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Fixed(String),
    At(Box<Place>),
}

impl Place {
    /// Reads a place in a JSON body: a pointer or a path.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        JsonPlace::parse(text).map(Self::json)
    }

    /// A place in a JSON body.
    #[must_use]
    pub fn json(at: JsonPlace) -> Self {
        Self {
            source: Source::Json {
                at,
                json_text: None,
            },
            between: None,
        }
    }

    /// Whether it is a place in a JSON body.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.is_in_json()
    }

    /// What is there, if anything is. `null` is something.
    #[must_use]
    pub fn find<'v>(&self, view: View<'v>) -> Option<Cow<'v, Value>> {
        let found = match &self.source {
            Source::Json { at, json_text } => find_json(at, json_text.as_ref(), view.json?)?,
            Source::Header(name) => Cow::Owned(Value::from(view.answer?.header(name)?)),
            Source::Text => {
                let body = std::str::from_utf8(&view.answer?.body).ok()?;
                Cow::Owned(Value::from(body))
            }
            Source::Join { parts, base64 } => {
                Cow::Owned(Value::from(joined(parts, *base64, view)?))
            }
        };
        let Some((before, after)) = &self.between else {
            return Some(found);
        };
        let part = cut(found.as_str()?, before, after)?;
        Some(Cow::Owned(Value::from(part)))
    }

    /// A text that is not empty; numbers and booleans as JSON writes them.
    #[must_use]
    pub fn text(&self, view: View<'_>) -> Option<String> {
        match self.find(view)?.as_ref() {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            other @ (Value::Number(_) | Value::Bool(_)) => Some(other.to_string()),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether it is in a JSON body.
    #[must_use]
    pub fn is_in_json(&self) -> bool {
        match &self.source {
            Source::Json { .. } => true,
            Source::Header(_) | Source::Text => false,
            Source::Join { parts, .. } => parts.iter().any(|part| match part {
                Part::Fixed(_) => false,
                Part::At(place) => place.is_in_json(),
            }),
        }
    }

    /// Reports templates in it that cannot be used.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        match &self.source {
            Source::Json { at, json_text } => {
                at.check(path, known, problems);
                if let Some(outer) = json_text {
                    outer.check(path, known, problems);
                }
            }
            Source::Join { parts, .. } => {
                for (index, part) in parts.iter().enumerate() {
                    if let Part::At(place) = part {
                        place.check(&format!("{path}.join[{index}]"), known, problems);
                    }
                }
            }
            Source::Header(_) | Source::Text => {}
        }
    }

    /// Fills in the templates.
    ///
    /// # Errors
    /// Says which name has no value.
    pub fn resolve(&mut self, context: &Context) -> Result<(), String> {
        match &mut self.source {
            Source::Json { at, json_text } => {
                at.resolve(context)?;
                if let Some(outer) = json_text {
                    outer.resolve(context)?;
                }
            }
            Source::Join { parts, .. } => {
                for part in parts {
                    if let Part::At(place) = part {
                        place.resolve(context)?;
                    }
                }
            }
            Source::Header(_) | Source::Text => {}
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Json { at, .. } if at.as_str().is_empty() => f.write_str("the whole body"),
            Source::Json { at, .. } => write!(f, "`{}`", at.as_str()),
            Source::Header(name) => write!(f, "the header `{name}`"),
            Source::Text => f.write_str("the text of the body"),
            Source::Join { parts, .. } => {
                let places = parts.iter().filter_map(|part| match part {
                    Part::Fixed(_) => None,
                    Part::At(place) => Some(place.to_string()),
                });
                f.write_str(&places.collect::<Vec<_>>().join(" with "))
            }
        }
    }
}

/// The parts one after the other; nothing if one of them is not there.
fn joined(parts: &[Part], base64: bool, view: View<'_>) -> Option<String> {
    let mut text = Zeroizing::new(String::new());
    for part in parts {
        match part {
            Part::Fixed(fixed) => text.push_str(fixed),
            Part::At(place) => text.push_str(&Zeroizing::new(place.text(view)?)),
        }
    }
    Some(if base64 {
        STANDARD.encode(text.as_bytes())
    } else {
        text.to_string()
    })
}

fn find_json<'v>(
    at: &JsonPlace,
    json_text: Option<&JsonPlace>,
    document: &'v Value,
) -> Option<Cow<'v, Value>> {
    let Some(outer) = json_text else {
        return at.get(document).map(Cow::Borrowed);
    };
    let inner = super::merge::parsed_text(document, outer).ok()?;
    at.get(&inner).cloned().map(Cow::Owned)
}

/// What is between two texts; an empty one means the beginning or the end.
fn cut<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    if after.is_empty() {
        return Some(rest.trim_end_matches(['\r', '\n']));
    }
    rest.split_once(after).map(|(part, _)| part)
}

/// The keys of a place in a table, for types that have more keys beside them.
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
        source: Source::Join { parts, base64 },
        between: None,
    })
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

#[cfg(test)]
mod tests;
