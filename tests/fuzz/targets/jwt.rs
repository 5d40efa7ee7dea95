//! A token that may be a JWT: what it states of itself is a hint, within bounds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use scim_rotator::scim::jwt::{Claims, Expiry, decode, expiry};
use scim_rotator::scim::shape::{ShapeRules, examine};
use scim_rotator::secret::{BearerToken, MAX_ACCESS_TOKEN_LEN};
use url::Url;

use super::hold::{first_line, hides, in_time, is_for_people, now, planted};

/// 1970-01-02: earlier dates are zero times, in any zone.
const FIRST: i64 = 86_400;
/// The year 5138: later dates are milliseconds.
const LAST: i64 = 100_000_000_000;
const TEN_YEARS: SignedDuration = SignedDuration::from_hours(24 * 3653);
/// In an error, or a name of an algorithm that is nowhere shown.
const LONGEST_TEXT: usize = 400;

pub(super) fn run(input: &[u8]) {
    let Some(text) = planted(input) else {
        return;
    };
    states_within_bounds(&text);
    let (header, payload) = first_line(&text);
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    states_within_bounds(&format!("{header}.{payload}.c2ln"));
}

fn states_within_bounds(text: &str) {
    let claims = in_time(|| decode(text));
    assert_eq!(claims, decode(text));
    assert_eq!(decode(&format!("{text}.c2ln")), None, "it has four parts");
    if text.len() > MAX_ACCESS_TOKEN_LEN {
        assert_eq!(claims, None);
    }
    if let Some(claims) = &claims {
        are_plausible(claims);
    }
    let Ok(token) = BearerToken::parse(text) else {
        return;
    };
    let end = expiry(&token);
    let stated = claims.as_ref().map(|claims| claims.expiry);
    assert_eq!(
        end.map(Expiry::At),
        stated.filter(|stated| matches!(stated, Expiry::At(_)))
    );
    is_told_without_its_text(&token);
}

fn are_plausible(claims: &Claims) {
    let end = match claims.expiry {
        Expiry::At(end) => Some(end),
        Expiry::Absent | Expiry::Implausible => None,
    };
    for time in [end, claims.not_before, claims.issued_at]
        .into_iter()
        .flatten()
    {
        assert!((FIRST..LAST).contains(&time.as_second()), "{time}");
    }
    if let (Some(end), Some(start)) = (end, claims.issued_at) {
        let life = end.duration_since(start);
        assert!(life.is_positive() && life <= TEN_YEARS, "{life:?}");
    }
}

fn is_told_without_its_text(token: &BearerToken) {
    let rules = ShapeRules {
        max_length: 2048,
        scim_url: &Url::parse("https://sp.example/scim/v2").expect("a URL"),
        own_checksum: None,
    };
    let shape = examine(token, &rules, now());
    if let Some(fault) = &shape.fault {
        hides(&fault.detail);
        is_for_people(&fault.detail, LONGEST_TEXT);
    }
    hides(&format!("{token:?} {shape:?}"));
}
