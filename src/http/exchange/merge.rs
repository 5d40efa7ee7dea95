//! Read, change, write back: what is changed in the object that the identity
//! provider showed, so that everything that is not known here stays.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::json_place::JsonPlace;
use super::masked;
use super::patch::Operation;
use crate::http::template::{Context, Names};
use crate::problem::Problems;

/// The changes, in the order in which they are made: `drop`, `merge`, `patch`,
/// `set`. A value that may be shown in place of a secret is not written back. `V` is a JSON value with templates in its texts, before or after
/// they are rendered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge<V> {
    /// Name of the lookup whose document is changed; the last one by default.
    #[serde(default)]
    pub onto: Option<String>,
    /// The part of that document that is changed and goes back; the whole by
    /// default.
    #[serde(default)]
    pub part: Option<JsonPlace>,
    /// Places that must not be written back (ids, links, computed values).
    #[serde(default = "Vec::new")]
    pub drop: Vec<JsonPlace>,
    /// Places whose values look like secrets or masks, and are shown as they
    /// are: they may be written back.
    #[serde(default = "Vec::new")]
    pub keep: Vec<JsonPlace>,
    /// RFC 7396 merge patch. TOML has no null: use `patch` to remove.
    #[serde(default = "none")]
    pub merge: Option<V>,
    /// `add`, `replace` and `remove` of RFC 6902.
    #[serde(default = "Vec::new")]
    pub patch: Vec<Operation<V>>,
    /// Single values.
    #[serde(default = "Vec::new")]
    pub set: Vec<Set<V>>,
}

fn none<V>() -> Option<V> {
    None
}

/// One value at one place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set<V> {
    /// Where.
    pub at: JsonPlace,
    /// What.
    pub value: V,
    /// The text at this place is JSON itself; `at` is a place inside it, and
    /// the text is written anew.
    #[serde(default)]
    pub json_text: Option<JsonPlace>,
    /// Whether the place may be made. Otherwise a wrong path is an error
    /// instead of a token in a field that nobody reads.
    #[serde(default)]
    pub create: bool,
}

impl<V> Merge<V> {
    /// Whether nothing would be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.drop.is_empty() && self.merge.is_none() && self.patch.is_empty() && self.set.is_empty()
    }

    /// Whether any of the values is so.
    pub(crate) fn any(&self, test: impl Fn(&V) -> bool) -> bool {
        let seen: Result<Merge<()>, ()> =
            self.try_map(|_, value| if test(value) { Err(()) } else { Ok(()) });
        seen.is_err()
    }

    /// Reports templates in its places that cannot be used.
    pub(crate) fn check_places(&self, path: &str, known: &Names, problems: &mut Problems) {
        if let Some(part) = &self.part {
            part.check(&format!("{path}.part"), known, problems);
        }
        for (index, place) in self.drop.iter().enumerate() {
            place.check(&format!("{path}.drop[{index}]"), known, problems);
        }
        for (index, place) in self.keep.iter().enumerate() {
            place.check(&format!("{path}.keep[{index}]"), known, problems);
        }
        for (index, operation) in self.patch.iter().enumerate() {
            let at = format!("{path}.patch[{index}].path");
            operation.path().check(&at, known, problems);
        }
        for (index, set) in self.set.iter().enumerate() {
            set.at
                .check(&format!("{path}.set[{index}].at"), known, problems);
            if let Some(outer) = &set.json_text {
                outer.check(&format!("{path}.set[{index}].json_text"), known, problems);
            }
        }
    }

    /// Fills in the templates of its places.
    pub(crate) fn resolve_places(&mut self, context: &Context) -> Result<(), String> {
        let lists = self.drop.iter_mut().chain(&mut self.keep);
        for place in self.part.iter_mut().chain(lists) {
            place.resolve(context)?;
        }
        for operation in &mut self.patch {
            operation.path_mut().resolve(context)?;
        }
        for set in &mut self.set {
            set.at.resolve(context)?;
            if let Some(outer) = &mut set.json_text {
                outer.resolve(context)?;
            }
        }
        Ok(())
    }

    /// The same changes with other values; `convert` is told where a value
    /// stands in the configuration.
    pub(crate) fn try_map<W, E>(
        &self,
        mut convert: impl FnMut(&str, &V) -> Result<W, E>,
    ) -> Result<Merge<W>, E> {
        let merge = self
            .merge
            .as_ref()
            .map(|v| convert("merge", v))
            .transpose()?;
        let mut patch = Vec::with_capacity(self.patch.len());
        for (index, operation) in self.patch.iter().enumerate() {
            let at = format!("patch[{index}].value");
            patch.push(operation.try_map(|v| convert(&at, v))?);
        }
        let mut set = Vec::with_capacity(self.set.len());
        for (index, one) in self.set.iter().enumerate() {
            set.push(Set {
                at: one.at.clone(),
                value: convert(&format!("set[{index}].value"), &one.value)?,
                json_text: one.json_text.clone(),
                create: one.create,
            });
        }
        Ok(Merge {
            onto: self.onto.clone(),
            part: self.part.clone(),
            drop: self.drop.clone(),
            keep: self.keep.clone(),
            merge,
            patch,
            set,
        })
    }
}

