//! The bodies of a full cycle. A user gets no password, no role and no entitlement.

use serde_json::{Value, json};

use super::names::{CHANGED_NAME, DISPLAY_NAME, Names};
use super::profile::CycleConfig;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The user, as it is created or replaced.
pub(super) fn user(names: &Names, config: &CycleConfig, changed: bool, active: bool) -> Value {
    let shown = if changed { CHANGED_NAME } else { DISPLAY_NAME };
    let mut user = json!({
        "schemas": [USER],
        "userName": names.user_name,
        "externalId": names.external_id,
        "name": { "givenName": "SCIM", "familyName": "Probe" },
        "displayName": shown,
        "emails": [{ "value": names.user_name, "type": "work", "primary": true }],
        "active": active,
    });
    for (name, value) in &config.user {
        user[name] = json!(value);
    }
    user
}

/// The group, as it is created or replaced.
pub(super) fn group(names: &Names, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "schemas": [GROUP],
        "displayName": names.group_name,
        "externalId": names.external_id,
        "members": members,
    })
}

pub(super) fn replace(path: &str, value: Value) -> Value {
    operation(json!({ "op": "replace", "path": path, "value": value }))
}

pub(super) fn add_member(user: &str) -> Value {
    operation(json!({ "op": "add", "path": "members", "value": [{ "value": user }] }))
}

pub(super) fn remove_member(user: &str) -> Value {
    let path = format!("members[value eq {}]", json!(user));
    operation(json!({ "op": "remove", "path": path }))
}

/// The same as some servers want it.
pub(super) fn remove_member_by_value(user: &str) -> Value {
    operation(json!({ "op": "remove", "path": "members", "value": [{ "value": user }] }))
}

fn operation(operation: Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [operation] })
}
