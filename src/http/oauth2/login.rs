//! An access token by client credentials (RFC 6749, 4.4).

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::super::client::Client;
use super::super::exchange::{JsonPlace, Means, Place, View, judge_grant};
use super::super::fired::Firings;
use super::super::message::Answer;
use super::super::ratelimit::RateLimitDialect;
use super::super::status::fault_from;
use super::super::times::{Known, TimeField, TimeFormat, TimeReading};
use super::ClientCredentials;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::SecretText;
use crate::secret::mask::Mask;
use crate::secret::resolve::Secrets;

/// What a token endpoint granted.
pub struct Granted {
    /// The access token, by no other rule than that it is a credential.
    pub token: SecretText,
    /// How long it lives, where the server says so.
    pub expires_in: Option<SignedDuration>,
}

/// Gets an access token by client credentials. The client secret is read
/// again, once, when the server does not accept it.
///
/// # Errors
/// Names the host and what was refused, never a secret.
pub async fn login(
    client: &Client,
    secrets: &dyn Secrets,
    config: &ClientCredentials,
    operation: &'static str,
    fired: Option<&Firings>,
) -> Result<Granted, Fault> {
    let reference = &config.client_secret.0;
    let used = secrets.resolve(reference).await?;
    // A server may quote the secret that it refuses.
    let mut mask = Mask::over([used.value.expose()]);
    let mut answer = client.send(config.request(&used.value, operation)?).await?;
    if refused_client(&answer) || is_ruled_unauthorized(&answer, config, client) {
        secrets.refused(reference);
        let fresh = secrets.resolve(reference).await?;
        if fresh.fingerprint != used.fingerprint {
            mask = Mask::over([used.value.expose(), fresh.value.expose()]);
            answer = client
                .send(config.request(&fresh.value, operation)?)
                .await?;
        }
    }
    granted(&answer, config, &mask, client.clock().now(), fired)
}

/// Whether the configuration says that this answer refuses our client secret.
fn is_ruled_unauthorized(answer: &Answer, config: &ClientCredentials, client: &Client) -> bool {
    let now = client.clock().now();
    let nothing_secret = Mask::over([]);
    let judged = judge_grant(
        answer,
        &config.answers,
        &config.error,
        &nothing_secret,
        now,
        None,
    );
    matches!(judged, Err((_, Some(Means::Unauthorized))))
}

fn granted(
    answer: &Answer,
    config: &ClientCredentials,
    mask: &Mask,
    now: Timestamp,
    fired: Option<&Firings>,
) -> Result<Granted, Fault> {
    match judge_grant(answer, &config.answers, &config.error, mask, now, fired) {
        Ok(()) => {}
        Err((fault, Some(_))) => return Err(fault),
        Err((fault, None)) if answer.is_success() => return Err(fault),
        Err((_, None)) => return Err(refusal(answer, config, now)),
    }
    let body = answer.secret_json().ok();
    let view = View::of(answer, body.as_ref());
    let found = match &config.read.token {
        Some(place) => place.find(view),
        None => ACCESS_TOKEN.find(view),
    };
    if body.is_none() && config.read.token.is_none() {
        answer.secret_json()?;
    }
    let place = config.read.token.as_ref().unwrap_or(&ACCESS_TOKEN);
    let text = found
        .as_deref()
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| {
            answer.unexpected(format!(
                "there is no access token at {place}: is this the token endpoint?"
            ))
        })?;
    let token = SecretText::parse(text).map_err(|shape| {
        answer.unexpected(format!("what is at {place} cannot be used: {shape}"))
    })?;
    let field = config.read.expires_at.as_ref().unwrap_or(&EXPIRES_IN);
    let end = field.read(view, now).ok().and_then(Known::timestamp);
    let expires_in = end
        .map(|end| end.duration_since(now))
        .filter(SignedDuration::is_positive);
    Ok(Granted { token, expires_in })
}

static ACCESS_TOKEN: LazyLock<Place> = LazyLock::new(|| place("/access_token"));

static EXPIRES_IN: LazyLock<TimeField> = LazyLock::new(|| TimeField {
    at: place("/expires_in"),
    how: TimeReading {
        format: TimeFormat::SecondsFromNow,
        ..TimeReading::default()
    },
});

fn place(pointer: &str) -> Place {
    Place::parse(pointer).unwrap_or_else(|_| Place::json(JsonPlace::default()))
}

fn refused_client(answer: &Answer) -> bool {
    answer.status == 401 || oauth_error(answer) == Some("invalid_client")
}

/// The error of a token endpoint, in words that RFC 6749 5.2 lists.
fn refusal(answer: &Answer, config: &ClientCredentials, now: Timestamp) -> Fault {
    let fault = fault_from(answer, &RateLimitDialect::default(), now);
    let Some(error) = oauth_error(answer) else {
        return fault;
    };
    let (class, kind, remedy) = match error {
        "invalid_client" => (
            FaultClass::Unauthorized,
            FaultKind::Auth,
            "check `client_id`, the client secret and `method` (basic or post)",
        ),
        "unauthorized_client" | "unsupported_grant_type" => (
            FaultClass::Rejected,
            FaultKind::Config,
            "allow the client the grant `client_credentials` at the server",
        ),
        "invalid_scope" | "invalid_target" => (
            FaultClass::Rejected,
            FaultKind::Config,
            "check `scopes` and `audience`, and what the client may ask for",
        ),
        _ => (
            fault.class,
            fault.kind,
            "check the client's configuration at the server",
        ),
    };
    Fault::new(
        class,
        kind,
        format!(
            "{} at {} answered {} ({error}): {remedy}",
            answer.origin.operation,
            config.host(),
            answer.status
        ),
    )
    .after(fault.retry_after)
}

/// Only words of the standards are repeated: a server may echo anything.
fn oauth_error(answer: &Answer) -> Option<&'static str> {
    const KNOWN: [&str; 8] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
        "unsupported_token_type",
    ];
    if answer.is_success() {
        return None;
    }
    let body = answer.secret_json().ok()?;
    let given = body.get("error")?.as_str()?;
    KNOWN.into_iter().find(|known| *known == given)
}
