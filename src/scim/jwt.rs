//! What a JWT states of itself. Nothing is verified: the statements are hints
//! for deadlines and early warnings, never proof that a token works. That is why no
//! JWT library is used here: those exist to verify.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::secret::{BearerToken, MAX_ACCESS_TOKEN_LEN};

/// A longer lifetime is taken for a mistake.
pub(in crate::scim) const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24 * 3653);

/// Smaller numbers are a zero time, in any zone: a default value of the server's
/// language.
const FIRST_SECOND: f64 = 86_400.0;

/// Larger numbers are taken for milliseconds, not seconds since 1970 (year
/// 5138).
const MILLISECONDS_FROM: f64 = 1e11;

/// The claims that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `alg` of the header.
    pub algorithm: String,
    /// `exp`.
    pub expiry: Expiry,
    /// `nbf`, if it is plausible.
    pub not_before: Option<Timestamp>,
    /// `iat`, if it is plausible.
    pub issued_at: Option<Timestamp>,
    /// Hosts of those entries of `aud` that are URLs.
    pub audience_hosts: Vec<String>,
    /// What `scope`, `scp`, `roles` and `permissions` contain: a text or an array of
    /// texts each.
    pub scopes: Vec<String>,
}

/// The claims that tell what a token may do: RFC 8693 and 9068, and what Microsoft
/// and others write instead.
const SCOPE_CLAIMS: [&str; 4] = ["scope", "scp", "roles", "permissions"];

/// What a JWT says about its expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// It has no `exp`.
    Absent,
    /// It expires then.
    At(Timestamp),
    /// An implausible value: milliseconds, a zero time, before `iat`, a lifetime of more
    /// than ten years, no number.
    Implausible,
}

/// When this token expires, if it is a JWT with a plausible expiry.
#[must_use]
pub fn expiry(token: &BearerToken) -> Option<Timestamp> {
    match decode(token.expose())?.expiry {
        Expiry::At(end) => Some(end),
        Expiry::Absent | Expiry::Implausible => None,
    }
}

/// Decodes the claims of a JWT; `None` if the text is no JWT.
#[must_use]
pub fn decode(token: &str) -> Option<Claims> {
    if token.len() > MAX_ACCESS_TOKEN_LEN {
        return None;
    }
    let (header, payload) = parts(token)?;
    let algorithm = header.get("alg")?.as_str()?.to_owned();
    let issued_at = payload.get("iat").and_then(numeric_date);
    Some(Claims {
        algorithm,
        expiry: payload
            .get("exp")
            .map_or(Expiry::Absent, |exp| plausible(exp, issued_at)),
        not_before: payload.get("nbf").and_then(numeric_date),
        issued_at,
        audience_hosts: payload.get("aud").map(hosts).unwrap_or_default(),
        scopes: SCOPE_CLAIMS
            .iter()
            .filter_map(|claim| payload.get(*claim))
            .flat_map(texts)
            .collect(),
    })
}

