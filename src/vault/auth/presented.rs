//! The JWT of a login: read from its file, and examined if Vault refuses it.
//! Only Vault decides; the JWT's claims help to explain a refusal.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::secret::SecretText;
use crate::value::Credential;
use crate::vault::client::Call;
use crate::vault::error::{VaultError, VaultErrorKind};
use crate::vault::local;

/// Reads the JWT.
pub(super) async fn read(
    call: &Call,
    place: &Credential,
    what: &str,
) -> Result<SecretText, VaultError> {
    let jwt = local::read(&place.0, what).await;
    jwt.map_err(|reason| {
        let remedy = "; it is read again at each login: look at what writes it";
        VaultError::new(
            call,
            VaultErrorKind::Credential(format!("{reason}{remedy}")),
        )
    })
}

/// A JWT that was sent.
pub(super) struct Presented<'a> {
    pub(super) jwt: &'a SecretText,
    pub(super) place: &'a Credential,
    pub(super) what: &'a str,
}

impl Presented<'_> {
    /// Adds the reason to a refusal: what is wrong with the JWT, or `else_look`
    /// (what to check) if the JWT does not show it.
    pub(super) fn explain(&self, error: VaultError, now: Timestamp, else_look: &str) -> VaultError {
        let (what, place) = (self.what, &self.place.0);
        error.refused_login(|| match self.fault(now) {
            Some(Fault::Expired(at)) => format!(
                "{what} in {place} expired at {at}: look at what writes it; it is read again at each login"
            ),
            Some(Fault::NoJwt) => format!("what lies in {place} is no JWT: is it the right file?"),
            None => format!("{what} in {place} was not accepted: {else_look}"),
        })
    }

    fn fault(&self, now: Timestamp) -> Option<Fault> {
        let Some(claims) = claims(self.jwt) else {
            return Some(Fault::NoJwt);
        };
        let expires_at = Timestamp::from_second(claims.exp? as i64).ok()?;
        (expires_at <= now).then_some(Fault::Expired(expires_at))
    }
}

enum Fault {
    Expired(Timestamp),
    NoJwt,
}

#[derive(Deserialize)]
struct Claims {
    /// Seconds since the epoch; may have a fraction (RFC 7519, NumericDate).
    exp: Option<f64>,
}

fn claims(jwt: &SecretText) -> Option<Claims> {
    let mut parts = jwt.expose().split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}
