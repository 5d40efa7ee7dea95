//! Standard output of a command: text for people or JSON for programs.

use std::io::{self, IsTerminal, Write};

use super::{Colour, OutputFormat, failure};
use crate::environment;
use crate::secret::redact;
use crate::telemetry::logging;

/// Writes a message to standard error.
pub(super) fn complain(text: &str) {
    failure::note(text);
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
    is_terminal: bool,
    /// Whether [`Output::screen`] has drawn.
    on_screen: bool,
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
            width: is_terminal.then(size).flatten().map(|(columns, _)| columns),
            is_terminal,
            on_screen: false,
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
            is_terminal: false,
            on_screen: false,
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

    /// Shows this in place of what [`Self::screen`] showed before if this is a terminal,
    /// as much of it as fits; otherwise writes it anew. `foot` is the last line.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn screen(&mut self, text: &str, foot: &str) -> io::Result<()> {
        let Some((columns, rows)) = self.is_terminal.then(size).flatten() else {
            return self.text(&format!("{text}\n{foot}\n\n"));
        };
        self.width = Some(columns);
        let begin = match std::mem::replace(&mut self.on_screen, true) {
            true => HOME,
            false => CLEAR,
        };
        self.text(&format!("{begin}{}", fitted(text, foot, rows)))
    }

    /// Leaves what [`Self::screen`] shows where it is.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn leave_screen(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.on_screen) {
            true => self.text(SHOW_CURSOR),
            false => Ok(()),
        }
    }

    /// Writes one JSON document and a newline.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        failure::document_written();
        self.line(&value.to_string())
    }
}

/// Columns and rows of the terminal.
fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0 && rows > 0).then_some((columns, rows))
}

/// Hides the cursor, clears the screen, and goes to its beginning.
const CLEAR: &str = "\u{1b}[?25l\u{1b}[2J\u{1b}[H";
/// Goes to the beginning of the screen.
const HOME: &str = "\u{1b}[H";
/// Clears the rest of the line.
const REST_OF_LINE: &str = "\u{1b}[K";
/// Clears the rest of the screen.
const REST_OF_SCREEN: &str = "\u{1b}[J";
const SHOW_CURSOR: &str = "\u{1b}[?25h\n";

/// The first lines of a text and the foot, in so many rows.
fn fitted(text: &str, foot: &str, rows: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let room = rows.saturating_sub(2);
    let foot = match all.len() > room {
        true => format!("{} more lines; {foot}", all.len() - room),
        false => foot.to_owned(),
    };
    let lines = all.iter().take(room);
    let lines: String = lines
        .map(|line| format!("{line}{REST_OF_LINE}\n"))
        .collect();
    format!("{lines}{REST_OF_LINE}\n{foot}{REST_OF_SCREEN}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_holds_as_many_lines_as_fit_and_says_how_many_do_not() {
        let shown = fitted("a\nb\nc\nd\n", "foot", 4);
        let plain = shown.replace(REST_OF_LINE, "").replace(REST_OF_SCREEN, "");
        assert_eq!(plain, "a\nb\n\n2 more lines; foot");
        let shown = fitted("a\n", "foot", 24);
        assert!(shown.starts_with("a\u{1b}[K\n"), "{shown:?}");
        assert!(shown.ends_with("foot\u{1b}[J"), "{shown:?}");
    }
}
