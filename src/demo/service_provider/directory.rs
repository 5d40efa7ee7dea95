//! The users and groups of the service provider.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::filter::Filter;
use super::patch;
use super::schema::{Kind, extension_attributes, find, read_all};

/// All resources, oldest first. No two of them have the same id, whatever they are.
#[derive(Default)]
pub(super) struct Directory {
    rows: BTreeMap<u64, Row>,
    made: u64,
}

struct Row {
    kind: Kind,
    resource: Value,
}

/// Why a resource was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such resource.
    Unknown,
    /// Another user has this name.
    Taken,
    /// The content makes no sense; the registered `scimType`.
    Invalid(&'static str),
}

impl Directory {
    pub(super) fn users(&self) -> usize {
        let users = self.rows.values().filter(|row| row.kind == Kind::User);
        users.count()
    }

    /// The resources of this kind that match, in order.
    pub(super) fn list(&self, kind: Kind, filter: Option<&Filter>) -> Vec<&Value> {
        let all = self.rows.values().filter(|row| row.kind == kind);
        all.map(|row| &row.resource)
            .filter(|resource| filter.is_none_or(|filter| filter.matches(resource)))
            .collect()
    }

    pub(super) fn get(&self, kind: Kind, id: &str) -> Result<&Value, Refused> {
        Ok(self.find(kind, id)?.1)
    }

    pub(super) fn create(
        &mut self,
        kind: Kind,
        body: &Value,
        now: Timestamp,
    ) -> Result<&Value, Refused> {
        let id = self.made + 1;
        let given = read_whole(kind, body)?;
        let resource = self.complete(kind, id, given, now, now)?;
        self.made = id;
        Ok(&self
            .rows
            .entry(id)
            .or_insert(Row { kind, resource })
            .resource)
    }

    pub(super) fn replace(
        &mut self,
        kind: Kind,
        id: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<&Value, Refused> {
        let (id, old) = self.find(kind, id)?;
        let created = created(old).unwrap_or(now);
        let resource = self.complete(kind, id, read_whole(kind, body)?, created, now)?;
        self.store(id, resource)
    }

    pub(super) fn patch(
        &mut self,
        kind: Kind,
        id: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<&Value, Refused> {
        let (id, old) = self.find(kind, id)?;
        let created = created(old).unwrap_or(now);
        let mut resource = old.as_object().cloned().unwrap_or_default();
        patch::apply(&mut resource, kind, body)?;
        let resource = self.complete(kind, id, resource, created, now)?;
        self.store(id, resource)
    }

    /// Deletes it, also as a member of groups.
    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> Result<(), Refused> {
        let (number, _) = self.find(kind, id)?;
        self.rows.remove(&number);
        for row in self.rows.values_mut() {
            if let Some(Value::Array(members)) = row.resource.get_mut("members") {
                members.retain(|member| member["value"] != id);
            }
        }
        Ok(())
    }

    fn find(&self, kind: Kind, id: &str) -> Result<(u64, &Value), Refused> {
        let number = id.parse().map_err(|_| Refused::Unknown)?;
        let row = self.rows.get(&number).filter(|row| row.kind == kind);
        let row = row.ok_or(Refused::Unknown)?;
        Ok((number, &row.resource))
    }

    fn store(&mut self, id: u64, resource: Value) -> Result<&Value, Refused> {
        let row = self.rows.get_mut(&id).ok_or(Refused::Unknown)?;
        row.resource = resource;
        Ok(&row.resource)
    }

    /// Adds what the service provider writes itself, and takes out what it keeps from
    /// everybody.
    fn complete(
        &self,
        kind: Kind,
        id: u64,
        mut resource: Map<String, Value>,
        created: Timestamp,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        let name = resource.get(kind.required()).and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or(Refused::Invalid("invalidValue"))?;
        if kind == Kind::User && self.is_taken(name, id) {
            return Err(Refused::Taken);
        }
        resource.retain(|name, _| {
            !find(kind.attributes(), name).is_some_and(super::schema::Attribute::is_write_only)
        });
        let extension = kind.extension().filter(|urn| resource.contains_key(*urn));
        let schemas: Vec<_> = [Some(kind.schema()), extension]
            .into_iter()
            .flatten()
            .collect();
        resource.insert("schemas".to_owned(), json!(schemas));
        resource.insert("id".to_owned(), id.to_string().into());
        let meta = json!({ "resourceType": kind.name(), "created": created, "lastModified": now });
        resource.insert("meta".to_owned(), meta);
        Ok(Value::Object(resource))
    }

    fn is_taken(&self, name: &str, by_another_than: u64) -> bool {
        self.rows.iter().any(|(other, row)| {
            let held = row.resource["userName"].as_str();
            *other != by_another_than && held.is_some_and(|held| held.eq_ignore_ascii_case(name))
        })
    }
}

/// A whole resource as a client writes it: a user is active unless the client says
/// otherwise.
fn read_whole(kind: Kind, body: &Value) -> Result<Map<String, Value>, Refused> {
    let mut resource = read(kind, body)?;
    if kind == Kind::User {
        resource.entry("active").or_insert(Value::Bool(true));
    }
    Ok(resource)
}

/// What a client may write, under the names of the schemas.
fn read(kind: Kind, body: &Value) -> Result<Map<String, Value>, Refused> {
    let given = body.as_object().ok_or(Refused::Invalid("invalidSyntax"))?;
    let mut resource = read_all(kind.attributes(), given)?;
    if let Some(urn) = kind.extension()
        && let Some(extension) = member(body, urn).and_then(Value::as_object)
    {
        let extension = read_all(extension_attributes(), extension)?;
        if !extension.is_empty() {
            resource.insert(urn.to_owned(), Value::Object(extension));
        }
    }
    Ok(resource)
}

fn created(resource: &Value) -> Option<Timestamp> {
    resource["meta"]["created"].as_str()?.parse().ok()
}

/// A member whatever its case.
pub(super) fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
