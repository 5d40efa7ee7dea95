//! The outline of a SCIM message: which schemas it names and how many entries it
//! has. Contents are skipped while parsing, so no personal data is kept.
//!
//! Attribute names are case-insensitive (RFC 7643, section 2.1). A message in
//! which a name occurs twice is rejected, because readers differ in which of the
//! two they use.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Schema of a list (RFC 7644, section 3.4.2).
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Schema of an error (RFC 7644, section 3.12).
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// Schema of the service provider's configuration.
pub const SERVICE_PROVIDER_CONFIG: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// Further schemas of a message are ignored.
const MOST_SCHEMAS: usize = 32;

/// The outline of one message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// `schemas`.
    pub schemas: Vec<String>,
    /// Length of `Resources`, if it is an array.
    pub resources: Option<usize>,
    /// Whether `Resources` is something else than an array.
    pub resources_malformed: bool,
    /// `totalResults`; optional since RFC 9865.
    pub total: Option<f64>,
    /// Whether there is a `nextCursor` (RFC 9865).
    pub has_cursor: bool,
    /// `scimType` of an error, if it is registered.
    pub scim_type: Option<ScimType>,
    /// `filter.supported` of a `ServiceProviderConfig`.
    pub filter_supported: Option<bool>,
}

impl Message {
    /// Parses a body; `None` if it is not one JSON object in UTF-8.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Whether it names this schema.
    #[must_use]
    pub fn names(&self, schema: &str) -> bool {
        self.schemas
            .iter()
            .any(|named| named.eq_ignore_ascii_case(schema))
    }

    /// Whether it has the contents of a list: entries, or no entries and a
    /// total of none.
    #[must_use]
    pub fn is_list(&self) -> bool {
        !self.resources_malformed
            && (self.resources.is_some() || self.total.is_none_or(|total| total <= 0.0))
    }
}

/// The registered values of `scimType` (RFC 7644 table 9, RFC 9865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScimType(&'static str);

const SCIM_TYPES: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

impl ScimType {
    /// The value, if it is registered. Others are dropped: a hostile server may
    /// write anything there.
    #[must_use]
    pub fn known(word: &str) -> Option<Self> {
        SCIM_TYPES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(word))
            .map(Self)
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Outline;
        impl<'de> Visitor<'de> for Outline {
            type Value = Message;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SCIM message")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
                let mut message = Message::default();
                let mut seen = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let Some(known) = Attribute::named(&name) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if seen.contains(&known) {
                        return Err(de::Error::custom("an attribute occurs twice"));
                    }
                    seen.push(known);
                    known.take(&mut map, &mut message)?;
                }
                Ok(message)
            }
        }
        from.deserialize_map(Outline)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Schemas,
    Resources,
    TotalResults,
    NextCursor,
    ScimType,
    Filter,
}

impl Attribute {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Attribute); 6] = [
            ("schemas", Attribute::Schemas),
            ("Resources", Attribute::Resources),
            ("totalResults", Attribute::TotalResults),
            ("nextCursor", Attribute::NextCursor),
            ("scimType", Attribute::ScimType),
            ("filter", Attribute::Filter),
        ];
        NAMES
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, attribute)| attribute)
    }

    fn take<'de, A: MapAccess<'de>>(
        self,
        map: &mut A,
        message: &mut Message,
    ) -> Result<(), A::Error> {
        match self {
            Self::Schemas => message.schemas = map.next_value::<Words>()?.0,
            Self::Resources => {
                message.resources = map.next_value::<Peek>()?.length;
                message.resources_malformed = message.resources.is_none();
            }
            Self::TotalResults => message.total = map.next_value::<Peek>()?.number,
            Self::NextCursor => message.has_cursor = map.next_value::<Peek>()?.word.is_some(),
            Self::ScimType => {
                let word = map.next_value::<Peek>()?.word;
                message.scim_type = word.as_deref().and_then(ScimType::known);
            }
            Self::Filter => message.filter_supported = map.next_value::<Peek>()?.supported,
        }
        Ok(())
    }
}

/// A value; of arrays and objects only the outline.
#[derive(Default)]
struct Peek {
    number: Option<f64>,
    word: Option<String>,
    truth: Option<bool>,
    length: Option<usize>,
    supported: Option<bool>,
}

impl<'de> Deserialize<'de> for Peek {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(PeekVisitor)
    }
}

struct PeekVisitor;

impl<'de> Visitor<'de> for PeekVisitor {
    type Value = Peek;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Peek, E> {
        Ok(Peek {
            truth: Some(truth),
            ..Peek::default()
        })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Peek, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Peek, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Peek, E> {
        Ok(Peek {
            number: Some(number),
            ..Peek::default()
        })
    }

    fn visit_str<E>(self, word: &str) -> Result<Peek, E> {
        Ok(Peek {
            word: Some(word.to_owned()),
            ..Peek::default()
        })
    }

    fn visit_unit<E>(self) -> Result<Peek, E> {
        Ok(Peek::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Peek, A::Error> {
        let mut length = 0;
        while entries.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Peek {
            length: Some(length),
            ..Peek::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Peek, A::Error> {
        let mut peek = Peek::default();
        while let Some(name) = map.next_key::<String>()? {
            if name.eq_ignore_ascii_case("supported") {
                peek.supported = map.next_value::<Truth>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(peek)
    }
}

/// A boolean at the level below [`Peek`]; another value counts as none.
struct Truth(Option<bool>);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Peek::deserialize(from)?.truth))
    }
}

/// An array of strings; other entries are ignored.
struct Words(Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct WordsVisitor;
        impl<'de> Visitor<'de> for WordsVisitor {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of words")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(entry) = entries.next_element::<Peek>()? {
                    words.extend(entry.word.filter(|_| words.len() < MOST_SCHEMAS));
                }
                Ok(Words(words))
            }
        }
        from.deserialize_seq(WordsVisitor)
    }
}

#[cfg(test)]
mod tests;
