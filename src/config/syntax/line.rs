//! One line that TOML cannot read: which other language it is written in, or
//! which quotes it lacks.

use std::ops::Range;

use crate::config::file::Source;
use crate::config::finding::Finding;
use crate::config::mask::{is_shown, without_user_info};

/// Quotes of typographers, which editors and chat programs put in place of those
/// that a person types.
const CURLY: [char; 8] = ['“', '”', '„', '‟', '‘', '’', '«', '»'];

/// What is written instead of a value that may be a secret.
const SOMETHING: &str = "…";

/// A line of a file.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

impl<'a> Line<'a> {
    pub(super) fn around(source: &'a Source, at: usize) -> Self {
        let span = source.lines.whole(&source.text, &(at..at));
        Self {
            text: source.text.get(span.clone()).unwrap_or_default(),
            span,
        }
    }

    /// What is wrong and what to write, where the line tells more than the parser.
    pub(super) fn mistake(&self, said: &str) -> Option<(String, String)> {
        if self.text.contains(CURLY) {
            let message = "these are no quotes of TOML, but those of a typographer: an editor or a chat program puts them in place of the ones that are typed".to_owned();
            return Some((message, self.with_straight_quotes()));
        }
        if let Some(yaml) = Yaml::of(self.text) {
            let message =
                "this line is written in YAML; TOML writes `=` between a key and its value";
            return Some((message.to_owned(), format!("write {}", yaml.in_toml())));
        }
        if said.contains("must be quoted") {
            let (key, value) = assignment(self.text)?;
            let message = format!("the text of `{key}` needs quotes");
            return Some((message, format!("write {}", written(key, value))));
        }
        None
    }

    fn with_straight_quotes(&self) -> String {
        match assignment(self.text) {
            Some((key, value)) => {
                let value = value.replace(CURLY, "\"");
                format!("write straight quotes: {}", written(key, &value))
            }
            None => "write straight quotes: \"text\"".to_owned(),
        }
    }
}

/// A line of YAML: `key: value`, `- key: value`, `key:`.
struct Yaml<'a> {
    key: &'a str,
    value: &'a str,
    is_item: bool,
}

impl<'a> Yaml<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let whole = line.trim();
        let item = whole.strip_prefix("- ");
        let (key, value) = item.unwrap_or(whole).trim().split_once(':')?;
        let parted = value.is_empty() || value.starts_with(char::is_whitespace);
        (is_plain_key(key) && parted).then_some(Self {
            key,
            value: value.trim(),
            is_item: item.is_some(),
        })
    }

    fn in_toml(&self) -> String {
        match (self.is_item, self.value) {
            (true, _) => "a table for each item: [tokens.<name>], with its keys below".to_owned(),
            (false, "") => format!("[{}] in a line of its own, and its keys below", self.key),
            (false, value) => written(self.key, value),
        }
    }
}

/// A file none of whose lines is TOML, and two of whose lines are YAML.
pub(super) fn whole_file_is_yaml(index: usize, source: &Source) -> Option<Finding> {
    let mut start = 0;
    let mut yaml = Vec::new();
    for text in source.text.split_inclusive('\n') {
        let span = start..start + text.trim_end().len();
        start += text.len();
        let trimmed = text.trim();
        let is_comment = trimmed.is_empty() || trimmed.starts_with('#');
        let is_toml = trimmed.starts_with('[') || assignment(trimmed).is_some();
        match Yaml::of(text) {
            Some(line) => yaml.push((span, line)),
            None if is_comment || !is_toml => {}
            None => return None,
        }
    }
    let [(first, line), _, ..] = yaml.as_slice() else {
        return None;
    };
    let example = yaml.iter().map(|(_, line)| line);
    let example = example.filter(|line| !line.is_item && !line.value.is_empty());
    let example = example.map(Yaml::in_toml).next().unwrap_or_default();
    let header = if line.value.is_empty() {
        format!("`{}:` becomes [{}]", line.key, line.key)
    } else {
        "each table begins with its name in [brackets]".to_owned()
    };
    let remedy = format!(
        "write TOML: {header}, a key and its value become {example}; config/minimal.toml is a whole file"
    );
    let message = "this file is written in YAML, and scim-rotator reads TOML";
    Some(Finding::error(index, first.clone(), "", message, remedy))
}

/// A key and what stands after its `=`.
pub(super) fn assignment(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    (is_plain_key(key) && !value.is_empty()).then_some((key, value))
}

fn is_plain_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !key.is_empty() && key.chars().all(plain)
}

/// How TOML writes it. A value that may be a secret is not repeated.
fn written(key: &str, value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let inner = value.trim_matches('"').trim_matches('\'');
    let is_list = value.starts_with('[') && value.ends_with(']');
    let is_plain = is_list || !inner.contains(['"', '\\']);
    let can_stand = is_plain && !inner.chars().any(char::is_control);
    if !is_shown(key) || !can_stand {
        return format!("`{key} = \"{SOMETHING}\"`");
    }
    let is_literal = matches!(value, "true" | "false") || value.parse::<i64>().is_ok() || is_list;
    let text = match is_literal {
        true => format!("`{key} = {value}`"),
        false => format!("`{key} = \"{inner}\"`"),
    };
    without_user_info(&text)
}
