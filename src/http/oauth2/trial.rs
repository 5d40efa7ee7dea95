//! Tries a client secret that somebody else holds.

use super::super::client::Client;
use super::super::message::Answer;
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
    /// The words `issuer`, `audience`, `subject`, `signature` and `key` in the text of
    /// the error: what it is about. The text itself is not kept, since a server may
    /// quote anything in it.
    pub about: Vec<&'static str>,
}

/// What a refused assertion may have been refused for.
const ABOUT: [&str; 5] = ["issuer", "audience", "subject", "signature", "key"];

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
    let proof = Proof::of_secret(secret, config.method);
    try_proof(client, config, &proof, operation).await
}

/// Presents an assertion that somebody else signed at the token endpoint, once, in
/// the parameter with this name.
///
/// # Errors
/// Everything but a grant.
pub async fn try_assertion(
    client: &Client,
    config: &ClientCredentials,
    parameter: &'static str,
    assertion: SecretText,
    operation: &'static str,
) -> Result<Granted, Ungranted> {
    let proof = Proof::of_assertion(parameter, assertion);
    try_proof(client, config, &proof, operation).await
}

async fn try_proof(
    client: &Client,
    config: &ClientCredentials,
    proof: &Proof,
    operation: &'static str,
) -> Result<Granted, Ungranted> {
    let without_answer = |fault| Ungranted {
        fault,
        status: None,
        error: None,
        about: Vec::new(),
    };
    let request = config.request(proof, operation).map_err(without_answer)?;
    let answer = client.send(request).await.map_err(without_answer)?;
    let mask = Mask::over(proof.secrets());
    let now = client.clock().now();
    granted(&answer, config, &mask, now, None).map_err(|fault| Ungranted {
        fault,
        status: Some(answer.status),
        error: oauth_error(&answer),
        about: about(&answer),
    })
}

fn about(answer: &Answer) -> Vec<&'static str> {
    let body = answer.secret_json().ok();
    let text = body
        .as_ref()
        .and_then(|body| body.get("error_description")?.as_str());
    let text = text.unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |about: &&str| {
        words
            .iter()
            .any(|word| word.trim_end_matches('s') == *about)
    };
    ABOUT.into_iter().filter(has).collect()
}
