//! Times and commands in the sentences of states.

use jiff::{SignedDuration, Timestamp};

/// A time as sentences have it, to the minute.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A time within the next day.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// A length in hours, or in minutes if it is short.
pub(super) fn span(length: SignedDuration) -> String {
    match length.as_mins() {
        minutes @ ..=119 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// `scim-rotator <verb> <token>`.
pub(super) fn command(verb: &str, token: &str) -> String {
    format!("scim-rotator {verb} {}", quoted(token))
}

/// The command that rotates a token past the limit of issues and the windows.
#[must_use]
pub fn override_guards(token: &str) -> String {
    command("rotate", token) + " --override-guards --reason TEXT"
}

/// The command that writes a new token, from a file, to the place where it is
/// published. A compromised token needs one more word of the person.
#[must_use]
pub fn supply(token: &str, vault_path: &str, field: &str, compromised: bool) -> String {
    let field = match field.is_empty() {
        true => "token",
        false => field,
    };
    let put = format!(
        "vault kv put {} {}=@file",
        quoted(vault_path),
        quoted(field)
    );
    match compromised {
        true => {
            let then = command("rotate", token) + " --compromised --supplied --reason TEXT";
            format!("{put} && {then}")
        }
        false => put,
    }
}

/// What a person is told who has to supply the next token: how to make it, and the
/// command that writes it.
#[must_use]
pub fn your_turn(how: Option<&str>, command: &str) -> String {
    let how = how.map(str::trim).filter(|how| !how.is_empty());
    let how = how.map(|how| format!(" ({})", how.trim_end_matches('.')));
    format!(
        "waiting for you: create a token{}, then `{command}`",
        how.unwrap_or_default()
    )
}

/// A text of somebody else as a sentence: with one full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    match text.ends_with(['.', '!', '?']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// The same with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}
