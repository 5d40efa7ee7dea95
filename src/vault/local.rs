//! Credentials outside Vault: files and environment variables.

use zeroize::Zeroizing;

use crate::secret::{BearerToken, MAX_TOKEN_LEN, SecretRef};

/// Reads a credential from its file or variable. `what` names it for a person.
///
/// # Errors
/// Names the place and the remedy, never the value.
pub(super) async fn read(reference: &SecretRef, what: &str) -> Result<BearerToken, String> {
    let text = read_text(reference, what).await?;
    usable(text, reference, what)
}

/// The same, for files that other programs write: one line end is removed.
///
/// # Errors
/// Names the place and the remedy, never the value.
pub(super) async fn read_line(reference: &SecretRef, what: &str) -> Result<BearerToken, String> {
    let text = Zeroizing::new(read_text(reference, what).await?);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    usable(line.to_owned(), reference, what)
}

fn usable(text: String, reference: &SecretRef, what: &str) -> Result<BearerToken, String> {
    BearerToken::parse(text)
        .map_err(|error| format!("{what} in {reference} cannot be used: {error}"))
}

async fn read_text(reference: &SecretRef, what: &str) -> Result<String, String> {
    match reference {
        SecretRef::Vault { .. } | SecretRef::VaultLease { .. } => Err(format!(
            "{what} refers to Vault: write {{ file = \"/path\" }} or {{ env = \"NAME\" }}"
        )),
        SecretRef::File(path) => read_file(path)
            .await
            .map_err(|reason| format!("{what} cannot be read from {reference}: {reason}")),
        SecretRef::Env(name) => read_env(name)
            .ok_or_else(|| format!("{what}: the {reference} is not set, or is not text")),
    }
}

async fn read_file(path: &std::path::Path) -> Result<String, String> {
    let size = tokio::fs::metadata(path).await.map_err(io_reason)?.len();
    if size > MAX_TOKEN_LEN as u64 {
        return Err(format!("it has {size} bytes: not a credential"));
    }
    tokio::fs::read_to_string(path).await.map_err(io_reason)
}

fn io_reason(error: std::io::Error) -> String {
    use std::io::ErrorKind;
    let kind = error.kind();
    let known = [
        (ErrorKind::NotFound, "there is no such file"),
        (
            ErrorKind::PermissionDenied,
            "permission denied: give the service's user the right to read it",
        ),
        (ErrorKind::InvalidData, "it is not text"),
    ];
    let text = known
        .iter()
        .find(|(k, _)| *k == kind)
        .map(|(_, text)| *text);
    text.map_or_else(|| kind.to_string(), str::to_owned)
}

#[expect(
    clippy::disallowed_methods,
    reason = "credential references to the environment are resolved here only"
)]
fn read_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn a_file_says_what_is_wrong_with_it() {
        let cases = [
            ("good-secret-id", None),
            ("canary-secret\n", Some("newline")),
            ("", Some("empty")),
            ("Bearer canary-secret", Some("scheme")),
        ];
        for (content, expected) in cases {
            let mut file = tempfile::NamedTempFile::new().expect("file");
            file.write_all(content.as_bytes()).expect("written");
            let reference = SecretRef::File(file.path().to_owned());
            match (read(&reference, "the secret-id").await, expected) {
                (Ok(value), None) => assert_eq!(value.expose(), content),
                (Err(error), Some(part)) => {
                    assert!(error.contains(part), "{error}");
                    assert!(error.contains("the secret-id"), "{error}");
                    assert!(!error.contains("canary"), "{error}");
                }
                (other, _) => panic!("{content:?}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn one_line_end_is_taken_off_where_other_programs_write() {
        let cases = [
            ("ey.J.x", true),
            ("ey.J.x\n", true),
            ("ey.J.x\r\n", true),
            ("ey.J.x\n\n", false),
            (" ey.J.x", false),
            ("\n", false),
            ("", false),
        ];
        for (content, good) in cases {
            let mut file = tempfile::NamedTempFile::new().expect("file");
            file.write_all(content.as_bytes()).expect("written");
            let reference = SecretRef::File(file.path().to_owned());
            let read = read_line(&reference, "the JWT").await;
            let expected = good.then_some("ey.J.x");
            assert_eq!(read.as_ref().ok().map(BearerToken::expose), expected);
        }
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
