//! What is wrong with a configuration, shown to people and to programs.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::finding::{Finding, Findings};
use super::mask::{masked, values_in_lines};
use super::problem::Severity;
use super::source::Source;

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, Default)]
pub struct Report {
    findings: Vec<Finding>,
    /// The files, with what may be a secret starred out.
    texts: Vec<String>,
}

impl Report {
    /// Orders the findings, errors first, then by file and place, and hides
    /// what may be a secret.
    pub(super) fn of(findings: Findings, sources: &[Source]) -> Self {
        let mut findings = findings.0;
        for finding in &mut findings {
            finding.settle(sources);
        }
        findings.sort_by_key(|f| {
            let source = f.place.as_ref().map_or(0, |(source, _)| *source);
            (std::cmp::Reverse(f.severity), source, f.line, f.column)
        });
        let texts = sources.iter().enumerate();
        let texts = texts.map(|(index, source)| shown(index, &source.text, &findings));
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

/// The text of a file without what may be a secret.
fn shown(index: usize, text: &str, findings: &[Finding]) -> String {
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
