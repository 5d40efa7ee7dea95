//! Places in a JSON document. Two ways to write one:
//!
//! * an RFC 6901 pointer, `/properties/3/value`;
//! * a path, `properties[key=scim2-access-token].value`: names with dots
//!   between them, `[3]` for the fourth element, `[key=value]` for the one
//!   element whose `key` is `value` (the key may be a path too), `["a.b"]` for
//!   a name with signs in it.
//!
//! Names and values in it may be templates over `config`:
//! `config["{{ config.token_key }}"][0]`.

mod written;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use self::written::{Segment, array_index};
use crate::http::template::{Context, Names, Template};
use crate::problem::Problems;

/// A place in a JSON document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonPlace {
    text: String,
    segments: Vec<Segment>,
}

/// Why a place could not be written to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonPlaceError {
    /// Nothing is there.
    #[error("`{0}` is not there; correct the path, or allow it to be made with `create = true`")]
    Absent(String),
    /// More than one element matches.
    #[error("`{0}` matches more than one element")]
    ManyMatches(String),
    /// A value of another type is in the way.
    #[error("`{0}` leads through a value that is neither an object nor an array")]
    InTheWay(String),
}

impl JsonPlace {
    /// Reads a pointer or a path.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            segments: written::segments(text)?,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reports templates in it that cannot be used. Only values of the
    /// configuration may be in a place.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        for template in self.templates() {
            template.check(path, known, problems);
            if template
                .names()
                .iter()
                .any(|name| !name.starts_with("config."))
            {
                problems.error(
                    path,
                    "a place may use values of the configuration only",
                    "use `{{ config.<name> }}`",
                );
            }
        }
    }

    /// Fills in its templates. A value is one name, whatever is in it.
    ///
    /// # Errors
    /// Says which name has no value.
    pub fn resolve(&mut self, context: &Context) -> Result<(), String> {
        for segment in &mut self.segments {
            let part = match segment {
                Segment::Name(name) => name,
                Segment::Find { value, .. } => value,
                Segment::Index(_) => continue,
            };
            if part.contains("{{") {
                let filled = Template::new(part.as_str()).text(context)?;
                self.text = self.text.replace(part.as_str(), &filled);
                *part = filled.to_string();
            }
        }
        Ok(())
    }

    fn templates(&self) -> impl Iterator<Item = Template> {
        self.segments.iter().filter_map(|segment| {
            let part = match segment {
                Segment::Name(name) => name,
                Segment::Find { value, .. } => value,
                Segment::Index(_) => return None,
            };
            part.contains("{{").then(|| Template::new(part.as_str()))
        })
    }

    /// What stands there, if exactly one thing does.
    #[must_use]
    pub fn get<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        let mut here = document;
        for segment in &self.segments {
            here = match segment {
                Segment::Name(name) => member(here, name)?,
                Segment::Index(index) => here.get(index)?,
                Segment::Find { key, value } => {
                    let index = find(here, key, value).ok().flatten()?;
                    here.get(index)?
                }
            };
        }
        Some(here)
    }

    /// Writes a value there. What is missing on the way is made only if
    /// `create` is set.
    pub(crate) fn set(
        &self,
        document: &mut Value,
        value: Value,
        create: bool,
    ) -> Result<(), JsonPlaceError> {
        let mut here = document;
        for segment in &self.segments {
            here = self.enter(here, segment, create)?;
        }
        *here = value;
        Ok(())
    }

    /// As `add` of JSON Patch: makes a member, inserts into an array (`-`
    /// appends), or replaces.
    pub(crate) fn add(&self, document: &mut Value, value: Value) -> Result<(), JsonPlaceError> {
        let Some((last, parents)) = self.segments.split_last() else {
            *document = value;
            return Ok(());
        };
        let mut here = document;
        for segment in parents {
            here = self.enter(here, segment, false)?;
        }
        let absent = || JsonPlaceError::Absent(self.text.clone());
        match (last, here) {
            (Segment::Name(name), Value::Object(map)) => {
                map.insert(name.clone(), value);
                Ok(())
            }
            (Segment::Name(name), Value::Array(items)) => {
                let index = if name == "-" {
                    items.len()
                } else {
                    array_index(name).ok_or_else(absent)?
                };
                insert(items, index, value).ok_or_else(absent)
            }
            (Segment::Index(index), Value::Array(items)) => {
                insert(items, *index, value).ok_or_else(absent)
            }
            (Segment::Find { .. }, found) => {
                *self.enter(found, last, true)? = value;
                Ok(())
            }
            (Segment::Name(_) | Segment::Index(_), _) => {
                Err(JsonPlaceError::InTheWay(self.text.clone()))
            }
        }
    }

    /// Takes away what stands there; tells whether anything did.
    pub(crate) fn remove(&self, document: &mut Value) -> bool {
        let Some((last, parents)) = self.segments.split_last() else {
            return false;
        };
        let mut here = document;
        for segment in parents {
            match self.enter(here, segment, false) {
                Ok(next) => here = next,
                Err(_) => return false,
            }
        }
        match (last, here) {
            (Segment::Name(name), Value::Object(map)) => map.remove(name).is_some(),
            (Segment::Name(name), Value::Array(items)) => {
                array_index(name).is_some_and(|index| take(items, index))
            }
            (Segment::Index(index), Value::Array(items)) => take(items, *index),
            (Segment::Find { key, value }, here @ Value::Array(_)) => {
                let index = find(here, key, value).ok().flatten();
                match (index, here) {
                    (Some(index), Value::Array(items)) => take(items, index),
                    _ => false,
                }
            }
            (Segment::Name(_) | Segment::Index(_) | Segment::Find { .. }, _) => false,
        }
    }

    fn enter<'v>(
        &self,
        here: &'v mut Value,
        segment: &Segment,
        create: bool,
    ) -> Result<&'v mut Value, JsonPlaceError> {
        let absent = || JsonPlaceError::Absent(self.text.clone());
        if create && here.is_null() {
            *here = match segment {
                Segment::Name(_) => Value::Object(Map::new()),
                Segment::Index(_) | Segment::Find { .. } => Value::Array(Vec::new()),
            };
        }
        match (segment, here) {
            (Segment::Name(name), Value::Object(map)) => {
                if create {
                    Ok(map.entry(name.clone()).or_insert(Value::Null))
                } else {
                    map.get_mut(name).ok_or_else(absent)
                }
            }
            (Segment::Name(name), Value::Array(items)) => array_index(name)
                .and_then(|index| items.get_mut(index))
                .ok_or_else(absent),
            (Segment::Index(index), Value::Array(items)) => {
                items.get_mut(*index).ok_or_else(absent)
            }
            (Segment::Find { key, value }, here @ Value::Array(_)) => {
                let found = find(here, key, value)
                    .map_err(|()| JsonPlaceError::ManyMatches(self.text.clone()))?;
                let Value::Array(items) = here else {
                    return Err(absent());
                };
                match found {
                    Some(index) => items.get_mut(index).ok_or_else(absent),
                    None if create => {
                        items.push(element(key, value));
                        items.last_mut().ok_or_else(absent)
                    }
                    None => Err(absent()),
                }
            }
            (Segment::Name(_) | Segment::Index(_) | Segment::Find { .. }, _) => {
                Err(JsonPlaceError::InTheWay(self.text.clone()))
            }
        }
    }
}

