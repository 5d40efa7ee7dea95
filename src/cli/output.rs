//! Standard output of a command: text for people or JSON for programs.

use std::io::{self, IsTerminal, Write};

use super::OutputFormat;
use crate::config::value::environment_has;

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
        let colour = stdout.is_terminal() && !environment_has("NO_COLOR");
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

    /// What was asked for.
    #[must_use]
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// Whether terminal escapes are wanted.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())?;
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
