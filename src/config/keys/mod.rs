//! The keys that the configuration knows, read off its types.
//!
//! A type is asked, through its own `Deserialize`, what it wants at each place:
//! fields, variants, elements. So no list of keys is written by hand that could
//! grow old; the example files are held against this one by a test, and the JSON
//! Schema is made of it. It is our own and not `schemars`, because half of the types
//! have a `Deserialize` written by hand, into which a derive cannot see.

mod shape;
mod tracer;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

pub use shape::{Shape, shape_of};
use tracer::{Asked, Step, ask};

/// Name that stands for any name a person chooses (`tokens.*.issuer`).
pub const ANY: &str = "*";

/// A key that the configuration knows, or a word that it takes as a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Dotted path. Keys of maps are [`ANY`]; elements of arrays are not told
    /// apart.
    pub path: String,
    /// The type that has the key: one type may stand at many paths. Empty for
    /// the entries of a map.
    pub owner: String,
}

/// What a type takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// All keys, tables included.
    pub keys: BTreeSet<Key>,
    /// All words that can be chosen (`log.format` takes `"json"`). The last
    /// part of the path is the word.
    pub words: BTreeSet<Key>,
}

impl Known {
    /// Adds what another type takes.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.words.extend(other.words);
    }
}

/// Everything that `T` takes, below `base`.
#[must_use]
pub fn of<T: DeserializeOwned>(base: &str) -> Known {
    let mut known = Known::default();
    let mut open: Vec<(Vec<&'static str>, String)> = vec![(Vec::new(), String::new())];
    while let Some((trail, owner)) = open.pop() {
        let steps: Vec<_> = trail.iter().copied().map(Step::Key).collect();
        let Asked {
            keys,
            owner: next_owner,
            is_word,
            ..
        } = ask::<T>(&steps);
        if let Some(path) = path(base, &trail) {
            let set = if is_word {
                &mut known.words
            } else {
                &mut known.keys
            };
            set.insert(Key { path, owner });
        }
        for key in keys {
            let mut next = trail.clone();
            next.push(key);
            open.push((next, next_owner.clone()));
        }
    }
    known
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, de};

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

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the shape is read")]
    struct Short {
        place: TextOrTable,
        word: Kind,
    }

    struct TextOrTable;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shape is read")]
    struct AsTable {
        at: String,
        kind: Option<Kind>,
    }

    impl<'de> Deserialize<'de> for TextOrTable {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> de::Visitor<'de> for Visitor {
                type Value = TextOrTable;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a text or a table")
                }

                fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<TextOrTable, A::Error> {
                    AsTable::deserialize(de::value::MapAccessDeserializer::new(map))
                        .map(|_| TextOrTable)
                }
            }
            from.deserialize_any(Visitor)
        }
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
        let paths = found.keys.iter().map(|key| key.path.as_str());
        let paths: Vec<_> = paths.filter(|path| *path != "x").collect();
        assert_eq!(paths, expected);
        let owner = |path: &str| {
            found
                .keys
                .iter()
                .find(|k| k.path == path)
                .map(|k| k.owner.as_str())
        };
        assert_eq!(owner("x.many.new"), owner("x.named.*.wrapped.new"));
        assert_eq!(owner("x.many.new"), Some("Inner"));
    }
    #[test]
    fn a_table_that_may_be_a_text_is_looked_into() {
        let known = of::<Short>("");
        let owned = |set: &BTreeSet<Key>| -> Vec<(String, String)> {
            let all = set.iter();
            all.map(|k| (k.path.clone(), k.owner.clone())).collect()
        };
        let pair = |path: &str, owner: &str| (path.to_owned(), owner.to_owned());
        let keys = owned(&known.keys);
        assert!(keys.contains(&pair("place.at", "TextOrTable")), "{keys:?}");
        assert!(keys.contains(&pair("place.kind.table.size", "Kind.table")));
        let words = [pair("place.kind.word", "Kind"), pair("word.word", "Kind")];
        assert_eq!(owned(&known.words), words);
    }
}
