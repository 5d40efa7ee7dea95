//! The schemas that the service provider publishes, and what they say of attributes.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::directory::Refused;

/// All published schemas, as `/Schemas` shows them.
pub(super) static SCHEMAS: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap_or_default());

static USER: LazyLock<Vec<Attribute>> = LazyLock::new(|| with_external_id(Kind::User.schema()));
static GROUP: LazyLock<Vec<Attribute>> = LazyLock::new(|| with_external_id(Kind::Group.schema()));
static ENTERPRISE: LazyLock<Vec<Attribute>> = LazyLock::new(|| attributes_of(ENTERPRISE_USER));

/// The schema of the one extension.
pub(super) const ENTERPRISE_USER: &str =
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::User, Self::Group];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub(super) const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    pub(super) const fn schema(self) -> &'static str {
        match self {
            Self::User => "urn:ietf:params:scim:schemas:core:2.0:User",
            Self::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
        }
    }

    pub(super) const fn extension(self) -> Option<&'static str> {
        match self {
            Self::User => Some(ENTERPRISE_USER),
            Self::Group => None,
        }
    }

    /// The attribute that every resource of this kind has.
    pub(super) const fn required(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The attributes of its schema, and `externalId`.
    pub(super) fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::User => &USER,
            Self::Group => &GROUP,
        }
    }
}

/// The attributes of the extension.
pub(super) fn extension_attributes() -> &'static [Attribute] {
    &ENTERPRISE
}

/// What a schema says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    pub(super) multi_valued: bool,
    #[serde(default)]
    mutability: String,
    #[serde(default)]
    pub(super) sub_attributes: Vec<Attribute>,
}

impl Attribute {
    pub(super) fn is_read_only(&self) -> bool {
        self.mutability == "readOnly"
    }

    pub(super) fn is_write_only(&self) -> bool {
        self.mutability == "writeOnly"
    }

    /// A value that may be stored; `Null` if it assigns nothing. Sub-attributes that
    /// no schema knows are left out.
    pub(super) fn read(&self, value: &Value) -> Result<Value, Refused> {
        if !self.multi_valued {
            return self.read_one(value);
        }
        let entries = match value {
            Value::Array(entries) => entries,
            Value::Null => return Ok(Value::Null),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(Refused::Invalid("invalidValue"));
            }
        };
        let read: Result<Vec<_>, _> = entries.iter().map(|entry| self.read_one(entry)).collect();
        let kept: Vec<_> = read?.into_iter().filter(|value| !value.is_null()).collect();
        Ok(match kept.is_empty() {
            true => Value::Null,
            false => Value::Array(kept),
        })
    }

    /// One value of it.
    pub(super) fn read_one(&self, value: &Value) -> Result<Value, Refused> {
        match (self.kind.as_str(), value) {
            (_, Value::Null) => Ok(Value::Null),
            ("complex", Value::Object(given)) => {
                let read = read_all(&self.sub_attributes, given)?;
                Ok(match read.is_empty() {
                    true => Value::Null,
                    false => Value::Object(read),
                })
            }
            ("boolean", Value::Bool(_)) => Ok(value.clone()),
            // Some clients send booleans as text.
            ("boolean", Value::String(text)) if text.eq_ignore_ascii_case("true") => {
                Ok(Value::Bool(true))
            }
            ("boolean", Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                Ok(Value::Bool(false))
            }
            ("complex" | "boolean", _) => Err(Refused::Invalid("invalidValue")),
            (_, Value::String(_)) => Ok(value.clone()),
            (_, Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Refused::Invalid("invalidValue"))
            }
        }
    }
}

/// The attributes of an object under the names of their schema. What is read-only, and
/// what no schema knows, is left out.
pub(super) fn read_all(
    known: &[Attribute],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    let mut read = Map::new();
    for (name, value) in given {
        let Some(attribute) = find(known, name).filter(|known| !known.is_read_only()) else {
            continue;
        };
        let value = attribute.read(value)?;
        if !value.is_null() {
            read.insert(attribute.name.clone(), value);
        }
    }
    Ok(read)
}

/// The attribute of this name, in whatever case it is written.
pub(super) fn find<'a>(known: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    known
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

fn with_external_id(schema: &str) -> Vec<Attribute> {
    let mut attributes = attributes_of(schema);
    attributes.push(Attribute {
        name: "externalId".to_owned(),
        kind: "string".to_owned(),
        multi_valued: false,
        mutability: "readWrite".to_owned(),
        sub_attributes: Vec::new(),
    });
    attributes
}

fn attributes_of(schema: &str) -> Vec<Attribute> {
    let schema = SCHEMAS.iter().find(|known| known["id"] == schema);
    let attributes = schema.map(|schema| schema["attributes"].clone());
    attributes
        .and_then(|attributes| serde_json::from_value(attributes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_published_schema_is_understood() {
        assert_eq!(SCHEMAS.len(), 6);
        for kind in Kind::ALL {
            let name = find(kind.attributes(), kind.required());
            assert!(name.is_some_and(|name| !name.multi_valued), "{kind:?}");
        }
        assert!(find(extension_attributes(), "manager").is_some());
    }

    #[test]
    fn values_are_read_as_their_schema_says() {
        let user = |given: Value| {
            let given = given.as_object().cloned().unwrap_or_default();
            read_all(Kind::User.attributes(), &given).map(Value::Object)
        };
        let given = json!({"USERNAME": "a", "active": "False", "shoeSize": 44, "title": null,
            "emails": [{"VALUE": "a@b.example", "odd": 1}], "name": {}});
        let kept = json!({"userName": "a", "active": false, "emails": [{"value": "a@b.example"}]});
        assert_eq!(user(given), Ok(kept));
        for wrong in [
            json!({"userName": 7}),
            json!({"active": "maybe"}),
            json!({"emails": {"value": "a@b.example"}}),
            json!({"name": "Ann"}),
        ] {
            let refused = Err(Refused::Invalid("invalidValue"));
            assert_eq!(user(wrong.clone()), refused, "{wrong}");
        }
    }
}
