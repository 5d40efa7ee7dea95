//! Lines that stay, and below them, on a terminal, the lines that still change.

use std::io;

use super::paint::{COLUMNS, Word, wrapped};
use crate::cli::output::Output;
use crate::environment;

/// The output of the demo for people.
pub(super) struct Screen {
    output: Output,
    /// Whether lines are written again when they change.
    redraws: bool,
    /// Rows of changing lines below the lines that stay.
    drawn: usize,
}

/// Below this, a terminal shows broken lines.
const NARROWEST: usize = 30;

impl Screen {
    /// Lines change in place on a terminal that can do that, unless something else
    /// writes to it too.
    pub(super) fn new(output: Output, alone: bool) -> Self {
        let terminal = environment::variable("TERM");
        let can = terminal.is_some_and(|kind| !kind.is_empty() && kind != "dumb");
        let redraws = alone && can && output.width().is_some();
        Self {
            output,
            redraws,
            drawn: 0,
        }
    }

    /// Whether changing lines are shown.
    pub(super) fn redraws(&self) -> bool {
        self.redraws
    }

    pub(super) fn colour(&self) -> bool {
        self.output.colour()
    }

    /// The rows of a line.
    pub(super) fn rows(&self, words: &[Word], indent: usize) -> Vec<String> {
        let width = self.output.width().unwrap_or(COLUMNS);
        let width = width.clamp(NARROWEST, COLUMNS);
        wrapped(words, indent, width, self.output.colour())
    }

    /// Writes text that stays, and below it the rows that change.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub(super) fn update(&mut self, stays: &str, changes: &[String]) -> io::Result<()> {
        let mut text = String::new();
        if self.drawn > 0 {
            // To the first row that changes, and away with all below.
            text = format!("\r\u{1b}[{}A\u{1b}[J", self.drawn);
        }
        text += stays;
        self.drawn = 0;
        if self.redraws {
            self.drawn = changes.len();
            changes.iter().for_each(|row| text += &format!("{row}\n"));
        }
        match text.is_empty() {
            true => Ok(()),
            false => self.output.text(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::cli::OutputFormat;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(redraws: bool) -> String {
        let kept = Kept::default();
        let output = Output::to_writer(OutputFormat::Text, Box::new(kept.clone()));
        let mut screen = Screen::new(output, true);
        assert!(!screen.redraws(), "a file is no terminal");
        screen.redraws = redraws;
        let row = |text: &str| vec![text.to_owned()];
        screen.update("", &row("a")).expect("written");
        screen.update("stays\n", &row("b")).expect("written");
        screen.update("", &[]).expect("written");
        let bytes = kept.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_terminal_shows_each_change_in_place_and_a_file_none() {
        let up = "\r\u{1b}[1A\u{1b}[J";
        assert_eq!(written(true), format!("a\n{up}stays\nb\n{up}"));
        assert_eq!(written(false), "stays\n");
    }
}
