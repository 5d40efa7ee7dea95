//! What is wrong with a configuration, shown to people and to programs.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::locate::text_place;
use super::mask::masked;
use super::problem::Severity;
use super::source::Source;

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
    place: Option<(usize, Range<usize>)>,
    other: Option<Other>,
    hidden: bool,
}

/// A second place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Other {
    source: usize,
    span: Range<usize>,
    label: &'static str,
    file: String,
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
            hidden: false,
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

    /// The value is a secret: show where it stands, not what it is.
    pub(super) fn with_value_hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    fn settle(&mut self, sources: &[Source]) {
        let Some((source, span)) = &self.place else {
            return;
        };
        let Some(source) = sources.get(*source) else {
            return;
        };
        let at = text_place(&source.text, span.start);
        self.file.clone_from(&source.path);
        self.line = Some(at.line);
        self.column = Some(at.column);
        if let Some(other) = &mut self.other
            && let Some(source) = sources.get(other.source)
        {
            let line = text_place(&source.text, other.span.start).line;
            other.file = source.path.display().to_string();
            self.message = format!("{} ({} {}:{line})", self.message, other.label, other.file);
        }
    }
}

/// Collects findings while files are read.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Leaves out what is already noted for the same place.
    pub(super) fn push_once(&mut self, finding: Finding) {
        let same = |f: &Finding| f.place == finding.place && f.message == finding.message;
        if !self.0.iter().any(same) {
            self.0.push(finding);
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.0.iter().any(|f| f.severity == Severity::Error)
    }

    /// Orders them: errors first, then by file and place.
    pub(super) fn into_report(mut self, sources: Vec<Source>) -> Report {
        for finding in &mut self.0 {
            finding.settle(&sources);
        }
        self.0.sort_by_key(|f| {
            let source = f.place.as_ref().map_or(0, |(source, _)| *source);
            (std::cmp::Reverse(f.severity), source, f.line, f.column)
        });
        let hidden = self.0.iter().filter(|f| f.hidden);
        let hidden: Vec<_> = hidden.filter_map(|f| f.place.clone()).collect();
        let texts = sources.iter().enumerate().map(|(index, source)| {
            let spans = hidden.iter().filter(|(at, _)| *at == index);
            masked(&source.text, spans.map(|(_, span)| span.clone()))
        });
        Report {
            texts: texts.collect(),
            findings: self.0,
        }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, Default)]
pub struct Report {
    findings: Vec<Finding>,
    /// The files, with what may be a secret starred out.
    texts: Vec<String>,
}

impl Report {
    /// Errors first, then warnings; each by file and line.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether the configuration cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let same = self.findings.iter().filter(|f| f.severity == severity);
        same.count()
    }

    /// For people: file, line, column, caret, what to do, and a last line with
    /// the counts. `colour` adds terminal escapes.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut text = String::new();
        for finding in &self.findings {
            text.push_str(&self.render_one(finding, &renderer));
            text.push_str("\n\n");
        }
        text.push_str(&self.totals());
        text.push('\n');
        text
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let problems = self.findings.iter().map(|f| {
            serde_json::json!({
                "severity": name(f.severity),
                "file": f.file.display().to_string(),
                "line": f.line,
                "column": f.column,
                "path": f.path,
                "message": f.message,
                "remedy": f.remedy,
            })
        });
        serde_json::json!({
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "problems": problems.collect::<Vec<_>>(),
        })
    }

    fn render_one(&self, finding: &Finding, renderer: &Renderer) -> String {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let file = finding.file.display().to_string();
        let group = level.primary_title(finding.message.as_str());
        let text = |source: usize| self.texts.get(source).map(String::as_str);
        let group = match &finding.place {
            Some((source, span)) => group.element(
                Snippet::source(text(*source).unwrap_or_default())
                    .path(file)
                    .annotation(AnnotationKind::Primary.span(span.clone())),
            ),
            None => group.element(Origin::path(file)),
        };
        let group = match &finding.other {
            Some(other) => group.element(
                Snippet::source(text(other.source).unwrap_or_default())
                    .path(other.file.as_str())
                    .annotation(
                        AnnotationKind::Context
                            .span(other.span.clone())
                            .label(other.label),
                    ),
            ),
            None => group,
        };
        renderer.render(&[group.element(Level::HELP.message(finding.remedy.as_str()))])
    }

    fn totals(&self) -> String {
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        };
        format!(
            "{}, {}",
            plural(self.count(Severity::Error), "error"),
            plural(self.count(Severity::Warning), "warning")
        )
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
