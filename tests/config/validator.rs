//! A validator of JSON Schema for just the keywords that our schemas use: that of the
//! configuration, and those in the description of the API. A whole
//! one would be a hundred crates for one test.

use serde_json::{Map, Value};

/// Keywords that hold a schema, or several.
const SCHEMAS: [&str; 2] = ["items", "additionalProperties"];
const NAMED_SCHEMAS: [&str; 2] = ["properties", "$defs"];
/// Those that say nothing of validity.
const NOTES: [&str; 5] = ["$schema", "title", "description", "default", "deprecated"];
const TESTS: [&str; 14] = [
    "$ref",
    "anyOf",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "propertyNames",
    "required",
    "type",
];

/// What is wrong with a document: path and reason.
pub(crate) fn mistakes(schema: &Value, document: &Value) -> Vec<String> {
    let validator = Validator { root: schema };
    let mut found = Vec::new();
    validator.check(schema, document, "", &mut found);
    found
}

pub(crate) struct Validator<'s> {
    root: &'s Value,
}

impl Validator<'_> {
    /// Keywords that it would pass over.
    pub(crate) fn unknown_keywords(schema: &Value) -> Vec<String> {
        let Some(schema) = schema.as_object() else {
            return Vec::new();
        };
        let mut unknown = Vec::new();
        for (keyword, value) in schema {
            let keyword = keyword.as_str();
            if SCHEMAS.contains(&keyword) {
                unknown.extend(Self::unknown_keywords(value));
            } else if NAMED_SCHEMAS.contains(&keyword) {
                let all = value.as_object().into_iter().flat_map(Map::values);
                unknown.extend(all.flat_map(Self::unknown_keywords));
            } else if keyword == "anyOf" {
                let all = value.as_array().into_iter().flatten();
                unknown.extend(all.flat_map(Self::unknown_keywords));
            } else if !NOTES.contains(&keyword) && !TESTS.contains(&keyword) {
                unknown.push(keyword.to_owned());
            }
        }
        unknown
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else {
            if *schema == Value::Bool(false) {
                found.push(format!("{path}: no such key"));
            }
            return;
        };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("a local reference");
            let target = self.root.pointer(pointer).expect("a definition");
            self.check(target, value, path, found);
        }
        if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
            let fits = |form: &Value| {
                let mut inner = Vec::new();
                self.check(form, value, path, &mut inner);
                inner.is_empty()
            };
            if !forms.iter().any(fits) {
                found.push(format!("{path}: fits none of the forms"));
            }
        }
        if let Some(kinds) = schema.get("type") {
            let several = kinds.as_array().map_or(&[] as &[Value], Vec::as_slice);
            let mut each = several.iter().chain(kinds.is_string().then_some(kinds));
            if !each.any(|kind| is_of(kind.as_str().expect("a type"), value)) {
                let wanted = kinds
                    .as_str()
                    .map_or_else(|| kinds.to_string(), str::to_owned);
                found.push(format!("{path}: not of type {wanted}"));
                return;
            }
        }
        if let (Some(format), Some(text)) = (schema.get("format"), value.as_str()) {
            assert_eq!(format, "date-time", "an unknown format");
            if text.parse::<jiff::Timestamp>().is_err() {
                found.push(format!("{path}: not a time"));
            }
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            found.push(format!("{path}: none of the words"));
        }
        check_sizes(schema, value, path, found);
        if let Some(items) = value.as_array() {
            let inner = schema.get("items").unwrap_or(&Value::Bool(true));
            for (index, item) in items.iter().enumerate() {
                self.check(inner, item, &format!("{path}[{index}]"), found);
            }
        }
        if let Some(members) = value.as_object() {
            self.check_members(schema, members, path, found);
        }
    }

    fn check_members(
        &self,
        schema: &Map<String, Value>,
        members: &Map<String, Value>,
        path: &str,
        found: &mut Vec<String>,
    ) {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let known = schema.get("properties").and_then(Value::as_object);
        let other = schema.get("additionalProperties");
        for (name, member) in members {
            let path = below(name);
            if schema.contains_key("propertyNames") && !is_name(name) {
                found.push(format!("{path}: not a name"));
            }
            let inner = known.and_then(|known| known.get(name)).or(other);
            self.check(inner.unwrap_or(&Value::Bool(true)), member, &path, found);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                found.push(format!("{}: missing", below(name)));
            }
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("an unknown type: {other}"),
    }
}

/// The one pattern of the schema.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let rest = name.chars().skip(1).all(|c| plain(c) || c == '-');
    name.starts_with(plain) && rest && name.len() <= 63
}

fn check_sizes(schema: &Map<String, Value>, value: &Value, path: &str, found: &mut Vec<String>) {
    let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let (size, what) = match value {
        Value::String(text) => (text.chars().count(), "Length"),
        Value::Array(items) => (items.len(), "Items"),
        Value::Object(members) => (members.len(), "Properties"),
        Value::Number(number) => {
            let least = schema.get("minimum").and_then(Value::as_i64);
            if least.is_some_and(|least| number.as_i64().is_some_and(|n| n < least)) {
                found.push(format!("{path}: less than {}", least.unwrap_or_default()));
            }
            return;
        }
        Value::Null | Value::Bool(_) => return,
    };
    let size = size as u64;
    let few = if what == "Properties" {
        "few keys"
    } else {
        "short"
    };
    let many = if what == "Properties" {
        "many keys"
    } else {
        "long"
    };
    if limit(&format!("min{what}")).is_some_and(|least| size < least) {
        found.push(format!("{path}: too {few}"));
    }
    if limit(&format!("max{what}")).is_some_and(|most| size > most) {
        found.push(format!("{path}: too {many}"));
    }
}
