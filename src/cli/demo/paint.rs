//! Words with colours, and lines of them that fit a terminal.

/// Columns that every terminal has; no line of the demo is longer.
pub(super) const COLUMNS: usize = 80;

/// How a word is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Dim,
    Strong,
    Good,
    Busy,
    Bad,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Dim => Some("2"),
            Self::Strong => Some("1"),
            Self::Good => Some("32"),
            Self::Busy => Some("33"),
            Self::Bad => Some("1;31"),
        }
    }

    /// The text in this colour.
    pub(super) fn over(self, text: &str, colour: bool) -> String {
        match self.code().filter(|_| colour && !text.is_empty()) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }
}

/// Text that is not broken, and its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    paint: Paint,
}

impl Word {
    pub(super) fn new(text: impl Into<String>, paint: Paint) -> Self {
        let text = text.into();
        Self { text, paint }
    }

    /// The words of a sentence.
    pub(super) fn all(text: &str, paint: Paint) -> impl Iterator<Item = Self> {
        text.split_whitespace()
            .map(move |word| Self::new(word, paint))
    }
}

/// Rows of at most `width` columns, all but the first indented. A word that is longer
/// than a row is cut.
pub(super) fn wrapped(words: &[Word], indent: usize, width: usize, colour: bool) -> Vec<String> {
    let mut rows = Vec::new();
    let (mut row, mut used) = (String::new(), 0);
    for word in words {
        let length = word.text.chars().count();
        if used > 0 && used + 1 + length > width {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        if used == 0 && !rows.is_empty() {
            row = " ".repeat(indent);
            used = indent;
        } else if used > 0 {
            row.push(' ');
            used += 1;
        }
        let text: String = word.text.chars().take(width.saturating_sub(used)).collect();
        used += text.chars().count();
        row += &word.paint.over(&text, colour);
    }
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_and_colours_take_no_room() {
        let words: Vec<_> = Word::all("one two three four", Paint::Good).collect();
        let plain = wrapped(&words, 2, 9, false);
        assert_eq!(plain, ["one two", "  three", "  four"]);
        let coloured = wrapped(&words, 2, 9, true);
        assert_eq!(coloured.len(), plain.len());
        assert_eq!(coloured[2], "  \u{1b}[32mfour\u{1b}[0m");
        let long = Word::new("x".repeat(20), Paint::Plain);
        assert_eq!(wrapped(&[long], 2, 9, false), ["x".repeat(9)]);
    }
}
