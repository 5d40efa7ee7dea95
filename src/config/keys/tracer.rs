//! A deserializer that holds nothing: it follows one trail into a type and
//! notes what the type asks for at its end.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::ANY;
use crate::value::NO_SECRET_HERE;

/// One step into a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A field, a variant, or a key of a map.
    Key(&'static str),
    /// One of the forms of a type that takes several.
    As(Form),
}

/// A form of a value, as TOML has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Integer,
    Number,
    Boolean,
    Array,
    Table,
}

impl Form {
    pub(super) const ALL: [Self; 6] = [
        Self::Text,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Array,
        Self::Table,
    ];
}

/// What a type wants at the end of a trail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wants {
    /// It did not ask: another form is expected on the way, or the trail ends at a
    /// word.
    #[default]
    Nothing,
    Boolean,
    /// Whether it may be below zero.
    Integer {
        signed: bool,
    },
    Number,
    Text,
    Character,
    Map,
    Struct,
    Enum,
    /// It looks at what there is.
    Several,
}

/// What a type asks for at the end of a trail.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Its fields or variants.
    pub(super) keys: Vec<&'static str>,
    pub(super) wants: Wants,
    /// The arrays around it: their lengths, where these are fixed.
    pub(super) arrays: Vec<Option<usize>>,
    /// The names that a map takes, where it does not take any.
    pub(super) names: Option<&'static [&'static str]>,
    /// The type has no such form.
    pub(super) is_refused: bool,
    /// The type that has these keys.
    pub(super) owner: String,
    /// The trail ends at a word to choose (`"json"`), not at a key.
    pub(super) is_word: bool,
}

/// Follows the trail into `T`.
pub(super) fn ask<T: DeserializeOwned>(trail: &[Step]) -> Asked {
    let mut asked = Asked::default();
    let answer = T::deserialize(Tracer {
        trail,
        types: Vec::new(),
        variant: ["", ""],
        asked: &mut asked,
    });
    // The answer is an error by design: only the questions matter. A type that
    // takes a text or a table tells its keys by refusing one.
    if let Err(stop) = answer {
        if asked.keys.is_empty() {
            asked.keys.extend(stop.keys);
        }
        asked.names = stop.names;
        asked.is_refused = stop.is_refused;
    }
    asked
}

/// No type has such a key.
const NO_KEY: &str = "\0";

/// Follows one trail through a type and notes what is asked at its end.
struct Tracer<'a> {
    trail: &'a [Step],
    /// Types on the way: one that holds itself is entered once.
    types: Vec<&'static str>,
    /// Enum and variant, when the last step chose one.
    variant: [&'static str; 2],
    asked: &'a mut Asked,
}

/// Ends every visit.
#[derive(Debug, Default)]
struct Stop {
    /// The keys that a type knows, when it ended at [`NO_KEY`].
    keys: &'static [&'static str],
    /// The words that it knows, when it ended at [`ANY`].
    names: Option<&'static [&'static str]>,
    is_refused: bool,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stop")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self {
            // A credential that is written as it is has the form of a text, and is
            // never taken.
            is_refused: why.to_string().contains(NO_SECRET_HERE),
            ..Self::default()
        }
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self {
            is_refused: true,
            ..Self::default()
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            keys: if field == NO_KEY { expected } else { &[] },
            ..Self::default()
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            names: (variant == ANY).then_some(expected),
            ..Self::default()
        }
    }
}

impl<'a> Tracer<'a> {
    fn enter(mut self, name: &'static str) -> Result<Self, Stop> {
        if self.types.contains(&name) {
            return Err(Stop::default());
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
                Err(Stop::default())
            }
            Some((Step::Key(key), rest)) => visitor.visit_map(One {
                key: Some(*key),
                inner: Some(Tracer {
                    trail: rest,
                    ..self
                }),
            }),
            Some((Step::As(_), _)) => Err(Stop::default()),
        }
    }

    /// Notes what is wanted where the trail ends. A value without keys ends every
    /// trail.
    fn want<V>(self, wants: Wants) -> Result<V, Stop> {
        if self.trail.is_empty() {
            self.asked.wants = wants;
        }
        Err(Stop::default())
    }

    /// Shows a value of this form.
    fn show<'de, V: Visitor<'de>>(
        self,
        form: Form,
        rest: &'a [Step],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let inner = Tracer {
            trail: rest,
            ..self
        };
        match form {
            Form::Text => visitor.visit_str(""),
            Form::Integer => visitor.visit_i64(0),
            Form::Number => visitor.visit_f64(0.5),
            Form::Boolean => visitor.visit_bool(false),
            Form::Array => visitor.visit_seq(Elements(Some(inner))),
            Form::Table => visitor.visit_map(One {
                key: Some(NO_KEY),
                inner: None,
            }),
        }
    }
}

/// Values that have nothing inside.
macro_rules! wanted {
    ($($wants:expr => $($method:ident)+;)+) => {
        $($(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
                self.want($wants)
            }
        )+)+
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Stop;

    /// A type that takes a text or a table: the table is followed.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let trail = self.trail;
        match trail.split_first() {
            None => {
                self.asked.owner = short_name::<V::Value>();
                self.asked.wants = Wants::Several;
                let answer = visitor.visit_map(One {
                    key: Some(NO_KEY),
                    inner: None,
                });
                // Nobody asked whether it takes a table.
                answer.map_err(|stop| Stop {
                    is_refused: false,
                    ..stop
                })
            }
            Some((Step::As(form), rest)) => self.show(*form, rest, visitor),
            Some((Step::Key(key), rest)) => visitor.visit_map(One {
                key: Some(*key),
                inner: Some(Tracer {
                    trail: rest,
                    ..self
                }),
            }),
        }
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
        if self.trail.is_empty() {
            self.asked.arrays.push(None);
        }
        visitor.visit_seq(Elements(Some(self)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.trail.is_empty() {
            self.asked.arrays.push(Some(length));
        }
        visitor.visit_seq(Elements(Some(self)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.trail.is_empty() {
            self.asked.wants = Wants::Map;
        }
        self.offer("", &[ANY], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let inner = self.enter(name)?;
        if inner.trail.is_empty() {
            inner.asked.wants = Wants::Struct;
        }
        inner.offer(name, fields, visitor)
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
                inner.asked.wants = Wants::Enum;
                Err(Stop::default())
            }
            Some((Step::As(_), _)) => Err(Stop::default()),
            Some((Step::Key(variant), rest)) => visitor.visit_enum(Variant {
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
        Err(Stop::default())
    }

    wanted! {
        Wants::Boolean => deserialize_bool;
        Wants::Integer { signed: true } => deserialize_i8 deserialize_i16 deserialize_i32
            deserialize_i64 deserialize_i128;
        Wants::Integer { signed: false } => deserialize_u8 deserialize_u16 deserialize_u32
            deserialize_u64 deserialize_u128;
        Wants::Number => deserialize_f32 deserialize_f64;
        Wants::Text => deserialize_str deserialize_string;
        Wants::Character => deserialize_char;
    }

    forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct tuple_struct identifier
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
        seed.deserialize(self.inner.take().ok_or(Stop::default())?)
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
        Err(Stop::default())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let owner = self.variant.join(".");
        if self.trail.is_empty() {
            self.asked.wants = Wants::Struct;
        }
        self.offer(&owner, fields, visitor)
    }
}
