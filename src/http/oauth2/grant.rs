//! What is asked of the token endpoint: the grant.

use serde::Deserialize;

use super::assertion::{Claims, SigningKey, check_claims, fill, fill_all};
use crate::http::template::{Context, Names, Template, TemplateMap};
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::Credential;

/// RFC 8693, 3.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The grant that the token endpoint is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// By the client's own credentials (RFC 6749, 4.4).
    #[default]
    ClientCredentials,
    /// By a token that a key of ours signs (RFC 7523, 2.1).
    JwtBearer(Box<JwtGrant>),
    /// One token for another (RFC 8693).
    TokenExchange(Box<TokenExchange>),
}

/// A token that a key of ours signs, as the grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtGrant {
    /// The key.
    pub key: SigningKey,
    /// Claim `iss`; by default the client id.
    pub issuer: Option<Template>,
    /// Claim `sub`.
    pub subject: Option<Template>,
    /// Claim `aud`; by default the token endpoint.
    pub audience: Option<Template>,
    /// Other claims.
    #[serde(default)]
    pub claims: TemplateMap,
}

/// One token for another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenExchange {
    /// The token that is exchanged: read again for each request.
    pub subject_token: Credential,
    /// Its type; by default a JWT.
    pub subject_token_type: Option<Template>,
    /// The token of the acting party.
    pub actor_token: Option<Credential>,
    /// Its type; by default a JWT.
    pub actor_token_type: Option<Template>,
    /// The type of token that is wanted.
    pub requested_token_type: Option<Template>,
    /// The resource that the new token is for.
    pub resource: Option<Template>,
}

impl Grant {
    /// `grant_type`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer(_) => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::TokenExchange(_) => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The parameters besides those that are secret.
    pub(super) fn parameters(&self) -> Vec<(&'static str, &str)> {
        let Self::TokenExchange(exchange) = self else {
            return Vec::new();
        };
        let mut all = vec![(
            "subject_token_type",
            or(exchange.subject_token_type.as_ref(), JWT),
        )];
        if exchange.actor_token.is_some() {
            all.push((
                "actor_token_type",
                or(exchange.actor_token_type.as_ref(), JWT),
            ));
        }
        let rest = [
            ("requested_token_type", &exchange.requested_token_type),
            ("resource", &exchange.resource),
        ];
        for (name, template) in rest {
            if let Some(template) = template {
                all.push((name, template.source()));
            }
        }
        all
    }

    /// What it refers to.
    pub(super) fn credentials(&self) -> Vec<SecretRef> {
        let all: Vec<&Credential> = match self {
            Self::ClientCredentials => Vec::new(),
            Self::JwtBearer(grant) => grant.key.credentials().collect(),
            Self::TokenExchange(exchange) => std::iter::once(&exchange.subject_token)
                .chain(&exchange.actor_token)
                .collect(),
        };
        all.into_iter()
            .map(|credential| credential.0.clone())
            .collect()
    }

    /// Reports what cannot work. `path` is the table that holds it.
    pub(super) fn check(
        &self,
        path: &str,
        has_client_id: bool,
        known: &Names,
        problems: &mut Problems,
    ) {
        match self {
            Self::ClientCredentials => {}
            Self::JwtBearer(grant) => {
                let path = format!("{path}.grant.jwt_bearer");
                let key = format!("{path}.key");
                grant.key.check(&key, known, problems);
                grant.key.check_private_key(&key, problems);
                check_claims(&grant.claims, &path, known, problems);
                let texts = [
                    ("issuer", &grant.issuer),
                    ("subject", &grant.subject),
                    ("audience", &grant.audience),
                ];
                check_texts(&texts, &path, known, problems);
                if grant.issuer.is_none() && !has_client_id {
                    problems.error(
                        format!("{path}.issuer"),
                        "nothing says who signs",
                        "write `issuer`, for example the e-mail address of the service account, or `client_id`",
                    );
                }
            }
            Self::TokenExchange(exchange) => {
                let path = format!("{path}.grant.token_exchange");
                let texts = [
                    ("subject_token_type", &exchange.subject_token_type),
                    ("actor_token_type", &exchange.actor_token_type),
                    ("requested_token_type", &exchange.requested_token_type),
                    ("resource", &exchange.resource),
                ];
                check_texts(&texts, &path, known, problems);
            }
        }
    }

    /// The same with its templates filled in.
    ///
    /// # Errors
    /// Says which name has no value.
    pub(super) fn resolved(&self, context: &Context) -> Result<Self, String> {
        let mut filled = self.clone();
        match &mut filled {
            Self::ClientCredentials => {}
            Self::JwtBearer(grant) => {
                grant.key = grant.key.resolved(context)?;
                for template in [&mut grant.issuer, &mut grant.subject, &mut grant.audience] {
                    *template = fill(template.as_ref(), context)?;
                }
                fill_all(&mut grant.claims, context)?;
            }
            Self::TokenExchange(exchange) => {
                let all = [
                    &mut exchange.subject_token_type,
                    &mut exchange.actor_token_type,
                    &mut exchange.requested_token_type,
                    &mut exchange.resource,
                ];
                for template in all {
                    *template = fill(template.as_ref(), context)?;
                }
            }
        }
        Ok(filled)
    }
}

impl JwtGrant {
    /// The claims of the grant's token.
    pub(super) fn claims<'a>(
        &'a self,
        client_id: Option<&'a Template>,
        token_url: &'a Template,
    ) -> Claims<'a> {
        Claims {
            issuer: self
                .issuer
                .as_ref()
                .or(client_id)
                .map_or("", Template::source),
            subject: self.subject.as_ref().map(Template::source),
            audience: Some(self.audience.as_ref().unwrap_or(token_url).source()),
            more: &self.claims,
        }
    }
}

fn or<'a>(template: Option<&'a Template>, default: &'a str) -> &'a str {
    template.map_or(default, Template::source)
}

fn check_texts(
    texts: &[(&str, &Option<Template>)],
    path: &str,
    known: &Names,
    problems: &mut Problems,
) {
    for (name, template) in texts {
        if let Some(template) = template {
            template.check(&format!("{path}.{name}"), known, problems);
        }
    }
}
