//! Tries a client secret: whether the token endpoint grants an access token for it.
//!
//! The access token is used for one proof and then dropped: the next proof shows
//! again that the secret works.

use std::sync::Arc;

use super::credential::TokenEndpoint;
use super::evidence::{Finding, FindingReason};
use super::garbage;
use super::scopes::Scopes;
use super::shape::ChecksumCheck;
use super::words::finding;
use crate::fault::{Fault, FaultKind};
use crate::http::Client;
use crate::http::oauth2::{Ungranted, try_secret};
use crate::secret::{BearerToken, ClientParts, SecretText};

/// What the token endpoint said of a client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchanged {
    /// It granted this access token.
    Granted(BearerToken),
    /// It does not accept the secret: 401, or `invalid_client`.
    Refused(String),
    /// It granted nothing for another reason: the client, its scopes, or both. The
    /// text is equal for equal answers.
    Denied(String),
    /// It said nothing of the secret.
    Silent(Finding),
}

impl Exchanged {
    /// Whether an access token was granted.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        matches!(self, Self::Granted(_))
    }
}

/// A token endpoint at which client secrets are tried.
pub(in crate::scim) struct Exchange {
    pub(in crate::scim) http: Client,
    pub(in crate::scim) endpoint: Arc<TokenEndpoint>,
    /// Of secrets that this program makes.
    pub(in crate::scim) own_checksum: Option<ChecksumCheck>,
}

impl Exchange {
    /// Exchanges a client secret for an access token.
    pub(in crate::scim) async fn ask(&self, secret: &BearerToken) -> Exchanged {
        self.ask_with_scopes(secret).await.0
    }

    /// The same, and what the access token may do, as far as anybody tells.
    pub(in crate::scim) async fn ask_with_scopes(
        &self,
        secret: &BearerToken,
    ) -> (Exchanged, Option<Scopes>) {
        let parts = self.parts(secret);
        if parts.id.is_none() {
            let text = "the client id is not known: set `client_id` of the token, or have the issuer tell it (`issue.read.client_id`)";
            return (
                Exchanged::Silent(finding(FindingReason::NoAccess, text)),
                None,
            );
        }
        let client = self.endpoint.client(&parts);
        let tried = try_secret(
            &self.http,
            &client,
            SecretText::from(secret.clone()),
            "probe: token endpoint",
        );
        let granted = match tried.await {
            Ok(granted) => granted,
            Err(nothing) => return (meaning(nothing), None),
        };
        match BearerToken::parse_access(granted.token.expose()) {
            Ok(access) => {
                let (told, asked) = (granted.scope.as_deref(), parts.scope.as_deref());
                let scopes = Scopes::of_access(&access, told, asked);
                (Exchanged::Granted(access), scopes)
            }
            Err(shape) => {
                let text = format!(
                    "the token endpoint granted an access token that cannot be sent: {shape}"
                );
                (Exchanged::Denied(text), None)
            }
        }
    }

    /// Tries a wrong secret of the same client.
    pub(in crate::scim) async fn ask_with_a_wrong_secret(&self, secret: &BearerToken) -> Exchanged {
        let wrong = garbage::like(secret, self.own_checksum.as_ref());
        self.ask(&wrong.of_client(Some(self.parts(secret)))).await
    }

    fn parts(&self, secret: &BearerToken) -> ClientParts {
        let own = secret.client().cloned().unwrap_or_default();
        own.or(&self.endpoint.parts())
    }
}

/// What it means that nothing was granted.
fn meaning(nothing: Ungranted) -> Exchanged {
    let Ungranted {
        fault,
        status,
        error,
        about: _,
    } = nothing;
    let Some(status) = status else {
        return Exchanged::Silent(of_fault(&fault));
    };
    if status == 401 || error == Some("invalid_client") {
        return Exchanged::Refused(answered(status, error));
    }
    match status {
        400 | 403 | 404 | 410 => Exchanged::Denied(answered(status, error)),
        429 => Exchanged::Silent(finding(
            FindingReason::Throttled,
            "the token endpoint answered 429: too many requests; it is asked again later",
        )),
        500..=599 => Exchanged::Silent(finding(
            FindingReason::ServerError,
            format!("the token endpoint failed (status {status}): this says nothing of the secret"),
        )),
        300..=399 => Exchanged::Silent(finding(
            FindingReason::Redirect,
            format!(
                "the token endpoint answered {status}, a redirect, which is never followed: check `token_url`"
            ),
        )),
        // A 200 without an access token, and everything else.
        _ => Exchanged::Silent(finding(FindingReason::NotScim, fault.message)),
    }
}

fn answered(status: u16, error: Option<&str>) -> String {
    let error = error.map_or_else(String::new, |word| format!(" ({word})"));
    format!("the token endpoint answered {status}{error}")
}

fn of_fault(fault: &Fault) -> Finding {
    let reason = match fault.kind {
        FaultKind::Config | FaultKind::WrongTarget => FindingReason::NoAccess,
        FaultKind::Schema => FindingReason::NotScim,
        FaultKind::Throttled => FindingReason::Throttled,
        FaultKind::Auth
        | FaultKind::Network
        | FaultKind::Timeout
        | FaultKind::Conflict
        | FaultKind::Refused
        | FaultKind::Server
        | FaultKind::VaultUnavailable => FindingReason::Unreachable,
    };
    finding(reason, fault.message.clone())
}
