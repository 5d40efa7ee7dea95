//! The deserializer itself: what it answers to each question of a type.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::parts::{Elements, One, Variant};
use super::stop::{NO_KEY, Stop};
use super::{Asked, Form, Step, Wants};
use crate::config::keys::ANY;

/// Follows one trail through a type and notes what is asked at its end.
pub(super) struct Tracer<'a> {
    pub(super) trail: &'a [Step],
    /// Types on the way: one that holds itself is entered once.
    pub(super) types: Vec<&'static str>,
    /// Enum and variant, when the last step chose one.
    pub(super) variant: [&'static str; 2],
    pub(super) asked: &'a mut Asked,
}

impl<'a> Tracer<'a> {
    pub(super) fn enter(mut self, name: &'static str) -> Result<Self, Stop> {
        if self.types.contains(&name) {
            return Err(Stop::default());
        }
        self.types.push(name);
        Ok(self)
    }

    pub(super) fn offer<'de, V: Visitor<'de>>(
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
    pub(super) fn want<V>(self, wants: Wants) -> Result<V, Stop> {
        if self.trail.is_empty() {
            self.asked.wants = wants;
        }
        Err(Stop::default())
    }

    /// Shows a value of this form.
    pub(super) fn show<'de, V: Visitor<'de>>(
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
