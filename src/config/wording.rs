//! Turns the parser's messages into what is wrong and what to do.

use crate::problem::nearest;
use crate::value::https_of;

/// What is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wording {
    pub(super) message: String,
    pub(super) remedy: String,
}

pub(super) const SEE: &str = "config/complete.toml shows every key with its meaning";

/// Puts a message of the typed reader into words. `also` are names that are
/// known besides those that the message lists.
pub(super) fn explain(raw: &str, also: &[&str]) -> Wording {
    if let Some((name, known)) = unknown(raw, "unknown field `") {
        return unknown_name("key", &name, &merge(&known, also));
    }
    if let Some((name, known)) = unknown(raw, "unknown variant `") {
        let known = merge(&known, &[]);
        let mut wording = unknown_name("choice", &name, &known);
        if !is_quoted(&name, &known) {
            // It may be a secret in the wrong place.
            wording.message = "there is no such choice".to_owned();
        }
        return wording;
    }
    if let Some(name) = missing_field(raw) {
        return Wording {
            message: format!("`{name}` is missing"),
            remedy: format!("add `{name} = …` here; {SEE}"),
        };
    }
    if raw.starts_with("wanted exactly 1 element") {
        return Wording {
            message: "exactly one kind must be chosen here".to_owned(),
            remedy: format!("keep one table of those below this name; {SEE}"),
        };
    }
    let known = wrong_type(raw).or_else(|| wrong_url(raw));
    known.unwrap_or_else(|| own_words(raw))
}

/// Whether nobody knows what the value was meant to be, so that it may be a
/// secret.
pub(super) fn is_far_off(raw: &str) -> bool {
    if let Some((name, known)) = unknown(raw, "unknown variant `") {
        return !is_quoted(&name, &merge(&known, &[]));
    }
    let table_expected =
        |(_, expected): (&str, &str)| in_words(expected).is_none_or(|w| w == TABLE);
    raw.starts_with("unknown field `")
        || raw
            .strip_prefix("invalid type: ")
            .is_some_and(|rest| rest.split_once(", expected ").is_some_and(table_expected))
}

/// Fewer letters begin too many words.
const SHORTEST_BEGINNING: usize = 3;

/// Longest word that is repeated to a person although it is like no known one.
const LONGEST_WORD: usize = 16;

/// Whether a wrong choice is repeated: a word that a person would choose, and not
/// what may be a secret.
pub(super) fn is_quoted(name: &str, known: &[&str]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    let is_word = !name.is_empty() && name.len() <= LONGEST_WORD && name.bytes().all(plain);
    is_word || nearest(name, known.iter().copied()).is_some()
}

const TABLE: &str = "a table";

/// What serde expects, in words; `None`: a sentence of somebody else's.
fn in_words(expected: &str) -> Option<&'static str> {
    let known = [
        ("struct ", TABLE),
        ("a map", TABLE),
        ("a sequence", "a list"),
        ("a string", "a text in quotes"),
        ("a boolean", "true or false"),
        ("a character", "one character in quotes"),
        ("u", "a whole number of zero or more"),
        ("i", "a whole number"),
    ];
    let is = |word: &str| match word {
        "u" | "i" => {
            let size = expected.strip_prefix(word);
            size.is_some_and(|s| s == "size" || s.parse::<u8>().is_ok())
        }
        word => expected.starts_with(word),
    };
    let found = known.into_iter().find(|(word, _)| is(word));
    found.map(|(_, words)| words)
}

/// serde quotes the value that it could not use; it may be a secret.
fn wrong_type(raw: &str) -> Option<Wording> {
    let value = raw.strip_prefix("invalid value: ");
    let rest = value.or_else(|| raw.strip_prefix("invalid type: "))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let message = match in_words(expected) {
        Some(wanted) if value.is_some() && found.starts_with("integer") => {
            format!("{wanted} is expected here, not this number")
        }
        Some(wanted) => format!("{wanted} is expected here, not {}", kind(found)),
        None if value.is_some() => format!("this cannot be used here: {expected}"),
        None => format!("{expected} is expected here, not {}", kind(found)),
    };
    let remedy = if in_words(expected) == Some("a text in quotes") {
        "write it in quotes; a length of time needs its unit, such as \"30d\"".to_owned()
    } else {
        format!("correct the value; {SEE}")
    };
    Some(Wording { message, remedy })
}

/// The URL library quotes the URL, after a short sentence.
fn wrong_url(raw: &str) -> Option<Wording> {
    let (why, url) = raw.split_once(": \"")?;
    let meant = https_of(url.trim_end_matches('"'));
    let meant = meant.unwrap_or_else(|| "https://host.example.com/path".to_owned());
    let words = ["URL", "host", "port number", "domain", "IPv4", "IPv6"];
    words
        .iter()
        .any(|word| why.contains(word))
        .then(|| Wording {
            message: format!("the URL cannot be used: {why}"),
            remedy: format!("write a whole URL, such as \"{meant}\""),
        })
}

/// What serde found, without the value.
fn kind(found: &str) -> &'static str {
    let kinds = [
        ("string", "a text"),
        ("integer", "a number"),
        ("floating", "a number"),
        ("boolean", "true or false"),
        ("sequence", "a list"),
        ("array", "a list"),
        ("map", TABLE),
        ("table", TABLE),
    ];
    let kind = kinds.into_iter().find(|(word, _)| found.starts_with(word));
    kind.map_or("this", |(_, words)| words)
}

