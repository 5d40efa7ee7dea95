//! Reads SCIM resources. Names of attributes have no case (RFC 7643, section 2.1); one
//! that is there twice counts as absent, because nobody knows which one is meant.

use jiff::Timestamp;
use serde_json::Value;

/// Longest id that is used in a URL.
const LONGEST_ID: usize = 512;

/// An attribute.
#[must_use]
pub fn field<'v>(document: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = document.as_object()?;
    let mut named = fields
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let (_, value) = named.next()?;
    named.next().is_none().then_some(value)
}

/// An attribute that is a text.
#[must_use]
pub fn text<'v>(document: &'v Value, name: &str) -> Option<&'v str> {
    field(document, name)?.as_str()
}

/// Its id, if it can be used in a URL. `secret` is the token, which a hostile server
/// may send back as an id.
#[must_use]
pub fn id(document: &Value, secret: &str) -> Option<String> {
    let id = match field(document, "id")? {
        Value::String(id) => id.clone(),
        // Against the standard, and seen in the field.
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    is_usable_id(&id, secret).then_some(id)
}

/// Whether an id names one resource, and not the collection or what is beside it.
#[must_use]
pub fn is_usable_id(id: &str, secret: &str) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST_ID
        && id.trim() == id
        && !id.chars().any(|c| c.is_control() || "/\\?#%".contains(c))
        && id != "."
        && id != ".."
        && !(secret.len() >= 8 && id.contains(secret))
}

/// `active`; some servers send it as a text.
#[must_use]
pub fn active(document: &Value) -> Option<bool> {
    match field(document, "active")? {
        Value::Bool(active) => Some(*active),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        Value::String(_) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// When the service provider says that it was made.
#[must_use]
pub fn created(document: &Value) -> Option<Timestamp> {
    text(field(document, "meta")?, "created")?.parse().ok()
}

/// Whether a group shows this member; `None` if it shows no members at all.
#[must_use]
pub fn has_member(group: &Value, user: &str) -> Option<bool> {
    let members = field(group, "members")?.as_array()?;
    if members.is_empty() {
        return None;
    }
    let is_it = |member: &Value| match field(member, "value") {
        Some(Value::String(id)) => id == user,
        Some(Value::Number(id)) => id.to_string() == user,
        _ => false,
    };
    Some(members.iter().any(is_it))
}

/// The entries of a list; `None` if it is no list.
#[must_use]
pub fn entries(list: &Value) -> Option<&[Value]> {
    match field(list, "Resources") {
        Some(Value::Array(entries)) => Some(entries),
        Some(_) => None,
        // A list without entries may omit them.
        None => (total(list) == Some(0)).then_some(&[]),
    }
}

/// `totalResults`; `None` if it is absent or makes no sense.
#[must_use]
pub fn total(list: &Value) -> Option<u64> {
    field(list, "totalResults")?.as_u64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_that_lead_elsewhere_are_not_used() {
        let long = "x".repeat(513);
        for id in [
            "",
            ".",
            "..",
            "../../Users",
            "%2e%2e/",
            "a/b",
            "a?b",
            "a#b",
            "a\0b",
            "a\nb",
            " a",
            "secret-token-x",
            &long,
        ] {
            assert!(!is_usable_id(id, "secret-token"), "{id:?}");
        }
        for id in ["7", "2819c223-7f76", "a.b", "a@b.example", "ä"] {
            assert!(is_usable_id(id, "secret-token"), "{id}");
        }
        assert_eq!(super::id(&json!({ "ID": 7 }), ""), Some("7".to_owned()));
        assert_eq!(super::id(&json!({ "id": ["7"] }), ""), None);
        assert_eq!(super::id(&json!({ "id": "a", "ID": "b" }), ""), None);
    }

    #[test]
    fn lists_and_members_are_read_as_they_are() {
        assert_eq!(entries(&json!({ "totalResults": 0 })), Some(&[][..]));
        assert_eq!(entries(&json!({ "totalResults": 2 })), None);
        assert_eq!(entries(&json!({ "Resources": {} })), None);
        assert_eq!(total(&json!({ "totalResults": -1 })), None);
        assert_eq!(has_member(&json!({ "members": [] }), "u"), None);
        let group = json!({ "members": [{ "value": "u" }] });
        assert_eq!(has_member(&group, "u"), Some(true));
        assert_eq!(has_member(&group, "v"), Some(false));
        assert_eq!(active(&json!({ "active": "False" })), Some(false));
        assert_eq!(active(&json!({ "active": "no" })), None);
    }
}
