//! Makes a wrong token that looks like the real one. The negative control of a
//! probe sends it, and the service provider must refuse it.

use super::jwt;
use super::shape::ChecksumCheck;
use crate::secret::{BearerToken, random_256};

/// Longest prefix that names the kind of token, such as `glsoat-`.
const LONGEST_PREFIX: usize = 12;

/// Makes a wrong token with the same prefix, length and alphabet.
///
/// Of a JWT the claims are kept and the signature is changed, so that a service
/// provider that does not verify signatures is found out.
#[must_use]
pub fn like(token: &BearerToken, own_checksum: Option<&ChecksumCheck>) -> BearerToken {
    let text = token.expose();
    let kept = match jwt::decode(text) {
        Some(_) => text.rfind('.').map_or(0, |dot| dot + 1),
        None => prefix_length(text),
    };
    let (head, body) = text.split_at(kept);
    let scrambled = format!("{head}{}", scramble(body));
    let passes = |text: &str| own_checksum.and_then(|check| check(text)) == Some(true);
    let garbage = if scrambled == text || passes(&scrambled) {
        turn_last(&scrambled)
    } else {
        scrambled
    };
    // Characters of the same kinds, so the wrong token can be sent if the real
    // one can.
    BearerToken::parse(garbage).unwrap_or_else(|_| token_of_noise())
}

fn prefix_length(text: &str) -> usize {
    let end = text.len().min(LONGEST_PREFIX);
    let start = text.get(..end).unwrap_or_default();
    match start.rfind(['_', '-']) {
        Some(at) if at + 1 < text.len() => at + 1,
        Some(_) | None => 0,
    }
}

/// Replaces each letter and digit by a random one of its kind.
fn scramble(body: &str) -> String {
    let hex = body.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let letters = if hex { 6 } else { 26 };
    let mut noise = Noise::default();
    body.chars()
        .map(|c| match c {
            '0'..='9' => noise.pick('0', 10),
            'a'..='z' => noise.pick('a', letters),
            'A'..='Z' => noise.pick('A', letters),
            other => other,
        })
        .collect()
}

/// Replaces the last letter or digit by the next one.
fn turn_last(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    if let Some(last) = characters.iter_mut().rfind(|c| c.is_ascii_alphanumeric()) {
        *last = if matches!(*last, '0' | 'a' | 'A') {
            '1'
        } else {
            '0'
        };
    }
    characters.into_iter().collect()
}

fn token_of_noise() -> BearerToken {
    let mut noise = Noise::default();
    let text: String = (0..32).map(|_| noise.pick('a', 26)).collect();
    #[expect(clippy::expect_used, reason = "thirty-two letters are a valid token")]
    BearerToken::parse(text).expect("letters only")
}

/// Random bytes, generated in blocks.
#[derive(Default)]
pub(in crate::scim) struct Noise {
    left: Vec<u8>,
}

impl Noise {
    /// One of `count` characters, beginning with `first`.
    pub(in crate::scim) fn pick(&mut self, first: char, count: u8) -> char {
        if self.left.is_empty() {
            self.left.extend_from_slice(random_256().as_slice());
        }
        let byte = self.left.pop().unwrap_or_default();
        char::from_u32(u32::from(first) + u32::from(byte % count)).unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::jwt::tests::jwt;
    use super::*;

    #[test]
    fn it_has_the_shape_and_is_never_the_token() {
        let signed = jwt(r#"{"alg":"RS256"}"#, r#"{"exp":1800000600}"#);
        for text in [
            "glsoat-9sD4fG6hJ0aL",
            "9f86d081884c7d659a2feaa0c55ad015",
            "Zm9v==:YmFy",
            "id.secret-part",
            "a",
            "7",
            signed.as_str(),
            &"aB3".repeat(1300),
        ] {
            let token = BearerToken::parse(text).expect("sendable");
            let garbage = like(&token, None);
            assert_ne!(garbage, token, "{text}");
            assert_eq!(garbage.expose().len(), text.len(), "{text}");
        }
    }

    #[test]
    fn prefixes_and_statements_are_kept() {
        let token = BearerToken::parse("glsoat-9sD4fG6hJ0aL").expect("sendable");
        assert!(like(&token, None).expose().starts_with("glsoat-"));
        let signed = BearerToken::parse(jwt(r#"{"alg":"RS256"}"#, "{}")).expect("sendable");
        let garbage = like(&signed, None);
        assert_eq!(jwt::decode(garbage.expose()), jwt::decode(signed.expose()));
    }

    #[test]
    fn hex_stays_hex() {
        let token = BearerToken::parse("9f86d081884c7d65").expect("sendable");
        let garbage = like(&token, None);
        assert!(garbage.expose().bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn a_checksum_that_happens_to_fit_is_broken() {
        let token = BearerToken::parse("own_aaaaaaaaaaaa").expect("sendable");
        let all_fit: ChecksumCheck =
            std::sync::Arc::new(|text: &str| Some(!text.ends_with(['0', '1'])));
        let garbage = like(&token, Some(&all_fit));
        assert!(garbage.expose().ends_with(['0', '1']));
    }
}
