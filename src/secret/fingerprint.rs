//! Short names for secret values.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A few bytes in hex are not worth a crate.
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes of SHA-256.
const WHOLE: usize = 32;
/// Bytes that people are shown, and that records held before they held all.
const SHORT: usize = 6;

/// SHA-256 over a domain prefix and the value. People are shown the first twelve
/// hex digits; records hold all of it, and decisions compare all of it.
///
/// The fingerprint of a token is safe to log: a token has at least 128 bits, so
/// its digest cannot be searched. The fingerprint of any other credential stays in
/// memory, where it tells whether the credential changed: a short password can be
/// guessed from its digest. Two equal fingerprints mean the same value.
///
/// A record that was written by an older version holds the first twelve digits
/// only. Such a fingerprint equals every one that begins with them.
#[derive(Clone, Copy)]
pub struct Fingerprint {
    bytes: [u8; WHOLE],
    /// How many of them are known.
    known: Known,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Whole,
    Short,
}

impl Fingerprint {
    /// The fingerprint of a secret value.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"scim-rotator fingerprint v1\0");
        context.update(value.as_bytes());
        let mut bytes = [0; WHOLE];
        bytes.copy_from_slice(context.finish().as_ref());
        Self {
            bytes,
            known: Known::Whole,
        }
    }

    /// The twelve hex digits that people are shown.
    #[must_use]
    pub fn short(&self) -> String {
        hex(&self.bytes[..SHORT])
    }

    /// For `serialize_with`: the twelve digits, for people and programs.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize_short<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.short())
    }

    fn known(&self) -> &[u8] {
        match self.known {
            Known::Whole => &self.bytes,
            Known::Short => &self.bytes[..SHORT],
        }
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Fingerprint {}

impl PartialOrd for Fingerprint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fingerprint {
    /// By what is known of both.
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.known(), other.known());
        let both = a.len().min(b.len());
        a[..both].cmp(&b[..both])
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes[..SHORT].hash(state);
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(self.known()))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            serde::de::Error::custom("a fingerprint has 64 or, of older versions, 12 hex digits")
        })
    }
}

fn parse(text: &str) -> Option<Fingerprint> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let known = match text.len() {
        length if length == 2 * WHOLE => Known::Whole,
        length if length == 2 * SHORT => Known::Short,
        _ => return None,
    };
    let mut bytes = [0; WHOLE];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(Fingerprint { bytes, known })
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(HEX[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_values_apart() {
        assert_eq!(Fingerprint::of("a"), Fingerprint::of("a"));
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
        // SHA-256 of the prefix and the value, by another program.
        assert_eq!(Fingerprint::of("a").to_string(), "908ecbfba0b9");
    }

    /// Two values, found by search, whose digests begin with the same twelve digits.
    const ALIKE: (&str, &str) = ("fb805ffc5183", "995f127063fe");

    #[test]
    fn two_values_that_look_alike_to_people_are_two() {
        let (a, b) = ALIKE;
        let (a, b) = (Fingerprint::of(a), Fingerprint::of(b));
        assert_eq!(a.short(), b.short());
        assert_ne!(a, b);
        assert_ne!(a.cmp(&b), Ordering::Equal);
        // Also after they were stored.
        let stored = |f: &Fingerprint| serde_json::to_string(f).expect("JSON");
        assert_ne!(stored(&a), stored(&b));
        let read: Fingerprint = serde_json::from_str(&stored(&a)).expect("read");
        assert!(read == a && read != b);
    }

    #[test]
    fn what_an_older_version_stored_is_read_and_still_means_the_same_value() {
        let short = Fingerprint::of("a").short();
        let stored = serde_json::to_string(&short).expect("JSON");
        let read: Fingerprint = serde_json::from_str(&stored).expect("read");
        assert_eq!(read, Fingerprint::of("a"));
        assert_eq!(Fingerprint::of("a"), read);
        assert_ne!(read, Fingerprint::of("b"));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), stored);
        for wrong in [
            "",
            "908ecbfba0",
            "908ecbfba0bx",
            "+08ecbfba0b9",
            "é8ecbfba0b9",
        ] {
            let text = serde_json::to_string(wrong).expect("JSON");
            assert!(
                serde_json::from_str::<Fingerprint>(&text).is_err(),
                "{wrong}"
            );
        }
    }
}
