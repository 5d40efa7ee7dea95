//! What a private key of ours signs: the claims of a JSON Web Token (RFC 7519,
//! RFC 7523), made anew for each request.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::proof::Used;
use super::signing::{Algorithm, Signer, Thumbprint};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::template::{Context, Names, Template, TemplateMap};
use crate::problem::Problems;
use crate::secret::resolve::Secrets;
use crate::secret::{SecretRef, SecretText};
use crate::value::{Credential, HumanDuration};

/// How long before our time a token says that it was made: a server whose clock
/// is a little slow must not see one from the future.
const SLOW_CLOCK: SignedDuration = SignedDuration::from_secs(10);

/// How long a signed token is good for where nothing else is configured.
const LIFETIME: SignedDuration = SignedDuration::from_mins(2);

/// The claims that the program sets itself.
const OWN: [&str; 7] = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"];

/// A private key of ours, and how tokens that it signs name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SigningKey {
    /// The private key: PEM without a passphrase, or the JSON key file of a Google
    /// service account.
    pub private_key: Option<Credential>,
    /// How it signs; by default RS256, or what fits the curve.
    pub algorithm: Option<Algorithm>,
    /// Id of the key, as header `kid`.
    pub key_id: Option<Template>,
    /// Certificate of the key in PEM: its thumbprint names the key.
    pub certificate: Option<Credential>,
    /// Which header has the thumbprint.
    pub thumbprint: Thumbprint,
    /// How long what it signs is good for.
    pub lifetime: HumanDuration,
}

impl Default for SigningKey {
    fn default() -> Self {
        Self {
            private_key: None,
            algorithm: None,
            key_id: None,
            certificate: None,
            thumbprint: Thumbprint::default(),
            lifetime: HumanDuration(LIFETIME),
        }
    }
}

/// A signed token as the bearer token of each request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtAuth {
    /// The key.
    pub key: SigningKey,
    /// Claim `iss`.
    pub issuer: Template,
    /// Puts a dot and the fingerprint of the public key behind `issuer`.
    #[serde(default)]
    pub issuer_key_fingerprint: bool,
    /// Claim `sub`.
    pub subject: Option<Template>,
    /// Claim `aud`.
    pub audience: Option<Template>,
    /// Other claims.
    #[serde(default)]
    pub claims: TemplateMap,
}

/// The standard claims of one token.
pub(super) struct Claims<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) audience: Option<&'a str>,
    pub(super) more: &'a TemplateMap,
}

impl Claims<'_> {
    /// The claims with their times, and with an id that no other token has.
    fn at(&self, now: Timestamp, lifetime: SignedDuration) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in self.more {
            all.insert(name.clone(), json!(value.source()));
        }
        let from = (now - SLOW_CLOCK).as_second();
        let texts = [
            ("iss", Some(self.issuer)),
            ("sub", self.subject),
            ("aud", self.audience),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                all.insert(name.to_owned(), json!(text));
            }
        }
        let times = [
            ("iat", from),
            ("nbf", from),
            ("exp", now.as_second() + lifetime.as_secs()),
        ];
        for (name, time) in times {
            all.insert(name.to_owned(), json!(time));
        }
        all.insert("jti".to_owned(), json!(crate::ids::uuid()));
        all
    }
}

