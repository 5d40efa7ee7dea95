use serde_json::json;

use super::*;

fn found(document: &Value) -> Option<String> {
    let written = BTreeSet::from(["our-token".to_owned()]);
    find(document, &written, &|at| at == "/kept")
}

#[test]
fn a_mask_is_found_whatever_it_looks_like() {
    for mask in [
        "****",
        "********",
        "•••••••",
        "sk-***************1234",
        "https://user:****@host/",
        "xxxxxxxx",
        "XXXX-XXXX",
        "########",
        "......",
        "----",
        "[REDACTED]",
        "<hidden>",
        "(sensitive value)",
        "REDACTED",
        "__masked__",
        "{encrypted}",
        "%HIDDEN%",
        "…………",
        "[\"****\"]",
        "{\"a\": {\"b\": \"****\"}}",
    ] {
        let document = json!({"a": [{"anything": mask}]});
        assert_eq!(
            found(&document).as_deref().map(|at| &at[..13]),
            Some("/a/0/anything"),
            "{mask}"
        );
    }
}

#[test]
fn a_field_with_the_name_of_a_secret_is_never_taken_as_it_is_shown() {
    for name in [
        "password",
        "clientSecret",
        "client_secret",
        "api-key",
        "bearerToken",
        "x.accessKey",
    ] {
        for shown in [
            json!("9f8a7c"),
            json!("unveränderlich"),
            json!("true"),
            json!(""),
            json!(null),
            json!(["a"]),
        ] {
            let document = json!({ name: shown });
            assert!(found(&document).is_some(), "{document}");
        }
    }
    let pairs = [
        json!([{"key": "BaseAddress", "value": "x"}, {"key": "SecretToken", "value": "y"}]),
        json!([{"name": "db.password", "values": ["y"]}]),
        json!([{"schema": "a", "confidential": true, "value": "y"}]),
    ];
    for document in pairs {
        assert!(found(&document).is_some(), "{document}");
    }
}

#[test]
fn settings_are_no_masks() {
    for document in [
        json!({"token": "our-token", "accessToken": ["our-token"]}),
        json!({"kept": "****"}),
        json!({"tokenUrl": "https://sp/token", "tokenType": "bearer", "keyId": "7"}),
        json!({"clientType": "confidential", "visibility": "hidden", "state": "protected"}),
        json!({"description": "** by IT **, e.g. a-b_c...", "list": [1, null, true, "x"]}),
        json!({"password": {"policy": 12}, "secret": true, "tokens": 3}),
        json!([{"key": "a", "value": "b"}, {"confidential": false, "value": "c"}]),
    ] {
        assert_eq!(found(&document), None, "{document}");
    }
}
