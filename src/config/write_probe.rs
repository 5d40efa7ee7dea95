//! The locks of the configuration before a full cycle: where one is closed, nothing is
//! written with the token.

use std::collections::BTreeMap;

use url::Url;

use super::settings::{Environment, Settings, TokenSettings};

/// A lock that is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedLock {
    /// The key of the token that closes it.
    pub key: &'static str,
    /// Why.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// The locks that are closed for a token.
#[must_use]
pub fn closed_locks(settings: &Settings, token: &str) -> Vec<ClosedLock> {
    closed(&settings.tokens, &settings.write_probe_hosts, token)
}

pub(super) fn closed(
    tokens: &BTreeMap<String, Box<TokenSettings>>,
    hosts: &[String],
    name: &str,
) -> Vec<ClosedLock> {
    let Some(token) = tokens.get(name) else {
        return Vec::new();
    };
    let locks = [
        is_not_production(token),
        is_allowed(token),
        host_is_listed(token, hosts),
        is_no_target_of_production(tokens, name, token),
        shares_no_connection(tokens, token),
    ];
    locks.into_iter().flatten().collect()
}

fn lock(key: &'static str, message: String, remedy: &str) -> Option<ClosedLock> {
    Some(ClosedLock {
        key,
        message,
        remedy: remedy.to_owned(),
    })
}

fn is_not_production(token: &TokenSettings) -> Option<ClosedLock> {
    if token.environment != Environment::Production {
        return None;
    }
    lock(
        "allow_write_probe",
        "a token of production never runs a full cycle, which creates and deletes users".to_owned(),
        "take the key out; run full cycles with a token of a test tenant, whose `environment` says so",
    )
}

fn is_allowed(token: &TokenSettings) -> Option<ClosedLock> {
    if token
        .write_probe
        .as_ref()
        .is_some_and(|probe| probe.allowed)
    {
        return None;
    }
    lock(
        "allow_write_probe",
        "no full cycle is allowed with this token".to_owned(),
        "write `allow_write_probe = true` if users may be created and deleted at its service provider",
    )
}

/// A copied address of production in a block of a test tenant is refused here.
fn host_is_listed(token: &TokenSettings, hosts: &[String]) -> Option<ClosedLock> {
    let host = token.scim_url.host_str().unwrap_or_default();
    if hosts.iter().any(|listed| listed == host) {
        return None;
    }
    lock(
        "scim_url",
        format!(
            "`{host}` is not one of `limits.write_probe_hosts`, at which full cycles may write"
        ),
        "add exactly this host to `limits.write_probe_hosts`, if it is not production",
    )
}

fn is_no_target_of_production(
    tokens: &BTreeMap<String, Box<TokenSettings>>,
    name: &str,
    token: &TokenSettings,
) -> Option<ClosedLock> {
    let same = |other: &TokenSettings| address(&other.scim_url) == address(&token.scim_url);
    let mut production = of_production(tokens).filter(|(other, _)| *other != name);
    let (other, _) = production.find(|(_, settings)| same(settings))?;
    lock(
        "scim_url",
        format!("the token `{other}` of production has the same `scim_url`"),
        "use the address of the test tenant",
    )
}

/// The identity provider of production must not push with a token of a test tenant,
/// nor the other way round.
fn shares_no_connection(
    tokens: &BTreeMap<String, Box<TokenSettings>>,
    token: &TokenSettings,
) -> Option<ClosedLock> {
    // That the token itself is of production is another lock.
    let mut others = of_production(tokens).filter(|(_, other)| !std::ptr::eq(*other, token));
    let shared = others.find_map(|(other, settings)| {
        let mut all = settings.connections.iter();
        let shared = all.find(|connection| token.connections.contains(connection))?;
        Some((other, shared.clone()))
    });
    let (other, connection) = shared?;
    lock(
        "connections",
        format!("the token `{other}` of production feeds the connection `{connection}` too"),
        "give the test tenant a connection of its own",
    )
}

fn of_production(
    tokens: &BTreeMap<String, Box<TokenSettings>>,
) -> impl Iterator<Item = (&str, &TokenSettings)> {
    let all = tokens
        .iter()
        .map(|(name, token)| (name.as_str(), token.as_ref()));
    all.filter(|(_, token)| token.environment == Environment::Production)
}

fn address(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
