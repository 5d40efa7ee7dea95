//! The text of one file of a configuration.

use std::path::PathBuf;

use super::lines::Lines;

/// One file, as read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As shown to people.
    pub(super) path: PathBuf,
    /// Without a byte order mark.
    pub(super) text: String,
    pub(super) lines: Lines,
}
