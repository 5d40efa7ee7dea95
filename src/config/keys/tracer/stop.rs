//! The error by which every visit ends, and what it tells.

use std::fmt;

use serde::de;

use crate::config::keys::ANY;
use crate::value::NO_SECRET_HERE;

/// No type has such a key.
pub(super) const NO_KEY: &str = "\0";

/// Ends every visit.
#[derive(Debug, Default)]
pub(super) struct Stop {
    /// The keys that a type knows, when it ended at [`NO_KEY`].
    pub(super) keys: &'static [&'static str],
    /// The words that it knows, when it ended at [`ANY`].
    pub(super) names: Option<&'static [&'static str]>,
    pub(super) is_refused: bool,
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
