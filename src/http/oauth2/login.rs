//! An access token of a token endpoint (RFC 6749, 7523 and 8693).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::super::client::Client;
use super::super::exchange::{JsonPlace, Means, Place, View, judge_grant};
use super::super::fired::Firings;
use super::super::message::Answer;
use super::super::ratelimit::RateLimitDialect;
use super::super::status::fault_from;
use super::super::template::Template;
use super::super::times::{Known, TimeField, TimeFormat, TimeReading};
use super::ClientCredentials;
use super::credentials::ClientAuthMethod;
use super::grant::Grant;
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
    /// What it may do, where the server says so (`scope` of RFC 6749, 5.1).
    pub scope: Option<String>,
}

/// Gets an access token. The client's credentials are read again, once, when the
/// server does not accept them.
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
    let now = client.clock().now();
    let mut proof = config.grant_proof(secrets, now).await?;
    let mut answer = client.send(config.request(&proof, operation)?).await?;
    // A server may quote the credential that it refuses.
    let mut mask = Mask::over(proof.secrets());
    if refused_client(&answer, config) || is_ruled_unauthorized(&answer, config, client) {
        proof.refused(secrets);
        let fresh = config.grant_proof(secrets, now).await?;
        if !fresh.is_as_good_as(&proof) {
            mask = Mask::over(proof.secrets().chain(fresh.secrets()));
            proof = fresh;
            answer = client.send(config.request(&proof, operation)?).await?;
        }
    }
    granted(&answer, config, &mask, client.clock().now(), fired)
}

/// What a token endpoint gave for a refresh token.
pub struct Refreshed {
    /// The access token, or why it cannot be used.
    pub granted: Result<Granted, Fault>,
    /// The refresh token that replaces the one that was used, where the server
    /// replaces it.
    pub successor: Option<SecretText>,
}

/// Why there is no access token for a refresh token.
pub struct RefreshFailed {
    /// What came back.
    pub fault: Fault,
    /// Whether the refresh token may have been used up: it must not be sent again.
    pub is_spent: bool,
}

/// Gets an access token for a refresh token, which is sent once.
///
/// # Errors
/// Names the host and what was refused, never a secret.
pub async fn refresh(
    client: &Client,
    secrets: &dyn Secrets,
    config: &ClientCredentials,
    token: &SecretText,
) -> Result<Refreshed, RefreshFailed> {
    let unsent = |fault| RefreshFailed {
        fault,
        is_spent: false,
    };
    let now = client.clock().now();
    let proof = config.proof(secrets, now).await.map_err(unsent)?;
    let scopes: Vec<&str> = config.scopes.iter().map(Template::source).collect();
    let scope = scopes.join(" ");
    let mut form = BTreeMap::from([
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose()),
    ]);
    if !scope.is_empty() {
        form.insert("scope", &scope);
    }
    form.extend(config.params.iter().map(|(k, v)| (k.as_str(), v.source())));
    let url = config.endpoint().map_err(unsent)?;
    let request = config.authenticated(&url, form, &proof, "refresh");
    let answer = client.send(request).await.map_err(|fault| RefreshFailed {
        is_spent: fault.class == FaultClass::Ambiguous,
        fault,
    })?;
    if refused_client(&answer, config) {
        proof.refused(secrets);
    }
    let mask = Mask::over(proof.secrets().chain([token.expose()]));
    let is_refused = !answer.is_success();
    let granted = granted(&answer, config, &mask, client.clock().now(), None);
    let body = answer.secret_json().ok().filter(|_| !is_refused);
    let next = body
        .as_ref()
        .and_then(|body| body.get("refresh_token")?.as_str());
    let successor = next.and_then(|text| SecretText::parse(text).ok());
    match granted {
        Err(fault) if successor.is_none() => Err(RefreshFailed {
            is_spent: !is_refused || oauth_error(&answer) == Some("invalid_grant"),
            fault,
        }),
        // A successor is stored also where the access token cannot be used.
        granted => Ok(Refreshed { granted, successor }),
    }
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

pub(super) fn granted(
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
    let scope = body.as_ref().and_then(|body| body.get("scope")?.as_str());
    let scope = scope.map(str::to_owned);
    Ok(Granted {
        token,
        expires_in,
        scope,
    })
}

impl ClientCredentials {
    /// What to look at when the server does not know or trust the client.
    fn client_remedy(&self) -> &'static str {
        if self.client_assertion.is_some() {
            "check `client_id`, and whether the server trusts the issuer, the subject and the audience of the token in `client_assertion`"
        } else if self.signing_key().is_some() {
            "check `client_id`, whether the server knows the key or its certificate, `assertion_audience`, and the clock of this machine"
        } else if self.method == ClientAuthMethod::TlsClientAuth {
            "check `client_id`, and the certificate that is configured for this host in `[[http.hosts]]`"
        } else {
            "check `client_id`, the client secret and `method` (basic or post)"
        }
    }

    fn grant_remedy(&self) -> &'static str {
        match self.grant {
            Grant::ClientCredentials => "check the client's configuration at the server",
            Grant::JwtBearer(_) => {
                "check `issuer`, `subject` and `audience` of the grant, whether the server knows the key, and the clock of this machine"
            }
            Grant::TokenExchange(_) => {
                "check whether the server accepts `subject_token` and its type, and whether it has expired"
            }
        }
    }
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

/// Whether the client's credentials, or the token that it presents as the grant,
/// were not accepted.
fn refused_client(answer: &Answer, config: &ClientCredentials) -> bool {
    let error = oauth_error(answer);
    let grant = config.grant != Grant::ClientCredentials && error == Some("invalid_grant");
    answer.status == 401 || error == Some("invalid_client") || grant
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
            config.client_remedy(),
        ),
        "invalid_grant" if config.grant != Grant::ClientCredentials => (
            FaultClass::Unauthorized,
            FaultKind::Auth,
            config.grant_remedy(),
        ),
        "unauthorized_client" | "unsupported_grant_type" => (
            FaultClass::Rejected,
            FaultKind::Config,
            "allow the client this grant at the server",
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
pub(super) fn oauth_error(answer: &Answer) -> Option<&'static str> {
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
