//! What was looked at, and what was found.

use std::io;

use serde_json::{Value, json};

use crate::cli::explain::remedy_of;
use crate::cli::output::{Output, Table};
use crate::cli::{Exit, OutputFormat};
use crate::fault::{Fault, FaultClass};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// In order.
    Ok,
    /// It works, and is likely not as meant.
    Warning,
    /// A person must change something.
    Failed,
    /// It was not reached: it may be in order.
    Unknown,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What it belongs to, such as `vault` or `credential`.
    pub(super) area: &'static str,
    /// Which one.
    pub(super) subject: String,
    pub(super) word: Word,
    /// What was found.
    pub(super) detail: String,
    /// What to do; empty if there is nothing to do.
    pub(super) remedy: String,
}

impl Row {
    pub(super) fn ok(
        area: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            area,
            subject: subject.into(),
            word: Word::Ok,
            detail: detail.into(),
            remedy: String::new(),
        }
    }

    pub(super) fn failed(
        area: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            word: Word::Failed,
            remedy: remedy.into(),
            ..Self::ok(area, subject, detail)
        }
    }

    pub(super) fn warning(
        area: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            word: Word::Warning,
            ..Self::failed(area, subject, detail, remedy)
        }
    }

    /// What a failed call shows: one that may work later shows nothing.
    pub(super) fn of_fault(area: &'static str, subject: impl Into<String>, fault: &Fault) -> Self {
        let word = match fault.class {
            FaultClass::Unauthorized | FaultClass::Rejected => Word::Failed,
            FaultClass::NotApplied
            | FaultClass::Ambiguous
            | FaultClass::Throttled
            | FaultClass::Conflict => Word::Unknown,
        };
        Self {
            word,
            ..Self::failed(area, subject, fault.to_string(), remedy_of(fault.kind))
        }
    }
}

/// The exit code for what was found.
pub(super) fn exit_of(rows: &[Row]) -> Exit {
    let has = |word| rows.iter().any(|row| row.word == word);
    match (has(Word::Failed), has(Word::Unknown)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::TryAgain,
        (false, false) => Exit::Ok,
    }
}

pub(super) fn show(rows: &[Row], output: &mut Output) -> io::Result<()> {
    let count = |word| rows.iter().filter(|row| row.word == word).count();
    let all = [Word::Failed, Word::Unknown, Word::Warning, Word::Ok];
    if output.format() == OutputFormat::Json {
        let checks = rows.iter().map(|row| {
            json!({
                "area": row.area,
                "subject": row.subject,
                "status": row.word.as_str(),
                "detail": row.detail,
                "remedy": Some(&row.remedy).filter(|remedy| !remedy.is_empty()),
            })
        });
        let checks: Vec<Value> = checks.collect();
        let summary = all.map(|word| (word.as_str().to_owned(), json!(count(word))));
        let summary: serde_json::Map<String, Value> = summary.into_iter().collect();
        return output.json(&json!({ "summary": summary, "checks": checks }));
    }
    let mut table = Table::new(["STATUS", "AREA", "WHAT", "DETAIL", "REMEDY"]);
    for row in rows {
        let texts = [row.area, &row.subject, &row.detail, &row.remedy];
        let plain = texts.map(|text| text.replace(['\n', '\r'], " "));
        table.row([row.word.as_str().to_owned()].into_iter().chain(plain));
    }
    let counts = all.map(|word| format!("{} {}", count(word), word.as_str()));
    output.text(&format!("{}\n{}\n", table.text(), counts.join(", ")))
}
