//! Sentences about a federated credential, the same in status, page, log and API.

use jiff::Timestamp;

use super::sight::{Part, Source};
use super::verdict::{Against, Mark, Standing};

/// One break: which part, since when, what was expected and seen, what stops and
/// what to do.
#[must_use]
pub fn of_break(token: &str, mark: &Mark, against: &Against) -> String {
    let since = to_the_second(against.since);
    format!(
        "{} broken since {since}: expected {}, but {} shows {}. {} {}; then run `scim-rotator once {token}`, which checks it at once",
        mark.part.as_str(),
        against.difference.expected,
        mark.source.in_words(),
        against.difference.seen,
        what_stops(mark.source),
        remedy(mark.part, mark.source),
    )
}

/// Everything that is broken, or why something could not be seen. `None`: all is in
/// order.
#[must_use]
pub fn of_standing(token: &str, standing: &Standing) -> Option<String> {
    let breaks: Vec<String> = standing
        .breaks()
        .map(|(mark, against)| of_break(token, mark, against))
        .collect();
    if !breaks.is_empty() {
        return Some(breaks.join(". "));
    }
    let unclear: Vec<String> = standing.marks.iter().filter_map(unclear).collect();
    (!unclear.is_empty()).then(|| unclear.join("; "))
}

fn unclear(mark: &Mark) -> Option<String> {
    let part = mark.part.as_str();
    if let Some(why) = &mark.unclear {
        return Some(format!("{part} could not be seen: {why}"));
    }
    let against = mark.against.as_ref()?;
    Some(format!(
        "{part}: expected {}, but {} shows {}; this counts as a break if it stays so",
        against.difference.expected,
        mark.source.in_words(),
        against.difference.seen
    ))
}

fn what_stops(source: Source) -> &'static str {
    match source {
        Source::Scim => {
            "Provisioning has stopped: the service provider does not accept the access token."
        }
        Source::Discovery
        | Source::Keys
        | Source::Assertion
        | Source::Trust
        | Source::TokenEndpoint => {
            "Provisioning stops when the access token that the identity provider holds now has ended: it gets no other one."
        }
    }
}

fn remedy(part: Part, source: Source) -> &'static str {
    match (source, part) {
        (Source::Discovery, _) => {
            "Have the issuer's server name itself as before, or write the new issuer here and at the service provider"
        }
        (Source::Keys, _) => {
            "Have the issuer publish its keys again (`jwks_uri` of its discovery document)"
        }
        (Source::Assertion, Part::Issuer) => {
            "Have the identity provider sign with the configured issuer, or write the new one here and at the service provider"
        }
        (Source::Assertion, Part::Audience) => {
            "Have the identity provider sign for the configured audience, or write the new one here and at the service provider"
        }
        (Source::Assertion, Part::Subject) => {
            "Have the identity provider sign for the configured subject, or write the new one here and at the service provider"
        }
        (Source::Assertion, Part::Key) => {
            "Publish the key with which the identity provider signs, or have it sign with a key that is published"
        }
        (Source::Assertion, Part::Access) => {
            "See that the file or secret of `assertion` is written again before each assertion ends"
        }
        (Source::Trust, Part::Key) => {
            "Give the service provider the issuer's present keys, or its `jwks_uri`"
        }
        (Source::Trust, _) => "Correct it at the service provider, or write here what is right now",
        (Source::TokenEndpoint, Part::Access) => {
            "Compare issuer, audience, key and subject that the authorization server trusts with those configured here, and its clock"
        }
        (Source::TokenEndpoint, _) => {
            "Correct at the authorization server what it trusts, or what the identity provider signs"
        }
        (Source::Scim, _) => {
            "Check the scopes and the audience of the access token, and what the service provider allows the client"
        }
    }
}

fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
