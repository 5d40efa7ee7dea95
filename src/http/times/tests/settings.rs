//! What the settings of a time mean, and which ones are refused.

use serde_json::json;

use super::*;

#[test]
fn absent_null_and_never_are_told_apart() {
    let plain = field(json!({"at": "/t", "format": "epoch_ms"}));
    let told = field(json!({
        "at": "/t", "format": "epoch_ms", "never": [0, -1, "never", ""], "absent": "error", "null": "never",
    }));
    assert_eq!(
        plain.read(View::item(&json!({})), now()),
        Ok(Known::Unknown)
    );
    assert_eq!(
        plain.read(View::item(&json!({"t": null})), now()),
        Ok(Known::Unknown)
    );
    let absent = told.read(View::item(&json!({})), now());
    assert_eq!(absent, Err("the time at `/t` is missing".to_owned()));
    assert_eq!(
        told.read(View::item(&json!({"t": null})), now()),
        Ok(Known::Never)
    );
    for never in [
        json!(0),
        json!(-1),
        json!("-1"),
        json!("0"),
        json!("never"),
        json!(""),
    ] {
        assert_eq!(
            told.read(View::item(&json!({ "t": never })), now()),
            Ok(Known::Never)
        );
    }
    for other in [json!("Never"), json!(1.5), json!("1")] {
        assert_ne!(
            told.read(View::item(&json!({ "t": other })), now()),
            Ok(Known::Never)
        );
    }
    let texts = field(json!({"at": "/t", "never": ["9999-12-31T00:00:00Z"], "absent": "never"}));
    let read = |document: Value| texts.read(View::item(&document), now());
    assert_eq!(read(json!({"t": "9999-12-31T00:00:00Z"})), Ok(Known::Never));
    assert_eq!(
        read(json!({"t": "9999-12-30T00:00:00Z"})),
        Ok(Known::Unknown)
    );
    assert_eq!(read(json!({})), Ok(Known::Never));
}

#[test]
fn a_value_that_was_found_elsewhere_is_read_the_same_way() {
    let field = field(json!({"at": "/t", "absent": "error"}));
    let found = json!("2026-01-31T12:00:00Z");
    let read = field
        .how
        .read_value(Some(&found), "the header `Expires`", now());
    assert_eq!(read, Ok(Known::At(at("2026-01-31T12:00:00Z"))));
    let error = field.how.read_value(None, "the header `Expires`", now());
    assert_eq!(
        error,
        Err("the time at the header `Expires` is missing".to_owned())
    );
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let read = |config: Value| serde_json::from_value::<TimeField>(config);
    assert_eq!(
        read(json!("/t")).ok(),
        Some(TimeField::at(Place::parse("/t").expect("valid")))
    );
    for (config, why) in [
        (json!({"at": "/t", "zone": "Berlin"}), "Europe/Berlin"),
        (
            json!({"at": "/t", "format": "epoch_s", "zone": "UTC"}),
            "leave it out",
        ),
        (
            json!({"at": "/t", "format": "rfc2822", "zone": "UTC"}),
            "leave it out",
        ),
        (json!({"at": "/t", "format": "iso"}), "rfc3339"),
        (
            json!({"at": "/t", "never": [1.5]}),
            "a text or a whole number",
        ),
        (json!({"at": "/t", "sometimes": 1}), "sometimes"),
        (json!({"format": "date"}), "where to look"),
        (json!("a..b"), "is not a place"),
        (json!(1), "a place"),
    ] {
        let error = read(config.clone()).expect_err("refused").to_string();
        assert!(error.contains(why), "{config}: {error}");
    }
}
