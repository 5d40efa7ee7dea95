//! Which attributes an answer shows (RFC 7644, section 3.9).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::path::Path;
use super::schema::Kind;

/// Attributes that are always shown.
const ALWAYS: [&str; 2] = ["id", "schemas"];

/// Names that a client asks for, or does not want to see.
#[derive(Debug, Default)]
pub(super) struct Selection {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

/// The same as parameters of a URL.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Parameters {
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

impl From<Parameters> for Selection {
    fn from(given: Parameters) -> Self {
        Self::parse(
            given.attributes.as_deref(),
            given.excluded_attributes.as_deref(),
        )
    }
}

impl Selection {
    pub(super) fn new(wanted: Vec<String>, unwanted: Vec<String>) -> Self {
        Self { wanted, unwanted }
    }

    /// Reads lists of names with commas between them.
    pub(super) fn parse(wanted: Option<&str>, unwanted: Option<&str>) -> Self {
        let names = |text: Option<&str>| {
            let names = text.unwrap_or_default().split(',').map(str::trim);
            names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Self::new(names(wanted), names(unwanted))
    }

    /// What is shown of a resource.
    pub(super) fn of(&self, kind: Kind, resource: &Value) -> Value {
        let Some(all) = resource.as_object() else {
            return resource.clone();
        };
        let mut shown = all.clone();
        if !self.wanted.is_empty() {
            shown = Map::new();
            for name in ALWAYS {
                shown.extend(all.get(name).map(|value| (name.to_owned(), value.clone())));
            }
            for name in &self.wanted {
                copy(all, &mut shown, &places(name, kind));
            }
        }
        for name in &self.unwanted {
            remove(&mut shown, &places(name, kind));
        }
        Value::Object(shown)
    }
}

/// The keys that lead to an attribute; none if there is no such attribute.
fn places(name: &str, kind: Kind) -> Vec<String> {
    if name.eq_ignore_ascii_case("meta") {
        return vec!["meta".to_owned()];
    }
    let Some(path) = Path::parse(name, kind) else {
        return Vec::new();
    };
    let urn = path.extended.then(|| kind.extension()).flatten();
    let names = [path.attribute, path.sub].into_iter().flatten();
    urn.map(str::to_owned)
        .into_iter()
        .chain(names.map(|attribute| attribute.name.clone()))
        .collect()
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, places: &[String]) {
    let Some((first, rest)) = places.split_first() else {
        return;
    };
    let Some(value) = from.get(first) else {
        return;
    };
    let value = match (value, rest) {
        (_, []) => value.clone(),
        (Value::Object(inner), _) => {
            let mut part = match to.get(first) {
                Some(Value::Object(part)) => part.clone(),
                _ => Map::new(),
            };
            copy(inner, &mut part, rest);
            Value::Object(part)
        }
        (Value::Array(entries), _) => {
            let parts = entries.iter().filter_map(Value::as_object).map(|inner| {
                let mut part = Map::new();
                copy(inner, &mut part, rest);
                Value::Object(part)
            });
            Value::Array(parts.collect())
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => return,
    };
    to.insert(first.clone(), value);
}

fn remove(from: &mut Map<String, Value>, places: &[String]) {
    match places {
        [] => {}
        [last] if ALWAYS.contains(&last.as_str()) => {}
        [last] => drop(from.remove(last)),
        [first, rest @ ..] => match from.get_mut(first) {
            Some(Value::Object(inner)) => remove(inner, rest),
            Some(Value::Array(entries)) => entries
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|inner| remove(inner, rest)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_shows_what_was_asked_for() {
        let user = json!({"id": "1", "schemas": ["s"], "meta": {}, "userName": "a",
            "name": {"familyName": "F", "givenName": "G"}, "emails": [{"value": "v", "type": "t"}]});
        let shown = |wanted: &str, unwanted: &str| {
            let list = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let selection = Selection::from(Parameters {
                attributes: list(wanted),
                excluded_attributes: list(unwanted),
            });
            selection.of(Kind::User, &user)
        };
        assert_eq!(shown("", ""), user);
        assert_eq!(
            shown("USERNAME, name.givenName,name.familyName", ""),
            json!({"id": "1", "schemas": ["s"], "userName": "a", "name": {"givenName": "G", "familyName": "F"}})
        );
        assert_eq!(
            shown("emails.value,odd", ""),
            json!({"id": "1", "schemas": ["s"], "emails": [{"value": "v"}]})
        );
        assert_eq!(
            shown("", "id,meta,name.givenName,emails,odd"),
            json!({"id": "1", "schemas": ["s"], "userName": "a", "name": {"familyName": "F"}})
        );
    }
}
