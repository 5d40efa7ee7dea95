use super::*;
use serde_json::json;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("valid")
}

fn field(config: Value) -> TimeField {
    serde_json::from_value(config).expect("valid field")
}

#[test]
fn pointers_are_checked() {
    for good in ["", "/a", "/a/0/b~1c~0d", "/"] {
        assert!(Pointer::parse(good).is_ok(), "{good}");
    }
    for bad in ["a", "a/b", "/a~", "/a~2"] {
        assert!(Pointer::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_format_reads_the_same_moment() {
    let moment: Timestamp = "2026-01-01T01:00:00Z".parse().expect("valid");
    let cases = [
        (json!("/t"), json!("2026-01-01T02:00:00+01:00")),
        (
            json!({"at": "/t", "format": "epoch_s"}),
            json!(1_767_229_200),
        ),
        (
            json!({"at": "/t", "format": "epoch_s"}),
            json!("1767229200"),
        ),
        (
            json!({"at": "/t", "format": "epoch_ms"}),
            json!(1_767_229_200_000_i64),
        ),
        (
            json!({"at": "/t", "format": "seconds_from_now"}),
            json!(3600),
        ),
        (json!({"at": "/t", "format": "minutes_from_now"}), json!(60)),
    ];
    for (config, value) in cases {
        let read = field(config.clone()).read(&json!({ "t": value }), now());
        assert_eq!(read, Ok(Known::At(moment)), "{config}");
    }
}

#[test]
fn absent_null_zero_and_minus_one_are_told_apart() {
    let plain = field(json!({"at": "/t", "format": "epoch_ms"}));
    let told = field(
        json!({"at": "/t", "format": "epoch_ms", "never": [0, -1], "absent": "error", "null": "never"}),
    );
    let epoch = Known::At(Timestamp::UNIX_EPOCH);
    assert_eq!(plain.read(&json!({}), now()), Ok(Known::Unknown));
    assert_eq!(plain.read(&json!({"t": null}), now()), Ok(Known::Unknown));
    assert_eq!(plain.read(&json!({"t": 0}), now()), Ok(epoch));
    assert!(told.read(&json!({}), now()).is_err());
    assert_eq!(told.read(&json!({"t": null}), now()), Ok(Known::Never));
    assert_eq!(told.read(&json!({"t": 0}), now()), Ok(Known::Never));
    assert_eq!(told.read(&json!({"t": -1}), now()), Ok(Known::Never));
}

#[test]
fn nonsense_is_an_error_that_does_not_quote_it() {
    for value in [
        json!("canary"),
        json!(true),
        json!([1]),
        json!(1e300),
        json!("inf"),
    ] {
        for format in ["rfc3339", "epoch_s", "seconds_from_now"] {
            let read =
                field(json!({"at": "/t", "format": format})).read(&json!({ "t": value }), now());
            let error = read.expect_err("not a time");
            assert!(
                !error.contains("canary") && error.contains("`/t`"),
                "{error}"
            );
        }
    }
}
