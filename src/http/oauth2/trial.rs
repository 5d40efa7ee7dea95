//! Tries a client secret that somebody else holds.

use super::super::client::Client;
use super::ClientCredentials;
use super::login::{Granted, granted, oauth_error};
use super::proof::Proof;
use crate::fault::Fault;
use crate::secret::SecretText;
use crate::secret::mask::Mask;

/// Why a token endpoint granted nothing for a secret that was tried there.
pub struct Ungranted {
    /// What happened; never quotes a secret.
    pub fault: Fault,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The error of RFC 6749, 5.2, if the answer names one.
    pub error: Option<&'static str>,
}

/// Tries a client secret at the token endpoint, once: what the endpoint says of this
/// secret is what counts.
///
/// # Errors
/// Everything but a grant.
pub async fn try_secret(
    client: &Client,
    config: &ClientCredentials,
    secret: SecretText,
    operation: &'static str,
) -> Result<Granted, Ungranted> {
    let without_answer = |fault| Ungranted {
        fault,
        status: None,
        error: None,
    };
    let proof = Proof::of_secret(secret, config.method);
    let request = config.request(&proof, operation).map_err(without_answer)?;
    let answer = client.send(request).await.map_err(without_answer)?;
    let mask = Mask::over(proof.secrets());
    let now = client.clock().now();
    granted(&answer, config, &mask, now, None).map_err(|fault| Ungranted {
        fault,
        status: Some(answer.status),
        error: oauth_error(&answer),
    })
}
