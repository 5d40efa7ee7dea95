mod settings;
mod zones;

use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("valid")
}

fn now() -> Timestamp {
    at("2026-01-01T00:00:00Z")
}

fn field(config: Value) -> TimeField {
    serde_json::from_value(config).expect("valid field")
}

fn read(format: &str, zone: Option<&str>, value: Value) -> Result<Known, String> {
    let config = json!({"at": "/t", "format": format, "zone": zone});
    field(config).read(View::item(&json!({ "t": value })), now())
}

/// A time, or `-` where no end is known.
fn assert_reads(format: &str, zone: Option<&str>, value: Value, expected: &str) {
    let shown = format!("{format} {zone:?} {value}");
    let expected = match expected {
        "-" => Known::Unknown,
        time => Known::At(at(time)),
    };
    assert_eq!(read(format, zone, value), Ok(expected), "{shown}");
}

/// The remedy is in the message, the value is not.
fn assert_refused(format: &str, zone: Option<&str>, value: Value, remedy: &str) {
    let error = read(format, zone, value.clone()).expect_err(&format!("{format} {value}"));
    assert!(error.starts_with("the value at `/t` "), "{error}");
    assert!(error.contains(remedy), "{format} {value}: {error}");
    if let Some(text) = value.as_str().filter(|text| text.len() > 4) {
        assert!(!error.contains(text), "{error}");
    }
}

