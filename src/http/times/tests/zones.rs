//! Times without a zone, dates, and zones by name.

use serde_json::json;

use super::*;

#[test]
fn local_times_are_in_the_declared_zone_and_the_earlier_of_two() {
    let berlin = Some("Europe/Berlin");
    for (zone, text, expected) in [
        (None, "2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
        (None, "2026-01-31 12:00:00.25", "2026-01-31T12:00:00.25Z"),
        (Some("UTC"), "2026-01-31 12:00", "2026-01-31T12:00:00Z"),
        (berlin, "2026-01-31T12:00:00", "2026-01-31T11:00:00Z"),
        (berlin, "2026-07-31T12:00:00", "2026-07-31T10:00:00Z"),
        (
            Some("America/New_York"),
            "2028-02-29T23:00:00",
            "2028-03-01T04:00:00Z",
        ),
        (
            Some("Asia/Kolkata"),
            "2026-01-31T12:00:00",
            "2026-01-31T06:30:00Z",
        ),
        // Skipped: 02:30 does not exist; twice: 02:30 happens in both offsets.
        (berlin, "2026-03-29T02:30:00", "2026-03-29T00:30:00Z"),
        (berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        (berlin, "9999-12-31T23:59:59", "-"),
        (berlin, "0001-01-01T00:00:00", "-"),
        (berlin, "1970-01-01T00:00:00", "-"),
        (Some("Pacific/Honolulu"), "1970-01-01T00:00:00", "-"),
        (None, "0000-00-00 00:00:00", "-"),
    ] {
        assert_reads("local", zone, json!(text), expected);
    }
    assert_refused(
        "local",
        None,
        json!("2026-01-31T12:00:00Z"),
        "format = \"rfc3339\"",
    );
    assert_refused(
        "local",
        None,
        json!("2026-01-31T12:00:00+01:00"),
        "format = \"rfc3339\"",
    );
    assert_refused("local", None, json!("2026-01-31"), "format = \"date\"");
    assert_refused("local", None, json!(5), "format = \"epoch_s\"");
}

#[test]
fn a_date_is_the_start_of_that_day_in_the_zone() {
    for (zone, text, expected) in [
        (None, "2026-01-31", "2026-01-31T00:00:00Z"),
        (Some("Europe/Berlin"), "2026-01-31", "2026-01-30T23:00:00Z"),
        (Some("Europe/Berlin"), "2028-02-29", "2028-02-28T23:00:00Z"),
        (
            Some("America/New_York"),
            "2026-01-31",
            "2026-01-31T05:00:00Z",
        ),
        // Clocks went from 24:00 to 01:00: the day began at 01:00.
        (
            Some("America/Sao_Paulo"),
            "2018-11-04",
            "2018-11-04T03:00:00Z",
        ),
        // They went back from 24:00 to 23:00 and showed 23:00 twice.
        (
            Some("America/Sao_Paulo"),
            "2018-02-18",
            "2018-02-18T03:00:00Z",
        ),
        (None, "9999-12-31", "-"),
        (Some("Europe/Berlin"), "9999-12-31", "-"),
        (None, "0001-01-01", "-"),
        (None, "1970-01-01", "-"),
        (Some("Pacific/Honolulu"), "1970-01-01", "-"),
        (None, "0000-00-00", "-"),
    ] {
        assert_reads("date", zone, json!(text), expected);
    }
    assert_refused("date", None, json!("2026-02-29"), "\"date\"");
    assert_refused("date", None, json!("31.01.2026"), "\"date\"");
    assert_refused(
        "date",
        None,
        json!("2026-01-31T12:00:00Z"),
        "format = \"rfc3339\"",
    );
}

#[test]
fn rfc2822_needs_a_zone_that_the_standard_knows() {
    for (text, expected) in [
        ("Sat, 31 Jan 2026 12:00:00 GMT", "2026-01-31T12:00:00Z"),
        ("Fri, 31 Jan 2026 12:00:00 GMT", "2026-01-31T12:00:00Z"),
        ("31 Jan 2026 12:00 +0100", "2026-01-31T11:00:00Z"),
        ("Tue, 29 Feb 2028 12:00:00 EST", "2028-02-29T17:00:00Z"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "-"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", "-"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "-"),
    ] {
        assert_reads("rfc2822", None, json!(text), expected);
    }
    for text in [
        "Sat, 31 Jan 2026 12:00:00 CEST",
        "Sat, 31 Jan 2026 12:00:00",
        "Sun, 29 Feb 2026 12:00:00 GMT",
        "2026-01-31T12:00:00Z",
    ] {
        assert_refused("rfc2822", None, json!(text), "\"rfc2822\"");
    }
}
