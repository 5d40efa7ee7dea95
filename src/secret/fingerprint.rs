//! Short names for secret values.

use std::fmt;

use aws_lc_rs::digest;

/// Six bytes in hex are not worth a crate.
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Twelve hex digits of SHA-256 over a domain prefix and the value.
///
/// The fingerprint of a token is safe to log: a token has at least 128 bits, so
/// a prefix of its digest cannot be searched. The fingerprint of any other
/// credential stays in memory, where it tells whether the credential changed: a
/// short password can be guessed from its digest. Two equal fingerprints mean
/// the same value.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, Debug,
)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a secret value.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"scim-rotator fingerprint v1\0");
        context.update(value.as_bytes());
        let hash = context.finish();
        let mut hex = String::with_capacity(12);
        for byte in hash.as_ref().iter().take(6) {
            for digit in [byte >> 4, byte & 15] {
                hex.push(char::from(HEX[usize::from(digit)]));
            }
        }
        Self(hex)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_values_apart() {
        assert_eq!(Fingerprint::of("a"), Fingerprint::of("a"));
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
        // SHA-256 of the prefix and the value, by another program.
        assert_eq!(Fingerprint::of("a").as_str(), "908ecbfba0b9");
    }
}
