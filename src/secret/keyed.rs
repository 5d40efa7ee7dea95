//! Fingerprints under a key of the installation.
//!
//! A plain [`Fingerprint`](super::Fingerprint) can be computed by everybody who has the
//! value, and of a short value the value can be found from it. A keyed fingerprint can be
//! computed only with the key, which is stored in Vault: so it may stand in audit logs that
//! leave the house, also for tokens that a vendor made too short and for our own passwords.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{BearerToken, SecretText, random_256};

/// What the key for fingerprints is derived with, so that another use of the
/// installation's key never computes the same bytes.
const DOMAIN: &[u8] = b"scim-rotator keyed fingerprint v1";
/// Digits of the installation's key, in hex.
const KEY_DIGITS: usize = 64;
/// Characters of a fingerprint: 50 bits, so that two of a million secrets are alike with
/// a probability of one to two thousand, and no reader has to compare long lines.
const LENGTH: usize = 10;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Base32 of RFC 4648 in small letters: no character looks like another one.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The key of an installation: 256 random bits that all replicas share, as they are
/// stored. [`FingerprintKey`] is derived from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationKey(SecretText);

impl InstallationKey {
    /// A new key, from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        let bytes = random_256();
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits: String = digits
            .map(|digit| char::from(HEX[usize::from(digit)]))
            .collect();
        Self(SecretText::checked(Zeroizing::new(digits)))
    }

    /// A stored key.
    ///
    /// # Errors
    /// Says what a key looks like, without the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != KEY_DIGITS || !text.bytes().all(is_digit) {
            return Err("a key has 64 hex digits");
        }
        Ok(Self(SecretText::checked(Zeroizing::new(text.to_owned()))))
    }

    /// The digits, for the code that stores them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The key with which fingerprints are computed.
    #[must_use]
    pub fn for_fingerprints(&self) -> FingerprintKey {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose().as_bytes());
        let derived = hmac::sign(&root, DOMAIN);
        FingerprintKey(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }
}

/// Computes keyed fingerprints.
#[derive(Clone)]
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// The fingerprint of a secret value.
    #[must_use]
    pub fn of(&self, value: &str) -> KeyedFingerprint {
        let tag = hmac::sign(&self.0, value.as_bytes());
        let mut bits = tag.as_ref().iter().flat_map(|byte| {
            let byte = *byte;
            (0..8).rev().map(move |bit| (byte >> bit) & 1)
        });
        let mut text = [0; LENGTH];
        for place in &mut text {
            let digit = bits.by_ref().take(5).fold(0, |sum, bit| sum * 2 + bit);
            *place = BASE32[usize::from(digit)];
        }
        KeyedFingerprint(text)
    }

    /// The fingerprint of a token.
    #[must_use]
    pub fn of_token(&self, token: &BearerToken) -> KeyedFingerprint {
        self.of(token.expose())
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey([redacted])")
    }
}

/// A keyed fingerprint: ten characters of base32. Two equal ones of one installation mean
/// the same secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyedFingerprint([u8; LENGTH]);

impl KeyedFingerprint {
    /// The ten characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // All are ASCII, by construction.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyedFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyedFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyedFingerprint({self})")
    }
}

impl FromStr for KeyedFingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = <[u8; LENGTH]>::try_from(text.as_bytes());
        let bytes = bytes.ok().filter(|b| b.iter().all(|c| BASE32.contains(c)));
        let wrong = "a keyed fingerprint has ten characters: small letters, and digits from 2 to 7";
        bytes.map(Self).ok_or(wrong)
    }
}

impl Serialize for KeyedFingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyedFingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> InstallationKey {
        InstallationKey::parse(&digit.repeat(KEY_DIGITS)).expect("a key")
    }

    #[test]
    fn fingerprints_are_those_that_another_program_computes() {
        let fingerprint = key("7").for_fingerprints().of("a-token");
        assert_eq!(fingerprint.to_string(), "m3q6xtavso");
        assert_eq!("m3q6xtavso".parse(), Ok(fingerprint));
        let stored = serde_json::to_string(&fingerprint).expect("JSON");
        assert_eq!(
            serde_json::from_str::<KeyedFingerprint>(&stored).expect("read"),
            fingerprint
        );
    }

    #[test]
    fn they_differ_by_key_and_by_value() {
        let one = key("7").for_fingerprints();
        assert_ne!(one.of("a"), one.of("b"));
        assert_ne!(one.of("a"), key("8").for_fingerprints().of("a"));
        assert_ne!(
            InstallationKey::random().for_fingerprints().of("a"),
            InstallationKey::random().for_fingerprints().of("a")
        );
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_none_is_shown() {
        let random = InstallationKey::random();
        let read = InstallationKey::parse(random.expose()).expect("a key");
        assert_eq!(read, random);
        for wrong in ["", "7", &"A".repeat(KEY_DIGITS), &"é".repeat(32)] {
            assert!(InstallationKey::parse(wrong).is_err(), "{wrong}");
        }
        let shown = format!("{random:?} {:?}", random.for_fingerprints());
        assert!(!shown.contains(random.expose()), "{shown}");
    }

    #[test]
    fn a_text_that_is_no_fingerprint_is_refused() {
        for wrong in [
            "",
            "abcdefghi",
            "abcdefghijk",
            "ABCDEFGHIJ",
            "abcdefghi1",
            "äbcdefghi",
        ] {
            assert!(wrong.parse::<KeyedFingerprint>().is_err(), "{wrong}");
        }
    }
}
