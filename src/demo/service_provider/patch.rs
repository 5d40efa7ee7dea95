//! Changes of a resource (RFC 7644, section 3.5.2), and what clients make of it: words
//! with capitals, booleans as text, members to be removed as a list of values.

use serde_json::{Map, Value};

use super::directory::{Refused, member};
use super::path::Path;
use super::schema::{Attribute, Kind, find, read_all};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// Applies the operations of a PATCH in their order.
pub(super) fn apply(
    resource: &mut Map<String, Value>,
    kind: Kind,
    body: &Value,
) -> Result<(), Refused> {
    let operations = member(body, "Operations").and_then(Value::as_array);
    let operations = operations.filter(|all| !all.is_empty());
    for operation in operations.ok_or(Refused::Invalid("invalidSyntax"))? {
        let verb = verb(operation)?;
        let path = member(operation, "path").and_then(Value::as_str);
        let value = member(operation, "value");
        match (path, value) {
            (Some(path), value) => change(resource, kind, verb, path, value)?,
            (None, _) if verb == Verb::Remove => return Err(Refused::Invalid("noTarget")),
            (None, Some(Value::Object(values))) => values
                .iter()
                // What the service provider writes itself is passed over, as in a POST.
                .filter(|(name, _)| !["schemas", "id", "meta"].contains(&name.as_str()))
                .try_for_each(|(path, value)| change(resource, kind, verb, path, Some(value)))?,
            (None, _) => return Err(Refused::Invalid("invalidSyntax")),
        }
    }
    Ok(())
}

fn verb(operation: &Value) -> Result<Verb, Refused> {
    let op = member(operation, "op").and_then(Value::as_str);
    match op.map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Ok(Verb::Add),
        Some("replace") => Ok(Verb::Replace),
        Some("remove") => Ok(Verb::Remove),
        _ => Err(Refused::Invalid("invalidSyntax")),
    }
}

fn change(
    resource: &mut Map<String, Value>,
    kind: Kind,
    verb: Verb,
    path: &str,
    value: Option<&Value>,
) -> Result<(), Refused> {
    if ["id", "meta", "schemas"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(path))
    {
        return Err(Refused::Invalid("mutability"));
    }
    let path = Path::parse(path, kind).ok_or(Refused::Invalid("invalidPath"))?;
    if path.is_read_only() {
        return Err(Refused::Invalid("mutability"));
    }
    if verb != Verb::Remove && value.is_none() {
        return Err(Refused::Invalid("invalidValue"));
    }
    match (path.extended, kind.extension()) {
        (true, Some(urn)) => {
            let held = resource
                .entry(urn)
                .or_insert_with(|| Value::Object(Map::new()));
            let held = held
                .as_object_mut()
                .ok_or(Refused::Invalid("invalidPath"))?;
            match path.attribute {
                Some(attribute) => change_attribute(held, attribute, &path, verb, value)?,
                None => change_all(held, verb, value)?,
            }
            if held.is_empty() {
                resource.remove(urn);
            }
            Ok(())
        }
        (true, None) => Err(Refused::Invalid("invalidPath")),
        (false, _) => {
            let attribute = path.attribute.ok_or(Refused::Invalid("invalidPath"))?;
            change_attribute(resource, attribute, &path, verb, value)
        }
    }
}

/// The whole extension.
fn change_all(
    held: &mut Map<String, Value>,
    verb: Verb,
    value: Option<&Value>,
) -> Result<(), Refused> {
    if verb != Verb::Add {
        held.clear();
    }
    if verb != Verb::Remove {
        let given = value.and_then(Value::as_object);
        let given = given.ok_or(Refused::Invalid("invalidValue"))?;
        held.extend(read_all(super::schema::extension_attributes(), given)?);
    }
    Ok(())
}

fn change_attribute(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    path: &Path,
    verb: Verb,
    value: Option<&Value>,
) -> Result<(), Refused> {
    let value = value.unwrap_or(&Value::Null);
    match (&path.filter, path.sub, attribute.multi_valued) {
        (None, None, false) => change_single(holder, attribute, verb, value),
        (None, None, true) => change_list(holder, attribute, verb, value),
        (None, Some(sub), false) => {
            let held = holder
                .entry(&attribute.name)
                .or_insert_with(|| Value::Object(Map::new()));
            let held = held
                .as_object_mut()
                .ok_or(Refused::Invalid("invalidPath"))?;
            set(held, sub, verb, value)?;
            if held.is_empty() {
                holder.remove(&attribute.name);
            }
            Ok(())
        }
        (_, _, _) => change_selected(holder, attribute, path, verb, value),
    }
}