/// The header and the claims of a JWT.
pub(in crate::scim) fn parts(token: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let mut parts = token.split('.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((segment(header)?, segment(payload)?))
}

fn segment(text: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn plausible(exp: &Value, issued_at: Option<Timestamp>) -> Expiry {
    let Some(end) = numeric_date(exp) else {
        return Expiry::Implausible;
    };
    match issued_at.map(|start| end.duration_since(start)) {
        Some(life) if life.is_negative() || life.is_zero() || life > LONGEST_LIFE => {
            Expiry::Implausible
        }
        Some(_) | None => Expiry::At(end),
    }
}

/// A `NumericDate` of RFC 7519: seconds since 1970, perhaps with a fraction. `None` if
/// it cannot be meant: a zero time, or milliseconds.
#[must_use]
pub fn numeric_date(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    if !(FIRST_SECOND..MILLISECONDS_FROM).contains(&seconds) {
        return None;
    }
    Timestamp::from_second(seconds as i64).ok()
}

fn texts(claim: &Value) -> Vec<String> {
    let items = claim
        .as_array()
        .map_or(std::slice::from_ref(claim), Vec::as_slice);
    let texts = items.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn hosts(audience: &Value) -> Vec<String> {
    let entries = audience
        .as_array()
        .map_or(std::slice::from_ref(audience), Vec::as_slice);
    entries
        .iter()
        .filter_map(|entry| url::Url::parse(entry.as_str()?).ok())
        .filter_map(|url| Some(url.host_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
pub(in crate::scim) mod tests {
    use super::*;

    pub(in crate::scim) fn jwt(header: &str, payload: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(payload))
    }

    const RS256: &str = r#"{"alg":"RS256"}"#;

    #[test]
    fn plausible_ends_are_read() {
        for (payload, expected) in [
            (r#"{"exp":1800000000}"#, 1_800_000_000),
            (r#"{"exp":1800000000.9}"#, 1_800_000_000),
            (r#"{"exp":1800000000,"iat":1799990000}"#, 1_800_000_000),
        ] {
            let token = BearerToken::parse(jwt(RS256, payload)).expect("sendable");
            let end = expiry(&token).map(Timestamp::as_second);
            assert_eq!(end, Some(expected), "{payload}");
        }
    }

    #[test]
    fn ends_that_cannot_be_meant_are_not_believed() {
        for payload in [
            r#"{"exp":"1800000000"}"#,
            r#"{"exp":-5}"#,
            r#"{"exp":0}"#,
            r#"{"exp":1}"#,
            r#"{"exp":86399.9}"#,
            r#"{"exp":1800000000000}"#,
            r#"{"exp":9223372036854775808}"#,
            r#"{"exp":1e300}"#,
            r#"{"exp":null}"#,
            r#"{"exp":1800000000,"iat":1800000001}"#,
            r#"{"exp":2800000000,"iat":1800000000}"#,
        ] {
            let claims = decode(&jwt(RS256, payload)).expect(payload);
            assert_eq!(claims.expiry, Expiry::Implausible, "{payload}");
        }
        let silent = decode(&jwt(RS256, "{}")).expect("a JWT");
        assert_eq!(silent.expiry, Expiry::Absent);
    }

    #[test]
    fn other_texts_are_opaque() {
        let good = jwt(RS256, "{}");
        for text in [
            "opaque".to_owned(),
            "credential.secret".to_owned(),
            format!("{good}.fourth"),
            "!!.!!.!!".to_owned(),
            good.replacen('.', "=.", 1),
            jwt("[]", "{}"),
            jwt("{}", "{}"),
            jwt(RS256, "[1]"),
            jwt(RS256, &"[".repeat(500)),
            "...".to_owned(),
            format!("{good}{}", "A".repeat(1 << 20)),
        ] {
            assert_eq!(decode(&text), None, "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn audiences_are_hosts() {
        let payload = r#"{"aud":["https://Acme.example.com/scim","urn:x",7]}"#;
        let claims = decode(&jwt(RS256, payload)).expect("a JWT");
        assert_eq!(claims.audience_hosts, ["acme.example.com"]);
    }

    #[test]
    fn scopes_are_read_from_each_claim_that_may_have_them() {
        let cases = [
            (r#"{"scope":"a b"}"#, vec!["a b"]),
            (r#"{"scope":["a","b"]}"#, vec!["a", "b"]),
            (
                r#"{"scp":"a","roles":["b",7],"permissions":["c"]}"#,
                vec!["a", "b", "c"],
            ),
            (r#"{"scope":7,"roles":{"x":"y"}}"#, vec![]),
            ("{}", vec![]),
        ];
        for (payload, expected) in cases {
            let claims = decode(&jwt(RS256, payload)).expect(payload);
            assert_eq!(claims.scopes, expected, "{payload}");
        }
    }
}
