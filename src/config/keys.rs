//! The keys that the configuration knows, read off its types.
//!
//! A type is asked, through its own `Deserialize`, what it wants at each place:
//! fields, variants, elements. So no list of keys is written by hand that could
//! grow old; the example files are held against this one by a test.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Name that stands for any name a person chooses (`tokens.*.issuer`).
pub const ANY: &str = "*";

/// A key that the configuration knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Dotted path. Keys of maps are [`ANY`]; elements of arrays are not told
    /// apart.
    pub path: String,
    /// The type that has the key: one type may stand at many paths. Empty for
    /// the entries of a map.
    pub owner: String,
}

/// All keys of `T`, below `base`, tables included.
#[must_use]
pub fn of<T: DeserializeOwned>(base: &str) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    let mut open: Vec<(Vec<&'static str>, String)> = vec![(Vec::new(), String::new())];
    while let Some((trail, owner)) = open.pop() {
        let asked = ask::<T>(&trail);
        if let Some(path) = path(base, &trail).filter(|_| !asked.is_choice) {
            found.insert(Key { path, owner });
        }
        for key in asked.keys {
            let mut next = trail.clone();
            next.push(key);
            open.push((next, asked.owner.clone()));
        }
    }
    found
}

fn ask<T: DeserializeOwned>(trail: &[&'static str]) -> Asked {
    let mut asked = Asked::default();
    // The answer is an error by design: only the questions matter.
    drop(T::deserialize(Tracer {
        trail,
        types: Vec::new(),
        variant: ["", ""],
        asked: &mut asked,
    }));
    asked
}

/// The keys at the top of `T`.
#[must_use]
pub fn fields<T: DeserializeOwned>() -> Vec<&'static str> {
    ask::<T>(&[]).keys
}

fn path(base: &str, trail: &[&str]) -> Option<String> {
    let parts = std::iter::once(base).chain(trail.iter().copied());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

#[derive(Default)]
struct Asked {
    keys: Vec<&'static str>,
    /// The type that has these keys.
    owner: String,
    /// The trail ends at a word to choose (`"json"`), not at a key.
    is_choice: bool,
}

/// Follows one trail through a type and notes what is asked at its end.
struct Tracer<'a> {
    trail: &'a [&'static str],
    /// Types on the way: one that holds itself is entered once.
    types: Vec<&'static str>,
    /// Enum and variant, when the last step chose one.
    variant: [&'static str; 2],
    asked: &'a mut Asked,
}

/// Ends every visit.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stop")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'a> Tracer<'a> {
    fn enter(mut self, name: &'static str) -> Result<Self, Stop> {
        if self.types.contains(&name) {
            return Err(Stop);
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
                Err(Stop)
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

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        Err(Stop)
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
                Err(Stop)
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

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
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
        seed.deserialize(self.inner.take().ok_or(Stop)?)
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
        self.asked.is_choice = true;
        Ok(())
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Stop> {
        Err(Stop)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the shape is read")]
    struct Outer {
        plain: u32,
        maybe: Option<Inner>,
        many: Vec<Inner>,
        named: BTreeMap<String, Kind>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the shape is read")]
    struct Inner {
        #[serde(rename = "new")]
        old: String,
        again: Option<Box<Inner>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only the shape is read")]
    enum Kind {
        Word,
        Table { size: u8 },
        Wrapped(Inner),
    }

    #[test]
    fn keys_are_read_off_the_types() {
        let expected = [
            "x.many",
            "x.many.again",
            "x.many.new",
            "x.maybe",
            "x.maybe.again",
            "x.maybe.new",
            "x.named",
            "x.named.*",
            "x.named.*.table",
            "x.named.*.table.size",
            "x.named.*.wrapped",
            "x.named.*.wrapped.again",
            "x.named.*.wrapped.new",
            "x.plain",
        ];
        let found = of::<Outer>("x");
        let paths = found.iter().map(|key| key.path.as_str());
        let paths: Vec<_> = paths.filter(|path| *path != "x").collect();
        assert_eq!(paths, expected);
        let owner = |path: &str| {
            found
                .iter()
                .find(|k| k.path == path)
                .map(|k| k.owner.as_str())
        };
        assert_eq!(owner("x.many.new"), owner("x.named.*.wrapped.new"));
        assert_eq!(owner("x.many.new"), Some("Inner"));
    }
}
