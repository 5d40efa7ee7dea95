//! Whether the issuer, the connections and the probe go with what the identity
//! provider holds.

use super::{Token, Whole};
use crate::issuers::IssuerKind;
use crate::problem::Problems;
use crate::scim::credential::CredentialShape;

pub(super) fn check(
    token: &Token<'_>,
    issuer: Option<&IssuerKind>,
    whole: &Whole<'_>,
    problems: &mut Problems,
) {
    match token.settings.credential {
        CredentialShape::Token => no_connection_writes_a_client(token, whole, problems),
        CredentialShape::ClientSecret => {
            the_client_is_known(token, issuer, problems);
            connections_take_the_client(token, issuer, whole, problems);
        }
        CredentialShape::Key => {
            no_connection_writes_a_client(token, whole, problems);
            the_place_of_the_key_is_said(token, problems);
        }
        // No issuer and no connection belong to it: see `rules::federated`.
        CredentialShape::Federated => {}
    }
}

fn tells_client_id(issuer: Option<&IssuerKind>) -> bool {
    issuer.is_some_and(|kind| kind.as_kind().handles_client_id())
}

fn the_client_is_known(token: &Token<'_>, issuer: Option<&IssuerKind>, problems: &mut Problems) {
    let Some(endpoint) = &token.settings.token_endpoint else {
        return;
    };
    if issuer.is_some() && endpoint.client_id.is_none() && !tells_client_id(issuer) {
        problems.error(
            token.key("client_id"),
            "nothing says whose secret it is",
            "write the client id, or have the issuer tell it with each secret (`issue.read.client_id`)",
        );
    }
}

/// An identity provider that gets a new secret and keeps the old client id cannot
/// get an access token.
fn connections_take_the_client(
    token: &Token<'_>,
    issuer: Option<&IssuerKind>,
    whole: &Whole<'_>,
    problems: &mut Problems,
) {
    if !tells_client_id(issuer) {
        return;
    }
    for (index, name) in token.settings.connections.iter().enumerate() {
        let connection = whole.connections.get(name);
        if connection.is_some_and(|kind| !kind.as_kind().handles_client_id()) {
            problems.warning(
                token.key(&format!("connections[{index}]")),
                format!("the issuer may give a new client id with a new secret, and `{name}` is not given it: its identity provider would hold the id of one client and the secret of another"),
                "put `{{ client_id }}` into the call that writes `{{ token }}` (`deliver`)",
            );
        }
    }
}

/// What such a connection writes has no value without a client.
fn no_connection_writes_a_client(token: &Token<'_>, whole: &Whole<'_>, problems: &mut Problems) {
    for (index, name) in token.settings.connections.iter().enumerate() {
        let connection = whole.connections.get(name);
        if connection.is_some_and(|kind| kind.as_kind().writes_client_id()) {
            problems.warning(
                token.key(&format!("connections[{index}]")),
                format!(
                    "`{name}` is given a client id with each delivery, and this credential is a {}, which has none",
                    token.settings.credential.as_str()
                ),
                "write credential = \"client_secret\" with `token_url`, or use a connection that holds a token",
            );
        }
    }
}

fn the_place_of_the_key_is_said(token: &Token<'_>, problems: &mut Problems) {
    if !token.settings.probe.says_where_the_token_is() {
        problems.error(
            token.key("probe.headers"),
            "the credential is a key, and it is not said how the service provider is given it",
            "write for example headers = { X-Api-Key = \"{{ token }}\" }, or credential = \"token\" if it is sent as `Authorization: Bearer`",
        );
    }
}
