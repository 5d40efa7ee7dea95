use serde_json::json;

use super::*;

fn merged(config: &str, mut document: Value) -> Result<Value, String> {
    let merge: Merge<Value> = toml::from_str(config).expect("a merge");
    merge.apply(&mut document).map(|()| document)
}

#[test]
fn unknown_fields_stay_and_dropped_ones_go() {
    let document = json!({
        "id": "7", "meta": {"location": "x", "keep": 1}, "isEnabled": true, "future": [1, {"a": null}],
        "properties": [
            {"key": "scim2-user-ep", "value": "https://sp/Users"},
            {"key": "scim2-access-token", "value": "***", "confidential": true},
        ],
    });
    let config = "
        drop = [\"/id\", \"meta.location\", \"not.there\"]
        set = [{ at = \"properties[key=scim2-access-token].value\", value = \"new\" }]
    ";
    let expected = json!({
        "meta": {"keep": 1}, "isEnabled": true, "future": [1, {"a": null}],
        "properties": [
            {"key": "scim2-user-ep", "value": "https://sp/Users"},
            {"key": "scim2-access-token", "value": "new", "confidential": true},
        ],
    });
    assert_eq!(merged(config, document), Ok(expected));
}

#[test]
fn merge_patch_follows_rfc_7396() {
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (
            json!({"a": "b"}),
            json!({"b": "c"}),
            json!({"a": "b", "b": "c"}),
        ),
        (
            json!({"a": "b", "b": "c"}),
            json!({"a": null}),
            json!({"b": "c"}),
        ),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (
            json!({"a": {"b": "c"}}),
            json!({"a": {"b": "d", "c": null}}),
            json!({"a": {"b": "d"}}),
        ),
        (
            json!({"a": [{"b": "c"}]}),
            json!({"a": [1]}),
            json!({"a": [1]}),
        ),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (
            json!({"e": null}),
            json!({"a": 1}),
            json!({"e": null, "a": 1}),
        ),
        (
            json!([1, 2]),
            json!({"a": "b", "c": null}),
            json!({"a": "b"}),
        ),
        (
            json!({}),
            json!({"a": {"bb": {"ccc": null}}}),
            json!({"a": {"bb": {}}}),
        ),
    ];
    for (mut target, patch, expected) in cases {
        let shown = format!("{target} with {patch}");
        merge_patch(&mut target, patch);
        assert_eq!(target, expected, "{shown}");
    }
}

#[test]
fn a_place_that_is_not_there_is_not_made() {
    let error = merged("set = [{ at = \"/x\", value = 1 }]", json!({})).expect_err("absent");
    assert!(error.contains("create = true"), "{error}");
}

#[test]
fn json_inside_a_text_is_changed_and_written_as_text() {
    let config = "
        set = [{ json_text = \"/connection\", at = \"auth.acct.accessToken\", value = \"a\\\"b\" }]
    ";
    let inner = json!({"auth": {"acct": {"accessToken": "old", "type": "oauth2"}}});
    let document = json!({"connection": inner.to_string(), "name": "x"});
    let written = merged(config, document).expect("changed");
    let text = written["connection"].as_str().expect("a text");
    let inner: Value = serde_json::from_str(text).expect("JSON");
    let expected = json!({"auth": {"acct": {"accessToken": "a\"b", "type": "oauth2"}}});
    assert_eq!(inner, expected);

    for document in [
        json!({}),
        json!({"connection": "secret {"}),
        json!({"connection": 1}),
    ] {
        let error = merged(config, document).expect_err("no JSON text");
        assert!(!error.contains("secret"), "{error}");
    }
}
