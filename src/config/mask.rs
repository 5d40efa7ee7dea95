//! Stars over what may be a secret, before lines of a file are shown.
//!
//! A credential must not stand in a configuration; when one does, the message
//! that says so must not carry it into a log. Offsets stay as they are.

use std::ops::Range;

/// Endings of keys whose string values are taken for secrets.
const SECRET_KEYS: [&str; 14] = [
    "secret",
    "secret_id",
    "password",
    "passwd",
    "passphrase",
    "private_key",
    "api_key",
    "apikey",
    "access_key",
    "authorization",
    "bearer",
    "access_token",
    "refresh_token",
    "bearer_token",
];

/// Endings of further keys: a secret may stand there by mistake.
const NEAR_SECRETS: [&str; 3] = ["auth", "secrets", "cookie"];

/// Keys whose values everybody may read, also in a line that TOML cannot read.
pub(super) const SHOWN: [&str; 26] = [
    "address",
    "connections",
    "environment",
    "expiry",
    "format",
    "include",
    "issue_effect",
    "issuer",
    "lifetime",
    "listen",
    "live_tokens",
    "max_age",
    "namespace",
    "overlap",
    "owner",
    "probe_every",
    "recovery",
    "renew_at",
    "renew_before",
    "renew_cron",
    "revoke",
    "scim_url",
    "state_path",
    "time_zone",
    "vault_path",
    "vendors",
];

/// Whether the value of a key may be shown although nobody knows where it ends.
pub(super) fn is_shown(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default();
    SHOWN.contains(&last)
}

/// Whether a key is called like one that holds a secret.
pub(super) fn sounds_secret(key: &str) -> bool {
    ends_like(key, &SECRET_KEYS)
}

fn ends_like(key: &str, endings: &[&str]) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    endings.iter().any(|ending| key.ends_with(ending))
}

/// Keys of a credential reference: their values name a place.
const REFERENCE_KEYS: [&str; 3] = ["vault", "file", "env"];

/// The text with the given spans, and the strings of keys that sound like
/// secrets, starred out.
pub(super) fn masked(text: &str, spans: impl Iterator<Item = Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        star(&mut bytes, span);
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        for span in secrets_in(line).into_iter().chain(user_info(line)) {
            star(&mut bytes, start + span.start..start + span.end);
        }
        start += line.len();
    }
    // Every replaced run begins and ends at a character, so this cannot fail.
    String::from_utf8(bytes).unwrap_or_default()
}

fn star(bytes: &mut [u8], span: Range<usize>) {
    if let Some(run) = bytes.get_mut(span) {
        let keep = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'"' | b'\'');
        run.iter_mut()
            .filter(|byte| !keep(byte))
            .for_each(|byte| *byte = b'*');
    }
}

/// The quoted strings of a line whose key sounds like a secret.
fn secrets_in(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut secret_line = false;
    let mut at = 0;
    while let Some(equals) = line[at..].find('=').map(|offset| at + offset) {
        let key = last_word(&line[..equals]);
        secret_line |= sounds_secret(&key);
        let near = ends_like(&key, &NEAR_SECRETS);
        let reference = REFERENCE_KEYS.contains(&key.as_str());
        let value = equals + 1 + leading_space(&line[equals + 1..]);
        at = value;
        if let Some(quote) = line[value..].chars().next().filter(|c| "\"'".contains(*c)) {
            let inner = value + 1;
            let end = line[inner..].find(quote).map_or(line.len(), |e| inner + e);
            if (secret_line || near) && !reference {
                found.push(inner..end);
            }
            at = (end + 1).min(line.len());
        } else if secret_line && !reference && !line[value..].starts_with(['{', '[']) {
            // Without quotes nobody can tell where it ends.
            found.push(value..line.trim_end().len().max(value));
        }
    }
    found
}

