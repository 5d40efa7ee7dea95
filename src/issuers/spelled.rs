//! Which texts of an issuer count as ids and labels. They are stored, shown in
//! logs and pages, and put into URLs.

use crate::secret::BearerToken;

/// Longest id or label, in characters.
pub const LONGEST: usize = 512;

/// Why a text cannot be a label; `None` if it can. As for ids, but people write
/// labels with spaces.
#[must_use]
pub fn objection_to_label(text: &str) -> Option<&'static str> {
    match text.trim().is_empty() {
        true => Some("is empty"),
        false => objection(&text.replace(' ', "-"), None),
    }
}

/// Why a text cannot be an id; `None` if it can.
#[must_use]
pub fn objection(text: &str, token: Option<&BearerToken>) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > LONGEST {
        return Some("is longer than 512 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Some("has a character outside visible ASCII");
    }
    if text.contains('/') {
        return Some("has a `/`");
    }
    let has_token = token.is_some_and(|token| text.contains(token.expose()));
    has_token.then_some("is the token itself")
}

/// A name that an issuer tells, as people may be shown it: of whom or where a token
/// was used. `None` for an empty one.
#[must_use]
pub fn shown(text: &str) -> Option<String> {
    const MOST: usize = 128;
    let plain = text.trim().chars().map(|c| match c {
        ' '..='~' => c,
        _ => '?',
    });
    let shown: String = plain.take(MOST).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_short_and_without_control_characters() {
        let long = "x".repeat(500);
        let cases = [
            ("  Okta (10.0.0.7) ", Some("Okta (10.0.0.7)")),
            ("a\u{1b}[31m\nb", Some("a?[31m?b")),
            ("  ", None),
            (&long, Some(&long[..128])),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn only_plain_texts_are_ids() {
        let token = BearerToken::parse("cAnArY-8271").expect("a token");
        let long = "x".repeat(LONGEST + 1);
        let cases = [
            ("tok_1", None),
            ("urn:x:7?a=b#c%2F", None),
            (&long[..LONGEST], None),
            (&long, Some("is longer than 512 characters")),
            ("", Some("is empty")),
            ("a b", Some("has a character outside visible ASCII")),
            ("a\u{1b}[31m", Some("has a character outside visible ASCII")),
            ("a\nb", Some("has a character outside visible ASCII")),
            ("ö", Some("has a character outside visible ASCII")),
            ("../users", Some("has a `/`")),
            ("cAnArY-8271", Some("is the token itself")),
            ("id:cAnArY-8271", Some("is the token itself")),
        ];
        for (text, expected) in cases {
            assert_eq!(objection(text, Some(&token)), expected, "{text:?}");
        }
        assert_eq!(objection("cAnArY-8271", None), None);
        assert_eq!(objection_to_label("by hand"), None);
        assert!(objection_to_label("a/b").is_some());
        assert!(objection_to_label(" ").is_some());
    }
}
