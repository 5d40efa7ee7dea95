//! How a caller is configured to authenticate itself.

use http::HeaderName;
use serde::Deserialize;

use super::{ClientCredentials, JwtAuth};
use crate::http::template::{Context, Names, Template};
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::Credential;

/// How a caller authenticates itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallerAuth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer <credential>`.
    Bearer(Credential),
    /// One or more headers, for example `Authorization: SSWS …` or `DD-API-KEY`.
    Headers(Vec<AuthHeader>),
    /// User name and password (RFC 7617).
    Basic {
        /// User name.
        username: Template,
        /// Password.
        password: Credential,
    },
    /// An access token of an OAuth 2 token endpoint.
    Oauth2(Box<ClientCredentials>),
    /// `Authorization: Bearer …` with a token that a key of ours signs for each
    /// request (RFC 7519).
    Jwt(Box<JwtAuth>),
}

/// A header that carries a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthHeader {
    /// Name of the header.
    pub name: String,
    /// Word before the credential, for example `SSWS`.
    pub scheme: Option<String>,
    /// The credential.
    pub value: Credential,
}

impl CallerAuth {
    /// Reports what cannot work.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        match self {
            Self::None | Self::Bearer(_) => {}
            Self::Headers(headers) => {
                if headers.is_empty() {
                    problems.error(
                        format!("{path}.headers"),
                        "there is no header",
                        "write [{ name = \"X-Api-Key\", value = { … } }], or `auth = \"none\"`",
                    );
                }
                for (index, header) in headers.iter().enumerate() {
                    header.check(&format!("{path}.headers[{index}]"), problems);
                }
            }
            Self::Basic { username, .. } => {
                username.check(&format!("{path}.basic.username"), known, problems);
                if username.source().is_empty() || username.source().contains(':') {
                    problems.error(
                        format!("{path}.basic.username"),
                        "the user name is empty or holds a colon",
                        "write the user name alone",
                    );
                }
            }
            Self::Oauth2(client) => client.check(&format!("{path}.oauth2"), known, problems),
            Self::Jwt(jwt) => jwt.check(&format!("{path}.jwt"), known, problems),
        }
    }

    /// The same with its templates filled in.
    ///
    /// # Errors
    /// Says which name has no value, or what is no URL.
    pub(in crate::http) fn resolved(&self, context: &Context) -> Result<Self, String> {
        Ok(match self {
            Self::None | Self::Bearer(_) | Self::Headers(_) => self.clone(),
            Self::Basic { username, password } => Self::Basic {
                username: Template::new(username.text(context)?.as_str()),
                password: password.clone(),
            },
            Self::Oauth2(client) => Self::Oauth2(Box::new(client.resolved(context)?)),
            Self::Jwt(jwt) => Self::Jwt(Box::new(jwt.resolved(context)?)),
        })
    }

    /// The credentials that it uses.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(credential) => vec![credential.0.clone()],
            Self::Headers(headers) => headers.iter().map(|h| h.value.0.clone()).collect(),
            Self::Basic { password, .. } => vec![password.0.clone()],
            Self::Oauth2(client) => client.credentials(),
            Self::Jwt(jwt) => jwt.key.credentials().map(|c| c.0.clone()).collect(),
        }
    }
}

impl AuthHeader {
    fn check(&self, path: &str, problems: &mut Problems) {
        if HeaderName::from_bytes(self.name.as_bytes()).is_err() {
            problems.error(
                format!("{path}.name"),
                format!("`{}` is not a header name", self.name),
                "write the name alone, for example \"X-Api-Key\"",
            );
        }
    }
}
