//! Stars over what may be a secret, before lines of a file are shown.
//!
//! A credential must not stand in a configuration; when one does, the message
//! that says so must not carry it into a log. Offsets stay as they are.

use std::ops::Range;

/// Endings of keys whose string values are taken for secrets.
const SECRET_KEYS: [&str; 10] = [
    "secret",
    "secret_id",
    "password",
    "passphrase",
    "private_key",
    "api_key",
    "apikey",
    "bearer",
    "access_token",
    "refresh_token",
];

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
        for span in secrets_in(line) {
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
        secret_line |= SECRET_KEYS.iter().any(|ending| key.ends_with(ending));
        let reference = REFERENCE_KEYS.contains(&key.as_str());
        let value = equals + 1 + leading_space(&line[equals + 1..]);
        at = value;
        if let Some(quote) = line[value..].chars().next().filter(|c| "\"'".contains(*c)) {
            let inner = value + 1;
            let end = line[inner..].find(quote).map_or(line.len(), |e| inner + e);
            if secret_line && !reference {
                found.push(inner..end);
            }
            at = (end + 1).min(line.len());
        }
    }
    found
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
            ("\"api_key\"=\"ä\"", "\"api_key\"=\"**\""),
            ("address = \"https://v\"", "address = \"https://v\""),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text, std::iter::empty()), expected);
        }
    }

    #[test]
    fn spans_are_starred_without_moving_a_line() {
        let text = "a = \"\"\"x\ny\"\"\"\n";
        let starred = masked(text, std::iter::once(4..13));
        assert_eq!(starred, "a = \"\"\"*\n*\"\"\"\n");
    }
}
