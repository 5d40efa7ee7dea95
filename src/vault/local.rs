//! Credentials outside Vault: files and environment variables.

use std::path::Path;

use crate::environment;
use crate::files::{self, FileFault};
use crate::secret::{MAX_SECRET_LEN, SecretRef, SecretText};

/// Reads a credential from its file or variable. `what` names it for a person.
///
/// A file loses one line end at its end, since editors and `echo` write one; a
/// variable loses nothing.
///
/// # Errors
/// Names the place and the remedy, never the value.
pub(super) async fn read(reference: &SecretRef, what: &str) -> Result<SecretText, String> {
    let text = match reference {
        SecretRef::Vault { .. } | SecretRef::VaultLease { .. } => Err(format!(
            "{what} refers to Vault: write {{ file = \"/path\" }} or {{ env = \"NAME\" }}"
        )),
        SecretRef::File(path) => read_file(path)
            .await
            .map_err(|reason| format!("{what} cannot be read from {reference}: {reason}")),
        SecretRef::Env(name) => environment::variable(name)
            .ok_or_else(|| format!("{what}: the {reference} is not set, or is not text")),
    };
    SecretText::parse(text?).map_err(|error| unusable(what, reference, &error))
}

/// The same for a credential that will stand in a header.
///
/// # Errors
/// As [`read`], and when no header can carry it.
pub(super) async fn read_for_header(
    reference: &SecretRef,
    what: &str,
) -> Result<SecretText, String> {
    let secret = read(reference, what).await?;
    match secret.header_obstacle() {
        Some(obstacle) => Err(unusable(what, reference, &obstacle)),
        None => Ok(secret),
    }
}

fn unusable(what: &str, reference: &SecretRef, why: &dyn std::fmt::Display) -> String {
    format!("{what} in {reference} cannot be used: {why}")
}

async fn read_file(path: &Path) -> Result<String, String> {
    // A line end more than a credential has.
    let most = MAX_SECRET_LEN as u64 + 2;
    let bytes = files::read_aside(path.to_owned(), most).await;
    let bytes = bytes.map_err(|fault| {
        let is_long = matches!(fault, FileFault::TooLong(_));
        if is_long {
            TOO_LONG.to_owned()
        } else {
            fault.told()
        }
    })?;
    let content = without_line_end(&bytes);
    if content.len() > MAX_SECRET_LEN {
        return Err(TOO_LONG.to_owned());
    }
    let text = str::from_utf8(content).map_err(|_| NO_TEXT.to_owned())?;
    Ok(text.to_owned())
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    match bytes.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => bytes,
    }
}

const TOO_LONG: &str = "it has more than 65536 bytes: not a credential";
const NO_TEXT: &str = "it is not text in UTF-8";

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_content(content: &[u8]) -> (String, Result<SecretText, String>) {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), content).expect("written");
        let reference = SecretRef::File(file.path().to_owned());
        let read = read(&reference, "the secret-id").await;
        (reference.to_string(), read)
    }

    #[tokio::test]
    async fn a_file_loses_one_line_end_and_nothing_else() {
        let pem = "-----BEGIN KEY-----\nMIGH\nAgEA\n-----END KEY-----";
        let long = "ey.".repeat(2000);
        let cases = [
            ("secret".to_owned(), "secret"),
            ("secret\n".to_owned(), "secret"),
            ("secret\r\n".to_owned(), "secret"),
            ("secret\n\n".to_owned(), "secret\n"),
            ("secret\r\n\r\n".to_owned(), "secret\r\n"),
            ("secret\r".to_owned(), "secret\r"),
            (" \tsecret \n".to_owned(), " \tsecret "),
            ("Bearer secret".to_owned(), "Bearer secret"),
            ("grün, wie immer\n".to_owned(), "grün, wie immer"),
            (format!("{pem}\n"), pem),
            (format!("{long}\n"), long.as_str()),
            (
                format!("{}\r\n", "x".repeat(MAX_SECRET_LEN)),
                &"x".repeat(MAX_SECRET_LEN),
            ),
        ];
        for (content, expected) in cases {
            let (_, read) = read_content(content.as_bytes()).await;
            assert_eq!(read.as_ref().map(SecretText::expose), Ok(expected));
        }
    }

    #[tokio::test]
    async fn a_file_says_what_is_wrong_with_it() {
        let long = "canary".repeat(MAX_SECRET_LEN);
        let cases: [(&[u8], &str); 6] = [
            (b"", "empty"),
            (b"\n", "empty"),
            (b"\r\n", "empty"),
            (b"canary\0", "NUL"),
            (b"canary\xff", "not text"),
            (long.as_bytes(), "more than 65536 bytes"),
        ];
        for (content, expected) in cases {
            let (place, read) = read_content(content).await;
            let error = read.expect_err(expected);
            for part in [expected, "the secret-id", &place] {
                assert!(error.contains(part), "{error}");
            }
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_device_without_end_is_not_read() {
        let endless = SecretRef::File("/dev/zero".into());
        let error = read(&endless, "the secret-id").await.expect_err("endless");
        assert!(error.contains("a device, not a regular file"), "{error}");
    }

    #[tokio::test]
    async fn for_a_header_more_is_asked() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "canary\n\n").expect("written");
        let reference = SecretRef::File(file.path().to_owned());
        let error = read_for_header(&reference, "the Vault token").await;
        let error = error.expect_err("no header carries it");
        let place = reference.to_string();
        for part in ["the Vault token", place.as_str(), "line end"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("canary"), "{error}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_named() {
        let missing = SecretRef::File("/nonexistent/secret-id".into());
        let error = read(&missing, "the secret-id").await.expect_err("missing");
        assert!(error.contains("no such file") && error.contains("/nonexistent/secret-id"));
        let unset = SecretRef::Env("SCIM_ROTATOR_NEVER_SET".to_owned());
        let error = read(&unset, "the Vault token").await.expect_err("unset");
        assert!(error.contains("SCIM_ROTATOR_NEVER_SET"), "{error}");
    }
}
