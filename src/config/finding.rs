//! One thing that is wrong, with its place in the files.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::file::Source;
use crate::problem::Severity;

/// One thing that is wrong, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// Line, from one; `None` when the file as a whole is meant.
    pub line: Option<usize>,
    /// Column, from one, in characters.
    pub column: Option<usize>,
    /// Dotted path of the key; empty when there is none.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    pub(super) place: Option<(usize, Range<usize>)>,
    pub(super) other: Option<Other>,
    /// What must not be shown.
    pub(super) hidden: Vec<Range<usize>>,
    pub(super) is_syntax: bool,
}

/// A second place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) source: usize,
    pub(super) span: Range<usize>,
    pub(super) label: &'static str,
    pub(super) file: String,
}

impl Finding {
    pub(super) fn error(
        source: usize,
        span: Range<usize>,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            file: PathBuf::new(),
            line: None,
            column: None,
            path: path.into(),
            message: message.into(),
            remedy: remedy.into(),
            place: Some((source, span)),
            other: None,
            hidden: Vec::new(),
            is_syntax: false,
        }
    }

    pub(super) fn of_file(
        file: &Path,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            ..Self::error(0, 0..0, "", message, remedy)
        }
    }

    pub(super) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Shows a second place with a word on it.
    pub(super) fn and_at(mut self, source: usize, span: Range<usize>, label: &'static str) -> Self {
        self.other = Some(Other {
            source,
            span,
            label,
            file: String::new(),
        });
        self
    }

    /// What stands there may be a secret: show where, not what.
    pub(super) fn hiding(mut self, spans: Vec<Range<usize>>) -> Self {
        self.hidden = spans;
        self
    }

    /// Nobody can tell which part of the lines is a secret.
    pub(super) fn of_syntax(mut self) -> Self {
        self.is_syntax = true;
        self
    }

    fn mark(&self) -> Mark {
        let place = self.place.as_ref();
        let place = place.map(|(source, span)| (*source, span.start, span.end));
        (place, self.message.clone())
    }

    /// Looks up file, line and column. What a file holds may be quoted, and must not
    /// command a terminal.
    pub(super) fn settle(&mut self, sources: &[Source]) {
        for text in [&mut self.message, &mut self.remedy, &mut self.path] {
            if text.contains(is_command) {
                *text = text.replace(is_command, "\u{fffd}");
            }
        }
        let Some((source, span)) = &self.place else {
            return;
        };
        let Some(source) = sources.get(*source) else {
            return;
        };
        let at = source.lines.place(&source.text, span.start);
        self.file.clone_from(&source.path);
        self.line = Some(at.line);
        self.column = Some(at.column);
        if let Some(other) = &mut self.other
            && let Some(source) = sources.get(other.source)
        {
            let line = source.lines.place(&source.text, other.span.start).line;
            other.file = source.path.display().to_string();
            self.message = format!("{} ({} {}:{line})", self.message, other.label, other.file);
        }
    }
}

fn is_command(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// File, bytes and message: what makes two findings the same.
type Mark = (Option<(usize, usize, usize)>, String);

/// Collects findings while files are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    seen: BTreeSet<Mark>,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.seen.insert(finding.mark());
        self.all.push(finding);
    }

    /// Leaves out what is already noted for the same place.
    pub(super) fn push_once(&mut self, finding: Finding) {
        if self.seen.insert(finding.mark()) {
            self.all.push(finding);
        }
    }

    /// The finding that was noted last.
    pub(super) fn last_mut(&mut self) -> Option<&mut Finding> {
        self.all.last_mut()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.all.iter().any(|f| f.severity == Severity::Error)
    }

    pub(super) fn into_all(self) -> Vec<Finding> {
        self.all
    }
}
