//! What the `Date` of an answer tells of our clock.

use http::HeaderMap;
use jiff::Timestamp;

use crate::http::ratelimit::http_date;

/// The server's clock minus ours, at the middle of the exchange. `Date` is cut
/// to the second, so half a second is added. An answer with an `Age` comes from a
/// cache, and shows when the cache got it; a date that no clock can show now is the
/// server's fault.
pub(super) fn skew(headers: &HeaderMap, sent_at: Timestamp, seconds: f64) -> Option<f64> {
    let text = |name| headers.get(name).map(|value| value.to_str().map(str::trim));
    if text(http::header::AGE).is_some_and(|age| age.ok() != Some("0")) {
        return None;
    }
    let date = http_date(text(http::header::DATE)?.ok()?)?;
    let theirs = date.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() + 0.5;
    if !PLAUSIBLE.contains(&theirs) {
        return None;
    }
    let ours = sent_at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() + seconds / 2.0;
    Some(theirs - ours)
}

/// From the year in which this program was made to 2100, in seconds.
const PLAUSIBLE: std::ops::Range<f64> = 1_767_225_600.0..4_102_444_800.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fresh_and_plausible_date_measures_a_clock() {
        let now: Timestamp = "2026-11-27T06:00:00Z".parse().expect("a time");
        type Headers = &'static [(&'static str, &'static str)];
        let rows: [(Headers, Option<f64>); 8] = [
            (&[("date", "Fri, 27 Nov 2026 06:00:10 GMT")], Some(10.0)),
            (
                &[("date", "Fri, 27 Nov 2026 06:00:10 GMT"), ("age", "0")],
                Some(10.0),
            ),
            (
                &[("date", "Fri, 27 Nov 2026 05:00:00 GMT"), ("age", "3600")],
                None,
            ),
            (
                &[("date", "Fri, 27 Nov 2026 05:00:00 GMT"), ("age", "a lot")],
                None,
            ),
            (&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")], None),
            (&[("date", "Fri, 31 Dec 9999 23:59:59 GMT")], None),
            (&[("date", "yesterday")], None),
            (&[], None),
        ];
        for (fields, expected) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                let name = http::HeaderName::from_static(name);
                headers.insert(name, http::HeaderValue::from_static(value));
            }
            assert_eq!(skew(&headers, now, 1.0), expected, "{fields:?}");
        }
    }
}
