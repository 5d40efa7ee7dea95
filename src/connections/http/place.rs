//! Places in a JSON document. Two ways to write one:
//!
//! * an RFC 6901 pointer, `/properties/3/value`;
//! * a path, `properties[key=scim2-access-token].value`: names with dots
//!   between them, `[3]` for the fourth element, `[key=value]` for the one
//!   element whose `key` is `value` (the key may be a path too), `["a.b"]` for
//!   a name with signs in it.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// A member of an object; in a pointer also an element of an array.
    Name(String),
    /// An element of an array.
    Index(usize),
    /// The element of an array whose member `key` is `value`.
    Find { key: String, value: String },
}

/// A place in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    text: String,
    segments: Vec<Segment>,
}

/// Why a place could not be written to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
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

impl Place {
    /// Reads a pointer or a path.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let segments = if text.is_empty() {
            Vec::new()
        } else if let Some(pointer) = text.strip_prefix('/') {
            pointer
                .split('/')
                .map(pointer_segment)
                .collect::<Result<_, _>>()?
        } else {
            path_segments(text)?
        };
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
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
    ) -> Result<(), PlaceError> {
        let mut here = document;
        for segment in &self.segments {
            here = self.enter(here, segment, create)?;
        }
        *here = value;
        Ok(())
    }

    /// As `add` of JSON Patch: makes a member, inserts into an array (`-`
    /// appends), or replaces.
    pub(crate) fn add(&self, document: &mut Value, value: Value) -> Result<(), PlaceError> {
        let Some((last, parents)) = self.segments.split_last() else {
            *document = value;
            return Ok(());
        };
        let mut here = document;
        for segment in parents {
            here = self.enter(here, segment, false)?;
        }
        let absent = || PlaceError::Absent(self.text.clone());
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
                Err(PlaceError::InTheWay(self.text.clone()))
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
    ) -> Result<&'v mut Value, PlaceError> {
        let absent = || PlaceError::Absent(self.text.clone());
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
                    .map_err(|()| PlaceError::ManyMatches(self.text.clone()))?;
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
                Err(PlaceError::InTheWay(self.text.clone()))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Place {
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

/// RFC 6901: digits without a leading zero.
fn array_index(text: &str) -> Option<usize> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if leading_zero || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
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

fn pointer_segment(text: &str) -> Result<Segment, String> {
    let mut name = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '~') {
            (_, false) => name.push(c),
            (_, true) => match chars.next() {
                Some('0') => name.push('~'),
                Some('1') => name.push('/'),
                _ => {
                    return Err(format!(
                        "`{text}`: in a pointer `~` is written `~0`, `/` is written `~1`"
                    ));
                }
            },
        }
    }
    Ok(Segment::Name(name))
}

fn path_segments(text: &str) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        rest = if let Some(inside) = rest.strip_prefix('[') {
            let (segment, after) = bracket(inside).ok_or_else(|| complaint(text))?;
            segments.push(segment);
            after
        } else {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() || after.starts_with(']') {
                return Err(complaint(text));
            }
            segments.push(Segment::Name(name.to_owned()));
            after
        };
        if rest.is_empty() {
            return Ok(segments);
        }
        rest = match rest.strip_prefix('.') {
            Some(after) if !after.starts_with('[') => after,
            None if rest.starts_with('[') => rest,
            Some(_) | None => return Err(complaint(text)),
        };
    }
}

/// What stands between brackets, and what follows the closing one.
fn bracket(inside: &str) -> Option<(Segment, &str)> {
    if let Some(quoted) = inside.strip_prefix('"') {
        let (name, after) = quoted.split_once("\"]")?;
        return Some((Segment::Name(name.to_owned()), after));
    }
    let (content, after) = inside.split_once(']')?;
    let segment = match content.split_once('=') {
        Some((key, value)) if !key.is_empty() => Segment::Find {
            key: key.to_owned(),
            value: value.trim_matches('"').to_owned(),
        },
        Some(_) => return None,
        None => Segment::Index(array_index(content)?),
    };
    Some((segment, after))
}

