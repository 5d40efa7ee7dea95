//! What is wrong with a configuration, shown to people and to programs.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::file::Source;
use super::finding::{Finding, Findings};
use super::lines::Lines;
use super::mask::{masked, values_in_lines};
use crate::problem::Severity;

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, Default)]
pub struct Report {
    findings: Vec<Finding>,
    texts: Vec<Shown>,
}

/// A file, with what may be a secret starred out; every byte is in its place.
#[derive(Debug, Clone)]
struct Shown {
    text: String,
    lines: Lines,
}

/// More than this nobody reads; programs get all.
const MOST_SHOWN: usize = 100;

/// A longer line is named, not shown.
const LONGEST_SHOWN: usize = 2000;

impl Report {
    /// Orders the findings, errors first, then by file and place, and hides
    /// what may be a secret.
    pub(super) fn of(findings: Findings, sources: &[Source]) -> Self {
        let mut findings = findings.into_all();
        for finding in &mut findings {
            finding.settle(sources);
        }
        findings.sort_by_key(|f| {
            let source = f.place.as_ref().map_or(0, |(source, _)| *source);
            (std::cmp::Reverse(f.severity), source, f.line, f.column)
        });
        let texts = sources.iter().enumerate();
        let texts = texts.map(|(index, source)| Shown {
            text: without_secrets(index, &source.text, &findings),
            lines: source.lines.clone(),
        });
        Self {
            texts: texts.collect(),
            findings,
        }
    }

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
        for finding in self.findings.iter().take(MOST_SHOWN) {
            text.push_str(&self.render_one(finding, &renderer));
            text.push_str("\n\n");
        }
        if let Some(more @ 1..) = self.findings.len().checked_sub(MOST_SHOWN) {
            text.push_str(&format!(
                "… and {more} more (`check --output json` lists all of them)\n\n"
            ));
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
        let group = Group::with_title(level.primary_title(finding.message.as_str()));
        let place = finding
            .place
            .as_ref()
            .and_then(|(source, span)| Some((self.texts.get(*source)?, span)));
        let mut group = match place {
            Some((shown, span)) => shown.point_out(group, &file, span, AnnotationKind::Primary, ""),
            None => group.element(Origin::path(file.as_str())),
        };
        if let Some(other) = &finding.other
            && let Some(shown) = self.texts.get(other.source)
        {
            let kind = AnnotationKind::Context;
            group = shown.point_out(group, &other.file, &other.span, kind, other.label);
        }
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

impl Shown {
    /// Adds the lines of a span with a mark under it.
    fn point_out<'a>(
        &'a self,
        group: Group<'a>,
        file: &'a str,
        span: &Range<usize>,
        kind: AnnotationKind,
        label: &'a str,
    ) -> Group<'a> {
        let at = self.lines.place(&self.text, span.start);
        let window = self.lines.whole(&self.text, span);
        let text = self.text.get(window.clone()).unwrap_or_default();
        if text.len() > LONGEST_SHOWN {
            let origin = Origin::path(file).line(at.line).char_column(at.column);
            return group.element(origin);
        }
        let inside = |offset: usize| offset.clamp(window.start, window.end) - window.start;
        let annotation = kind.span(inside(span.start)..inside(span.end));
        let annotation = if label.is_empty() {
            annotation
        } else {
            annotation.label(label)
        };
        let snippet = Snippet::source(text).path(file).line_start(at.line);
        group.element(snippet.annotation(annotation))
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

/// The text of a file without what may be a secret.
fn without_secrets(index: usize, text: &str, findings: &[Finding]) -> String {
    let here = findings.iter().filter_map(|f| match &f.place {
        Some((at, span)) if *at == index => Some((f, span)),
        Some(_) | None => None,
    });
    let hidden = here.flat_map(|(finding, span)| {
        let mut spans = finding.hidden.clone();
        if finding.is_syntax {
            spans.extend(values_in_lines(text, span));
        }
        spans
    });
    masked(text, hidden)
}
