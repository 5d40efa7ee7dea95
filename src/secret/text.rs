//! A secret of any text: what the daemon itself authenticates with.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use super::Fingerprint;

/// Longest credential that is accepted, in bytes. Access tokens of 6 kB and
/// PEM files with a chain of certificates are real; more than this is a wrong
/// file.
pub const MAX_SECRET_LEN: usize = 64 * 1024;

/// Who is told of each secret, so that the logs can mask it.
static WATCHER: OnceLock<fn(&str)> = OnceLock::new();

/// Has `tell` called with every secret that is made from now on. The first
/// caller wins; it must keep no copy.
pub fn watch(tell: fn(&str)) {
    WATCHER.get_or_init(|| tell);
}

/// Has a text masked in everything that leaves the process that is a secret and
/// not of the type [`SecretText`]: the cookie of a session, for example.
pub fn announce(secret: &str) {
    if let Some(tell) = WATCHER.get() {
        tell(secret);
    }
}

/// A credential: a password, an API key, a PEM key, an access token. Any text
/// without NUL, from one byte to [`MAX_SECRET_LEN`]; every character counts,
/// also blanks and line ends at its ends. (A type of our own rather than
/// `secrecy`'s: each one is announced to [`watch`], and compares in constant time.)
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Accepts any text of a sensible length.
    ///
    /// # Errors
    /// Names what is wrong, never the value.
    pub fn parse(value: impl Into<String>) -> Result<Self, SecretTextError> {
        let value = Zeroizing::new(value.into());
        if value.is_empty() {
            return Err(SecretTextError::Empty);
        }
        if value.len() > MAX_SECRET_LEN {
            return Err(SecretTextError::TooLong);
        }
        if value.contains('\0') {
            return Err(SecretTextError::Nul);
        }
        Ok(Self::checked(value))
    }

    /// Takes what the caller has checked, and has the logs mask it.
    pub(super) fn checked(value: Zeroizing<String>) -> Self {
        announce(&value);
        Self(value)
    }

    /// The text. Only code that sends it calls this, at the moment of use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Tells whether the value changed; not for logs, see [`Fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.expose())
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }

    /// Why a header of HTTP cannot carry it as it is, if none can.
    #[must_use]
    pub fn header_obstacle(&self) -> Option<HeaderObstacle> {
        let text = self.expose();
        for (position, character) in text.char_indices() {
            match character {
                '\n' | '\r' => return Some(HeaderObstacle::LineEnd { position }),
                c if c.is_control() => return Some(HeaderObstacle::Control { position }),
                c if !c.is_ascii() => return Some(HeaderObstacle::NotAscii { position }),
                _ => {}
            }
        }
        (text.trim_matches(' ') != text).then_some(HeaderObstacle::BlankAtAnEnd)
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.expose())
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

/// Why a value cannot be a credential. Carries no part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretTextError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// Longer than [`MAX_SECRET_LEN`].
    #[error("it is longer than {MAX_SECRET_LEN} bytes: not a credential")]
    TooLong,
    /// A NUL character, which no credential holds: a binary file, or UTF-16.
    #[error("it holds a NUL character: write it as UTF-8 text")]
    Nul,
}

/// Why a header of HTTP cannot carry a credential. Carries no part of it but
/// the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderObstacle {
    /// A line end.
    #[error(
        "it holds a line end (byte {position}), which no header can carry; a value is written without one by `printf %s`, not by `echo`"
    )]
    LineEnd {
        /// Offset of the first offending byte.
        position: usize,
    },
    /// Another control character.
    #[error("it holds a control character (byte {position}), which no header can carry")]
    Control {
        /// Offset of the first offending byte.
        position: usize,
    },
    /// A character that is not ASCII: servers read it in different encodings.
    #[error("it holds a character that is not ASCII (byte {position}), which no header can carry")]
    NotAscii {
        /// Offset of the first offending byte.
        position: usize,
    },
    /// HTTP takes blanks off the ends of a header.
    #[error("it begins or ends with a blank, which HTTP takes off")]
    BlankAtAnEnd,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_without_nul_is_a_credential_and_is_kept_as_it_is() {
        let long = "ey.".repeat(2000);
        for text in [
            "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\nMBMG\n-----END PRIVATE KEY-----\n",
            "correct horse, groß und übel",
            " blanks count ",
            "\n",
            "Bearer abc",
            long.as_str(),
            &"x".repeat(MAX_SECRET_LEN),
        ] {
            let secret = SecretText::parse(text).expect("a credential");
            assert_eq!(secret.expose(), text);
        }
    }

    #[test]
    fn what_cannot_be_a_credential_is_refused_by_name() {
        let cases = [
            (String::new(), SecretTextError::Empty),
            ("x".repeat(MAX_SECRET_LEN + 1), SecretTextError::TooLong),
            ("can\0ary".to_owned(), SecretTextError::Nul),
        ];
        for (text, expected) in cases {
            let error = SecretText::parse(text).expect_err("refused");
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("can"), "{error}");
        }
    }

    #[test]
    fn debug_tells_nothing() {
        let secret = SecretText::parse("canary 7f3a").expect("valid");
        assert_eq!(format!("{secret:?}"), "SecretText([redacted])");
        assert!(!secret.fingerprint().short().contains("canary"));
    }

    #[test]
    fn what_a_header_cannot_carry_is_told_with_its_place() {
        let cases = [
            ("p3.ss w0rd!", None),
            ("key\n", Some(HeaderObstacle::LineEnd { position: 3 })),
            ("a\r\nb", Some(HeaderObstacle::LineEnd { position: 1 })),
            ("a\tb", Some(HeaderObstacle::Control { position: 1 })),
            ("grün", Some(HeaderObstacle::NotAscii { position: 2 })),
            (" key", Some(HeaderObstacle::BlankAtAnEnd)),
            ("key ", Some(HeaderObstacle::BlankAtAnEnd)),
        ];
        for (text, expected) in cases {
            let secret = SecretText::parse(text).expect("a credential");
            assert_eq!(secret.header_obstacle(), expected, "{text:?}");
        }
    }
}
