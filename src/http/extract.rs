//! Taking values out of JSON answers.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

pub use super::times::{Known, Missing, TimeField, TimeFormat};

/// An RFC 6901 JSON pointer, for example `/data/0/id`. The empty pointer is
/// the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        if !text.is_empty() && !text.starts_with('/') {
            return Err(format!(
                "`{text}` is not a JSON pointer: it begins with `/`, for example \"/data/token\""
            ));
        }
        let mut parts = text.split('~');
        let escapes_are_good = parts.next().is_some()
            && parts.all(|after| after.starts_with('0') || after.starts_with('1'));
        if !escapes_are_good {
            return Err(format!(
                "`{text}` is not a JSON pointer: write `~0` for `~` and `~1` for `/`"
            ));
        }
        Ok(Self(text))
    }

    /// What stands there, if anything does. `null` is something.
    #[must_use]
    pub fn get<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        document.pointer(&self.0)
    }

    /// A text that is not empty; numbers count as their digits.
    #[must_use]
    pub fn text(&self, document: &Value) -> Option<String> {
        match self.get(document)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// The pointer as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
