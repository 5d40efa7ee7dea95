//! Why a template is not rendered, in words that never hold a value.

use std::fmt;

use minijinja::{Error, ErrorKind};

/// Why we stop the engine. The text never holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// `or_omit` met a missing value.
    Omitted,
    /// `or_null` met one in a place that has no `null`.
    NoNullHere,
    /// A list or object where a text is made.
    Compound,
    /// A URL would lose or change a part of its path.
    Dots,
    /// A value holds characters that mark values here.
    Control,
    NeedsText(&'static str),
    NeedsNumber,
    NeedsList,
    NotWhole,
    NotJson,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Omitted => "there is nothing to leave out here",
            Self::NoNullHere => "only a JSON text that is one expression alone can be `null`",
            Self::Compound => {
                "a value is a list or an object: take a part of it, or `join` or `tojson` it"
            }
            Self::Dots => "a value in the URL is empty or made of dots",
            Self::Control => "a value in the URL holds control characters",
            Self::NeedsText(filter) => return write!(f, "`{filter}` takes texts only"),
            Self::NeedsNumber => "`round` takes a number",
            Self::NeedsList => "`join`, `first`, `last` and `length` need a list",
            Self::NotWhole => "a value is not a whole number",
            Self::NotJson => "the expression gives something that JSON cannot hold",
        })
    }
}

impl std::error::Error for Stop {}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        Self::from(ErrorKind::InvalidOperation).with_source(stop)
    }
}
