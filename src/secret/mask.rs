//! Takes secrets out of text that came from elsewhere before it may stand in
//! an error: the identity provider or a program may quote what it was given.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// What stands where a secret stood.
const MASK: &str = "[secret]";

/// Most characters of foreign text in one error.
const QUOTE_LEN: usize = 400;

/// Shorter encoded forms would mask innocent text.
const SHORTEST_ENCODED: usize = 8;

/// Knows secrets in all the forms in which a server or a program may echo them.
pub struct Mask {
    forms: Vec<Zeroizing<String>>,
}

impl Mask {
    /// A mask over these secrets: raw, URL-, JSON- and base64-encoded.
    pub fn over<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Zeroizing<String>> = secrets.into_iter().flat_map(forms_of).collect();
        forms.retain(|form| !form.is_empty());
        // Longest first: a short form may be a part of a longer one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms }
    }

    /// The text without any of the secrets, with control characters escaped.
    pub fn clean(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for form in &self.forms {
            if masked.contains(form.as_str()) {
                masked = masked.replace(form.as_str(), MASK);
            }
        }
        escape(&masked)
    }

    /// At most the last few hundred characters of [`Mask::clean`]: programs
    /// and servers say last what went wrong.
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
        write!(f, "Mask({} forms)", self.forms.len())
    }
}

fn forms_of(secret: &str) -> Vec<Zeroizing<String>> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        encoded.to_lowercase(),
        encoded,
        unreserved_kept(secret),
    ];
    for lead in 0..3 {
        forms.extend(base64_inside(secret, lead));
    }
    forms.into_iter().map(Zeroizing::new).collect()
}

/// URL-encoded as most libraries do it: `-._~` stay.
fn unreserved_kept(secret: &str) -> String {
    const SET: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(secret, SET).to_string()
}

/// The part of a base64 text that only the secret decides, when `lead` bytes
/// (modulo three) stand before it, as in `Basic base64("user:secret")`.
fn base64_inside(secret: &str, lead: usize) -> Vec<String> {
    let mut bytes = vec![0_u8; lead];
    bytes.extend_from_slice(secret.as_bytes());
    let first = [0, 2, 3][lead];
    let whole_bits = bytes.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
    ]
    .iter()
    .filter_map(|text| text.get(first..whole_bits))
    .filter(|text| text.len() >= SHORTEST_ENCODED)
    .map(str::to_owned)
    .collect()
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
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    const CANARY: &str = "cAnArY-\"7f3a+b/c\\d==.e_f~g";

    #[test]
    fn every_encoding_of_a_secret_is_masked() {
        let mask = Mask::over([CANARY]);
        let encoded = utf8_percent_encode(CANARY, NON_ALPHANUMERIC).to_string();
        let cases = [
            CANARY.to_owned(),
            serde_json::to_string(CANARY).expect("json"),
            encoded.to_lowercase(),
            encoded,
            unreserved_kept(CANARY),
        ];
        for text in cases {
            let clean = mask.clean(&format!("before {text} after"));
            assert!(clean.contains("before "), "{clean}");
            assert!(clean.contains(MASK), "{clean}");
            assert!(!clean.contains("7f3a"), "{clean}");
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
