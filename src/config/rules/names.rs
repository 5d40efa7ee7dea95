//! Names must lead somewhere, and what is named should be used.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, Whole};
use crate::config::settings::TokenSettings;
use crate::problem::{Problems, nearest};

pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    let mut led_nowhere = false;
    for (name, token) in whole.tokens {
        led_nowhere |= !issuer_exists(name, token, whole.names, problems);
        led_nowhere |= !connections_exist(name, token, whole.names, problems);
        connections_are_named_once(name, token, problems);
    }
    no_connection_gets_two_tokens(whole.tokens, problems);
    // A token that cannot be read, or a misspelt name, may mean what seems
    // unused.
    let read = whole.tokens.len() + whole.federated.len();
    let all_read = read == whole.names.tokens.len() && whole.placeholders.spare("tokens");
    if all_read && !led_nowhere && !whole.tokens.is_empty() {
        nothing_is_unused(whole, problems);
    }
    if whole.names.tokens.is_empty() {
        problems.warning(
            "tokens",
            "no token is configured: there is nothing to do",
            "add a table [tokens.<name>]; config/minimal.toml shows one",
        );
    }
}

fn issuer_exists(
    name: &str,
    token: &TokenSettings,
    names: &Names,
    problems: &mut Problems,
) -> bool {
    let exists = names.issuers.contains(&token.issuer);
    if !exists {
        unknown(
            &format!("tokens.{name}.issuer"),
            ("issuer", &token.issuer),
            &names.issuers,
            problems,
        );
    }
    exists
}

fn connections_exist(
    name: &str,
    token: &TokenSettings,
    names: &Names,
    problems: &mut Problems,
) -> bool {
    let mut all = true;
    for (index, connection) in token.connections.iter().enumerate() {
        if !names.connections.contains(connection) {
            all = false;
            unknown(
                &format!("tokens.{name}.connections[{index}]"),
                ("connection", connection),
                &names.connections,
                problems,
            );
        }
    }
    all
}

fn unknown(path: &str, what: (&str, &str), known: &BTreeSet<String>, problems: &mut Problems) {
    let (kind, name) = what;
    let names: Vec<_> = known.iter().map(String::as_str).collect();
    let remedy = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add a table [{kind}s.{name}.<kind>], or name one that exists"),
    };
    problems.error(path, format!("there is no {kind} `{name}`"), remedy);
}

fn connections_are_named_once(name: &str, token: &TokenSettings, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, connection) in token.connections.iter().enumerate() {
        if !seen.insert(connection) {
            problems.error(
                format!("tokens.{name}.connections[{index}]"),
                format!("the connection `{connection}` is named twice"),
                "take one of the two out",
            );
        }
    }
}

/// Two tokens for one address overwrite each other at a connection.
fn no_connection_gets_two_tokens(
    tokens: &BTreeMap<String, Box<TokenSettings>>,
    problems: &mut Problems,
) {
    let mut fed: BTreeMap<(String, &str), &str> = BTreeMap::new();
    for (name, token) in tokens {
        let address = token.scim_url.as_str().trim_end_matches('/').to_owned();
        for (index, connection) in token.connections.iter().enumerate() {
            let first = fed.entry((address.clone(), connection)).or_insert(name);
            if *first != name {
                problems.warning(
                    format!("tokens.{name}.connections[{index}]"),
                    format!(
                        "the token `{first}` feeds the connection `{connection}` too, with the same `scim_url`: each overwrites the other, unless the connection tells them apart by `token_name`"
                    ),
                    "give each token a connection of its own, or take one of the two out",
                );
            }
        }
    }
}

fn nothing_is_unused(whole: &Whole<'_>, problems: &mut Problems) {
    let issuers: BTreeSet<_> = whole.tokens.values().map(|t| &t.issuer).collect();
    let connections: BTreeSet<_> = whole.tokens.values().flat_map(|t| &t.connections).collect();
    let unused_issuers = whole.names.issuers.iter().filter(|n| !issuers.contains(n));
    let unused_connections = whole.names.connections.iter();
    let unused_connections = unused_connections.filter(|n| !connections.contains(n));
    let unused = unused_issuers
        .map(|name| ("issuer", name))
        .chain(unused_connections.map(|name| ("connection", name)));
    for (kind, name) in unused {
        problems.warning(
            format!("{kind}s.{name}"),
            format!("no token uses the {kind} `{name}`"),
            format!("name it in a token, or take [{kind}s.{name}] out"),
        );
    }
}
