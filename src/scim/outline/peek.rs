//! A value of a SCIM message, of which only the outline is kept.

use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Further schemas of a message are ignored.
const MOST_SCHEMAS: usize = 32;

/// The methods of a visitor for values that are neither what it wants nor nothing.
macro_rules! nothing_else {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(self.other())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(self.other())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(self.other())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(self.other())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(self.other())
        }
    };
}

pub(super) use nothing_else;

/// The value of `schemas`: a list of texts, or one text. Entries of another
/// kind are ignored.
pub(super) struct Schemas<'m>(pub(super) &'m mut Vec<String>);

impl Schemas<'_> {
    fn other(self) {}
}

impl<'de> DeserializeSeed<'de> for Schemas<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Schemas<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names of schemas")
    }

    fn visit_str<E>(self, word: &str) -> Result<(), E> {
        self.0.push(word.to_owned());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Peek>()? {
            let room = self.0.len() < MOST_SCHEMAS;
            self.0.extend(entry.word.filter(|_| room));
        }
        Ok(())
    }

    nothing_else!();
}

/// A value; of arrays and objects only the outline.
#[derive(Default)]
pub(super) struct Peek {
    pub(super) number: Option<f64>,
    pub(super) word: Option<String>,
    truth: Option<bool>,
    pub(super) length: Option<usize>,
    pub(super) supported: Option<bool>,
    pub(super) schemas: Option<Vec<String>>,
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
            } else if name.eq_ignore_ascii_case("schemas") {
                let mut schemas = Vec::new();
                map.next_value_seed(Schemas(&mut schemas))?;
                peek.schemas = Some(schemas);
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