impl SigningKey {
    /// Reports what cannot work.
    pub(super) fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        if let Some(key_id) = &self.key_id {
            key_id.check(&format!("{path}.key_id"), known, problems);
        }
        let good = SignedDuration::from_secs(30)..=SignedDuration::from_hours(1);
        if !good.contains(&self.lifetime.0) {
            problems.error(
                format!("{path}.lifetime"),
                "a signed token is good for 30 seconds to 1 hour",
                "write for example \"2m\": a new one is made for each request",
            );
        }
    }

    /// Reports a key without a private key.
    pub(super) fn check_private_key(&self, path: &str, problems: &mut Problems) {
        if self.private_key.is_none() {
            problems.error(
                format!("{path}.private_key"),
                "the private key is missing",
                "write a reference to it, for example { file = \"/etc/scim-rotator/key.pem\" }",
            );
        }
    }

    /// The same with its templates filled in.
    ///
    /// # Errors
    /// Says which name has no value.
    pub(super) fn resolved(&self, context: &Context) -> Result<Self, String> {
        let mut filled = self.clone();
        filled.key_id = fill(self.key_id.as_ref(), context)?;
        Ok(filled)
    }

    /// What it refers to.
    pub(super) fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.private_key.iter().chain(&self.certificate)
    }

    /// A token with these claims, signed now.
    ///
    /// # Errors
    /// Names the reference that cannot be used.
    pub(super) async fn signed(
        &self,
        claims: &Claims<'_>,
        secrets: &dyn Secrets,
        used: &mut Used,
        now: Timestamp,
    ) -> Result<SecretText, Fault> {
        let (signer, reference) = self.signer(secrets, used).await?;
        self.sign(&signer, claims, now)
            .map_err(|why| unusable(&reference, why))
    }

    fn sign(
        &self,
        signer: &Signer,
        claims: &Claims<'_>,
        now: Timestamp,
    ) -> Result<SecretText, &'static str> {
        signer.sign(&claims.at(now, self.lifetime.0))
    }

    /// The key, read anew, and where it was read from.
    async fn signer(
        &self,
        secrets: &dyn Secrets,
        used: &mut Used,
    ) -> Result<(Signer, SecretRef), Fault> {
        let Some(private_key) = &self.private_key else {
            let text = "a key has no `private_key`: write a reference to it";
            return Err(Fault::new(
                FaultClass::Rejected,
                FaultKind::Config,
                text.to_owned(),
            ));
        };
        let reference = &private_key.0;
        let text = used.resolve(secrets, reference).await?;
        let mut signer =
            Signer::read(&text, self.algorithm).map_err(|why| unusable(reference, why))?;
        if let Some(key_id) = &self.key_id {
            signer = signer.named(key_id.source());
        }
        if let Some(certificate) = &self.certificate {
            let pem = used.resolve(secrets, &certificate.0).await?;
            signer = signer
                .certified(pem.expose(), self.thumbprint)
                .map_err(|why| unusable(&certificate.0, why))?;
        }
        Ok((signer, reference.clone()))
    }
}

impl JwtAuth {
    pub(super) fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        let key = format!("{path}.key");
        self.key.check(&key, known, problems);
        self.key.check_private_key(&key, problems);
        self.issuer
            .check(&format!("{path}.issuer"), known, problems);
        let texts = [("subject", &self.subject), ("audience", &self.audience)];
        for (name, template) in texts {
            if let Some(template) = template {
                template.check(&format!("{path}.{name}"), known, problems);
            }
        }
        check_claims(&self.claims, path, known, problems);
    }

    pub(super) fn resolved(&self, context: &Context) -> Result<Self, String> {
        let mut filled = self.clone();
        filled.key = self.key.resolved(context)?;
        filled.issuer = Template::new(self.issuer.text(context)?.as_str());
        filled.subject = fill(self.subject.as_ref(), context)?;
        filled.audience = fill(self.audience.as_ref(), context)?;
        fill_all(&mut filled.claims, context)?;
        Ok(filled)
    }

    /// A token for one request.
    ///
    /// # Errors
    /// Names the reference that cannot be used.
    pub(super) async fn token(
        &self,
        secrets: &dyn Secrets,
        used: &mut Used,
        now: Timestamp,
    ) -> Result<SecretText, Fault> {
        let (signer, reference) = self.key.signer(secrets, used).await?;
        let signed = || {
            let mut issuer = self.issuer.source().to_owned();
            if self.issuer_key_fingerprint {
                issuer = format!("{issuer}.{}", signer.fingerprint()?);
            }
            let claims = Claims {
                issuer: &issuer,
                subject: self.subject.as_ref().map(Template::source),
                audience: self.audience.as_ref().map(Template::source),
                more: &self.claims,
            };
            self.key.sign(&signer, &claims, now)
        };
        signed().map_err(|why| unusable(&reference, why))
    }
}

/// Reports claims that the program sets itself.
pub(super) fn check_claims(
    claims: &TemplateMap,
    path: &str,
    known: &Names,
    problems: &mut Problems,
) {
    for (name, value) in claims {
        value.check(&format!("{path}.claims.{name}"), known, problems);
        if OWN.contains(&name.as_str()) {
            problems.error(
                format!("{path}.claims.{name}"),
                format!("the claim `{name}` is set by the program"),
                "use `issuer`, `subject`, `audience` and `key.lifetime`",
            );
        }
    }
}

/// A template filled in, if there is one.
pub(super) fn fill(
    template: Option<&Template>,
    context: &Context,
) -> Result<Option<Template>, String> {
    let text = |template: &Template| Ok(Template::new(template.text(context)?.as_str()));
    template.map(text).transpose()
}

/// Templates filled in.
pub(super) fn fill_all(templates: &mut TemplateMap, context: &Context) -> Result<(), String> {
    for value in templates.values_mut() {
        *value = Template::new(value.text(context)?.as_str());
    }
    Ok(())
}

fn unusable(reference: &SecretRef, why: &str) -> Fault {
    Fault::new(
        FaultClass::Rejected,
        FaultKind::Config,
        format!("what is in {reference} cannot be used: {why}"),
    )
}
