//! Where tokens wait for a person: apart from the records, from what readers
//! find, and from each other.

use std::collections::BTreeMap;

use super::Whole;
use super::vault::is_within;
use crate::connections::ConnectionKind;
use crate::problem::Problems;
use crate::vault::KvPath;

pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, connection) in whole.connections {
        let Some(folder) = connection.as_kind().handover_folder() else {
            continue;
        };
        let at = key_of(whole, name, connection);
        if let Err(why) = KvPath::parse(folder) {
            let how = "write the mount and the path below it, such as \"kv/handover/hr\"";
            problems.error(at, format!("`{folder}` is no path in Vault: {why}"), how);
            continue;
        }
        if let Some(first) = seen.insert(folder.to_owned(), name) {
            problems.error(
                at.as_str(),
                format!("tokens for the connection `{first}` wait at `{folder}` too"),
                "give each connection a folder of its own: two would overwrite each other",
            );
        }
        if let Some(other) = overlapped(whole, folder) {
            problems.error(
                at,
                format!("`{folder}` overlaps with {other}"),
                "let tokens wait elsewhere: who writes this connection must read them there and nothing else",
            );
        }
    }
}

fn key_of(whole: &Whole<'_>, name: &str, connection: &ConnectionKind) -> String {
    let kind = whole.names.kind_path(format!("connections.{name}"));
    match connection.as_kind().vendor() {
        Some(_) => format!("{kind}.manual.vault_path"),
        None => format!("{kind}.vault_path"),
    }
}

/// What a folder must not hold.
fn overlapped(whole: &Whole<'_>, folder: &str) -> Option<String> {
    let overlap = |other: &str| is_within(folder, other) || is_within(other, folder);
    let known = whole
        .vault
        .filter(|_| !whole.placeholders.cover("vault.state_path"));
    let state = known.map(|vault| vault.state_path.trim_matches('/'));
    if let Some(state) = state.filter(|state| overlap(state)) {
        return Some(format!(
            "`state_path` ({state}), where the records are kept"
        ));
    }
    whole.tokens.iter().find_map(|(name, token)| {
        let path = token.vault_path.to_string();
        overlap(&path).then(|| format!("the path at which `{name}` is published ({path})"))
    })
}
