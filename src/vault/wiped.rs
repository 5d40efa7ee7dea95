//! JSON of Vault that leaves no copy of a secret behind.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::message::wipe;

/// The fields of a secret; their texts are wiped when they are dropped. No `Debug`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sets a field, and wipes what it held.
    pub(super) fn put(&mut self, name: &str, value: Value) {
        if let Some(mut old) = self.0.insert(name.to_owned(), value) {
            wipe(&mut old);
        }
    }

    /// Removes a field, and wipes what it held.
    pub(super) fn take_out(&mut self, name: &str) {
        if let Some(mut old) = self.0.remove(name) {
            wipe(&mut old);
        }
    }

    /// Moves them into a request, which wipes them then.
    pub(super) fn into_value(mut self) -> Value {
        Value::Object(std::mem::take(&mut self.0))
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl FromIterator<(String, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Deref for Fields {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

#[cfg(test)]
mod tests;
