//! The chain: each line holds its number, the hash of the line before, and its own hash.
//!
//! ```text
//! {"number":7,…,"previous":"<hash of line 6>","hash":"<SHA-256 of all before `,"hash"`>"}
//! ```

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HASH_BYTES: usize = 32;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// What stands between what is hashed and the hash.
const BEFORE_HASH: &str = ",\"hash\":\"";
const AFTER_HASH: &str = "\"}";
/// Bytes of a line after what is hashed.
const TRAILER: usize = BEFORE_HASH.len() + 2 * HASH_BYTES + AFTER_HASH.len();

/// SHA-256 of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(digest.as_ref());
        Self(hash)
    }

    fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| HEX.iter().position(|hex| *hex == byte);
        let mut hash = [0; HASH_BYTES];
        if text.len() != 2 * HASH_BYTES {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let (high, low) = (digit(pair[0])?, digit(pair[1])?);
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = digits
            .map(|digit| char::from(HEX[usize::from(digit)]))
            .collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong = "a hash has 64 hex digits in small letters";
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(wrong))
    }
}

/// The last line of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number; 0 before the first line.
    pub number: u64,
    /// Its hash; zeros before the first line.
    pub hash: Hash,
}

impl Head {
    /// Before the first line.
    pub const NONE: Self = Self {
        number: 0,
        hash: Hash([0; HASH_BYTES]),
    };

    /// The next line with these fields, without a line end, and the head after it.
    /// `fields` is a JSON object that is not empty.
    #[must_use]
    pub fn line(&self, fields: &str) -> (String, Self) {
        let number = self.number.saturating_add(1);
        let inner = fields.trim_start_matches('{');
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let mut line = format!(
            "{{\"number\":{number},{inner},\"previous\":\"{}\"",
            self.hash
        );
        let hash = Hash::of(line.as_bytes());
        line.push_str(BEFORE_HASH);
        line.push_str(&hash.to_string());
        line.push_str(AFTER_HASH);
        (line, Self { number, hash })
    }
}

/// What a line says of its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Its number.
    pub number: u64,
    /// Whose chain it is.
    pub replica: String,
    /// The hash of the line before.
    pub previous: Hash,
    /// Its own hash, as it stands there.
    pub hash: Hash,
    /// Lines that are missing before it, as the daemon has noticed.
    #[serde(default)]
    pub gap: Option<Gap>,
    /// The part of a line that stands before it.
    #[serde(default)]
    pub torn: Option<Torn>,
    /// How many lines could not be written before it.
    #[serde(default)]
    pub lost: Option<u64>,
}

/// Lines that are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Number of the last line that the daemon found in its file; 0 if none.
    pub found: u64,
    /// Number of the last line that Vault knows.
    pub stored: u64,
}

/// The part of a line that was written when the process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Torn {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hash,
}

/// Why a text is no line of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// It cannot be read as a line.
    NoLine,
    /// It can be read, and its hash is that of another text.
    Changed(Box<Link>),
}

impl Link {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`Broken`] if it is not what was written.
    pub fn parse(line: &[u8]) -> Result<Self, Broken> {
        let text = str::from_utf8(line).map_err(|_| Broken::NoLine)?;
        let link: Self = serde_json::from_str(text).map_err(|_| Broken::NoLine)?;
        let hashed = line.len().checked_sub(TRAILER).ok_or(Broken::NoLine)?;
        let hash = Hash::of(&line[..hashed]);
        let trailer = format!("{BEFORE_HASH}{hash}{AFTER_HASH}");
        match line[hashed..] == *trailer.as_bytes() {
            true => Ok(link),
            false => Err(Broken::Changed(Box::new(link))),
        }
    }

    /// The head of the chain after this line.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            number: self.number,
            hash: self.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "{\"replica\":\"a\",\"what\":\"commit\"}";

    #[test]
    fn a_line_is_what_another_program_computes() {
        let (line, head) = Head::NONE.line(FIELDS);
        let zeros = "0".repeat(64);
        let before = format!(
            "{{\"number\":1,\"replica\":\"a\",\"what\":\"commit\",\"previous\":\"{zeros}\""
        );
        // By `sha256sum`.
        let hash = "f117a624f34298a7bfae547bd8a6a1a61261ce6fa3a81e419f8a798a39b86ffc";
        assert_eq!(line, format!("{before},\"hash\":\"{hash}\"}}"));
        assert_eq!((head.number, head.hash.to_string().as_str()), (1, hash));
        assert_eq!(
            Link::parse(line.as_bytes()).map(|link| link.head()),
            Ok(head)
        );
        let (second, _) = head.line(FIELDS);
        assert!(second.contains("\"number\":2,") && second.contains(hash));
    }

    #[test]
    fn a_changed_line_is_seen_in_every_byte() {
        let (line, _) = Head::NONE.line(FIELDS);
        for place in 0..line.len() {
            let mut changed = line.clone().into_bytes();
            changed[place] ^= 1;
            assert!(Link::parse(&changed).is_err(), "byte {place}");
            let mut changed = line.clone().into_bytes();
            changed.remove(place);
            assert!(Link::parse(&changed).is_err(), "without byte {place}");
            let mut changed = line.clone().into_bytes();
            changed.insert(place, b' ');
            assert!(Link::parse(&changed).is_err(), "a blank at {place}");
        }
        assert_eq!(Link::parse(b"{}"), Err(Broken::NoLine));
    }
}
