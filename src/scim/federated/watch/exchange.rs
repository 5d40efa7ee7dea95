//! The exchange of an assertion for an access token, and what a refusal of it means.

use std::collections::BTreeMap;

use super::Watch;
use crate::http::oauth2::{Ungranted, try_assertion};
use crate::scim::credential::TokenEndpoint;
use crate::scim::federated::sight::{Look, Part, Saw, Source};
use crate::secret::{BearerToken, SecretText};

impl Watch {
    /// Exchanges the assertion for an access token. With negative controls, the same
    /// assertion with a wrong signature is presented afterwards.
    pub(super) async fn exchange(
        &self,
        parameter: &'static str,
        assertion: &SecretText,
        look: &mut Look,
    ) -> Option<BearerToken> {
        let granted = match self.ask(parameter, assertion.clone()).await? {
            Ok(granted) => BearerToken::parse(granted.expose()),
            Err(nothing) => {
                let (part, saw) = meaning(&nothing);
                let saw = match self.federated.assertion_once {
                    true => perhaps_used(saw),
                    false => saw,
                };
                look.see(part, Source::TokenEndpoint, saw);
                return None;
            }
        };
        let forged = if self.controls {
            forged(assertion)
        } else {
            None
        };
        let control = match forged {
            Some(forged) => self.ask(parameter, forged).await,
            None => None,
        };
        let saw = match (&granted, control) {
            (_, Some(Ok(_))) => Saw::Unclear(
                "the token endpoint grants access also for an assertion with a wrong signature: what it grants proves nothing"
                    .to_owned(),
            ),
            (Ok(_), _) => Saw::Agrees,
            (Err(shape), _) => Saw::missing("an access token that can be sent", shape.to_string()),
        };
        look.see(Part::Access, Source::TokenEndpoint, saw);
        granted.ok()
    }

    /// Presents an assertion at the token endpoint; `None` if the token has none.
    async fn ask(
        &self,
        parameter: &'static str,
        assertion: SecretText,
    ) -> Option<Result<SecretText, Ungranted>> {
        let endpoint = self.endpoint.as_ref()?;
        let mut params: BTreeMap<String, String> = endpoint.params.clone();
        let own = self.federated.assertion_as.parameters().iter();
        params.extend(own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let endpoint = TokenEndpoint {
            params,
            ..TokenEndpoint::clone(endpoint)
        };
        let client = endpoint.client(&endpoint.parts());
        let operation = "federated: token endpoint";
        let tried = try_assertion(&self.client, &client, parameter, assertion, operation).await;
        Some(tried.map(|granted| granted.token))
    }
}

/// What an answer without an access token means, and which part it names.
fn meaning(nothing: &Ungranted) -> (Part, Saw) {
    let Some(status) = nothing.status else {
        return (Part::Access, Saw::Unclear(nothing.fault.message.clone()));
    };
    let part = named(nothing);
    let refuses = matches!(
        nothing.error,
        Some("invalid_client" | "invalid_grant" | "unauthorized_client")
    );
    let error = nothing
        .error
        .map_or_else(String::new, |word| format!(" ({word})"));
    let seen = format!("a refusal: {status}{error}");
    let expected = "an access token for the assertion";
    match status {
        401 => (part, Saw::refused(expected, seen)),
        400 | 403 if refuses || part != Part::Access => (part, Saw::refused(expected, seen)),
        // The scopes, the parameters or the URL are wrong, and not the assertion.
        400 | 403 | 404 | 405 | 410 => (Part::Access, Saw::missing(expected, seen)),
        _ => (Part::Access, Saw::Unclear(nothing.fault.message.clone())),
    }
}

/// A refusal proves nothing if another replica, or a person's command, may have presented
/// the assertion before.
fn perhaps_used(saw: Saw) -> Saw {
    match saw {
        Saw::Against(difference, _) => Saw::Unclear(format!(
            "the token endpoint answers with {}, also if another process has presented this assertion before",
            difference.seen
        )),
        other @ (Saw::Agrees | Saw::Unclear(_)) => other,
    }
}

/// The one part that the text of an error names.
fn named(nothing: &Ungranted) -> Part {
    match nothing.about.as_slice() {
        ["issuer"] => Part::Issuer,
        ["audience"] => Part::Audience,
        ["subject"] => Part::Subject,
        ["signature" | "key"] | ["signature", "key"] => Part::Key,
        _ => Part::Access,
    }
}

/// The same assertion with another signature.
fn forged(assertion: &SecretText) -> Option<SecretText> {
    let (signed, signature) = assertion.expose().rsplit_once('.')?;
    let first = signature.chars().next()?;
    let other = if first == 'A' { 'B' } else { 'A' };
    SecretText::parse(format!("{signed}.{other}{}", signature.get(1..)?)).ok()
}
