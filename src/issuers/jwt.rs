//! The end of life that a JWT states of itself. The signature is not checked:
//! the token is opaque to us, and only the service provider's word counts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::secret::BearerToken;

/// `exp` of a JWT; `None` for everything else.
#[must_use]
pub fn expiry(token: &BearerToken) -> Option<Timestamp> {
    let mut parts = token.expose().split('.');
    let (_header, claims) = (parts.next()?, parts.next()?);
    parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims).ok()?);
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let end = claims.get("exp")?.as_f64()?;
    let end = jiff::SignedDuration::try_from_secs_f64(end).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(end).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> BearerToken {
        let claims = URL_SAFE_NO_PAD.encode(claims);
        BearerToken::parse(format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")).expect("valid")
    }

    #[test]
    fn only_a_jwt_with_a_sound_exp_has_an_expiry() {
        let end: Timestamp = "2026-01-01T00:00:00Z".parse().expect("time");
        assert_eq!(expiry(&jwt("{\"exp\":1767225600}")), Some(end));
        for claims in [
            "{}",
            "{\"exp\":\"1767225600\"}",
            "{\"exp\":1e300}",
            "[]",
            "no",
        ] {
            assert_eq!(expiry(&jwt(claims)), None, "{claims}");
        }
        for opaque in ["abc", "a.b", "a.b.c.d", "a.%%%.c"] {
            let token = BearerToken::parse(opaque).expect("valid");
            assert_eq!(expiry(&token), None, "{opaque}");
        }
    }
}
