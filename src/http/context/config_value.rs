//! Values that a person writes for templates.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use url::Url;

/// A value of a table `config`. It keeps its type: the text `"00123"` is never
/// read as a number, and the number 5 never as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// A list of texts.
    List(Vec<String>),
    /// `{ url = "https://…" }`: stands in URLs as it is, without a slash at its
    /// end.
    Url(Url),
}

impl ConfigValue {
    /// The words of a text, or the texts of a list; none of another value.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Self::List(texts) => texts.clone(),
            Self::Integer(_) | Self::Boolean(_) | Self::Url(_) => Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsUrl {
    url: Url,
}

impl<'de> Deserialize<'de> for ConfigValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ConfigValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a text, a whole number, a boolean, a list of texts or { url = \"https://…\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ConfigValue, E> {
                Ok(ConfigValue::Text(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ConfigValue, E> {
                Ok(ConfigValue::Integer(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ConfigValue, E> {
                i64::try_from(number)
                    .map(ConfigValue::Integer)
                    .map_err(|_| E::custom("the number is too large"))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ConfigValue, E> {
                Ok(ConfigValue::Boolean(value))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ConfigValue, A::Error> {
                AsUrl::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|as_url| ConfigValue::Url(as_url.url))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<ConfigValue, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(ConfigValue::List(texts))
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_type_is_kept() {
        let text = "a = \"00123\"\nb = 5\nc = true\nd = [\"x\", \"y\"]\ne = \"true\"\nf = []";
        let read: BTreeMap<String, ConfigValue> = toml::from_str(text).expect("valid");
        let expected = [
            ("a", ConfigValue::Text("00123".to_owned())),
            ("b", ConfigValue::Integer(5)),
            ("c", ConfigValue::Boolean(true)),
            ("d", ConfigValue::List(vec!["x".to_owned(), "y".to_owned()])),
            ("e", ConfigValue::Text("true".to_owned())),
            ("f", ConfigValue::List(Vec::new())),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value));
        assert_eq!(read, BTreeMap::from(expected));
    }

    #[test]
    fn other_types_are_refused() {
        for bad in ["a = 1.5", "a = 2026-01-01", "a = { b = 1 }", "a = [1]"] {
            let read: Result<BTreeMap<String, ConfigValue>, _> = toml::from_str(bad);
            assert!(read.is_err(), "{bad}");
        }
    }
}
