//! The search for secrets in what a program said.

use std::collections::BTreeSet;

use scim_rotator::secret::spellings::spellings;

/// Part of a secret that must not appear even alone.
const WINDOW: usize = 16;

/// Where one of these secrets stands in a text, whole or in part, plain or
/// encoded. The secret itself is not repeated.
pub fn find(text: &[u8], secrets: &BTreeSet<String>) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let found = secrets
        .iter()
        .flat_map(|secret| pieces(secret))
        .flat_map(|piece| spellings(&piece))
        .find_map(|form| Some((form.way, text.find(form.text.as_str())?, form.text.len())));
    if let Some((way, at, length)) = found {
        return Some(format!("{way}: {}", around(&text, at, length)));
    }
    vault_token(&text).map(|at| format!("a token of Vault's: {}", around(&text, at, 24)))
}

/// The secret, and each window of what follows its last dot: what stands before
/// may be a public id or the header of a JWT. No window reaches over the end of a
/// line, and the first and last line of PEM tell nothing.
fn pieces(secret: &str) -> Vec<String> {
    let tail = secret.rsplit('.').next().unwrap_or(secret);
    let lines = tail.lines().filter(|line| !line.starts_with("-----"));
    let windows = lines.flat_map(|line| line.as_bytes().windows(WINDOW).step_by(WINDOW / 2));
    let windows = windows.map(|w| String::from_utf8_lossy(w).into_owned());
    std::iter::once(secret.to_owned()).chain(windows).collect()
}

/// A token that Vault gave the daemon: the tests never learn it.
fn vault_token(text: &str) -> Option<usize> {
    let begins = text.match_indices("hvs.").map(|(at, _)| at);
    let mut tokens = begins.filter(|at| {
        let tail = text[at + 4..].bytes();
        tail.take_while(u8::is_ascii_alphanumeric).count() >= WINDOW
    });
    tokens.next()
}

/// The line in which it stands, without the secret.
fn around(text: &str, at: usize, length: usize) -> String {
    let begin = text[..at].rfind('\n').map_or(0, |line| line + 1);
    let rest = text.get(at + length..).unwrap_or_default();
    let end = rest.find('\n').unwrap_or(rest.len());
    format!("{}[HERE]{}", &text[begin..at], &rest[..end])
}
