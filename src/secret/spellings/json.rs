//! JSON texts. Libraries differ in which characters they write as `\uXXXX`.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// How one family of libraries escapes.
#[derive(Clone, Copy)]
struct Style {
    /// `/` becomes `\/`.
    slash: bool,
    /// ASCII characters that become `\uXXXX` besides control characters.
    numbered: &'static str,
    /// Whether all that is not ASCII becomes `\uXXXX`.
    ascii: bool,
    /// Whether the digits are upper-case.
    upper: bool,
}

/// No more than JSON demands.
const PLAIN: Style = Style {
    slash: false,
    numbered: "",
    ascii: false,
    upper: false,
};

const PYTHON: Style = Style {
    ascii: true,
    ..PLAIN
};

const STYLES: [Style; 8] = [
    PLAIN,
    Style {
        slash: true,
        ..PLAIN
    },
    PYTHON,
    // PHP.
    Style {
        slash: true,
        ..PYTHON
    },
    // Jackson, where it keeps to ASCII.
    Style {
        upper: true,
        ..PYTHON
    },
    // Go.
    Style {
        numbered: "<>&",
        ..PLAIN
    },
    // Gson.
    Style {
        numbered: "<>&='",
        ..PLAIN
    },
    // .NET.
    Style {
        numbered: "\"&'<>+`",
        ascii: true,
        upper: true,
        slash: false,
    },
];

/// All spellings, also JSON in a text of JSON.
pub(super) fn spellings(text: &str) -> Vec<String> {
    let mut all: Vec<String> = STYLES.iter().map(|style| style.escaped(text)).collect();
    for style in [PLAIN, PYTHON] {
        let once = Zeroizing::new(style.escaped(text));
        all.push(PLAIN.escaped(&once));
    }
    all
}

impl Style {
    fn escaped(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() * 2);
        for character in text.chars() {
            self.push(&mut out, character);
        }
        out
    }

    fn push(self, out: &mut String, character: char) {
        let short = match character {
            _ if self.numbered.contains(character) => None,
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '/' if self.slash => Some("\\/"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            c if c >= ' ' && (c.is_ascii() || !self.ascii) => return out.push(c),
            _ => None,
        };
        match short {
            Some(text) => out.push_str(text),
            None => self.push_numbered(out, character),
        }
    }

    /// A character beyond the first plane becomes two numbers.
    fn push_numbered(self, out: &mut String, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let written = match self.upper {
                true => write!(out, "\\u{unit:04X}"),
                false => write!(out, "\\u{unit:04x}"),
            };
            debug_assert!(written.is_ok(), "a text takes everything");
        }
    }
}
