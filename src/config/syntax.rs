//! Mistakes of TOML's syntax: what a person wrote, and how TOML writes it.

mod duplicate;
mod line;

use toml::de::{DeTable, Error};

use self::line::Line;
use super::file::Source;
use super::finding::{Finding, Findings};
use super::locate::Document;

/// What comes after so many mistakes of syntax in a file follows from them.
const MOST: usize = 20;

const CORRECT: &str = "correct the TOML here (texts stand in quotes, tables in [brackets]); the keys are checked once the syntax is right";

/// Parses one file; `None` when it cannot be read as TOML.
pub(super) fn document<'a>(
    index: usize,
    source: &'a Source,
    findings: &mut Findings,
) -> Option<Document<'a>> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return Some(document);
    }
    for found in mistakes(index, source, &errors) {
        findings.push(found.of_syntax());
    }
    None
}

/// One finding for each line: what else the parser says of it follows.
fn mistakes(index: usize, source: &Source, errors: &[Error]) -> Vec<Finding> {
    if let Some(found) = line::whole_file_is_yaml(index, source) {
        return vec![found];
    }
    let mut last = None;
    let mut found = Vec::new();
    for error in errors {
        let end = source.text.len();
        let span = error.span().unwrap_or(end..end);
        let at = source.lines.place(&source.text, span.start);
        if last.replace(at.line) == Some(at.line) {
            continue;
        }
        let line = Line::around(source, span.start);
        if error.message().contains("duplicate key") {
            found.extend(duplicate::finding(index, source, &line, span));
            continue;
        }
        let (message, remedy) = line.mistake(error.message()).unwrap_or_else(|| {
            let message = error.message().trim().replace('\n', ", ");
            (message, CORRECT.to_owned())
        });
        found.push(Finding::error(index, span, "", message, remedy));
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests;
