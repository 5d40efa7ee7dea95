//! Reads the outline of a SCIM message. Contents are skipped while parsing, so
//! no personal data is kept.
//!
//! Attribute names are case-insensitive (RFC 7643, section 2.1). A message in
//! which a name occurs twice is rejected, because readers differ in which of the
//! two they use.

mod peek;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use self::peek::{Peek, Schemas, nothing_else};
use super::message::{Message, ScimType, is_of_scim};

/// Reads a body; `None` if it is not one JSON object. What nothing reads of it may
/// be nested deep and need not be UTF-8.
#[must_use]
pub fn read(body: &[u8]) -> Option<Message> {
    let mut message = Message::default();
    let mut from = serde_json::Deserializer::from_slice(without_mark(body));
    let read = Fill(&mut message).deserialize(&mut from);
    read.and_then(|()| from.end()).ok()?;
    Some(message)
}

/// Reads the beginning of a body that was not read to its end; `None` if no
/// JSON object can begin like this.
#[must_use]
pub fn read_beginning(body: &[u8]) -> Option<Message> {
    let mut message = Message::default();
    let mut from = serde_json::Deserializer::from_slice(without_mark(body));
    match Fill(&mut message).deserialize(&mut from) {
        Err(error) if error.is_eof() => Some(message),
        Ok(()) | Err(_) => None,
    }
}

/// Without the byte order mark that some servers put before UTF-8.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Fills a message while its JSON is read. What stands before the end of a body
/// that is cut off stays in the message.
struct Fill<'m>(&'m mut Message);

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SCIM message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
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
            known.take(&mut map, self.0)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Schemas,
    Resources,
    TotalResults,
    NextCursor,
    ScimType,
    Errors,
    Filter,
}

impl Attribute {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Attribute); 7] = [
            ("schemas", Attribute::Schemas),
            ("Resources", Attribute::Resources),
            ("totalResults", Attribute::TotalResults),
            ("nextCursor", Attribute::NextCursor),
            ("scimType", Attribute::ScimType),
            ("Errors", Attribute::Errors),
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
            Self::Schemas => map.next_value_seed(Schemas(&mut message.schemas))?,
            Self::Resources => map.next_value_seed(Entries(message))?,
            Self::TotalResults => message.total = map.next_value::<Peek>()?.number,
            Self::NextCursor => message.has_cursor = map.next_value::<Peek>()?.word.is_some(),
            Self::ScimType => {
                let word = map.next_value::<Peek>()?.word;
                message.scim_type = word.as_deref().and_then(ScimType::known);
            }
            Self::Errors => {
                message.has_errors = map.next_value::<Peek>()?.length.is_some_and(|n| n > 0);
            }
            Self::Filter => message.filter_supported = map.next_value::<Peek>()?.supported,
        }
        Ok(())
    }
}

/// The value of `Resources`: entries are counted, and asked for their schemas
/// until one names a schema of SCIM.
struct Entries<'m>(&'m mut Message);

impl Entries<'_> {
    fn other(self) {
        self.0.resources_malformed = true;
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.other();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut count = 0;
        self.0.resources = Some(count);
        loop {
            let next = if self.0.has_scim_entry {
                entries.next_element::<IgnoredAny>()?.map(|_| None)
            } else {
                entries.next_element::<Peek>()?.map(|entry| entry.schemas)
            };
            let Some(schemas) = next else {
                return Ok(());
            };
            count += 1;
            self.0.resources = Some(count);
            self.0.has_scim_entry |=
                schemas.is_some_and(|all| all.iter().any(|schema| is_of_scim(schema)));
        }
    }

    nothing_else!();
}

#[cfg(test)]
mod tests;
