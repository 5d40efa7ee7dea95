//! The part of JSON Patch (RFC 6902) that a `merge` body may use.

use serde::Deserialize;
use serde_json::Value;

use super::json_place::JsonPlace;

/// One operation of JSON Patch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    try_from = "RawOperation<V>",
    bound(deserialize = "V: Deserialize<'de>")
)]
pub enum Operation<V> {
    /// Make, insert or replace.
    Add {
        /// Where.
        path: JsonPlace,
        /// What.
        value: V,
    },
    /// Replace what is there.
    Replace {
        /// Where.
        path: JsonPlace,
        /// What.
        value: V,
    },
    /// Take away what is there.
    Remove {
        /// Where.
        path: JsonPlace,
    },
}

/// As it is written. One table, so that every mistake in it has its own place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperation<V> {
    op: Word,
    path: JsonPlace,
    #[serde(default = "nothing")]
    value: Option<V>,
}

fn nothing<V>() -> Option<V> {
    None
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Add,
    Replace,
    Remove,
}

impl<V> TryFrom<RawOperation<V>> for Operation<V> {
    type Error = &'static str;

    fn try_from(raw: RawOperation<V>) -> Result<Self, Self::Error> {
        let path = raw.path;
        match (raw.op, raw.value) {
            (Word::Add, Some(value)) => Ok(Self::Add { path, value }),
            (Word::Replace, Some(value)) => Ok(Self::Replace { path, value }),
            (Word::Remove, None) => Ok(Self::Remove { path }),
            (Word::Add | Word::Replace, None) => {
                Err("the operation has no value: write `value = …` beside `op` and `path`")
            }
            (Word::Remove, Some(_)) => Err(
                "the operation removes and has a value: choose op = \"replace\", or take `value` out",
            ),
        }
    }
}

impl<V> Operation<V> {
    /// Where it changes the document.
    pub(crate) fn path(&self) -> &JsonPlace {
        match self {
            Self::Add { path, .. } | Self::Replace { path, .. } | Self::Remove { path } => path,
        }
    }

    /// Where it changes the document, to fill in templates.
    pub(crate) fn path_mut(&mut self) -> &mut JsonPlace {
        match self {
            Self::Add { path, .. } | Self::Replace { path, .. } | Self::Remove { path } => path,
        }
    }

    /// The same operation with another value.
    pub(crate) fn try_map<W, E>(
        &self,
        convert: impl FnOnce(&V) -> Result<W, E>,
    ) -> Result<Operation<W>, E> {
        Ok(match self {
            Self::Add { path, value } => Operation::Add {
                path: path.clone(),
                value: convert(value)?,
            },
            Self::Replace { path, value } => Operation::Replace {
                path: path.clone(),
                value: convert(value)?,
            },
            Self::Remove { path } => Operation::Remove { path: path.clone() },
        })
    }
}

impl Operation<Value> {
    /// Makes the change.
    ///
    /// # Errors
    /// Names the place that is not as configured.
    pub(crate) fn apply(self, document: &mut Value) -> Result<(), String> {
        match self {
            Self::Add { path, value } => path.add(document, value).map_err(|e| e.to_string()),
            Self::Replace { path, value } => {
                path.set(document, value, false).map_err(|e| e.to_string())
            }
            Self::Remove { path } if path.remove(document) => Ok(()),
            Self::Remove { path } => Err(format!("`{}` is not there to be removed", path.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(config: &str, mut document: Value) -> Result<Value, String> {
        #[derive(Deserialize)]
        struct Patch {
            patch: Vec<Operation<Value>>,
        }
        let all: Patch = toml::from_str(config).map_err(|e| e.message().to_owned())?;
        for operation in all.patch {
            operation.apply(&mut document)?;
        }
        Ok(document)
    }

    #[test]
    fn the_subset_of_json_patch_works() {
        let config = "
            patch = [
              { op = \"replace\", path = \"/a/0\", value = 9 },
              { op = \"add\", path = \"/a/-\", value = 3 },
              { op = \"add\", path = \"/n\", value = { x = \"y\" } },
              { op = \"remove\", path = \"/old\" },
            ]
        ";
        let document = json!({"a": [1, 2], "old": 1});
        let expected = json!({"a": [9, 2, 3], "n": {"x": "y"}});
        assert_eq!(patched(config, document), Ok(expected));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let cases = [
            ("op = 'replace', path = '/x', value = 1", "`/x`"),
            ("op = 'remove', path = '/x'", "`/x`"),
            ("op = 'add', path = '/x'", "has no value"),
            ("op = 'replace', path = '/x'", "has no value"),
            (
                "op = 'remove', path = '/x', value = 1",
                "removes and has a value",
            ),
            ("op = 'move', path = '/b'", "unknown variant `move`"),
            (
                "op = 'remove', path = '/x', from = '/a'",
                "unknown field `from`",
            ),
        ];
        for (operation, word) in cases {
            let config = format!("patch = [{{ {operation} }}]");
            let error = patched(&config, json!({})).expect_err(operation);
            assert!(error.contains(word), "{operation}: {error}");
        }
    }
}
