//! What a token's table says of its credential.

use std::sync::Arc;

use super::raw::RawToken;
use crate::http::client::allowed;
use crate::problem::Problems;
use crate::scim::credential::{CredentialShape, TokenEndpoint};
use crate::secret::objection_to_client_id;

/// Parameters of a token request that have keys of their own, or hold a secret.
const OWN_PARAMS: [&str; 5] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "scope",
    "grant_type",
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
    if let Err(why) = allowed(token_url) {
        problems.error(
            format!("{at}.token_url"),
            why,
            "write the https URL of the token endpoint",
        );
    }
    if let Some(why) = own.client_id.as_deref().and_then(objection_to_client_id) {
        problems.error(
            format!("{at}.client_id"),
            format!("the client id {why}"),
            "write the id that the authorization server shows",
        );
    }
    for (index, scope) in own.scopes.iter().enumerate() {
        let good = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if scope.is_empty() || !scope.bytes().all(good) {
            problems.error(
                format!("{at}.scopes[{index}]"),
                "a scope is one word of visible ASCII characters without `\"` and `\\`",
                "write each scope as a text of its own",
            );
        }
    }
    for name in own.token_params.keys() {
        if OWN_PARAMS.contains(&name.as_str()) {
            problems.error(
                format!("{at}.token_params.{name}"),
                format!("`{name}` is sent already, or is a secret"),
                "keep parameters such as `audience` or `resource` here; the client has `client_id`, `scopes` and `client_auth`",
            );
        }
    }
    Some(Arc::new(TokenEndpoint {
        token_url: token_url.clone(),
        client_id: own.client_id.clone(),
        scopes: own.scopes.clone(),
        place: own.client_auth.unwrap_or_default(),
        params: own.token_params.clone(),
    }))
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
