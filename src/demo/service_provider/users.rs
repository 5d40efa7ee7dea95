//! The users of the service provider.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::filter::Filter;

/// Attributes that the service provider writes, whatever a client sends.
const READ_ONLY: [&str; 3] = ["id", "meta", "schemas"];

/// All users, oldest first.
#[derive(Default)]
pub(super) struct Users {
    rows: BTreeMap<u64, Value>,
    made: u64,
}

/// Why a user was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such user.
    Unknown,
    /// Another user has this name.
    Taken,
    /// The content makes no sense; the registered `scimType`.
    Invalid(&'static str),
}

impl Users {
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// The users that match, in order.
    pub(super) fn list(&self, filter: Option<&Filter>) -> Vec<&Value> {
        self.rows
            .values()
            .filter(|user| filter.is_none_or(|filter| filter.matches(user)))
            .collect()
    }

    pub(super) fn get(&self, id: &str) -> Result<&Value, Refused> {
        let id = id.parse().map_err(|_| Refused::Unknown)?;
        self.rows.get(&id).ok_or(Refused::Unknown)
    }

    pub(super) fn create(&mut self, body: &Value, now: Timestamp) -> Result<&Value, Refused> {
        let id = self.made + 1;
        let user = self.complete(id, body, now, now)?;
        self.made = id;
        Ok(self.rows.entry(id).or_insert(user))
    }

    pub(super) fn replace(
        &mut self,
        id: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<&Value, Refused> {
        let (id, old) = self.find(id)?;
        let created = old["meta"]["created"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let user = self.complete(id, body, created.unwrap_or(now), now)?;
        self.store(id, user)
    }

    /// RFC 7644, section 3.5.2, for attributes without a sub-attribute.
    pub(super) fn patch(
        &mut self,
        id: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<&Value, Refused> {
        let (number, old) = self.find(id)?;
        let mut user = old.clone();
        let operations = member(body, "Operations").and_then(Value::as_array);
        for operation in operations.ok_or(Refused::Invalid("invalidSyntax"))? {
            apply(&mut user, operation)?;
        }
        let created = user["meta"]["created"]
            .as_str()
            .and_then(|t| t.parse().ok());
        let user = self.complete(number, &user, created.unwrap_or(now), now)?;
        self.store(number, user)
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<(), Refused> {
        let (number, _) = self.find(id)?;
        self.rows.remove(&number);
        Ok(())
    }

    fn find(&self, id: &str) -> Result<(u64, &Value), Refused> {
        let number = id.parse().map_err(|_| Refused::Unknown)?;
        let user = self.rows.get(&number).ok_or(Refused::Unknown)?;
        Ok((number, user))
    }

    fn store(&mut self, id: u64, user: Value) -> Result<&Value, Refused> {
        self.rows.insert(id, user);
        self.rows.get(&id).ok_or(Refused::Unknown)
    }

    /// Adds what the service provider writes itself.
    fn complete(
        &self,
        id: u64,
        body: &Value,
        created: Timestamp,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        let given = body.as_object().ok_or(Refused::Invalid("invalidSyntax"))?;
        let name = member(body, "userName")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
            .ok_or(Refused::Invalid("invalidValue"))?;
        let taken = self.rows.iter().any(|(other, user)| {
            *other != id
                && user["userName"]
                    .as_str()
                    .is_some_and(|held| held.eq_ignore_ascii_case(name))
        });
        if taken {
            return Err(Refused::Taken);
        }
        let mut user: Map<String, Value> = given
            .iter()
            .filter(|(key, _)| !READ_ONLY.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        user.entry("active").or_insert(Value::Bool(true));
        user.insert("id".to_owned(), id.to_string().into());
        user.insert(
            "schemas".to_owned(),
            json!(["urn:ietf:params:scim:schemas:core:2.0:User"]),
        );
        user.insert(
            "meta".to_owned(),
            json!({ "resourceType": "User", "created": created, "lastModified": now }),
        );
        Ok(Value::Object(user))
    }
}

fn apply(user: &mut Value, operation: &Value) -> Result<(), Refused> {
    let kind = member(operation, "op")
        .and_then(Value::as_str)
        .ok_or(Refused::Invalid("invalidSyntax"))?
        .to_ascii_lowercase();
    let path = member(operation, "path").and_then(Value::as_str);
    let value = member(operation, "value");
    match (kind.as_str(), path, value) {
        ("add" | "replace", Some(path), Some(value)) => set(user, path, value),
        ("add" | "replace", None, Some(Value::Object(values))) => values
            .iter()
            .try_for_each(|(path, value)| set(user, path, value)),
        ("remove", Some(path), _) => set(user, path, &Value::Null),
        ("remove", None, _) => Err(Refused::Invalid("noTarget")),
        _ => Err(Refused::Invalid("invalidSyntax")),
    }
}

fn set(user: &mut Value, path: &str, value: &Value) -> Result<(), Refused> {
    if path.is_empty() || !path.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Refused::Invalid("invalidPath"));
    }
    if READ_ONLY.contains(&path) {
        return Err(Refused::Invalid("mutability"));
    }
    let members = user
        .as_object_mut()
        .ok_or(Refused::Invalid("invalidSyntax"))?;
    // Some clients send `active` as text.
    let value = match (path, value.as_str().map(str::to_ascii_lowercase)) {
        ("active", Some(text)) if text == "true" => Value::Bool(true),
        ("active", Some(text)) if text == "false" => Value::Bool(false),
        _ => value.clone(),
    };
    if value.is_null() {
        members.remove(path);
    } else {
        members.insert(path.to_owned(), value);
    }
    Ok(())
}

/// A member whatever its case.
fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
