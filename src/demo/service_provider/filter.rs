//! Filters of the form `attribute eq value`, several of them joined by `and`.

use serde_json::Value;

use super::schema::{Attribute, find};

/// Attributes that every resource has beside those of its schema.
const COMMON: [&str; 1] = ["id"];
/// Attributes whose case matters.
const CASE_EXACT: [&str; 2] = ["id", "externalid"];

/// `attribute eq value and …`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter(Vec<Equal>);

/// `attribute eq value`.
#[derive(Debug, PartialEq, Eq)]
struct Equal {
    /// Names of the attribute and, if one is asked for, its sub-attribute.
    names: Vec<String>,
    value: Value,
}

impl Filter {
    /// Reads a filter over these attributes; `None` if it is of another kind.
    pub(super) fn parse(text: &str, known: &[Attribute]) -> Option<Self> {
        let words = words(text)?;
        let mut parts = Vec::new();
        for part in words.split(|word| word.eq_ignore_ascii_case("and")) {
            let [name, operator, value] = part else {
                return None;
            };
            if !operator.eq_ignore_ascii_case("eq") {
                return None;
            }
            parts.push(Equal {
                names: names(name, known)?,
                // The value is a JSON value (RFC 7644, section 3.4.2.2).
                value: serde_json::from_str(value).ok()?,
            });
        }
        Some(Self(parts))
    }

    /// Whether it describes this resource, or this value of an attribute.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        self.0.iter().all(|part| part.matches(resource))
    }

    /// What a value has that is made to match: the attributes without a dot.
    pub(super) fn implied(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0
            .iter()
            .filter_map(|part| match part.names.as_slice() {
                [name] => Some((name.as_str(), &part.value)),
                _ => None,
            })
    }
}

impl Equal {
    fn matches(&self, resource: &Value) -> bool {
        let exact = self
            .names
            .first()
            .is_some_and(|name| CASE_EXACT.contains(&name.to_ascii_lowercase().as_str()));
        let mut held: Vec<&Value> = vec![resource];
        for name in &self.names {
            held = held
                .into_iter()
                .filter_map(|value| value.get(name))
                .flat_map(each)
                .collect();
        }
        held.into_iter().any(|held| {
            // A complex value is compared by its `value`.
            let held = held.get("value").unwrap_or(held);
            match (held.as_str(), self.value.as_str()) {
                (Some(held), Some(asked)) if !exact => held.eq_ignore_ascii_case(asked),
                _ => *held == self.value,
            }
        })
    }
}

fn each(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// The names as the schema writes them.
fn names(text: &str, known: &[Attribute]) -> Option<Vec<String>> {
    if let Some(common) = COMMON.iter().find(|name| name.eq_ignore_ascii_case(text)) {
        return Some(vec![(*common).to_owned()]);
    }
    let mut known = known;
    let mut names = Vec::new();
    for name in text.split('.') {
        let attribute = find(known, name)?;
        names.push(attribute.name.clone());
        known = &attribute.sub_attributes;
    }
    Some(names)
}

/// Splits at blanks that are not within quotes; `None` if a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.trim().chars() {
        match c {
            ' ' if !quoted => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()))
            }
            _ => {
                if c == '"' && !escaped {
                    quoted = !quoted;
                }
                escaped = quoted && c == '\\' && !escaped;
                word.push(c);
            }
        }
    }
    words.push(word);
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::service_provider::schema::Kind;

    fn parse(text: &str) -> Option<Filter> {
        Filter::parse(text, Kind::User.attributes())
    }

    #[test]
    fn only_equality_of_known_attributes_is_understood() {
        for good in [
            "userName eq \"a b\"",
            "USERNAME EQ \"x\"",
            "id eq \"7\"",
            "emails.value eq \"x\"",
            "userName eq \"a and \\\"b\" and id eq \"b\"",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "userName",
            "userName eq x",
            "userName eq \"x",
            "userName sw \"x\"",
            "shoeSize eq \"x\"",
            "userName eq \"a\" or id eq \"b\"",
            "userName eq \"a\" and",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_resource_matches_by_its_values() {
        let user = json!({"userName": "Ann", "externalId": "X", "id": "1", "active": true,
            "emails": [{"value": "a@b.example", "type": "work"}]});
        for (filter, expected) in [
            ("userName eq \"ann\"", true),
            ("externalId eq \"x\"", false),
            ("active eq true", true),
            ("emails eq \"a@b.example\"", true),
            ("emails.type eq \"home\"", false),
            ("userName eq \"ann\" and id eq \"2\"", false),
        ] {
            let filter_read = parse(filter).expect(filter);
            assert_eq!(filter_read.matches(&user), expected, "{filter}");
        }
    }
}