fn change_single(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    verb: Verb,
    value: &Value,
) -> Result<(), Refused> {
    match (verb, holder.get_mut(&attribute.name), value) {
        // The sub-attributes that are named are changed, the others stay.
        (Verb::Add | Verb::Replace, Some(Value::Object(held)), Value::Object(given)) => {
            for (name, value) in given {
                if let Some(sub) = find(&attribute.sub_attributes, name) {
                    set(held, sub, verb, value)?;
                }
            }
            Ok(())
        }
        _ => set(holder, attribute, verb, value),
    }
}

fn change_list(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    verb: Verb,
    value: &Value,
) -> Result<(), Refused> {
    let given = match value {
        // One value in the place of a list of one.
        Value::Object(_) | Value::String(_) => {
            attribute.read(&Value::Array(vec![value.clone()]))?
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            attribute.read(value)?
        }
    };
    let given = given.as_array().cloned().unwrap_or_default();
    let mut held = match holder.remove(&attribute.name) {
        Some(Value::Array(held)) if verb != Verb::Replace => held,
        _ => Vec::new(),
    };
    match verb {
        Verb::Remove if value.is_null() => held.clear(),
        Verb::Remove => held.retain(|held| !given.iter().any(|given| is_same(held, given))),
        Verb::Add | Verb::Replace => {
            for value in given {
                match held.iter_mut().find(|held| is_same(held, &value)) {
                    Some(held) => *held = value,
                    None => held.push(value),
                }
            }
        }
    }
    store(holder, attribute, held);
    Ok(())
}

/// Changes the values that the filter describes, or all of them.
fn change_selected(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    path: &Path,
    verb: Verb,
    value: &Value,
) -> Result<(), Refused> {
    let mut held = match holder.remove(&attribute.name) {
        Some(Value::Array(held)) => held,
        _ => Vec::new(),
    };
    let is_meant = |value: &Value| {
        path.filter
            .as_ref()
            .is_none_or(|filter| filter.matches(value))
    };
    if verb != Verb::Remove && !held.iter().any(is_meant) {
        let Some(made) = path.filter.as_ref().filter(|_| verb == Verb::Add) else {
            store(holder, attribute, held);
            return Err(Refused::Invalid("noTarget"));
        };
        let made = made
            .implied()
            .map(|(name, value)| (name.to_owned(), value.clone()));
        held.push(Value::Object(made.collect()));
    }
    match path.sub {
        None if verb == Verb::Remove => held.retain(|value| !is_meant(value)),
        sub => {
            for meant in held.iter_mut().filter(|value| is_meant(value)) {
                let meant = meant
                    .as_object_mut()
                    .ok_or(Refused::Invalid("invalidPath"))?;
                match (sub, value.as_object()) {
                    (Some(sub), _) => set(meant, sub, verb, value)?,
                    (None, Some(given)) => {
                        meant.extend(read_all(&attribute.sub_attributes, given)?);
                    }
                    (None, None) => return Err(Refused::Invalid("invalidValue")),
                }
            }
        }
    }
    store(holder, attribute, held);
    Ok(())
}

fn set(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    verb: Verb,
    value: &Value,
) -> Result<(), Refused> {
    let value = match verb {
        Verb::Remove => Value::Null,
        Verb::Add | Verb::Replace => attribute.read(value)?,
    };
    match value.is_null() {
        true => holder.remove(&attribute.name),
        false => holder.insert(attribute.name.clone(), value),
    };
    Ok(())
}

fn store(holder: &mut Map<String, Value>, attribute: &Attribute, values: Vec<Value>) {
    if !values.is_empty() {
        holder.insert(attribute.name.clone(), Value::Array(values));
    }
}

/// Whether two entries of a list are the same one: by `value` and `type` where they have
/// a value.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.get("value"), other.get("value")) {
        (Some(value), Some(others)) => {
            let kinds = (one.get("type"), other.get("type"));
            let same_kind = matches!(kinds, (None, _) | (_, None)) || kinds.0 == kinds.1;
            value == others && same_kind
        }
        _ => one == other,
    }
}
