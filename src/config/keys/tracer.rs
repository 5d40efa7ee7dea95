//! A deserializer that holds nothing: it follows one trail into a type and
//! notes what the type asks for at its end.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::ANY;

/// What a type asks for at the end of a trail.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Its fields or variants.
    pub(super) keys: Vec<&'static str>,
    /// The type that has these keys.
    pub(super) owner: String,
    /// The trail ends at a word to choose (`"json"`), not at a key.
    pub(super) is_word: bool,
}

/// Follows the trail into `T`.
pub(super) fn ask<T: DeserializeOwned>(trail: &[&'static str]) -> Asked {
    let mut asked = Asked::default();
    let answer = T::deserialize(Tracer {
        trail,
        types: Vec::new(),
        variant: ["", ""],
        asked: &mut asked,
    });
    // The answer is an error by design: only the questions matter. A type that
    // takes a text or a table tells its keys by refusing one.
    if let Err(Stop(keys)) = answer
        && asked.keys.is_empty()
    {
        asked.keys.extend(keys);
    }
    asked
}

/// No type has such a key.
const NO_KEY: &str = "\0";

/// Follows one trail through a type and notes what is asked at its end.
struct Tracer<'a> {
    trail: &'a [&'static str],
    /// Types on the way: one that holds itself is entered once.
    types: Vec<&'static str>,
    /// Enum and variant, when the last step chose one.
    variant: [&'static str; 2],
    asked: &'a mut Asked,
}

/// Ends every visit; holds the keys that a type knows when it ended at
/// [`NO_KEY`].
#[derive(Debug)]
struct Stop(&'static [&'static str]);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stop")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self(if field == NO_KEY { expected } else { &[] })
    }
}

impl<'a> Tracer<'a> {
    fn enter(mut self, name: &'static str) -> Result<Self, Stop> {
        if self.types.contains(&name) {
            return Err(Stop(&[]));
        }
        self.types.push(name);
        Ok(self)
    }

    fn offer<'de, V: Visitor<'de>>(
        self,
        owner: &str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.trail.split_first() {
            None => {
                self.asked.keys.extend(keys);
                self.asked.owner = owner.to_owned();
                Err(Stop(&[]))
            }
            Some((key, rest)) => visitor.visit_map(One {
                key: Some(*key),
                inner: Some(Tracer {
                    trail: rest,
                    ..self
                }),
            }),
        }
    }
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Stop;

    /// A type that takes a text or a table: the table is followed.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some((key, rest)) = self.trail.split_first() else {
            self.asked.owner = short_name::<V::Value>();
            return visitor.visit_map(One {
                key: Some(NO_KEY),
                inner: None,
            });
        };
        visitor.visit_map(One {
            key: Some(*key),
            inner: Some(Tracer {
                trail: rest,
                ..self
            }),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(Elements(Some(self)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.offer("", &[ANY], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.enter(name)?.offer(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let inner = self.enter(name)?;
        match inner.trail.split_first() {
            None => {
                inner.asked.keys.extend(variants);
                inner.asked.owner = name.to_owned();
                Err(Stop(&[]))
            }
            Some((variant, rest)) => visitor.visit_enum(Variant {
                name: variant,
                inner: Tracer {
                    trail: rest,
                    variant: [name, variant],
                    ..inner
                },
            }),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        Err(Stop(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// `Credential` of `scim_rotator::value::Credential`.
fn short_name<T>() -> String {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

/// A map of one entry.
struct One<'a> {
    key: Option<&'static str>,
    inner: Option<Tracer<'a>>,
}

impl<'de> de::MapAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let Some(key) = self.key.take() else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Stop> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(self.inner.take().ok_or(Stop(&[]))?)
    }
}

/// An array of one element.
struct Elements<'a>(Option<Tracer<'a>>);

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Stop;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        match self.0.take() {
            Some(inner) => seed.deserialize(inner).map(Some),
            None => Ok(None),
        }
    }
}

struct Variant<'a> {
    name: &'static str,
    inner: Tracer<'a>,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Stop;
    type Variant = Tracer<'a>;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tracer<'a>), Stop> {
        let name: StrDeserializer<'_, Stop> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.inner))
    }
}

impl<'de> de::VariantAccess<'de> for Tracer<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.asked.is_word = true;
        Ok(())
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Stop> {
        Err(Stop(&[]))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let owner = self.variant.join(".");
        self.offer(&owner, fields, visitor)
    }
}
