//! JSON within TOML.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// JSON, written as a TOML value or, in a text, as JSON itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = toml::Value::deserialize(from)?;
        let json = match written.as_str() {
            Some(text) => serde_json::from_str(text).map_err(|e| {
                format!("the text is not JSON: {e}; write a table, or JSON in a text")
            }),
            None => json(written),
        };
        json.map(Self).map_err(de::Error::custom)
    }
}

/// A TOML value as JSON.
///
/// # Errors
/// When it holds a time of TOML: JSON has none.
pub(in crate::vendors::replay) fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(time) => {
            return Err(format!("JSON has no times: write \"{time}\" in quotes"));
        }
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(members) => {
            let members = members.into_iter();
            let members = members.map(|(name, value)| Ok((name, json(value)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Result<Value, toml::de::Error> {
        let mut all: BTreeMap<String, Json> = toml::from_str(text)?;
        Ok(all.remove("json").expect("the key").0)
    }

    #[test]
    fn tables_and_texts_are_the_same_json() {
        let expected = json!({"a": [1, 1.5, true, "x"], "b": {"c": "00123"}});
        for text in [
            "json = { a = [1, 1.5, true, \"x\"], b.c = \"00123\" }",
            "json = '{\"a\": [1, 1.5, true, \"x\"], \"b\": {\"c\": \"00123\"}}'",
        ] {
            assert_eq!(parsed(text), Ok(expected.clone()), "{text}");
        }
        assert_eq!(parsed("json = '\"text\"'"), Ok(json!("text")));
        assert_eq!(parsed("json = 'null'"), Ok(Value::Null));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for (text, why) in [
            ("json = \"text\"", "not JSON"),
            (
                "json = { at = 2026-11-27T00:00:00Z }",
                "\"2026-11-27T00:00:00Z\" in quotes",
            ),
        ] {
            let error = parsed(text).expect_err(text).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
