//! Whether the JSON of a request is what a replay expects.

use serde_json::Value;

use super::pattern::{ABSENT, ANY, NULL, Values, whole};

/// Whether members that the replay does not list are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They are a difference.
    Forbidden,
    /// They are ignored.
    Ignored,
}

/// Compares JSON with what is expected, and collects the differences.
pub(super) struct Comparison<'a> {
    pub(super) values: &'a mut Values,
    pub(super) others: Others,
    pub(super) differences: &'a mut Vec<String>,
}

impl Comparison<'_> {
    /// Compares what stands at `at`, which is the JSON pointer of the place.
    pub(super) fn at(&mut self, at: &str, expected: &Value, found: Option<&Value>) {
        let name = expected.as_str().and_then(whole);
        let fits = match (name, found) {
            (Some(ABSENT), None) => true,
            (Some(ABSENT), Some(_)) | (_, None) => false,
            (Some(ANY), Some(_)) => true,
            (Some(NULL), Some(found)) => found.is_null(),
            (Some(name), Some(found)) => self.is_value(name, found),
            (None, Some(found)) => return self.inside(at, expected, found),
        };
        if !fits {
            self.differ(at, expected, found);
        }
    }

    fn is_value(&mut self, name: &str, found: &Value) -> bool {
        match self.values.get(name) {
            Some(known) => known == found,
            None => {
                self.values.set(name, found.clone());
                true
            }
        }
    }

    fn inside(&mut self, at: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::String(pattern), Value::String(text)) => {
                if !self.values.fits(pattern, text) {
                    self.differ(at, expected, Some(found));
                }
            }
            (Value::Object(wanted), Value::Object(members)) => {
                for (name, expected) in wanted {
                    self.at(&below(at, name), expected, members.get(name));
                }
                let other = members.keys().filter(|name| !wanted.contains_key(*name));
                if self.others == Others::Forbidden {
                    let place = |name| format!("body {}: not expected at all", below(at, name));
                    self.differences.extend(other.map(|name| place(name)));
                }
            }
            (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
                for (index, (expected, item)) in wanted.iter().zip(items).enumerate() {
                    self.at(&below(at, &index.to_string()), expected, Some(item));
                }
            }
            (expected, found) if expected == found => {}
            (expected, found) => self.differ(at, expected, Some(found)),
        }
    }

    fn differ(&mut self, at: &str, expected: &Value, found: Option<&Value>) {
        let known = expected.as_str().and_then(whole);
        let known = known.and_then(|name| self.values.get(name));
        let wanted = match known {
            Some(value) => format!("{value} ({expected})"),
            None => expected.to_string(),
        };
        let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let at = if at.is_empty() { "/" } else { at };
        self.differences
            .push(format!("body {at}: expected {wanted}, came {found}"));
    }
}

fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(others: Others, expected: &Value, found: &Value) -> Vec<String> {
        let mut values = Values::default();
        values.set("label", "rot-1");
        let mut differences = Vec::new();
        let mut comparison = Comparison {
            values: &mut values,
            others,
            differences: &mut differences,
        };
        comparison.at("", expected, Some(found));
        differences
    }

    #[test]
    fn what_fits_has_no_difference() {
        let expected = json!({
            "name": "{label}", "id": "{id}", "again": "{id}", "end": "{null}", "any": "{any}",
            "list": [1, {"x": "a{any}"}], "never": "{absent}",
        });
        let found = json!({
            "name": "rot-1", "id": 7, "again": 7, "end": null, "any": [],
            "list": [1, {"x": "ab"}],
        });
        assert_eq!(differences(Others::Forbidden, &expected, &found), [""; 0]);
    }

    #[test]
    fn each_difference_is_told_with_its_place() {
        let cases = [
            (
                json!({"a": 1}),
                json!({"a": 2}),
                "body /a: expected 1, came 2",
            ),
            (
                json!({"a": 1}),
                json!({"a": "1"}),
                "body /a: expected 1, came \"1\"",
            ),
            (
                json!({"a": 1}),
                json!({}),
                "body /a: expected 1, came nothing",
            ),
            (
                json!({}),
                json!({"a/b": 1}),
                "body /a~1b: not expected at all",
            ),
            (
                json!({"a": "{absent}"}),
                json!({"a": null}),
                "body /a: expected \"{absent}\", came null",
            ),
            (
                json!({"a": "{null}"}),
                json!({"a": 0}),
                "body /a: expected \"{null}\", came 0",
            ),
            (
                json!({"a": "{any}"}),
                json!({}),
                "body /a: expected \"{any}\", came nothing",
            ),
            (
                json!("{label}"),
                json!("rot-2"),
                "body /: expected \"rot-1\" (\"{label}\"), came \"rot-2\"",
            ),
            (
                json!([{"x": 1}]),
                json!([{"x": 2}]),
                "body /0/x: expected 1, came 2",
            ),
            (
                json!([1]),
                json!([1, 2]),
                "body /: expected [1], came [1,2]",
            ),
            (json!({}), json!([]), "body /: expected {}, came []"),
        ];
        for (expected, found, difference) in cases {
            let told = differences(Others::Forbidden, &expected, &found);
            assert_eq!(told, [difference], "{expected} {found}");
        }
    }

    #[test]
    fn other_members_may_be_ignored_and_lists_still_count() {
        let found = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        let expected = json!({"a": {"b": 1}});
        assert_eq!(differences(Others::Ignored, &expected, &found), [""; 0]);
        let expected = json!({"d": []});
        assert_eq!(differences(Others::Ignored, &expected, &found).len(), 1);
    }
}
