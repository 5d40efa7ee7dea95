//! How long a server asks us to stay away.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::problem::Problems;

/// Longest wait that a server can impose.
pub const MAX_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Which header tells when to come back, besides `Retry-After`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitDialect {
    /// Name of the header, for example `X-RateLimit-Reset`.
    pub header: Option<String>,
    /// What its number means.
    pub unit: Option<ResetUnit>,
}

/// What the number in a rate-limit header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetUnit {
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// Seconds from now.
    DeltaS,
    /// Milliseconds from now.
    DeltaMs,
}

impl RateLimitDialect {
    /// Reports half a dialect.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match (&self.header, self.unit) {
            (Some(_), None) => problems.error(
                format!("{path}.unit"),
                "the header's unit is missing",
                "write `unit = \"epoch_s\"`, \"epoch_ms\", \"delta_s\" or \"delta_ms\": providers use the same header name for all four",
            ),
            (None, Some(_)) => problems.error(
                format!("{path}.header"),
                "the unit has no header",
                "write `header = \"X-RateLimit-Reset\"`, or drop `unit`",
            ),
            (Some(name), Some(_)) if http::HeaderName::from_bytes(name.as_bytes()).is_err() => {
                problems.error(
                    format!("{path}.header"),
                    format!("`{name}` is not a header name"),
                    "write the name alone, without a colon",
                );
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// The wait that these headers ask for: `Retry-After` first, then the
    /// configured header. Never negative, never above [`MAX_WAIT`]; what cannot
    /// be understood is ignored.
    #[must_use]
    pub fn wait(&self, headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        if let Some(wait) = text("retry-after").and_then(|t| retry_after(t, now)) {
            return Some(wait);
        }
        let given = text(self.header.as_deref()?)?;
        reset(given, self.unit?, now)
    }
}

fn retry_after(text: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Some(seconds) = number(text) {
        return from_seconds(seconds);
    }
    let wait = http_date(text.trim())?.duration_since(now);
    (!wait.is_negative()).then(|| wait.min(MAX_WAIT))
}

fn reset(text: &str, unit: ResetUnit, now: Timestamp) -> Option<SignedDuration> {
    let value = number(text)?;
    let now = now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
    from_seconds(match unit {
        ResetUnit::EpochS => value - now,
        ResetUnit::EpochMs => value / 1000.0 - now,
        ResetUnit::DeltaS => value,
        ResetUnit::DeltaMs => value / 1000.0,
    })
}

/// Plain decimal numbers only: `inf`, `NaN` and exponents are no waits.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

fn from_seconds(seconds: f64) -> Option<SignedDuration> {
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    let capped = seconds.min(MAX_WAIT.as_secs_f64());
    SignedDuration::try_from_secs_f64(capped).ok()
}

/// Reads an HTTP-date (`Sun, 06 Nov 1994 08:49:37 GMT`).
#[must_use]
pub fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("valid")
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| {
                let name = http::HeaderName::from_bytes(n.as_bytes()).expect("name");
                (name, http::HeaderValue::from_str(v).expect("value"))
            })
            .collect()
    }

    #[test]
    fn retry_after_in_both_shapes_and_under_attack() {
        let cases = [
            ("7", Some(7.0)),
            (" 7 ", Some(7.0)),
            ("1.5", Some(1.5)),
            ("0", Some(0.0)),
            ("99999999999999999999999999", Some(3600.0)),
            ("Thu, 01 Jan 2026 00:01:00 GMT", Some(60.0)),
            ("Wed, 31 Dec 2200 23:59:59 GMT", Some(3600.0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("1e9", None),
            ("1.2.3", None),
            ("soon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let wait = RateLimitDialect::default().wait(&headers(&[("retry-after", text)]), now());
            assert_eq!(wait.map(|w| w.as_secs_f64()), expected, "{text:?}");
        }
    }

    #[test]
    fn the_same_header_in_four_units() {
        let epoch = now().as_second();
        let cases = [
            (ResetUnit::EpochS, (epoch + 30).to_string(), Some(30.0)),
            (ResetUnit::EpochS, (epoch - 30).to_string(), None),
            (
                ResetUnit::EpochMs,
                ((epoch + 30) * 1000).to_string(),
                Some(30.0),
            ),
            (ResetUnit::DeltaS, "30".to_owned(), Some(30.0)),
            (ResetUnit::DeltaMs, "1500".to_owned(), Some(1.5)),
            (ResetUnit::EpochS, "253402300799".to_owned(), Some(3600.0)),
        ];
        for (unit, text, expected) in cases {
            let dialect = RateLimitDialect {
                header: Some("X-RateLimit-Reset".to_owned()),
                unit: Some(unit),
            };
            let wait = dialect.wait(&headers(&[("x-ratelimit-reset", &text)]), now());
            assert_eq!(wait.map(|w| w.as_secs_f64()), expected, "{unit:?} {text}");
        }
    }

    #[test]
    fn retry_after_goes_before_the_dialect() {
        let dialect = RateLimitDialect {
            header: Some("X-RateLimit-Reset".to_owned()),
            unit: Some(ResetUnit::DeltaS),
        };
        let both = headers(&[("retry-after", "2"), ("x-ratelimit-reset", "50")]);
        assert_eq!(
            dialect.wait(&both, now()),
            Some(SignedDuration::from_secs(2))
        );
    }
}
