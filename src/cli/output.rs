//! Standard output of a command: text for people or JSON for programs.

use std::io::{self, IsTerminal, Write};

use super::OutputFormat;
use crate::environment;
use crate::secret::redact;
use crate::telemetry::logging;

/// Writes a message to standard error.
pub(super) fn complain(text: &str) {
    logging::write_aside(text);
}

/// Where a command writes its result.
pub struct Output {
    format: OutputFormat,
    colour: bool,
    to: Box<dyn Write + Send>,
}

impl Output {
    /// Standard output, coloured if it is a terminal and `NO_COLOR` is not set.
    #[must_use]
    pub fn stdout(format: OutputFormat) -> Self {
        let stdout = io::stdout();
        let colour = stdout.is_terminal() && !environment::has("NO_COLOR");
        Self {
            format,
            colour,
            to: Box::new(stdout),
        }
    }

    /// Any writer, without colours.
    #[must_use]
    pub fn to_writer(format: OutputFormat, to: Box<dyn Write + Send>) -> Self {
        Self {
            format,
            colour: false,
            to,
        }
    }

    /// The same output, written by a thread of its own: a reader that stalls costs
    /// lines, and the work that they report goes on. What is left is written when the
    /// output is dropped, if the reader reads.
    #[must_use]
    pub(super) fn aside(self) -> Self {
        let Self { format, colour, to } = self;
        Self {
            format,
            colour,
            to: logging::aside(to),
        }
    }

    /// The output format.
    #[must_use]
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// Whether terminal colours are used.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Writes text.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(&redact::global().mask(text.as_bytes()))?;
        self.to.flush()
    }

    /// Writes text and a newline.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.text(&format!("{text}\n"))
    }

    /// Writes one JSON document and a newline.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.line(&value.to_string())
    }
}

/// A table for people: a header and rows, without rules.
#[derive(Debug)]
pub(super) struct Table(comfy_table::Table);

impl Table {
    pub(super) fn new<'h>(header: impl IntoIterator<Item = &'h str>) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(comfy_table::ContentArrangement::Disabled)
            .set_header(header);
        Self(table)
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }

    /// The table, with a newline at the end and without trailing spaces.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lines();
        lines.fold(String::new(), |text, line| {
            text + line.strip_prefix(' ').unwrap_or(&line).trim_end() + "\n"
        })
    }
}