impl Merge<Value> {
    /// Makes the changes.
    ///
    /// # Errors
    /// Names the place that is not as configured, or a value that would be
    /// written back although it may be a mask; the document is then half changed
    /// and must not be sent.
    pub(crate) fn apply(self, document: &mut Value) -> Result<(), String> {
        match self.changed(document)? {
            None => Ok(()),
            Some(at) => Err(masked::refused(&at)),
        }
    }

    /// The first value that would be written back although it may be a mask, if
    /// the changes can be made.
    pub(crate) fn masked(self, document: &mut Value) -> Option<String> {
        let at = self.changed(document).ok().flatten()?;
        Some(masked::refused(&at))
    }

    fn changed(self, document: &mut Value) -> Result<Option<String>, String> {
        let mut written = BTreeSet::new();
        self.each_value(&mut |value| masked::texts(value, &mut written));
        let keep = self.keep.clone();
        self.change(document)?;
        let is_kept = |at: &str| is_kept(&keep, document, at);
        Ok(masked::find(document, &written, &is_kept))
    }

    fn each_value(&self, look: &mut dyn FnMut(&Value)) {
        let looked: Result<Merge<()>, ()> = self.try_map(|_, value| {
            look(value);
            Ok(())
        });
        debug_assert!(looked.is_ok(), "looking cannot fail");
    }

    fn change(self, document: &mut Value) -> Result<(), String> {
        for place in &self.drop {
            place.remove(document);
        }
        if let Some(merge) = self.merge {
            merge_patch(document, merge);
        }
        for operation in self.patch {
            operation.apply(document)?;
        }
        for set in self.set {
            set.apply(document)?;
        }
        Ok(())
    }
}

impl Set<Value> {
    fn apply(self, document: &mut Value) -> Result<(), String> {
        let write = |document: &mut Value, value| {
            self.at
                .set(document, value, self.create)
                .map_err(|e| e.to_string())
        };
        let Some(text_at) = &self.json_text else {
            return write(document, self.value);
        };
        let mut inner = parsed_text(document, text_at)?;
        write(&mut inner, self.value)?;
        text_at
            .set(document, Value::String(inner.to_string()), false)
            .map_err(|e| e.to_string())
    }
}

/// Whether the value at this pointer is what stands at one of the places.
fn is_kept(keep: &[JsonPlace], document: &Value, at: &str) -> bool {
    let here = document.pointer(at);
    let same = |place: &JsonPlace| match (place.get(document), here) {
        (Some(kept), Some(here)) => std::ptr::eq(kept, here),
        (None, _) | (_, None) => false,
    };
    keep.iter().any(same)
}

/// The JSON that stands as a text at a place.
pub(crate) fn parsed_text(document: &Value, at: &JsonPlace) -> Result<Value, String> {
    let text = at
        .get(document)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no text stands at `{}`", at.as_str()))?;
    serde_json::from_str(text).map_err(|_| format!("the text at `{}` is not JSON", at.as_str()))
}

/// RFC 7396.
fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            target.remove(&name);
        } else {
            merge_patch(target.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests;
