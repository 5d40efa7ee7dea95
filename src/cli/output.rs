//! Standard output of a command: text for people or JSON for programs.

use std::io::{self, IsTerminal, Write};

use super::{Colour, OutputFormat};
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
    choice: Colour,
    colour: bool,
    wide: bool,
    /// Columns of the terminal; `None` if it is none.
    width: Option<usize>,
    to: Box<dyn Write + Send>,
}

impl Output {
    /// Standard output, coloured as it is asked for: by itself, if it is a terminal and
    /// `NO_COLOR` is not set.
    #[must_use]
    pub fn stdout(format: OutputFormat, choice: Colour) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let colour = match choice {
            Colour::Auto => is_terminal && !environment::has("NO_COLOR"),
            Colour::Always => true,
            Colour::Never => false,
        };
        Self {
            format,
            choice,
            colour,
            wide: false,
            width: is_terminal.then(columns).flatten(),
            to: Box::new(stdout),
        }
    }

    /// Any writer, without colours.
    #[must_use]
    pub fn to_writer(format: OutputFormat, to: Box<dyn Write + Send>) -> Self {
        Self {
            format,
            choice: Colour::Never,
            colour: false,
            wide: false,
            width: None,
            to,
        }
    }

    /// The same output, written by a thread of its own: a reader that stalls costs
    /// lines, and the work that they report goes on. What is left is written when the
    /// output is dropped, if the reader reads.
    #[must_use]
    pub(super) fn aside(self) -> Self {
        Self {
            to: logging::aside(self.to),
            ..self
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

    /// When colours are used, as it was asked for.
    #[must_use]
    pub fn choice(&self) -> Colour {
        self.choice
    }

    /// Whether every column is shown and nothing is cut off.
    #[must_use]
    pub fn wide(&self) -> bool {
        self.wide
    }

    /// Shows every column.
    pub fn set_wide(&mut self, wide: bool) {
        self.wide = wide;
    }

    /// The columns of the terminal, if lines are to be cut to them.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        self.width.filter(|_| !self.wide)
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

/// The columns of the terminal.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
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