/// The name that a "missing field" message complains of.
pub(super) fn missing_field(raw: &str) -> Option<&str> {
    raw.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The words that can be chosen where an unknown one stands.
pub(super) fn choices(raw: &str) -> Option<Vec<&str>> {
    let rest = raw.strip_prefix("unknown variant `")?;
    let known: Vec<&str> = rest.split('`').skip(2).step_by(2).collect();
    (!known.is_empty()).then_some(known)
}

/// The name that is meant by an unknown one, if it is misspelt.
pub(super) fn meant(raw: &str, also: &[&str]) -> Option<String> {
    let (name, known) = unknown(raw, "unknown field `")?;
    nearest(&name, merge(&known, also)).map(str::to_owned)
}

/// Our own messages carry their remedy after a colon.
fn own_words(raw: &str) -> Wording {
    for mark in [": write ", ": use ", ": choose "] {
        if let Some(at) = raw.find(mark) {
            return Wording {
                message: raw[..at].to_owned(),
                remedy: raw[at + 2..].to_owned(),
            };
        }
    }
    let remedy = if raw.contains("environment variable") {
        "set it for the service (with systemd: `Environment=`; in Kubernetes: `env`)".to_owned()
    } else {
        format!("correct the value; {SEE}")
    };
    Wording {
        message: raw.to_owned(),
        remedy,
    }
}

/// Words for a name that is not known here.
pub(super) fn unknown_name(what: &str, name: &str, known: &[&str]) -> Wording {
    let near = nearest(name, known.iter().copied()).or_else(|| only_part(name, known));
    let remedy = match (near, known) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("take it out: no {what} is known here"),
        (None, known) => format!("known here: {}", known.join(", ")),
    };
    Wording {
        message: format!("unknown {what} `{name}`"),
        remedy,
    }
}

/// The one known name that has this one as a part, as `by_label` has `label`, or that
/// it begins, as `prod` does `production`.
fn only_part<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let begins = |known: &str| name.len() >= SHORTEST_BEGINNING && known.starts_with(name);
    let holds = |known: &&&str| begins(known) || known.split('_').any(|part| part == name);
    let mut holding = known.iter().filter(holds);
    let first = holding.next()?;
    holding.next().is_none().then_some(*first)
}

fn unknown(raw: &str, prefix: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = raw.strip_prefix(prefix)?.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((name.to_owned(), known.collect()))
}

fn merge<'a>(known: &'a [String], also: &[&'a str]) -> Vec<&'a str> {
    let mut all: Vec<&str> = known.iter().map(String::as_str).collect();
    all.extend(also);
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_near_a_known_one_is_suggested() {
        let raw = "unknown field `overlapp`, expected one of `lifetime`, `overlap`";
        assert_eq!(explain(raw, &[]).remedy, "did you mean `overlap`?");
        let part = "unknown variant `label`, expected one of `by_label`, `none`";
        assert_eq!(explain(part, &[]).remedy, "did you mean `by_label`?");
        let beginning = "unknown variant `prod`, expected one of `production`, `test`";
        assert_eq!(explain(beginning, &[]).remedy, "did you mean `production`?");
        let far = "unknown field `zzz`, expected `overlap`";
        assert_eq!(explain(far, &["also"]).remedy, "known here: also, overlap");
    }

    #[test]
    fn values_that_do_not_fit_are_not_quoted() {
        let cases = [
            (
                "invalid type: integer `5`, expected a string",
                "a text in quotes is expected here, not a number",
                false,
            ),
            (
                "invalid type: string \"canary\", expected u32",
                "a whole number of zero or more is expected here, not a text",
                false,
            ),
            (
                "invalid type: string \"canary\", expected struct RawWindows",
                "a table is expected here, not a text",
                true,
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "a whole number of zero or more is expected here, not this number",
                false,
            ),
            (
                "invalid value: string \"canary\", expected a character",
                "one character in quotes is expected here, not a text",
                false,
            ),
            (
                "relative URL without a base: \"canary\"",
                "the URL cannot be used: relative URL without a base",
                false,
            ),
            (
                "unknown variant `canary7`, expected one of `none`, `bearer`",
                "there is no such choice",
                true,
            ),
            (
                "unknown variant `canaryofseventeen`, expected one of `none`, `bearer`",
                "there is no such choice",
                true,
            ),
            (
                "unknown variant `label`, expected one of `by_label`, `none`",
                "unknown choice `label`",
                false,
            ),
            (
                "unknown variant `baerer`, expected one of `none`, `bearer`",
                "unknown choice `baerer`",
                false,
            ),
            ("unknown field `x`, expected `y`", "unknown key `x`", true),
        ];
        for (raw, message, far_off) in cases {
            assert_eq!(explain(raw, &[]).message, message);
            assert_eq!(is_far_off(raw), far_off, "{raw}");
        }
    }

    #[test]
    fn remedies_in_our_own_messages_are_told_apart() {
        let wording = explain(
            "`5` is not a length of time: write a number with a unit",
            &[],
        );
        assert_eq!(wording.message, "`5` is not a length of time");
        assert_eq!(wording.remedy, "write a number with a unit");
    }
}
