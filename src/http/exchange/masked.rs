//! Values that an identity provider shows in place of a secret. A document that
//! goes back whole would put such a value over the secret.
//!
//! A mask may look like anything, so two things are looked at: whether the value
//! looks like a mask, and whether its field has the name of a secret. What is
//! written by us is not looked at.

use std::collections::BTreeSet;

use serde_json::Value;

/// Signs that stand for hidden characters. A few of one of them make a mask,
/// wherever they stand.
const COVERS: [char; 9] = ['*', '•', '●', '∙', '·', '█', '■', '▪', '⁎'];

/// How many of them.
const RUN: usize = 3;

/// Signs that make a mask if nothing else is there.
const FILLERS: &str = "xX#.-_=+?~…";

/// Words that stand in place of a secret, mostly in brackets.
const WORDS: [&str; 22] = [
    "redacted",
    "masked",
    "hidden",
    "secret",
    "sensitive",
    "protected",
    "encrypted",
    "confidential",
    "obfuscated",
    "removed",
    "concealed",
    "omitted",
    "private",
    "unchanged",
    "valuehidden",
    "hiddenvalue",
    "maskedvalue",
    "sensitivevalue",
    "secretvalue",
    "redactedvalue",
    "valueredacted",
    "notshown",
];

/// Those that are masks without brackets too: they are no settings.
const PLAIN_WORDS: [&str; 4] = ["redacted", "masked", "obfuscated", "redactedvalue"];

/// How the name of a field ends that holds a secret, without case and signs.
const SECRET_NAMES: [&str; 20] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "secretvalue",
    "token",
    "tokenvalue",
    "bearer",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "sharedkey",
    "credential",
    "credentials",
    "authorization",
];

/// Where an object says its own name, for pairs of a name and a value.
const OWN_NAMES: [&str; 5] = ["key", "name", "id", "field", "property"];

/// Where such an object has its value.
const OWN_VALUES: [&str; 3] = ["value", "values", "content"];

/// Flags by which an object says that its value is a secret.
const FLAGS: [&str; 6] = [
    "confidential",
    "sensitive",
    "secret",
    "masked",
    "encrypted",
    "protected",
];

/// What is said of a value that may be a mask.
pub(super) fn refused(at: &str) -> String {
    format!(
        "the value at `{at}` may be shown in place of a secret, and would be written over that secret: name the place in `drop` if what is left out stays as it is, or in `keep` if the value is shown as it is"
    )
}

/// The place of the first value that looks like a mask, whatever the name of
/// its field.
pub(super) fn find_mask(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, field)| find_mask(field, &format!("{at}/{}", escaped(name)))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_mask(item, &format!("{at}/{index}"))),
        Value::String(text) => looks_masked(text).then(|| at.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The place of the first value that may be a mask, other than those that were
/// `written` and those at places that are kept.
pub(super) fn find(
    document: &Value,
    written: &BTreeSet<String>,
    is_kept: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let search = Search { written, is_kept };
    search.value(document, "", false)
}

/// Shows every text in fields that have the name of a secret, or of a session.
pub(super) fn each_secret(value: &Value, look: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let named = is_secret_name(name)
                    || is_session_name(name)
                    || is_value_of_a_secret(value, name);
                match field.as_str() {
                    Some(text) if named => look(text),
                    Some(_) | None => each_secret(field, look),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_secret(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// All texts in a value, which we are about to write.
pub(super) fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Search<'s> {
    written: &'s BTreeSet<String>,
    is_kept: &'s dyn Fn(&str) -> bool,
}

impl Search<'_> {
    /// `secret`: the value belongs to a field with the name of a secret.
    fn value(&self, value: &Value, at: &str, secret: bool) -> Option<String> {
        if (self.is_kept)(at) {
            return None;
        }
        match value {
            Value::Object(fields) => {
                let mut all = fields.iter();
                all.find_map(|(name, field)| {
                    let named = is_secret_name(name) || is_value_of_a_secret(value, name);
                    self.value(field, &format!("{at}/{}", escaped(name)), named)
                })
            }
            Value::Array(items) => {
                let mut all = items.iter().enumerate();
                all.find_map(|(index, item)| self.value(item, &format!("{at}/{index}"), secret))
            }
            Value::String(text) if self.written.contains(text) => None,
            Value::String(text) => self.text(text, at, secret),
            Value::Null if secret => Some(at.to_owned()),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn text(&self, text: &str, at: &str, secret: bool) -> Option<String> {
        if text.starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str::<Value>(text)
        {
            return self.value(&inner, at, secret);
        }
        (secret || looks_masked(text)).then(|| at.to_owned())
    }
}

/// Whether the text looks like what is shown in place of a secret.
pub(super) fn looks_masked(text: &str) -> bool {
    has_run(text) || is_filler(text) || is_word(text)
}

fn has_run(text: &str) -> bool {
    COVERS.iter().any(|cover| {
        let run: String = std::iter::repeat_n(*cover, RUN).collect();
        text.contains(&run)
    })
}

fn is_filler(text: &str) -> bool {
    let text = text.trim();
    let only = |c: char| FILLERS.contains(c) || COVERS.contains(&c) || c == ' ';
    text.chars().count() >= RUN && text.chars().all(only)
}

fn is_word(text: &str) -> bool {
    let text = text.trim();
    let bare: String = text
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    let bracketed = text.starts_with(['[', '<', '(', '{', '_', '*', '%', '$', '#'])
        && text.ends_with([']', '>', ')', '}', '_', '*', '%', '$', '#']);
    let words: &[&str] = if bracketed { &WORDS } else { &PLAIN_WORDS };
    words.contains(&bare.as_str())
}

fn is_secret_name(name: &str) -> bool {
    let bare: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    SECRET_NAMES.iter().any(|end| bare.ends_with(end))
}

fn is_session_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["session", "cookie", "csrf", "xsrf", "jwt", "ticket"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether `field` is the value of an object that names a secret, or that says
/// of itself that it is one.
fn is_value_of_a_secret(object: &Value, field: &str) -> bool {
    let own_name = |name: &&str| object.get(*name).and_then(Value::as_str);
    OWN_VALUES.contains(&field)
        && (flagged(object) || OWN_NAMES.iter().filter_map(own_name).any(is_secret_name))
}

fn flagged(object: &Value) -> bool {
    FLAGS
        .iter()
        .any(|flag| object.get(flag) == Some(&Value::Bool(true)))
}

/// RFC 6901.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
