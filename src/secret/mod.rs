//! Secrets in memory, and the ways to name one without holding it.
//!
//! [`BearerToken`] is the only type that carries token bytes. It has no
//! `Display` and no `Serialize`, its `Debug` prints a constant, and it wipes
//! its buffer when dropped. Wiping is best effort: copies inside TLS buffers,
//! header values and JSON parsers are out of its reach.

pub mod mask;
pub mod resolve;

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::{constant_time, digest, rand};
use zeroize::Zeroizing;

/// Longest token that is accepted, in bytes. Service providers cut HTTP header
/// lines at about 8 KiB; a bearer token above half of that is a mistake.
pub const MAX_TOKEN_LEN: usize = 4096;

/// Who is told of each secret, so that the logs can mask it.
static WATCHER: OnceLock<fn(&str)> = OnceLock::new();

/// Has `tell` called with every secret that is made from now on. The first
/// caller wins; it must keep no copy.
pub fn watch(tell: fn(&str)) {
    WATCHER.get_or_init(|| tell);
}

/// A SCIM bearer token, or any other secret that is sent to a server.
#[derive(Clone)]
pub struct BearerToken(Zeroizing<String>);

impl BearerToken {
    /// Accepts a secret that can stand in an HTTP header as it is.
    ///
    /// # Errors
    /// Names what is wrong, never the value: empty, too long, a `Bearer `
    /// prefix, white space at an end (the trailing newline of a file), or a
    /// byte outside visible ASCII.
    pub fn parse(value: impl Into<String>) -> Result<Self, SecretShapeError> {
        let value = Zeroizing::new(value.into());
        if let Some(error) = shape_error(&value) {
            return Err(error);
        }
        if let Some(tell) = WATCHER.get() {
            tell(&value);
        }
        Ok(Self(value))
    }

    /// The bytes. Only ports call this, at the moment of use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A short name for this value that tells nothing about it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.expose())
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl PartialEq for BearerToken {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.expose())
    }
}

impl Eq for BearerToken {}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}

/// Why a value cannot be a bearer token. Carries no part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretShapeError {
    /// Nothing there.
    #[error("the secret is empty")]
    Empty,
    /// Longer than [`MAX_TOKEN_LEN`].
    #[error("the secret is longer than {MAX_TOKEN_LEN} bytes")]
    TooLong,
    /// The scheme was pasted along with the token.
    #[error("the secret begins with `Bearer `: store the token alone, without the scheme")]
    SchemePrefix,
    /// White space at an end.
    #[error(
        "the secret begins or ends with white space or a newline: write it without one (`printf %s`, not `echo`)"
    )]
    SurroundingSpace,
    /// A byte that no HTTP header may carry in a credential.
    #[error(
        "the secret holds a character outside visible ASCII (byte {position}): it cannot be sent in an Authorization header"
    )]
    Unprintable {
        /// Offset of the first offending byte.
        position: usize,
    },
}

fn shape_error(value: &str) -> Option<SecretShapeError> {
    if value.is_empty() {
        return Some(SecretShapeError::Empty);
    }
    if value.len() > MAX_TOKEN_LEN {
        return Some(SecretShapeError::TooLong);
    }
    if value.trim() != value {
        return Some(SecretShapeError::SurroundingSpace);
    }
    let scheme = value.get(..7).map(str::to_ascii_lowercase);
    if scheme.as_deref() == Some("bearer ") {
        return Some(SecretShapeError::SchemePrefix);
    }
    value
        .bytes()
        .position(|b| !(0x21..=0x7e).contains(&b))
        .map(|position| SecretShapeError::Unprintable { position })
}

/// Twelve hex digits of SHA-256 over a domain prefix and the token.
///
/// Safe to log: a SCIM token has at least 128 bits, so a prefix of its digest
/// cannot be searched. Two equal fingerprints mean the same token.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, Debug,
)]
#[serde(transparent)]
pub struct Fingerprint(String);

const HEX: &[u8; 16] = b"0123456789abcdef";

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

/// Where a credential is read from. A credential is never written into the
/// configuration itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretRef {
    /// A field of a secret in Vault (KV v2): `{ vault = "kv/admin/auth0#client_secret" }`.
    Vault {
        /// `<mount>/<path>` without `data/`.
        path: String,
        /// Field of the secret.
        field: String,
    },
    /// A field of what an engine of Vault makes under a Vault lease:
    /// `{ vault = "terraform/creds/scim#token", lease = true }`.
    VaultLease {
        /// The whole path as Vault's API has it.
        path: String,
        /// Field of the answer.
        field: String,
    },
    /// A file, read again whenever it is needed: `{ file = "/run/secrets/x" }`.
    File(std::path::PathBuf),
    /// An environment variable, read once at start: `{ env = "NAME" }`.
    Env(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault { path, field } => write!(f, "Vault secret {path}#{field}"),
            Self::VaultLease { path, field } => write!(f, "Vault engine {path}#{field}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// 256 bits from the operating system's generator, through AWS-LC.
///
/// # Panics
/// When the operating system refuses random bytes: nothing safe can follow.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without random bytes no secret can be made, and going on would be worse"
)]
pub fn random_256() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the home of random bytes"
    )]
    rand::fill(bytes.as_mut_slice()).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_cannot_be_sent_are_refused_by_name() {
        let cases = [
            ("", SecretShapeError::Empty),
            ("token\n", SecretShapeError::SurroundingSpace),
            (" token", SecretShapeError::SurroundingSpace),
            ("Bearer abc", SecretShapeError::SchemePrefix),
            ("to ken", SecretShapeError::Unprintable { position: 2 }),
            ("tök", SecretShapeError::Unprintable { position: 1 }),
        ];
        for (value, expected) in cases {
            assert_eq!(BearerToken::parse(value).err(), Some(expected), "{value:?}");
        }
        let long = "a".repeat(MAX_TOKEN_LEN + 1);
        assert_eq!(
            BearerToken::parse(long).err(),
            Some(SecretShapeError::TooLong)
        );
        assert!(
            BearerToken::parse("Zm9v==:YmFy").is_ok(),
            "Tableau's shape is accepted"
        );
    }

    #[test]
    fn debug_tells_nothing() {
        let token = BearerToken::parse("canary-7f3a").expect("valid");
        assert_eq!(format!("{token:?}"), "BearerToken([redacted])");
        assert!(!token.fingerprint().as_str().contains("canary"));
    }

    #[test]
    fn fingerprints_tell_tokens_apart() {
        assert_eq!(Fingerprint::of("a"), Fingerprint::of("a"));
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
        // SHA-256 of the prefix and the value, by another program.
        assert_eq!(Fingerprint::of("a").as_str(), "908ecbfba0b9");
    }
}
