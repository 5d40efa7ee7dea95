//! Where something is in an answer: in its JSON body, in a header, or in a body
//! that is plain text.

mod join;
mod written;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use self::join::Join;
pub(crate) use self::written::{JoinPart, from_keys, from_parts};
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
    Join(Join),
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
            Source::Join(join) => Cow::Owned(Value::from(join.text(view)?)),
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
            Source::Join(join) => join.is_in_json(),
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
            Source::Join(join) => join.check(path, known, problems),
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
            Source::Join(join) => join.resolve(context)?,
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
            Source::Join(join) => join.fmt(f),
        }
    }
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

#[cfg(test)]
mod tests;