#[test]
fn rfc3339_is_read_with_its_usual_variants() {
    for (text, expected) in [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00z", "2026-01-31T12:00:00Z"),
        ("2026-01-31t12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00Z", "2026-01-31T12:00:00Z"),
        (" 2026-01-31T12:00:00Z\n", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00Z"),
        ("2026-01-31T12:00:00+0100", "2026-01-31T11:00:00Z"),
        ("2026-01-31T12:00:00-0000", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00 +0000", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00 -0530", "2026-01-31T17:30:00Z"),
        ("2026-01-31 12:00:00 UTC", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00 +0000 UTC", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5Z"),
        ("2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00.5Z"),
        (
            "2026-01-31T12:00:00.1234567Z",
            "2026-01-31T12:00:00.1234567Z",
        ),
        (
            "2026-01-31T12:00:00.123456789012+00:00",
            "2026-01-31T12:00:00.123456789Z",
        ),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z"),
        ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        (
            "2026-07-01T12:00:00+02:00[Europe/Berlin]",
            "2026-07-01T10:00:00Z",
        ),
        ("2026-07-01T12:00:00[Europe/Berlin]", "2026-07-01T10:00:00Z"),
        ("2075-12-31T00:00:00Z", "2075-12-31T00:00:00Z"),
        ("2076-01-02T00:00:00Z", "-"),
        ("9999-12-31T23:59:59Z", "-"),
        ("9999-12-31T23:59:59.9999999-12:00", "-"),
        ("1970-01-01T00:00:00Z", "-"),
        ("1970-01-01T01:00:00+01:00", "-"),
        ("1970-01-02T00:00:00Z", "1970-01-02T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "-"),
        ("0001-01-01T00:00:00+01:00", "-"),
        ("0000-00-00T00:00:00Z", "-"),
        ("1899-12-30T00:00:00Z", "-"),
    ] {
        assert_reads("rfc3339", None, json!(text), expected);
    }
    for (value, remedy) in [
        (json!("2026-01-31T12:00:00"), "zone = \"UTC\""),
        (json!("2026-01-31 12:00:00"), "zone = \"UTC\""),
        (json!("2026-01-31"), "format = \"date\""),
        (json!(1_767_229_200), "format = \"epoch_s\""),
        (json!(""), "never = [\"\"]"),
        (json!("2026-02-29T00:00:00Z"), "\"rfc3339\""),
        (json!("2026-13-01T00:00:00Z"), "\"rfc3339\""),
        (json!("2026-01-31T25:00:00Z"), "\"rfc3339\""),
        (json!("2026-01-31T12:00:00+99:00"), "\"rfc3339\""),
        (json!("Sat, 31 Jan 2026 12:00:00 GMT"), "\"rfc3339\""),
        (json!("NaN"), "\"rfc3339\""),
        (json!("canary"), "\"rfc3339\""),
        (json!(true), "\"rfc3339\""),
        (json!([1]), "\"rfc3339\""),
    ] {
        assert_refused("rfc3339", None, value, remedy);
    }
    let berlin = Some("Europe/Berlin");
    assert_reads(
        "rfc3339",
        berlin,
        json!("2026-01-31T12:00:00"),
        "2026-01-31T11:00:00Z",
    );
    assert_reads(
        "rfc3339",
        berlin,
        json!("2026-01-31T12:00:00Z"),
        "2026-01-31T12:00:00Z",
    );
    assert_refused("rfc3339", berlin, json!("2026-01-31"), "format = \"date\"");
}

#[test]
fn numbers_are_read_and_absurd_ones_are_no_end() {
    let cases = [
        ("epoch_s", json!(1_767_229_200), "2026-01-01T01:00:00Z"),
        ("epoch_s", json!("1767229200"), "2026-01-01T01:00:00Z"),
        ("epoch_s", json!(1_767_229_200.5), "2026-01-01T01:00:00.5Z"),
        ("epoch_s", json!(0), "-"),
        ("epoch_s", json!("0"), "-"),
        ("epoch_s", json!(-1), "-"),
        ("epoch_s", json!(-62_135_596_800_i64), "-"),
        ("epoch_s", json!(253_402_300_799_i64), "-"),
        ("epoch_s", json!(i64::MAX), "-"),
        ("epoch_s", json!(u64::MAX), "-"),
        ("epoch_s", json!(1e300), "-"),
        (
            "epoch_ms",
            json!(1_767_229_200_000_i64),
            "2026-01-01T01:00:00Z",
        ),
        (
            "epoch_ms",
            json!(1_767_229_200_123_i64),
            "2026-01-01T01:00:00.123Z",
        ),
        ("epoch_ms", json!(0), "-"),
        ("epoch_ms", json!(-1), "-"),
        ("epoch_ms", json!(253_402_300_799_999_i64), "-"),
        ("epoch_ms", json!(i64::MAX), "-"),
        ("seconds_from_now", json!(3600), "2026-01-01T01:00:00Z"),
        ("seconds_from_now", json!("3600"), "2026-01-01T01:00:00Z"),
        ("seconds_from_now", json!(0), "2026-01-01T00:00:00Z"),
        ("seconds_from_now", json!(-60), "2025-12-31T23:59:00Z"),
        ("seconds_from_now", json!(u32::MAX), "-"),
        ("seconds_from_now", json!(1e300), "-"),
        ("minutes_from_now", json!(60), "2026-01-01T01:00:00Z"),
        ("minutes_from_now", json!(i64::MAX), "-"),
    ];
    for (format, value, expected) in cases {
        assert_reads(format, None, value, expected);
    }
    let refused = [
        (
            "epoch_s",
            json!(1_767_229_200_000_i64),
            "format = \"epoch_ms\"",
        ),
        ("epoch_ms", json!(1_767_229_200), "format = \"epoch_s\""),
        ("epoch_s", json!(-1e300), "\"epoch_s\""),
        ("seconds_from_now", json!(-1e300), "\"seconds_from_now\""),
    ];
    for (format, value, remedy) in refused {
        assert_refused(format, None, value, remedy);
    }
    for format in [
        "epoch_s",
        "epoch_ms",
        "seconds_from_now",
        "minutes_from_now",
    ] {
        for value in [
            json!("NaN"),
            json!("inf"),
            json!("canary"),
            json!(""),
            json!(true),
            json!([1]),
        ] {
            assert_refused(format, None, value, format);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_no_error_quotes_it(text in "\\PC{12,40}", zone in 0..2_usize) {
        for format in ["rfc3339", "local", "date", "rfc2822", "epoch_s", "minutes_from_now"] {
            let zone = Some("Europe/Berlin").filter(|_| zone == 1 && ["rfc3339", "local", "date"].contains(&format));
            if let Err(error) = read(format, zone, json!(text)) {
                proptest::prop_assert!(!error.contains(&text));
            }
        }
    }

    #[test]
    fn every_time_is_read_as_it_was_written(second in 86_400_i64..3_300_000_000) {
        let time = Timestamp::from_second(second).expect("in range");
        let known = |value, format| read(format, None, value);
        proptest::prop_assert_eq!(known(json!(time.to_string()), "rfc3339"), Ok(Known::At(time)));
        if second > 4_000_000 {
            proptest::prop_assert_eq!(known(json!(second * 1000), "epoch_ms"), Ok(Known::At(time)));
        }
        proptest::prop_assert_eq!(known(json!(second), "epoch_s"), Ok(Known::At(time)));
    }
}
