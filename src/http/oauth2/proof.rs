//! What a client shows of itself in one request, read and made for that request.

use jiff::Timestamp;

use super::ClientCredentials;
use super::assertion::Claims;
use super::credentials::ClientAuthMethod;
use super::grant::Grant;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::template::{Template, TemplateMap};
use crate::secret::resolve::Secrets;
use crate::secret::{Fingerprint, SecretRef, SecretText};

/// RFC 7523, 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The references that were read, and what was there.
#[derive(Default)]
pub(super) struct Used(Vec<(SecretRef, Fingerprint)>);

/// What a client shows of itself in one request.
#[derive(Default)]
pub struct Proof {
    /// The password of `Authorization: Basic`.
    pub(super) basic: Option<SecretText>,
    /// Parameters of the request.
    pub(super) pairs: Vec<(&'static str, SecretText)>,
    pub(super) used: Used,
}

impl Used {
    pub(super) async fn resolve(
        &mut self,
        secrets: &dyn Secrets,
        reference: &SecretRef,
    ) -> Result<SecretText, Fault> {
        let resolved = secrets.resolve(reference).await?;
        self.0.push((reference.clone(), resolved.fingerprint));
        Ok(resolved.value)
    }

    pub(super) fn fingerprints(&self) -> Vec<Fingerprint> {
        self.0.iter().map(|(_, fingerprint)| *fingerprint).collect()
    }
}

impl Proof {
    /// A client secret that is not read from anywhere.
    #[must_use]
    pub(super) fn of_secret(secret: SecretText, method: ClientAuthMethod) -> Self {
        let mut proof = Self::default();
        proof.secret(secret, method);
        proof
    }

    /// An assertion in the parameter with this name.
    #[must_use]
    pub(super) fn of_assertion(parameter: &'static str, assertion: SecretText) -> Self {
        Self {
            pairs: vec![(parameter, assertion)],
            ..Self::default()
        }
    }

    fn secret(&mut self, secret: SecretText, method: ClientAuthMethod) {
        match method {
            ClientAuthMethod::Basic => self.basic = Some(secret),
            ClientAuthMethod::Post | ClientAuthMethod::TlsClientAuth => {
                self.pairs.push(("client_secret", secret));
            }
        }
    }

    /// The references that it was made of were not accepted: forget what was
    /// remembered of them.
    pub fn refused(&self, secrets: &dyn Secrets) {
        for (reference, _) in &self.used.0 {
            secrets.refused(reference);
        }
    }

    /// Whether it was made of the same credentials as another one. A signed
    /// assertion is different each time.
    pub(super) fn is_as_good_as(&self, other: &Self) -> bool {
        self.used.fingerprints() == other.used.fingerprints()
    }

    /// Everything in it that a server may quote.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let pairs = self.pairs.iter().map(|(_, secret)| secret);
        self.basic.iter().chain(pairs).map(SecretText::expose)
    }
}

impl ClientCredentials {
    /// What shows who the client is.
    ///
    /// # Errors
    /// When a credential cannot be read or cannot sign.
    pub async fn proof(&self, secrets: &dyn Secrets, now: Timestamp) -> Result<Proof, Fault> {
        let mut proof = Proof::default();
        if let Some(reference) = &self.client_assertion {
            let text = proof.used.resolve(secrets, &reference.0).await?;
            proof.assertion(trimmed(&text)?);
        } else if let Some(key) = self.signing_key() {
            let client_id = self.client_id.as_ref().map_or("", Template::source);
            let audience = self.assertion_audience.as_ref().unwrap_or(&self.token_url);
            let claims = Claims {
                issuer: client_id,
                subject: Some(client_id),
                audience: Some(audience.source()),
                more: &TemplateMap::new(),
            };
            let signed = key.signed(&claims, secrets, &mut proof.used, now).await?;
            proof.assertion(signed);
        } else if let Some(reference) = &self.client_secret {
            let text = proof.used.resolve(secrets, &reference.0).await?;
            proof.secret(text, self.method);
        }
        Ok(proof)
    }

    /// The same with what the grant needs besides.
    ///
    /// # Errors
    /// As [`ClientCredentials::proof`].
    pub async fn grant_proof(&self, secrets: &dyn Secrets, now: Timestamp) -> Result<Proof, Fault> {
        let mut proof = self.proof(secrets, now).await?;
        match &self.grant {
            Grant::ClientCredentials => {}
            Grant::JwtBearer(grant) => {
                let default = self.client_id.as_ref();
                let claims = grant.claims(default, &self.token_url);
                let signed = grant.key.signed(&claims, secrets, &mut proof.used, now);
                let signed = signed.await?;
                proof.pairs.push(("assertion", signed));
            }
            Grant::TokenExchange(exchange) => {
                let tokens = [
                    ("subject_token", Some(&exchange.subject_token)),
                    ("actor_token", exchange.actor_token.as_ref()),
                ];
                for (name, reference) in tokens {
                    if let Some(reference) = reference {
                        let text = proof.used.resolve(secrets, &reference.0).await?;
                        proof.pairs.push((name, trimmed(&text)?));
                    }
                }
            }
        }
        Ok(proof)
    }
}

impl Proof {
    fn assertion(&mut self, signed: SecretText) {
        self.pairs.push(("client_assertion", signed));
    }

    /// The type that goes with a client assertion.
    pub(super) fn assertion_type(&self) -> Option<&'static str> {
        let mut names = self.pairs.iter().map(|(name, _)| *name);
        names
            .any(|name| name == "client_assertion")
            .then_some(ASSERTION_TYPE)
    }
}

/// A token as a platform writes it into a file, without white space around it.
fn trimmed(text: &SecretText) -> Result<SecretText, Fault> {
    SecretText::parse(text.expose().trim()).map_err(|_| {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            "an assertion or a token for the token endpoint is empty".to_owned(),
        )
    })
}
