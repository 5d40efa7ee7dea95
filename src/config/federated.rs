//! Tokens whose credential is federated: which tables they are, which keys they do
//! not have, and where their assertions are exchanged.

use std::sync::Arc;

use toml::de::DeValue;

use super::credential::endpoint_of_assertion;
use super::finding::{Finding, Findings};
use super::keys;
use super::raw::{RawFederatedToken, RawPolicy, RawToken};
use super::typed::Section;
use crate::problem::Problems;
use crate::scim::credential::{CredentialShape, TokenEndpoint};

/// Keys of the policy that such a token has too.
const OF_POLICY: [&str; 3] = ["environment", "owner", "probe"];

/// Whether a token's table is about a federated credential.
pub(super) fn is_one(section: &Section<'_>) -> bool {
    let Some(table) = section.value.get_ref().as_table() else {
        return false;
    };
    let is_named = table
        .get("credential")
        .and_then(|value| value.get_ref().as_str())
        == Some(CredentialShape::Federated.as_str());
    is_named || table.contains_key("federated")
}

/// Notes it where the table is missing that says what is trusted.
pub(super) fn has_table(section: &Section<'_>, findings: &mut Findings) -> bool {
    let table = section.value.get_ref().as_table();
    let is_there = table.is_some_and(|table| table.contains_key("federated"));
    if !is_there {
        findings.push(Finding::error(
            section.source,
            section.span.clone(),
            format!("{}.federated", section.path),
            "the credential is federated, and it is not said what both sides agreed on",
            format!(
                "write a table [{}.federated] with `issuer`, `audience`, `subject`, and `assertion` or `trust`",
                section.path
            ),
        ));
    }
    is_there
}

/// Notes and removes the keys that only a token that is rotated has.
pub(super) fn take_out_keys_of_rotation(section: &mut Section<'_>, findings: &mut Findings) {
    let own = keys::fields::<RawFederatedToken>();
    let rotated = keys::fields::<RawToken>();
    let policy = keys::fields::<RawPolicy>();
    let is_foreign = |key: &str| {
        let known = own.contains(&key) || OF_POLICY.contains(&key);
        !known && (rotated.contains(&key) || policy.contains(&key))
    };
    let (source, path) = (section.source, section.path.clone());
    let DeValue::Table(table) = section.value.get_mut() else {
        return;
    };
    let foreign = table.keys().filter(|key| is_foreign(key.get_ref()));
    let foreign: Vec<_> = foreign.cloned().collect();
    for key in foreign {
        let name = key.get_ref();
        findings.push(Finding::error(
            source,
            key.span(),
            format!("{path}.{name}"),
            format!("`{name}` is about a token that is rotated, and the credential is federated: {}", why(name)),
            "remove the key; or, if the identity provider holds a secret, remove the table `federated` and write credential = \"token\" or \"client_secret\"",
        ));
        table.remove(name.as_ref());
    }
}

fn why(key: &str) -> &'static str {
    match key {
        "issuer" => {
            "nothing is issued (the identity provider's issuer, which signs, is `federated.issuer`)"
        }
        "connections" => "nothing is delivered",
        "vault_path" | "fields" => "there is no secret to publish",
        "client_auth" => "there is no client secret",
        _ => "nothing expires, and nothing is renewed",
    }
}

/// Where an assertion is exchanged. `at` is the path of the token's table.
pub(super) fn endpoint(
    at: &str,
    own: &RawFederatedToken,
    problems: &mut Problems,
) -> Option<Arc<TokenEndpoint>> {
    if own.credential != CredentialShape::Federated {
        problems.error(
            format!("{at}.credential"),
            "the table `federated` is about a federated credential",
            "write credential = \"federated\", or remove the table",
        );
    }
    let presents = own.federated.assertion.is_some();
    let is_exchanged = presents && own.federated.assertion_as.parameter().is_some();
    if !is_exchanged {
        not_exchanged(at, own, problems);
        return None;
    }
    let Some(token_url) = &own.token_url else {
        problems.error(
            format!("{at}.token_url"),
            "it is not said where the assertion is exchanged for an access token",
            "write the https URL of the token endpoint; or federated.assertion_as = \"bearer\" if the SCIM server takes the assertion itself",
        );
        return None;
    };
    Some(endpoint_of_assertion(at, own, token_url, problems))
}

fn not_exchanged(at: &str, own: &RawFederatedToken, problems: &mut Problems) {
    let given = [
        ("token_url", own.token_url.is_some()),
        ("client_id", own.client_id.is_some()),
        ("scopes", !own.scopes.is_empty()),
        ("token_params", !own.token_params.is_empty()),
    ];
    for (key, _) in given.into_iter().filter(|(_, given)| *given) {
        problems.error(
            format!("{at}.{key}"),
            format!("`{key}` is about the exchange of an assertion, and none is exchanged"),
            "write `federated.assertion`, or remove the key",
        );
    }
}
