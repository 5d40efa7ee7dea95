//! Text for spreadsheets, after RFC 4180. A cell that a spreadsheet would take for a
//! formula is made a text.

/// Characters with which a spreadsheet begins a formula, or skips to one.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '|'];

/// One line with its end.
pub(super) fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cells = cells.into_iter().map(|cell| quoted(cell.as_ref()));
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn quoted(cell: &str) -> String {
    let begins = cell.trim_start_matches(' ').chars().next();
    let is_formula = begins.is_some_and(|c| FORMULA.contains(&c));
    // Spreadsheets show what follows, as a text.
    let cell = match is_formula {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    };
    let is_plain = !cell.contains([',', '"', '\r', '\n']) && cell.trim() == cell;
    match is_plain {
        true => cell,
        false => format!("\"{}\"", cell.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_as_the_standard_says() {
        let cells = ["a", "", "a,b", "say \"no\"", "two\nlines", " blank "];
        let expected = "a,,\"a,b\",\"say \"\"no\"\"\",\"two\nlines\",\" blank \"\r\n";
        assert_eq!(line(cells), expected);
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "  =cmd|' /C calc'!A0",
            "=HYPERLINK(\"https://a\",\"b\")",
        ] {
            let line = line([formula]);
            let cell = line.trim_start_matches('"');
            assert!(cell.starts_with('\''), "{line}");
        }
        assert_eq!(
            line(["2027-01-15T12:00:00Z", "a-b"]),
            "2027-01-15T12:00:00Z,a-b\r\n"
        );
    }
}
