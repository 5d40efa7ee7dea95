//! The managed token: what an identity provider holds for a service provider.

use std::fmt;

use zeroize::Zeroizing;

use super::{ClientParts, Fingerprint, SecretText};

/// Longest token that is accepted, in bytes. Service providers cut HTTP header
/// lines at about 8 KiB; a bearer token above half of that is a mistake.
pub const MAX_TOKEN_LEN: usize = 4096;

/// Longest access token that is accepted for a client secret, in bytes. It is never
/// stored or delivered, and authorization servers write many claims into theirs:
/// whether it is too long is for the service provider to say.
pub const MAX_ACCESS_TOKEN_LEN: usize = 16 * 1024;

/// A SCIM bearer token, or the client secret that is exchanged for one. It is a
/// [`SecretText`] that obeys the rules of a token: an identity provider must be able
/// to send it in an `Authorization` header. A client secret has its client's parts
/// with it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken {
    text: SecretText,
    client: Option<Box<ClientParts>>,
}

impl BearerToken {
    /// Accepts a token that can stand in an HTTP header as it is.
    ///
    /// # Errors
    /// Names what is wrong, never the value: empty, too long, a `Bearer `
    /// prefix, white space at an end (the trailing newline of a file), or a
    /// byte outside visible ASCII.
    pub fn parse(value: impl Into<String>) -> Result<Self, TokenShapeError> {
        Self::bounded(value.into(), MAX_TOKEN_LEN)
    }

    /// Accepts an access token that was granted for a client secret: as
    /// [`BearerToken::parse`], up to [`MAX_ACCESS_TOKEN_LEN`].
    ///
    /// # Errors
    /// As [`BearerToken::parse`].
    pub fn parse_access(value: impl Into<String>) -> Result<Self, TokenShapeError> {
        Self::bounded(value.into(), MAX_ACCESS_TOKEN_LEN)
    }

    fn bounded(value: String, limit: usize) -> Result<Self, TokenShapeError> {
        let value = Zeroizing::new(value);
        match shape_error(&value, limit) {
            Some(error) => Err(error),
            None => Ok(Self {
                text: SecretText::checked(value),
                client: None,
            }),
        }
    }

    /// The bytes. Only ports call this, at the moment of use.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// A short name for this value that tells nothing about it. The parts of a
    /// client are not in it: a secret belongs to one client.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.text.fingerprint()
    }

    /// The parts of the client whose secret this is; `None` for a token that is
    /// used as it is.
    #[must_use]
    pub fn client(&self) -> Option<&ClientParts> {
        self.client.as_deref()
    }

    /// The same secret with these parts of its client.
    #[must_use]
    pub fn of_client(mut self, parts: Option<ClientParts>) -> Self {
        self.client = parts.map(Box::new);
        self
    }

    /// The same secret, of the client with this id.
    #[must_use]
    pub fn with_client_id(mut self, id: impl Into<String>) -> Self {
        self.client.get_or_insert_default().id = Some(id.into());
        self
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        self.text.matches(other)
    }
}

impl From<BearerToken> for SecretText {
    fn from(token: BearerToken) -> Self {
        token.text
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}

/// Why a value cannot be a bearer token. Carries no part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenShapeError {
    /// Nothing there.
    #[error("the token is empty")]
    Empty,
    /// Longer than is accepted.
    #[error("the token is longer than {limit} bytes")]
    TooLong {
        /// How many bytes are accepted.
        limit: usize,
    },
    /// The scheme was pasted along with the token.
    #[error("the token begins with `Bearer `: store the token alone, without the scheme")]
    SchemePrefix,
    /// White space at an end.
    #[error(
        "the token begins or ends with white space or a newline: write it without one (`printf %s`, not `echo`)"
    )]
    SurroundingSpace,
    /// A byte that no HTTP header may carry in a credential.
    #[error(
        "the token holds a character outside visible ASCII (byte {position}): it cannot be sent in an Authorization header"
    )]
    Unprintable {
        /// Offset of the first offending byte.
        position: usize,
    },
}

fn shape_error(value: &str, limit: usize) -> Option<TokenShapeError> {
    if value.is_empty() {
        return Some(TokenShapeError::Empty);
    }
    if value.len() > limit {
        return Some(TokenShapeError::TooLong { limit });
    }
    if value.trim() != value {
        return Some(TokenShapeError::SurroundingSpace);
    }
    let scheme = value.get(..7).map(str::to_ascii_lowercase);
    if scheme.as_deref() == Some("bearer ") {
        return Some(TokenShapeError::SchemePrefix);
    }
    value
        .bytes()
        .position(|b| !(0x21..=0x7e).contains(&b))
        .map(|position| TokenShapeError::Unprintable { position })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_cannot_be_sent_are_refused_by_name() {
        let cases = [
            ("", TokenShapeError::Empty),
            ("token\n", TokenShapeError::SurroundingSpace),
            (" token", TokenShapeError::SurroundingSpace),
            ("Bearer abc", TokenShapeError::SchemePrefix),
            ("to ken", TokenShapeError::Unprintable { position: 2 }),
            ("tök", TokenShapeError::Unprintable { position: 1 }),
        ];
        for (value, expected) in cases {
            assert_eq!(BearerToken::parse(value).err(), Some(expected), "{value:?}");
        }
        let too_long = |limit| Some(TokenShapeError::TooLong { limit });
        let long = "a".repeat(MAX_TOKEN_LEN + 1);
        assert_eq!(
            BearerToken::parse(long.clone()).err(),
            too_long(MAX_TOKEN_LEN)
        );
        assert!(BearerToken::parse_access(long).is_ok());
        let longer = "a".repeat(MAX_ACCESS_TOKEN_LEN + 1);
        assert_eq!(
            BearerToken::parse_access(longer).err(),
            too_long(MAX_ACCESS_TOKEN_LEN)
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
        assert!(!token.fingerprint().short().contains("canary"));
    }
}
