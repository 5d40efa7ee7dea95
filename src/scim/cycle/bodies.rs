//! The bodies of a full cycle. A user gets no password, no role and no entitlement.

use serde_json::{Value, json};

use super::names::{CHANGED_NAME, DISPLAY_NAME, Names};
use super::profile::{CycleConfig, PatchDialect};

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
        "name": { "formatted": "SCIM Probe", "givenName": "SCIM", "familyName": "Probe" },
        "displayName": shown,
        "emails": [{ "value": names.user_name, "type": "work", "primary": true }],
        "active": active,
    });
    if names.plain_mail {
        user["emails"] = json!([{ "value": names.user_name }]);
    }
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

/// Replaces one attribute of a user; `path` may name a sub-attribute.
pub(super) fn replace(dialect: PatchDialect, path: &str, value: Value) -> Value {
    match dialect {
        PatchDialect::Standard => {
            operation(json!({ "op": "replace", "path": path, "value": value }))
        }
        PatchDialect::Entra => {
            let value = match value.as_bool() {
                Some(true) => json!("True"),
                Some(false) => json!("False"),
                None => value,
            };
            operation(json!({ "op": "Replace", "path": path, "value": value }))
        }
        PatchDialect::Okta => {
            let names = path.rsplit('.');
            let value = names.fold(value, |value, name| json!({ name: value }));
            operation(json!({ "op": "replace", "value": value }))
        }
    }
}

/// One way to change the members of a group. If it is not the first one that is tried,
/// what has to be said of it.
pub(super) type Way = (Value, &'static str);

/// Makes the user a member.
pub(super) fn add_member(dialect: PatchDialect, user: &str) -> Vec<Way> {
    match dialect {
        PatchDialect::Standard | PatchDialect::Okta => {
            let value = json!([{ "value": user }]);
            vec![(
                operation(json!({ "op": "add", "path": "members", "value": value })),
                "",
            )]
        }
        PatchDialect::Entra => {
            let without_path = json!({ "members": [{ "value": user }] });
            let value = json!([{ "$ref": null, "value": user }]);
            vec![
                (operation(json!({ "op": "Add", "value": without_path })), ""),
                (
                    operation(json!({ "op": "Add", "path": "members", "value": value })),
                    "members are added with a path only",
                ),
            ]
        }
    }
}

/// Makes the user a member no more.
pub(super) fn remove_member(dialect: PatchDialect, user: &str) -> Vec<Way> {
    match dialect {
        PatchDialect::Standard | PatchDialect::Okta => {
            let path = format!("members[value eq {}]", json!(user));
            let value = json!([{ "value": user }]);
            vec![
                (operation(json!({ "op": "remove", "path": path })), ""),
                (
                    operation(json!({ "op": "remove", "path": "members", "value": value })),
                    "members are removed by a list of values only",
                ),
            ]
        }
        PatchDialect::Entra => {
            let value = json!([{ "$ref": null, "value": user }]);
            vec![(
                operation(json!({ "op": "Remove", "path": "members", "value": value })),
                "",
            )]
        }
    }
}

fn operation(operation: Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [operation] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_replaces_in_its_own_words() {
        let said =
            |dialect, path: &str, value| replace(dialect, path, value)["Operations"][0].clone();
        let (standard, entra, okta) = (
            PatchDialect::Standard,
            PatchDialect::Entra,
            PatchDialect::Okta,
        );
        assert_eq!(
            said(standard, "active", json!(false)),
            json!({ "op": "replace", "path": "active", "value": false })
        );
        assert_eq!(
            said(entra, "active", json!(false)),
            json!({ "op": "Replace", "path": "active", "value": "False" })
        );
        assert_eq!(
            said(okta, "name.familyName", json!("X")),
            json!({ "op": "replace", "value": { "name": { "familyName": "X" } } })
        );
    }
}
