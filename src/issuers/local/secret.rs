//! Secrets that we make: `prefix`, 43 characters of base 62 (256 random bits),
//! and 6 characters of base 62 with a CRC-32 over all that goes before. The
//! checksum is for typing mistakes and secret scanners, not for security.

use zeroize::Zeroizing;

use crate::secret::{BearerToken, random_256};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Base 62 digits of 256 bits.
const BODY: usize = 43;

/// Base 62 digits of 32 bits.
const CHECKSUM: usize = 6;

/// A new secret with 256 bits from the operating system.
///
/// # Panics
/// When the prefix holds characters that no token may hold; `check` refuses
/// such a prefix.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "letters, digits and a checked prefix always make a token"
)]
pub fn generate(prefix: &str) -> BearerToken {
    let text = assemble(prefix, &random_256());
    BearerToken::parse(text.as_str()).expect("a checked prefix and base 62")
}

/// Whether a token has our shape and its checksum fits.
#[must_use]
pub fn checksum_ok(prefix: &str, token: &BearerToken) -> bool {
    checksum_of(prefix, token.expose()) == Some(true)
}

/// Whether the checksum of a text fits; `None` if it has not our shape.
#[must_use]
pub fn checksum_of(prefix: &str, text: &str) -> Option<bool> {
    let rest = text.strip_prefix(prefix)?;
    if rest.len() != BODY + CHECKSUM || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (covered, checksum) = text.split_at(text.len() - CHECKSUM);
    let expected = base62::<CHECKSUM>(&crc32(covered.as_bytes()).to_be_bytes());
    Some(checksum.as_bytes() == expected)
}

fn assemble(prefix: &str, random: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + BODY + CHECKSUM));
    text.push_str(prefix);
    text.extend(base62::<BODY>(random).map(char::from));
    let checksum = base62::<CHECKSUM>(&crc32(text.as_bytes()).to_be_bytes());
    text.extend(checksum.map(char::from));
    text
}

/// A big-endian number in base 62, with leading zeros: no two numbers give the
/// same text, so nothing of the randomness is lost.
fn base62<const WIDTH: usize>(number: &[u8]) -> [u8; WIDTH] {
    let mut number = Zeroizing::new(number.to_vec());
    let mut digits = [DIGITS[0]; WIDTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[divide_by_62(&mut number)];
    }
    digits
}

/// Divides in place and returns the remainder.
fn divide_by_62(number: &mut [u8]) -> usize {
    let mut remainder = 0_usize;
    for byte in number {
        let value = remainder * 256 + usize::from(*byte);
        // The remainder is below 62, so the quotient is below 256.
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        remainder = value % 62;
    }
    remainder
}

/// CRC-32 as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The patterns of deploy/scanning, as they are written there.
    fn patterns() -> [regex::Regex; 2] {
        let gitleaks = include_str!("../../../deploy/scanning/gitleaks.toml");
        let gitleaks: toml::Table = gitleaks.parse().expect("TOML");
        let gitleaks = gitleaks["rules"][0]["regex"].as_str().expect("a regex");
        let github = include_str!("../../../deploy/scanning/github.md");
        let row = |name: &str| -> String {
            let row = github.lines().find(|line| line.contains(name));
            let cell = row.and_then(|row| row.split('`').nth(1)).expect(name);
            cell.replace("\\|", "|")
        };
        let github = format!(
            "(?:{})({})(?:{})",
            row("Before secret"),
            row("Secret format"),
            row("After secret")
        );
        [gitleaks, &github].map(|text| regex::Regex::new(text).expect(text))
    }

    #[test]
    fn scanners_find_our_tokens_and_only_the_checksum_tells_look_alikes() {
        for pattern in patterns() {
            for _ in 0..200 {
                let token = generate("srot_");
                let text = token.expose();
                for line in [
                    text.to_owned(),
                    format!("TOKEN={text}"),
                    format!("\"{text}\","),
                    format!("Bearer {text}\n"),
                ] {
                    let found = pattern.captures(&line).expect("found");
                    assert_eq!(&found[1], text);
                }
                let longer = format!("{text}a");
                assert!(!pattern.is_match(&longer) && !pattern.is_match(&text[..53]));
                assert!(!pattern.is_match(&format!("x{text}")));
                // A pattern cannot compute the checksum; the program does.
                let last = if text.ends_with('0') { '1' } else { '0' };
                let alike = format!("{}{last}", &text[..text.len() - 1]);
                assert!(pattern.is_match(&alike));
                assert_eq!(checksum_of("srot_", &alike), Some(false));
                assert_eq!(checksum_of("srot_", text), Some(true));
            }
        }
    }

    #[test]
    fn known_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(&base62::<3>(&[0]), b"000");
        assert_eq!(&base62::<3>(&[61]), b"00z");
        assert_eq!(&base62::<3>(&[62]), b"010");
        let largest = assemble("srot_", &[0xFF; 32]);
        assert_eq!(largest.len(), 5 + 43 + 6);
        assert_ne!(&largest[5..6], "0", "43 digits are just enough");
    }

    #[test]
    fn every_digit_comes_up_at_every_place_but_the_first() {
        let texts: Vec<String> = (0..2000)
            .map(|_| generate("").expose().to_owned())
            .collect();
        for place in 1..BODY {
            let seen: BTreeSet<u8> = texts.iter().map(|t| t.as_bytes()[place]).collect();
            assert_eq!(seen.len(), 62, "place {place}");
        }
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len());
    }

    proptest! {
        #[test]
        fn shape_and_checksum_hold_for_any_random_bits(random: [u8; 32]) {
            let text = assemble("acme_", &random);
            prop_assert_eq!(text.len(), 5 + BODY + CHECKSUM);
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
            let token = BearerToken::parse(text.as_str()).expect("valid");
            prop_assert!(checksum_ok("acme_", &token));
            prop_assert!(!checksum_ok("acm_", &token));
        }

        #[test]
        fn different_bits_give_different_texts(a: [u8; 32], b: [u8; 32]) {
            prop_assume!(a != b);
            prop_assert_ne!(assemble("", &a), assemble("", &b));
        }

        #[test]
        fn one_wrong_character_is_noticed(random: [u8; 32], at in 5_usize..54, with in 0_usize..62) {
            let text = assemble("srot_", &random);
            let mut wrong = text.as_bytes().to_vec();
            prop_assume!(wrong[at] != DIGITS[with]);
            wrong[at] = DIGITS[with];
            let wrong = BearerToken::parse(String::from_utf8(wrong).expect("ascii")).expect("valid");
            prop_assert!(!checksum_ok("srot_", &wrong));
        }
    }
}
