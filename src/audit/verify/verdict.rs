//! What was found in a chain.

use serde::Serialize;

use crate::audit::chain::Head;

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// It is not what was written, or not what the next line follows.
    Changed,
    /// Lines before it are missing.
    Missing,
    /// It stands after a later one.
    Reordered,
    /// It was there before.
    Duplicated,
    /// Lines at the end are missing.
    Truncated,
    /// It is not whole.
    Torn,
    /// It is of another chain.
    Foreign,
}

/// A problem, or something that is worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong; `None` for a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProblemKind>,
    /// For a person.
    pub detail: String,
}

/// What was found in all files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether there is no problem.
    pub ok: bool,
    /// Whose chain it is.
    pub replica: Option<String>,
    /// How many lines were read.
    pub lines: u64,
    /// Number of the first line.
    pub first: Option<u64>,
    /// The last line.
    pub last: Option<Head>,
    /// The head that Vault has stored, if it was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Head>,
    /// What is wrong.
    pub problems: Vec<Finding>,
    /// How many further problems there are.
    pub problems_left_off: u64,
    /// What is worth knowing.
    pub notes: Vec<Finding>,
}