/// User and password in URLs: `https://user:password@host`.
fn user_info(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (scheme, _) in line.match_indices("://") {
        let start = scheme + 3;
        let rest = &line[start..];
        let end = rest.find(|c: char| c.is_whitespace() || "/\"'`?#".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        if let Some(at) = authority.rfind('@') {
            found.push(start..start + at);
        }
    }
    found
}

/// A message without user and password of the URLs in it.
pub(super) fn without_user_info(message: &str) -> String {
    let mut bytes = message.as_bytes().to_vec();
    for span in user_info(message) {
        star(&mut bytes, span);
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The letters and digits of everything but keys and headers, in the lines of
/// this span and the one before it. Where the syntax is wrong, nobody can tell
/// a text from what is around it.
pub(super) fn values_in_lines(text: &str, span: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        // An error at the end of the file belongs to the last line.
        if end >= span.start && start <= span.end && !is_header(line) && !is_open(line) {
            let from = start + value_start(line);
            let inside = text[from..end].char_indices();
            let words = inside.filter(|(_, c)| c.is_alphanumeric());
            found.extend(words.map(|(at, c)| from + at..from + at + c.len_utf8()));
        }
        start = end;
    }
    found
}

/// Where the value of a line begins; at its start when it has no plain key. YAML
/// has a colon after its keys.
fn value_start(line: &str) -> usize {
    let plain = |c: char| c.is_alphanumeric() || "_-. \t".contains(c);
    match line.find(['=', ':']) {
        Some(end) if line[..end].chars().all(plain) => end,
        Some(_) | None => 0,
    }
}

/// Whether a line has one plain key and a value that may be shown.
fn is_open(line: &str) -> bool {
    let key = line[..value_start(line)].trim().trim_start_matches("- ");
    let alone = line.matches('=').count() + line.matches(": ").count() == 1;
    alone && is_shown(key)
}

fn is_header(line: &str) -> bool {
    let line = line.trim();
    let plain = |c: char| c.is_alphanumeric() || "_-.[] ".contains(c);
    line.starts_with('[') && line.chars().all(plain)
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn last_word(text: &str) -> String {
    let text = text.trim_end().trim_end_matches(['"', '\'']);
    let word = text.rsplit(|c: char| !(c.is_alphanumeric() || "_-".contains(c)));
    word.take(1).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_secret_keys_are_starred_and_references_stay() {
        let cases = [
            (
                "client_secret = \"hunter2\"\n",
                "client_secret = \"*******\"\n",
            ),
            (
                "client_secret = { file = \"/run/x\" }",
                "client_secret = { file = \"/run/x\" }",
            ),
            (
                "client_secret = { value = \"abc\" }",
                "client_secret = { value = \"***\" }",
            ),
            ("password = 'p", "password = '*"),
            ("password = hunter2 # x\n", "password = ***********\n"),
            ("secret_id = 5\n", "secret_id = *\n"),
            ("secret_id = \n", "secret_id = \n"),
            ("\"api_key\"=\"ä\"", "\"api_key\"=\"**\""),
            ("address = \"https://v\"", "address = \"https://v\""),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text, std::iter::empty()), expected);
        }
    }

    #[test]
    fn user_and_password_of_a_url_are_starred() {
        let cases = [
            ("u = \"https://u:p@h/x\"", "u = \"https://***@h/x\""),
            ("u = \"https://u:p@x@h\"", "u = \"https://*****@h\""),
            ("u = \"https://h/a@b\"", "u = \"https://h/a@b\""),
            (
                "u = [\"http://a@b\", \"http://c@d\"]",
                "u = [\"http://*@b\", \"http://*@d\"]",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text, std::iter::empty()), expected);
            assert_eq!(without_user_info(text), expected);
        }
    }

    #[test]
    fn where_the_syntax_is_wrong_only_keys_and_headers_stay() {
        let text = "[a.b]\nkey = canary # x\n{\"c\n";
        let starred = |span| {
            let spans = values_in_lines(text, &span);
            masked(text, spans.into_iter())
        };
        assert_eq!(starred(12..18), "[a.b]\nkey = ****** # *\n{\"c\n");
        let end = text.len();
        assert_eq!(starred(end..end), "[a.b]\nkey = canary # x\n{\"*\n");
        let cases = [
            ("issuer: world\n", "issuer: world\n"),
            ("- issuer: world\n", "- issuer: world\n"),
            ("address = https://u:p@h/x\n", "address = https://***@h/x\n"),
            ("admin_key: canary\n", "admin_key: ******\n"),
            (
                "issuer = world, key = canary\n",
                "issuer = *****, *** = ******\n",
            ),
        ];
        for (text, expected) in cases {
            let spans = values_in_lines(text, &(0..1));
            assert_eq!(masked(text, spans.into_iter()), expected);
        }
    }

    #[test]
    fn keys_that_are_shown_exist_and_are_no_credentials() {
        let known = crate::config::known_keys();
        for shown in SHOWN {
            let mut named = known
                .iter()
                .filter(|key| key.path.rsplit('.').next() == Some(shown));
            assert!(named.next().is_some(), "nothing has the key `{shown}`");
            let below = format!(".{shown}.vault");
            let is_credential = known
                .iter()
                .any(|key| key.path.ends_with(&below) && key.owner == "Credential");
            assert!(
                !is_credential && !sounds_secret(shown),
                "`{shown}` holds a secret"
            );
        }
    }

    #[test]
    fn spans_are_starred_without_moving_a_line() {
        let text = "a = \"\"\"x\ny\"\"\"\n";
        let starred = masked(text, std::iter::once(4..13));
        assert_eq!(starred, "a = \"\"\"*\n*\"\"\"\n");
    }
}