impl<'de> Deserialize<'de> for JsonPlace {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

fn member<'v>(here: &'v Value, name: &str) -> Option<&'v Value> {
    match here {
        Value::Object(map) => map.get(name),
        Value::Array(items) => items.get(array_index(name)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn insert(items: &mut Vec<Value>, index: usize, value: Value) -> Option<()> {
    (index <= items.len()).then(|| items.insert(index, value))
}

fn take(items: &mut Vec<Value>, index: usize) -> bool {
    index < items.len() && {
        items.remove(index);
        true
    }
}

/// The one element whose `key` is `value`. Two of them are an error: a token
/// must not go to a place that is not meant.
fn find(here: &Value, key: &str, value: &str) -> Result<Option<usize>, ()> {
    let Some(items) = here.as_array() else {
        return Ok(None);
    };
    let mut found = items
        .iter()
        .enumerate()
        .filter(|(_, item)| below(item, key).is_some_and(|held| reads_as(held, value)))
        .map(|(index, _)| index);
    let first = found.next();
    match found.next() {
        Some(_) => Err(()),
        None => Ok(first),
    }
}

/// A member by its name, or by names with dots between them.
fn below<'v>(item: &'v Value, key: &str) -> Option<&'v Value> {
    item.get(key)
        .or_else(|| key.split('.').try_fold(item, |here, name| here.get(name)))
}

/// A new element that `[key=value]` finds.
fn element(key: &str, value: &str) -> Value {
    let names = key.rsplit('.');
    names.fold(Value::from(value), |inner, name| {
        Value::Object(Map::from_iter([(name.to_owned(), inner)]))
    })
}

fn reads_as(held: &Value, text: &str) -> bool {
    match held {
        Value::String(held) => held == text,
        Value::Number(_) | Value::Bool(_) => {
            let written = held.to_string();
            written == text
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
