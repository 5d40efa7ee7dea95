//! How long a server asks us to stay away: within bounds, whatever it writes.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use scim_rotator::http::Answer;
use scim_rotator::http::message::{Origin, Parsed};
use scim_rotator::http::ratelimit::{MAX_WAIT, RateLimitDialect, ResetUnit};
use scim_rotator::http::status::fault_from;
use zeroize::Zeroizing;

use super::hold::{hides, in_time, is_for_people, now, planted};

const UNITS: [ResetUnit; 4] = [
    ResetUnit::EpochS,
    ResetUnit::EpochMs,
    ResetUnit::DeltaS,
    ResetUnit::DeltaMs,
];

pub(super) fn run(input: &[u8]) {
    let text = planted(input).map_or_else(|| input.to_vec(), String::into_bytes);
    let Ok(value) = HeaderValue::from_bytes(&text) else {
        return;
    };
    let clocks = [now(), Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH];
    for clock in clocks {
        is_bounded(&RateLimitDialect::default(), "retry-after", &value, clock);
        for unit in UNITS {
            let dialect = RateLimitDialect {
                header: Some("X-Reset".to_owned()),
                unit: Some(unit),
            };
            is_bounded(&dialect, "x-reset", &value, clock);
        }
    }
}

fn is_bounded(
    dialect: &RateLimitDialect,
    name: &'static str,
    value: &HeaderValue,
    clock: Timestamp,
) {
    let headers = |value: &HeaderValue| {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.clone())])
    };
    let wait = in_time(|| dialect.wait(&headers(value), clock));
    if let Some(wait) = wait {
        assert!(
            (SignedDuration::ZERO..=MAX_WAIT).contains(&wait),
            "{wait:?}"
        );
    }
    let spaced = [b" ".as_slice(), value.as_bytes(), b" "].concat();
    let spaced = HeaderValue::from_bytes(&spaced).expect("spaces may stand in a header");
    assert_eq!(dialect.wait(&headers(&spaced), clock), wait);
    let answer = Answer {
        status: 429,
        headers: headers(value),
        body: Zeroizing::new(value.as_bytes().to_vec()),
        origin: Origin {
            method: Method::POST,
            host: "sp.example".to_owned(),
            operation: "issue",
            idempotent: false,
        },
        parsed: Parsed::default(),
    };
    let fault = fault_from(&answer, dialect, clock);
    assert_eq!(fault.retry_after, wait);
    hides(&format!("{fault:?}"));
    is_for_people(&fault.message, 400);
}
