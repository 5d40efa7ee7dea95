//! Texts with placeholders: `Bearer {access_token}`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Stands for anything.
pub(super) const ANY: &str = "any";
/// Stands for JSON's `null`.
pub(super) const NULL: &str = "null";
/// Says that there is nothing.
pub(super) const ABSENT: &str = "absent";

/// What the placeholders of a scene stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    known: BTreeMap<String, Value>,
    /// A placeholder without a value stands for its own name. For servers that
    /// answer without having seen what came before.
    pub(super) lenient: bool,
}

impl Values {
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.known.insert(name.to_owned(), value.into());
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.known.get(name)
    }

    /// The text with values in place of its placeholders.
    ///
    /// # Errors
    /// Names the placeholder that has no value.
    pub(super) fn text(&self, pattern: &str) -> Result<String, String> {
        let parts = parts(pattern).into_iter();
        parts
            .map(|part| match part {
                Part::Text(text) => Ok(text.to_owned()),
                Part::Name(name) => self.value(name).map(|value| plain(&value)),
            })
            .collect()
    }

    /// The JSON with values in place of its placeholders.
    ///
    /// # Errors
    /// Names the placeholder that has no value.
    pub(super) fn json(&self, pattern: &Value) -> Result<Value, String> {
        Ok(match pattern {
            Value::String(text) => match whole(text) {
                Some(NULL) => Value::Null,
                Some(name) => self.value(name)?,
                None => Value::String(self.text(text)?),
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.json(item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| Ok((name.clone(), self.json(value)?)));
                Value::Object(members.collect::<Result<_, String>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => pattern.clone(),
        })
    }

    fn value(&self, name: &str) -> Result<Value, String> {
        match self.known.get(name) {
            Some(value) => Ok(value.clone()),
            None if self.lenient => Ok(name.into()),
            None => Err(format!(
                "nothing gave `{{{name}}}` a value before this: no request has shown it, and it is no parameter"
            )),
        }
    }

    /// Whether a text fits a pattern. A placeholder that has no value yet takes
    /// the text in its place, at least one character.
    pub(super) fn fits(&mut self, pattern: &str, text: &str) -> bool {
        let mut taken = Vec::new();
        let fits = self.take(&parts(pattern), text, &mut taken);
        if fits {
            for (name, text) in taken {
                self.set(name, text);
            }
        }
        fits
    }

    /// Tries the shortest text for each new placeholder first.
    fn take<'p>(&self, parts: &[Part<'p>], text: &str, taken: &mut Vec<(&'p str, String)>) -> bool {
        let Some((first, rest)) = parts.split_first() else {
            return text.is_empty();
        };
        let name = match first {
            Part::Text(literal) => {
                let after = text.strip_prefix(literal);
                return after.is_some_and(|after| self.take(rest, after, taken));
            }
            Part::Name(name) => *name,
        };
        if let Some(known) = self.known_or_taken(name, taken) {
            let after = text.strip_prefix(known.as_str());
            return after.is_some_and(|after| self.take(rest, after, taken));
        }
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        for end in ends {
            let before = taken.len();
            if name != ANY {
                taken.push((name, text[..end].to_owned()));
            }
            if self.take(rest, &text[end..], taken) {
                return true;
            }
            taken.truncate(before);
        }
        false
    }

    fn known_or_taken(&self, name: &str, taken: &[(&str, String)]) -> Option<String> {
        let taken = taken.iter().find(|(taken, _)| *taken == name);
        let known = || self.known.get(name).map(plain);
        taken.map(|(_, text)| text.clone()).or_else(known)
    }
}

/// A value as it stands within a text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// The name, where a text is one placeholder and nothing else.
pub(super) fn whole(text: &str) -> Option<&str> {
    match parts(text).as_slice() {
        [Part::Name(name)] => Some(name),
        _ => None,
    }
}

/// The names of all placeholders of a text.
pub(super) fn names(text: &str) -> Vec<&str> {
    let parts = parts(text).into_iter();
    parts
        .filter_map(|part| match part {
            Part::Name(name) => Some(name),
            Part::Text(_) => None,
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'p> {
    Text(&'p str),
    Name(&'p str),
}

/// `{name}` is a placeholder; every other brace stands for itself.
fn parts(pattern: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    let mut from = 0;
    while let Some(open) = rest[from..].find('{').map(|at| at + from) {
        let after = &rest[open + 1..];
        let name = after.split_once('}').map(|(name, _)| name);
        let Some(name) = name.filter(|name| is_name(name)) else {
            from = open + 1;
            continue;
        };
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        parts.push(Part::Name(name));
        rest = &after[name.len() + 1..];
        from = 0;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_placeholder_takes_a_text_once_and_compares_it_from_then_on() {
        let mut values = Values::default();
        values.set("host", "acme.example.com");
        assert!(values.fits(
            "https://{host}/t/{id}/end",
            "https://acme.example.com/t/a b/end"
        ));
        assert_eq!(values.get("id"), Some(&json!("a b")));
        assert!(values.fits("{id}", "a b"));
        assert!(!values.fits("{id}", "a c"));
        assert!(!values.fits("https://{host}/", "https://evil.example.com/"));
    }

    #[test]
    fn what_does_not_fit_gives_no_value() {
        let mut values = Values::default();
        assert!(!values.fits("{a}-{b}!", "one-two"));
        assert_eq!(values.get("a"), None);
        assert!(!values.fits("x{a}", "x"), "at least one character");
        assert!(values.fits("{a}-{a}", "one-one"));
        assert!(!values.fits("{b}-{b}", "one-two"));
        assert!(values.fits("{any}-{any}", "one-two"));
        assert_eq!(values.get("any"), None);
    }

    #[test]
    fn other_braces_stand_for_themselves() {
        let mut values = Values::default();
        for text in [
            "{",
            "}",
            "{}",
            "{ id }",
            "{\"a\": {\"b\": 1}}",
            "{A}",
            "{1}",
        ] {
            assert!(names(text).is_empty(), "{text}");
            assert!(values.fits(text, text), "{text}");
        }
        assert_eq!(names("{{id}}"), ["id"]);
        values.set("id", 7);
        assert_eq!(values.text("{\"a\": {id}}").as_deref(), Ok("{\"a\": 7}"));
    }

    #[test]
    fn json_keeps_the_type_of_a_value() {
        let mut values = Values::default();
        values.set("n", 7);
        let pattern = json!({"n": "{n}", "text": "n={n}", "none": ["{null}"], "is": true});
        let rendered = json!({"n": 7, "text": "n=7", "none": [null], "is": true});
        assert_eq!(values.json(&pattern), Ok(rendered));
        let unknown = values.json(&json!("{id}")).expect_err("unknown");
        assert!(unknown.contains("`{id}`"), "{unknown}");
        values.lenient = true;
        assert_eq!(values.json(&json!("{id}")), Ok(json!("id")));
    }
}
