//! Login to Vault. Each method has its file; a new one needs a file, a variant
//! of [`AuthConfig`] and an arm in its three matches.

mod approle;
mod cert;
mod jwt;
mod kubernetes;
mod presented;
mod token;
mod unwrapping;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

pub use approle::ApproleAuth;
pub use cert::CertAuth;
pub use jwt::JwtAuth;
pub use kubernetes::KubernetesAuth;
pub use token::TokenAuth;

use super::client::{Call, VaultAnswer, VaultClient};
use super::error::{VaultError, VaultErrorKind};
use super::path::check_segments;
use crate::problem::Problems;
use crate::secret::{SecretRef, SecretText};
use crate::value::Credential;

/// The login method: exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum AuthConfig {
    /// With a token that somebody else made and renews.
    Token(TokenAuth),
    /// With a role-id and a secret-id.
    Approle(ApproleAuth),
    /// With the service account token of the pod.
    Kubernetes(KubernetesAuth),
    /// With a signed JWT.
    Jwt(JwtAuth),
    /// With the certificate of the TLS connection.
    Cert(CertAuth),
}

impl AuthConfig {
    /// Notes everything that is wrong; `path` is the key of the section.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Self::Token(token) => token.check(&format!("{path}.token"), problems),
            Self::Approle(approle) => approle.check(&format!("{path}.approle"), problems),
            Self::Kubernetes(pod) => pod.check(&format!("{path}.kubernetes"), problems),
            Self::Jwt(jwt) => jwt.check(&format!("{path}.jwt"), problems),
            Self::Cert(cert) => cert.check(&format!("{path}.cert"), problems),
        }
    }

    /// The method, ready to log in.
    pub(super) fn method(&self) -> Box<dyn Method> {
        match self {
            Self::Token(token) => Box::new(token.clone()),
            Self::Approle(config) => Box::new(approle::Approle::new(config.clone())),
            Self::Kubernetes(pod) => Box::new(pod.clone()),
            Self::Jwt(jwt) => Box::new(jwt.clone()),
            Self::Cert(cert) => Box::new(cert.clone()),
        }
    }

    /// The word for logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Approle(_) => "approle",
            Self::Kubernetes(_) => "kubernetes",
            Self::Jwt(_) => "jwt",
            Self::Cert(_) => "cert",
        }
    }
}

/// A way to get a Vault token. Credentials are read again at each login, since
/// others rotate them.
#[async_trait]
pub(super) trait Method: Send + Sync {
    /// Logs in.
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError>;

    /// Whether the token was made for us, so that we revoke it at the end.
    fn owns_token(&self) -> bool;

    /// Whether the last wrapping token could not be unwrapped: somebody else
    /// may have its content.
    fn unwrap_failed(&self) -> bool {
        false
    }
}

/// A token that Vault gave or accepted.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    /// The token.
    pub(super) token: SecretText,
    /// Rest of its life; `None`: it does not expire.
    pub(super) ttl: Option<SignedDuration>,
    /// Whether it can be renewed.
    pub(super) renewable: bool,
    /// Whether it is a batch token, which cannot be revoked.
    pub(super) is_batch: bool,
}

/// The `auth` block in the answer to a login or a renewal.
#[derive(Deserialize)]
struct AuthBlock {
    client_token: String,
    #[serde(default)]
    lease_duration: u32,
    #[serde(default)]
    renewable: bool,
    #[serde(default)]
    token_type: String,
}

/// Reads the `auth` block of a login or a renewal.
pub(super) fn granted(call: &Call, answer: VaultAnswer) -> Result<Granted, VaultError> {
    let malformed = |what: &str| VaultError::new(call, VaultErrorKind::Malformed(what.to_owned()));
    let block: AuthBlock = answer
        .field("auth")
        .ok_or_else(|| malformed("there is no `auth` with a `client_token` in it"))?;
    let token = SecretText::parse(block.client_token)
        .map_err(|error| malformed(&format!("the token in it cannot be used: {error}")))?;
    Ok(Granted {
        token,
        ttl: Some(block.lease_duration)
            .filter(|seconds| *seconds > 0)
            .map(|seconds| SignedDuration::from_secs(i64::from(seconds))),
        renewable: block.renewable,
        is_batch: block.token_type == "batch",
    })
}

/// Checks the mount of a method; `example` is the usual one.
fn check_mount(mount: &str, path: &str, example: &str, problems: &mut Problems) {
    if let Err(reason) = check_segments(mount) {
        problems.error(
            format!("{path}.mount"),
            reason,
            format!("write the mount without `auth/`, for example \"{example}\""),
        );
    }
}

fn check_role(role: &str, path: &str, problems: &mut Problems) {
    if role.is_empty() || !role.bytes().all(|b| b.is_ascii_graphic()) {
        problems.error(
            format!("{path}.role"),
            "the role is empty, or holds white space or unprintable characters",
            "write the name of the role as it stands in Vault",
        );
    }
}

/// The credential of the login cannot be stored in the Vault that it opens.
fn check_not_from_vault(credential: &Credential, key: String, problems: &mut Problems) {
    match &credential.0 {
        SecretRef::Vault { .. } | SecretRef::VaultLease { .. } => problems.error(
            key,
            "the credential that opens Vault cannot be read from Vault",
            "write { file = \"/path\" } or { env = \"NAME\" }",
        ),
        SecretRef::File(_) | SecretRef::Env(_) => {}
    }
}
