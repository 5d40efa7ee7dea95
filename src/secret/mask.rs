//! Takes secrets out of text that came from elsewhere before it may stand in
//! an error: the identity provider or a program may quote what it was given.

use zeroize::Zeroizing;

use super::spellings::spellings;

/// What stands where a secret stood.
const MASK: &str = "[secret]";

/// Most characters of foreign text in one error.
const QUOTE_LEN: usize = 400;

/// Knows secrets in every spelling in which a server or a program may echo them.
pub struct Mask {
    spellings: Vec<Zeroizing<String>>,
}

impl Mask {
    /// A mask over these secrets.
    pub fn over<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let all = secrets.into_iter().flat_map(spellings);
        let mut spellings: Vec<Zeroizing<String>> = all.map(|spelling| spelling.text).collect();
        // Longest first: a short one may be a part of a longer one.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self { spellings }
    }

    /// The text without any of the secrets, with control characters escaped.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for spelling in &self.spellings {
            if masked.contains(spelling.as_str()) {
                masked = masked.replace(spelling.as_str(), MASK);
            }
        }
        escape(&masked)
    }

    /// At most the last few hundred characters of [`Mask::clean`]: programs
    /// and servers say last what went wrong.
    #[must_use]
    pub fn quote(&self, text: &str) -> String {
        let clean = self.clean(text.trim());
        let length = clean.chars().count();
        if length <= QUOTE_LEN {
            return clean;
        }
        let tail: String = clean.chars().skip(length - QUOTE_LEN).collect();
        format!("…{tail}")
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} spellings)", self.spellings.len())
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that change how a terminal or a log viewer shows a line.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    const CANARY: &str = "cAnArY-\"7f3a+b/c\\d==.e_f~g";

    #[test]
    fn every_encoding_of_a_secret_is_masked() {
        let mask = Mask::over([CANARY]);
        let cases = [
            CANARY,
            "cAnArY-\\\"7f3a+b/c\\\\d==.e_f~g",
            "cAnArY%2D%227f3a%2Bb%2Fc%5Cd%3D%3D%2Ee%5Ff%7Eg",
            "cAnArY-%227f3a%2Bb%2Fc%5Cd%3D%3D.e_f~g",
            "cAnArY-%227f3a%2bb%2fc%5cd%3d%3d.e_f~g",
            "63416e4172592d22376633612b622f635c643d3d2e655f667e67",
        ];
        for text in cases {
            let clean = mask.clean(&format!("before {text} after"));
            assert_eq!(clean, format!("before {MASK} after"));
        }
    }

    #[test]
    fn base64_is_masked_wherever_the_secret_begins() {
        let mask = Mask::over([CANARY]);
        for lead in ["", "u:", "us:", "use:", "user:"] {
            for encoded in [
                STANDARD.encode(format!("{lead}{CANARY}")),
                URL_SAFE_NO_PAD.encode(format!("{lead}{CANARY}")),
                STANDARD.encode(format!("{lead}{CANARY} tail")),
            ] {
                let clean = mask.clean(&encoded);
                assert!(clean.contains(MASK), "{lead}: {clean}");
                assert!(clean.len() < MASK.len() + 20, "{lead}: {clean}");
            }
        }
    }

    #[test]
    fn a_key_of_several_lines_is_masked_however_it_is_quoted() {
        let key = "-----BEGIN KEY-----\ncAnArYAgEAMBMGByqGSM49\ncAnArYGCCqGSM49AwEHBG0w\n-----END KEY-----\n";
        let mask = Mask::over([key]);
        for text in [
            key.to_owned(),
            key.replace('\n', "\r\n"),
            key.replace('\n', "\\n"),
            key.replace('\n', "\n    "),
            key.replace('\n', " "),
            "line 2 is cAnArYAgEAMBMGByqGSM49".to_owned(),
        ] {
            let clean = mask.clean(&text);
            assert!(clean.contains(MASK), "{clean}");
            assert!(!clean.contains("cAnArY"), "{clean}");
        }
    }

    #[test]
    fn control_characters_cannot_forge_a_line() {
        let mask = Mask::over([]);
        assert_eq!(
            mask.clean("a\nb\u{1b}[31m\u{202e}"),
            "a\\nb\\u{1b}[31m\\u{202e}"
        );
    }

    #[test]
    fn quotes_are_short_and_keep_the_end() {
        let quote = Mask::over([]).quote(&format!("{}the end", "x".repeat(5000)));
        assert!(quote.chars().count() <= QUOTE_LEN + 1);
        assert!(quote.ends_with("the end"));
    }
}
