//! What a token's table says of its credential, and of the request that exchanges a
//! client secret or an assertion for an access token.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::raw::{RawFederatedToken, RawToken};
use crate::http::client::allowed;
use crate::problem::Problems;
use crate::scim::credential::{CredentialShape, SecretPlace, TokenEndpoint};
use crate::secret::objection_to_client_id;

/// Parameters of a token request that have keys of their own, or hold a secret.
const OWN_PARAMS: [&str; 5] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "scope",
    "grant_type",
];
/// The same, where an assertion is exchanged.
const PARAMS_OF_ASSERTION: [&str; 4] = [
    "assertion",
    "client_assertion_type",
    "subject_token",
    "subject_token_type",
];

/// Where a client secret is exchanged. `at` is the path of the token's table.
pub(super) fn endpoint(
    at: &str,
    own: &RawToken,
    problems: &mut Problems,
) -> Option<Arc<TokenEndpoint>> {
    match own.credential {
        CredentialShape::ClientSecret => {}
        CredentialShape::Token | CredentialShape::Key | CredentialShape::Federated => {
            none_of_a_client(at, own, problems);
            return None;
        }
    }
    let Some(token_url) = &own.token_url else {
        problems.error(
            format!("{at}.token_url"),
            "the credential is a client secret, and it is not said where it is exchanged for an access token",
            "write the https URL of the token endpoint, such as \"https://login.example.com/oauth2/token\"",
        );
        return None;
    };
    let request = TokenRequest {
        token_url,
        client_id: own.client_id.as_deref(),
        scopes: &own.scopes,
        params: &own.token_params,
        own_params: &[&OWN_PARAMS],
        place: own.client_auth.unwrap_or_default(),
    };
    Some(request.checked(at, problems))
}

/// The keys of a token's table that say how an access token is requested.
struct TokenRequest<'a> {
    token_url: &'a Url,
    client_id: Option<&'a str>,
    scopes: &'a [String],
    params: &'a BTreeMap<String, String>,
    /// Parameters that people do not write.
    own_params: &'a [&'a [&'a str]],
    place: SecretPlace,
}

impl TokenRequest<'_> {
    fn checked(self, at: &str, problems: &mut Problems) -> Arc<TokenEndpoint> {
        if let Err(why) = allowed(self.token_url) {
            problems.error(
                format!("{at}.token_url"),
                why,
                "write the https URL of the token endpoint",
            );
        }
        if let Some(why) = self.client_id.and_then(objection_to_client_id) {
            problems.error(
                format!("{at}.client_id"),
                format!("the client id {why}"),
                "write the id that the authorization server shows",
            );
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            let good = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
            if scope.is_empty() || !scope.bytes().all(good) {
                problems.error(
                    format!("{at}.scopes[{index}]"),
                    "a scope is one word of visible ASCII characters without `\"` and `\\`",
                    "write each scope as a text of its own",
                );
            }
        }
        for name in self.params.keys() {
            if self
                .own_params
                .iter()
                .any(|own| own.contains(&name.as_str()))
            {
                problems.error(
                    format!("{at}.token_params.{name}"),
                    format!("`{name}` is sent already, or is a secret"),
                    "remove it: `token_params` has parameters such as `audience` or `resource`; the client has keys of its own, such as `client_id` and `scopes`",
                );
            }
        }
        Arc::new(TokenEndpoint {
            token_url: self.token_url.clone(),
            client_id: self.client_id.map(str::to_owned),
            scopes: self.scopes.to_vec(),
            place: self.place,
            params: self.params.clone(),
        })
    }
}

/// Where an assertion is exchanged, by this URL.
pub(super) fn endpoint_of_assertion(
    at: &str,
    own: &RawFederatedToken,
    token_url: &Url,
    problems: &mut Problems,
) -> Arc<TokenEndpoint> {
    let request = TokenRequest {
        token_url,
        client_id: own.client_id.as_deref(),
        scopes: &own.scopes,
        params: &own.token_params,
        own_params: &[&OWN_PARAMS, &PARAMS_OF_ASSERTION],
        place: SecretPlace::Post,
    };
    request.checked(at, problems)
}

fn none_of_a_client(at: &str, own: &RawToken, problems: &mut Problems) {
    let given = [
        ("token_url", own.token_url.is_some()),
        ("client_id", own.client_id.is_some()),
        ("scopes", !own.scopes.is_empty()),
        ("client_auth", own.client_auth.is_some()),
        ("token_params", !own.token_params.is_empty()),
    ];
    for (key, _) in given.into_iter().filter(|(_, given)| *given) {
        problems.error(
            format!("{at}.{key}"),
            format!(
                "`{key}` is about a client secret, and the credential is a {}",
                own.credential.as_str()
            ),
            "write credential = \"client_secret\", or remove the key",
        );
    }
}
