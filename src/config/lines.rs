//! The lines of a text, found once: a report has many places in one file.

use std::ops::Range;

/// Line and column, both from one; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextPlace {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Where each line of a text begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(newlines).collect())
    }

    /// Turns a byte offset of the text into line and column.
    pub(super) fn place(&self, text: &str, offset: usize) -> TextPlace {
        let offset = offset.min(text.len());
        let line = self.line(offset);
        let before = text.get(self.start(line)..offset).unwrap_or("");
        TextPlace {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The whole lines of a span, without the last line's end.
    pub(super) fn whole(&self, text: &str, span: &Range<usize>) -> Range<usize> {
        let start = self.start(self.line(span.start.min(text.len())));
        let last = self.line(span.end.min(text.len()));
        let next = self.0.get(last).map(|next| next - 1);
        start..next.unwrap_or(text.len()).max(start)
    }

    /// Number of the line that holds this byte, from one.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    fn start(&self, line: usize) -> usize {
        self.0.get(line - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nü = ä\n";
        let lines = Lines::of(text);
        let cases = [
            (0, 1, 1),
            (5, 1, 6),
            (6, 2, 1),
            (text.find('ä').expect("there"), 2, 5),
            (text.len(), 3, 1),
            (text.len() + 9, 3, 1),
        ];
        for (offset, line, column) in cases {
            let expected = TextPlace { line, column };
            assert_eq!(lines.place(text, offset), expected, "{offset}");
        }
    }

    #[test]
    fn lines_are_taken_whole() {
        let text = "one\ntwo\nthree";
        let lines = Lines::of(text);
        let cases = [
            (0..1, "one"),
            (3..3, "one"),
            (4..5, "two"),
            (5..9, "two\nthree"),
        ];
        for (span, expected) in cases {
            assert_eq!(&text[lines.whole(text, &span)], expected, "{span:?}");
        }
        assert_eq!(Lines::of("").whole("", &(0..0)), 0..0);
    }
}