fn complaint(text: &str) -> String {
    format!(
        "`{text}` is not a place in a JSON document: write a pointer (`/a/0/b`) or a path (`a[0].b`, `a[key=value].b`, `[\"a.b\"].c`)"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(text: &str) -> Place {
        Place::parse(text).expect(text)
    }

    #[test]
    fn places_are_found() {
        let document = json!({
            "a": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "y2", "n": 7, "v": 3}],
            "s": [{"m": {"name": "one"}}, {"m": {"name": "two"}, "v": 8}],
            "b.c": {"d/e": {"~": 4}}, "": 5, "0": 6,
        });
        let cases = [
            ("", Some(document.clone())),
            ("/a/0/v", Some(json!(1))),
            ("/a/00/v", None),
            ("/a/-", None),
            ("/a/3", None),
            ("/b.c/d~1e/~0", Some(json!(4))),
            ("/", Some(json!(5))),
            ("a[1].v", Some(json!(2))),
            ("a[k=y].v", Some(json!(2))),
            ("a[k=\"x\"].v", Some(json!(1))),
            ("a[n=7].v", Some(json!(3))),
            ("a[k=z].v", None),
            ("s[m.name=two].v", Some(json!(8))),
            ("[\"b.c\"][\"d/e\"].~", Some(json!(4))),
            ("0", Some(json!(6))),
        ];
        for (text, expected) in cases {
            assert_eq!(place(text).get(&document), expected.as_ref(), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "a..b", "a.", ".a", "a[", "a[x]", "a]b", "a[=x]", "a[0]b", "a.[0]", "/a~2",
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn setting_makes_nothing_unless_allowed() {
        let document = json!({"p": [{"key": "a", "value": "1"}], "t": "text"});
        let mut here = document.clone();
        place("p[key=a].value")
            .set(&mut here, json!("2"), false)
            .expect("there");
        assert_eq!(here["p"][0]["value"], "2");

        let mut here = document.clone();
        let absent = place("p[key=b].value").set(&mut here, json!("2"), false);
        assert!(matches!(absent, Err(PlaceError::Absent(_))), "{absent:?}");
        assert_eq!(here, document, "nothing was touched");
        place("p[key=b].value")
            .set(&mut here, json!("2"), true)
            .expect("made");
        assert_eq!(here["p"][1], json!({"key": "b", "value": "2"}));
        place("q.r[key=c].v")
            .set(&mut here, json!(3), true)
            .expect("made");
        assert_eq!(here["q"], json!({"r": [{"key": "c", "v": 3}]}));

        place("q.s[m.n=c].v")
            .set(&mut here, json!(3), true)
            .expect("made");
        assert_eq!(here["q"]["s"], json!([{"m": {"n": "c"}, "v": 3}]));

        let through = place("t.x").set(&mut here, json!(1), true);
        assert!(
            matches!(through, Err(PlaceError::InTheWay(_))),
            "{through:?}"
        );
    }

    #[test]
    fn two_matches_are_no_match() {
        let mut document = json!({"p": [{"key": "a"}, {"key": "a"}]});
        let twice = place("p[key=a].value").set(&mut document, json!(1), true);
        assert!(
            matches!(twice, Err(PlaceError::ManyMatches(_))),
            "{twice:?}"
        );
        assert_eq!(place("p[key=a]").get(&document), None);
    }

    #[test]
    fn adding_and_removing_follow_json_patch() {
        let mut document = json!({"a": [1, 3], "o": {}});
        place("/a/1")
            .add(&mut document, json!(2))
            .expect("inserted");
        place("/a/-")
            .add(&mut document, json!(4))
            .expect("appended");
        place("/o/x").add(&mut document, json!(5)).expect("made");
        assert_eq!(document, json!({"a": [1, 2, 3, 4], "o": {"x": 5}}));
        assert!(place("/a/9").add(&mut document, json!(0)).is_err());
        assert!(place("/a/0").remove(&mut document));
        assert!(place("o.x").remove(&mut document));
        assert!(!place("o.x").remove(&mut document));
        assert_eq!(document, json!({"a": [2, 3, 4], "o": {}}));
    }
}
