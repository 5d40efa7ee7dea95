//! The table `federated` of a token.

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::trust::Trust;
use crate::http::client::allowed;
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::{Credential, HumanDuration};

const USUAL_PACE: SignedDuration = SignedDuration::from_mins(5);
const SHORTEST_PACE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PACE: SignedDuration = SignedDuration::from_hours(24);

/// `[tokens.<name>.federated]`: what the identity provider signs and the service
/// provider trusts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federated {
    /// Who signs: `iss`, as the issuer's discovery document names it.
    pub issuer: String,
    /// For whom: one of `aud`.
    pub audience: String,
    /// About whom: `sub`.
    pub subject: String,
    /// Where the issuer publishes its keys, if its discovery document does not tell.
    pub jwks_url: Option<Url>,
    /// An assertion as the identity provider signs it, read again for each look.
    pub assertion: Option<Credential>,
    /// How the assertion is presented.
    #[serde(default)]
    pub assertion_as: Presented,
    /// Whether the authorization server takes each assertion once only: then each is
    /// presented once, and a wrong one never.
    #[serde(default)]
    pub assertion_once: bool,
    /// What the service provider says that it trusts.
    pub trust: Option<Trust>,
    /// How often it is looked.
    #[serde(default = "usual_pace")]
    pub look_every: HumanDuration,
}

fn usual_pace() -> HumanDuration {
    HumanDuration(USUAL_PACE)
}

/// How an assertion is presented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// As the client's assertion (RFC 7523, 2.2).
    #[default]
    ClientAssertion,
    /// As the grant (RFC 7523, 2.1).
    JwtBearer,
    /// As the token that is exchanged (RFC 8693).
    SubjectToken,
    /// To the SCIM server itself, as `Authorization: Bearer`.
    Bearer,
}

impl Presented {
    /// The parameter of the token request that carries it; `None` if no token
    /// endpoint is asked.
    #[must_use]
    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Self::ClientAssertion => Some("client_assertion"),
            Self::JwtBearer => Some("assertion"),
            Self::SubjectToken => Some("subject_token"),
            Self::Bearer => None,
        }
    }

    /// The other parameters that belong to it.
    #[must_use]
    pub(super) fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::ClientAssertion | Self::Bearer => &[],
            Self::JwtBearer => &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")],
            Self::SubjectToken => &[
                (
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ],
        }
    }
}

impl Federated {
    /// Reports what cannot work.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        self.check_issuer(path, problems);
        let texts = [
            (
                "audience",
                &self.audience,
                "the identifier of the authorization server or of the service provider, as the identity provider writes it into `aud`",
            ),
            (
                "subject",
                &self.subject,
                "the client or the account, as the identity provider writes it into `sub`",
            ),
        ];
        for (key, text, what) in texts {
            if text.trim().is_empty() {
                problems.error(
                    format!("{path}.{key}"),
                    format!("`{key}` is empty"),
                    format!("write {what}"),
                );
            }
        }
        if let Some(Err(why)) = self.jwks_url.as_ref().map(allowed) {
            problems.error(
                format!("{path}.jwks_url"),
                why,
                "write the https URL at which the issuer publishes its keys",
            );
        }
        if !(SHORTEST_PACE..=LONGEST_PACE).contains(&self.look_every.0) {
            problems.error(
                format!("{path}.look_every"),
                "it is looked too often or too seldom",
                "write 30 seconds to 24 hours, such as \"5m\"",
            );
        }
        if let Some(trust) = &self.trust {
            trust.check(&format!("{path}.trust"), problems);
        }
        self.check_what_is_watched(path, problems);
    }

    fn check_issuer(&self, path: &str, problems: &mut Problems) {
        let why = match Url::parse(&self.issuer) {
            Err(_) => Err("the issuer is not a URL"),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                Err("the URL of an issuer has no query and no fragment")
            }
            Ok(url) => allowed(&url),
        };
        if let Err(why) = why {
            problems.error(
                format!("{path}.issuer"),
                why,
                "write it exactly as the discovery document names it, such as \"https://login.example.com/realms/hr\"",
            );
        }
    }

    /// The discovery document and the published keys show the issuer and its keys
    /// only.
    fn check_what_is_watched(&self, path: &str, problems: &mut Problems) {
        if self.assertion.is_some() {
            return;
        }
        let Some(trust) = &self.trust else {
            problems.error(
                path,
                "nothing shows which audience and which subject are trusted",
                "write `assertion` (a reference to an assertion of the identity provider), or `trust` (a call that reads what the service provider trusts)",
            );
            return;
        };
        let places = [
            ("issuer", trust.issuer.is_some()),
            ("audience", trust.audience.is_some()),
            ("subject", trust.subject.is_some()),
        ];
        for (key, _) in places.into_iter().filter(|(_, shown)| !shown) {
            problems.warning(
                format!("{path}.trust.{key}"),
                format!("nothing shows which {key} is trusted: a change of it is not noticed"),
                format!("write the place of the {key} in the answers of `lookups`, or `assertion`"),
            );
        }
    }

    /// The credentials that it uses.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        let own = self.assertion.iter().map(|credential| credential.0.clone());
        let trust = self.trust.iter().flat_map(Trust::credentials);
        own.chain(trust).collect()
    }
}
