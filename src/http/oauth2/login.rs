//! An access token by client credentials (RFC 6749, 4.4).

use jiff::{SignedDuration, Timestamp};

use super::super::client::Client;
use super::super::message::{Answer, host_of};
use super::super::ratelimit::RateLimitDialect;
use super::super::status::{ErrorClasses, fault_from};
use super::ClientCredentials;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::SecretText;
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
) -> Result<Granted, Fault> {
    let reference = &config.client_secret.0;
    let used = secrets.resolve(reference).await?;
    let mut answer = client.send(config.request(&used.value, operation)).await?;
    if refused_client(&answer) {
        secrets.refused(reference);
        let fresh = secrets.resolve(reference).await?;
        if fresh.fingerprint != used.fingerprint {
            answer = client.send(config.request(&fresh.value, operation)).await?;
        }
    }
    granted(&answer, config, client.clock().now())
}

fn granted(answer: &Answer, config: &ClientCredentials, now: Timestamp) -> Result<Granted, Fault> {
    if answer.status != 200 {
        return Err(refusal(answer, config, now));
    }
    let body = answer.secret_json()?;
    let text = body
        .get("access_token")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| {
            answer.unexpected("there is no `access_token` in it: is this the token endpoint?")
        })?;
    let token = SecretText::parse(text).map_err(|shape| {
        answer.unexpected(format!("its `access_token` cannot be used: {shape}"))
    })?;
    let expires_in = body.get("expires_in").and_then(seconds);
    Ok(Granted { token, expires_in })
}

/// `expires_in` is a number; some servers write it as text.
fn seconds(value: &serde_json::Value) -> Option<SignedDuration> {
    let seconds = value
        .as_f64()
        .or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()))?;
    (seconds.is_finite() && seconds > 0.0)
        .then(|| SignedDuration::try_from_secs_f64(seconds).ok())
        .flatten()
}

fn refused_client(answer: &Answer) -> bool {
    answer.status == 401 || oauth_error(answer) == Some("invalid_client")
}

/// The error of a token endpoint, in words that RFC 6749 5.2 lists.
fn refusal(answer: &Answer, config: &ClientCredentials, now: Timestamp) -> Fault {
    let fault = fault_from(
        answer,
        &ErrorClasses::default(),
        &RateLimitDialect::default(),
        now,
    );
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
            host_of(&config.token_url),
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
