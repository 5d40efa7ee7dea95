//! The environment of the process. The only place that reads it.
//!
//! It does not change while the process runs, so that it makes no difference
//! when a variable is read.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the home of environment reads"
)]

/// The text of a variable; `None` if it is not set, or is not text.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether a variable is set to something.
#[must_use]
pub fn has(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
