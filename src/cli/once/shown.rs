//! `once` for people and programs.

use serde_json::{Value, json};

use super::Row;
use crate::cli::output::Output;
use crate::cli::{Exit, OutputFormat};
use crate::ports::unit::Unit;

/// The table, for people row by row: its head before anything is done, and a token as
/// soon as the work on it has ended. For programs one document at the end.
pub(super) struct Shown<'a> {
    output: &'a mut Output,
    /// The tokens in the order of the configuration.
    names: Vec<String>,
    rows: Vec<Row>,
}

/// Columns of the longest word for a result.
const RESULT_COLUMNS: usize = "not shown to work".len();

impl<'a> Shown<'a> {
    pub(super) fn new(output: &'a mut Output, units: &[Unit]) -> Self {
        Self {
            output,
            names: units.iter().map(|unit| unit.name.clone()).collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self) {
        self.line("TOKEN", "RESULT", "DETAIL");
    }

    pub(super) fn ended(&mut self, row: Row) {
        self.line(&row.token, row.word, &row.detail);
        self.rows.push(row);
    }

    fn line(&mut self, token: &str, word: &str, detail: &str) {
        if self.output.format() != OutputFormat::Text {
            return;
        }
        let longest = self.names.iter().map(|name| name.chars().count()).max();
        let width = longest.unwrap_or_default().max("TOKEN".len());
        let detail = detail.replace(['\n', '\r'], " ");
        let line = format!("{token:width$}  {word:RESULT_COLUMNS$}  {detail}");
        // If nobody reads the output any more, the exit code still tells the result.
        drop(self.output.line(line.trim_end()));
    }

    /// The worst exit code of all.
    pub(super) fn end(mut self) -> Exit {
        let exits = self.rows.iter().map(|row| row.exit);
        let exit = exits.fold(Exit::Ok, worse);
        if self.output.format() == OutputFormat::Json {
            let place = |row: &Row| self.names.iter().position(|name| *name == row.token);
            self.rows
                .sort_by_cached_key(|row| place(row).unwrap_or(usize::MAX));
            let tokens = self.rows.iter().map(|row| {
                json!({ "name": row.token, "token": row.token, "ok": row.exit == Exit::Ok, "result": row.word, "detail": row.detail })
            });
            let tokens: Vec<Value> = tokens.collect();
            drop(self.output.json(&json!({ "tokens": tokens })));
        }
        exit
    }
}

/// The worse exit code: a failure is worse than a wait, and a wait than
/// success.
pub(super) fn worse(a: Exit, b: Exit) -> Exit {
    let weight = |exit| match exit {
        Exit::Ok => 0,
        Exit::TryAgain => 1,
        Exit::Usage => 2,
        Exit::Failed | Exit::Urgent => 3,
    };
    if weight(b) > weight(a) { b } else { a }
}
