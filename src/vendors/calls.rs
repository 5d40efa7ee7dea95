//! Each call of a vendor file states its effect, so that `plan`, `rehearse` and
//! a mode that only reads can show what is sent and what is not.

use toml::de::{DeTable, DeValue};

use super::Family;

/// The keys of kind `http` that hold a call, or a list of calls.
const OF_BOTH: [&str; 2] = ["login", "lookups"];
const OF_ISSUERS: [&str; 7] = [
    "issue", "list", "get", "revoke", "status", "complete", "cancel",
];
const OF_CONNECTIONS: [&str; 6] = [
    "test_candidate",
    "deliver",
    "after_deliver",
    "test_saved",
    "state",
    "revert",
];

/// The same below `inventory` of a connection.
const OF_INVENTORY: [&str; 2] = ["list", "each"];

/// Dotted paths of the calls below `http` that do not state their effect.
#[must_use]
pub fn without_effect(family: Family, http: &DeTable<'_>) -> Vec<String> {
    let own: &[&str] = match family {
        Family::Issuer => &OF_ISSUERS,
        Family::Connection => &OF_CONNECTIONS,
    };
    let mut silent = in_table(OF_BOTH.iter().chain(own), http);
    let inventory = http.get("inventory").and_then(|v| v.get_ref().as_table());
    if let (Family::Connection, Some(inventory)) = (family, inventory) {
        let below = in_table(OF_INVENTORY.iter(), inventory);
        silent.extend(below.into_iter().map(|path| format!("inventory.{path}")));
    }
    silent
}

fn in_table<'k>(keys: impl Iterator<Item = &'k &'k str>, table: &DeTable<'_>) -> Vec<String> {
    let mut silent = Vec::new();
    for key in keys {
        let Some(value) = table.get(*key) else {
            continue;
        };
        match value.get_ref() {
            DeValue::Table(call) if is_silent(call) => silent.push((*key).to_owned()),
            DeValue::Array(calls) => {
                let calls = calls.iter().enumerate();
                let calls =
                    calls.filter(|(_, call)| call.get_ref().as_table().is_some_and(is_silent));
                silent.extend(calls.map(|(index, _)| format!("{key}[{index}]")));
            }
            DeValue::Table(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
    silent
}

fn is_silent(call: &DeTable<'_>) -> bool {
    !call.contains_key("effect")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(family: Family, text: &str) -> Vec<String> {
        let table = DeTable::parse(text).expect("valid");
        without_effect(family, table.get_ref())
    }

    #[test]
    fn every_call_is_looked_at_wherever_it_stands() {
        let text = "
            login = { url = '/login', effect = 'none' }
            lookups = [{ url = '/a' }, { url = '/b', effect = 'none' }]
            list = { url = '/list' }
            [[issue]]
            url = '/create'
            effect = 'creates'
            [[issue]]
            url = '/disclose'
            [deliver]
            url = '/of-a-connection'
            [inventory.list]
            url = '/all'
            effect = 'none'
            [inventory.each]
            url = '/one'
        ";
        assert_eq!(
            silent(Family::Issuer, text),
            ["lookups[0]", "issue[1]", "list"]
        );
        assert_eq!(
            silent(Family::Connection, text),
            ["lookups[0]", "deliver", "inventory.each"]
        );
    }

    #[test]
    fn what_is_no_call_is_left_to_the_typed_settings() {
        assert_eq!(
            silent(Family::Issuer, "list = 5\nrevoke = [1]\nlabel = {}"),
            [""; 0]
        );
    }
}
