//! A deserializer that holds nothing: it follows one trail into a type and
//! notes what the type asks for at its end.

mod inside;
mod parts;
mod stop;

use serde::de::DeserializeOwned;

use self::inside::Tracer;

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
