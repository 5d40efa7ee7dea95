//! The text with which a credential or a connection that nobody manages is adopted. What
//! only a person knows is a blank, and marked.

use std::collections::BTreeSet;

use super::collect::Seen;
use super::providers::{Providers, Row};
use crate::cli::wiring::NamedConnection;
use crate::rotation::inventory::{Item, ListedConnection};

/// The mark of what a person must fill in. No path and no host may contain it, so that
/// `check` refuses a text in which one was forgotten.
const BLANK: &str = "<FILL IN>";

/// The sections of everything that nobody manages.
pub(super) fn text(seen: &[Seen], providers: &Providers) -> String {
    let mut sections: Vec<String> = seen
        .iter()
        .flat_map(|one| {
            let foreign = one.items().filter(|item| one.can_be_adopted(item));
            foreign.map(|item| section(&one.issuer, item))
        })
        .collect();
    let rows = providers.all.iter().flat_map(|one| one.rows());
    sections.extend(rows.filter_map(|row: &Row| row.adopt.clone()));
    let is_known = seen.iter().all(|one| one.unreadable.is_empty());
    match sections.is_empty() && is_known {
        true => "# Every credential and every connection that is listed is managed.\n".to_owned(),
        false => sections.join("\n"),
    }
}

/// `[tokens.<name>]` for one credential.
pub(super) fn section(issuer: &str, item: &Item) -> String {
    let name = token_name(issuer, &item.id);
    let label = item.label.as_deref().map_or_else(String::new, |label| {
        format!(" with the label {}", quoted(label))
    });
    format!(
        "# The credential {id}{label} of the issuer {issuer_text}.\n\
         # Replace each {BLANK}, and write the token itself to `vault_path`, field `token`.\n\
         # Name in `connections` what must hold it.\n\
         [tokens.{name}]\n\
         vault_path = \"{BLANK}/scim/{name}\"\n\
         scim_url = \"https://{BLANK}/scim/v2\"\n\
         issuer = {issuer_text}\n\
         connections = []\n",
        id = quoted(&item.id),
        issuer_text = quoted(issuer),
    )
}

/// `[connections.<name>.<kind>]` for one connection, like the one through which it was
/// seen.
pub(super) fn connection(
    provider: &str,
    listed: &ListedConnection,
    like: &NamedConnection,
    parameters: &[(String, String)],
    taken: &mut BTreeSet<String>,
) -> String {
    let name = connection_name(listed, taken);
    let fact = |what: &str, text: &Option<String>| match text {
        Some(text) => format!(", {what} {}", quoted(text)),
        None => String::new(),
    };
    let head = format!(
        "# The connection {id}{called}{address} of {provider}.\n\
         # Name it in `connections` of the token that it must hold.\n",
        id = quoted(&listed.shown_id()),
        called = fact("named", &listed.name),
        address = fact("with the address", &listed.base_url),
        provider = one_line(provider),
    );
    let kind = &like.kind;
    let lines = parameters.iter();
    if kind == "http" {
        let lines = lines.map(|(key, value)| format!("#   {key} = {value}\n"));
        let lines: String = lines.collect();
        return format!(
            "{head}# Copy the section [connections.{like}.http] as [connections.{name}.http], and change there:\n{lines}",
            like = like.name,
        );
    }
    let lines: String = lines
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    format!("{head}[connections.{name}.{kind}]\n{lines}")
}

/// A name that no other connection has.
fn connection_name(listed: &ListedConnection, taken: &mut BTreeSet<String>) -> String {
    let from = listed.name.as_ref().unwrap_or(&listed.id);
    let plain = match short_name(from) {
        name if name.is_empty() => "connection".to_owned(),
        name => name,
    };
    let numbered = (2_usize..).map(|number| format!("{plain}-{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    let free = names.find(|name| taken.insert(name.clone()));
    free.unwrap_or(plain)
}

/// A text of a server in one line of TOML: nothing in it ends the line or the text.
fn quoted(text: &str) -> String {
    toml::Value::String(one_line(text)).to_string()
}

fn one_line(text: &str) -> String {
    let plain = |c: char| match c.is_control() {
        true => ' ',
        false => c,
    };
    text.chars().map(plain).collect()
}

/// A name that the configuration takes: what of the id can stand in one.
fn token_name(issuer: &str, id: &str) -> String {
    format!("{issuer}-{}", short_name(id))
}

fn short_name(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c,
            false => '-',
        })
        .collect();
    let text = text.trim_matches('-');
    let short: String = text.chars().take(24).collect();
    short.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::inventory::Shown;
    use crate::rotation::inventory::Whose;

    fn item(id: &str, label: Option<&str>) -> Item {
        Item {
            id: id.to_owned(),
            label: label.map(str::to_owned),
            whose: Whose::Foreign,
            token: None,
            created_at: None,
            expires_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn nothing_is_adopted_while_it_is_not_known_whose_it_is() {
        let seen = |unreadable: Vec<String>| {
            let items = vec![item("tok_1", None)];
            let tells_use = false;
            [Seen {
                issuer: "crm".to_owned(),
                shown: Ok(Shown::Items { items, tells_use }),
                unreadable,
            }]
        };
        let none = Providers::default();
        assert!(text(&seen(Vec::new()), &none).contains("[tokens.crm-tok-1]"));
        assert_eq!(text(&seen(vec!["hr".to_owned()]), &none), "");
    }

    #[test]
    fn the_text_is_toml_whatever_the_issuer_lists() {
        let odd = [
            "tok_1",
            "Ä\"\n[tokens.evil]\n",
            "a'''b\"\"\"c",
            "//",
            &"x".repeat(500),
        ];
        for id in odd {
            for label in [
                None,
                Some("by hand"),
                Some("two\nlines \"quoted\" \u{1b}[31m"),
            ] {
                let text = section("crm", &item(id, label));
                let read: toml::Table = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
                let tokens = read["tokens"].as_table().expect("a table");
                assert_eq!(read.len(), 1, "{text}");
                assert_eq!(tokens.len(), 1, "{text}");
                assert!(text.contains(BLANK), "{text}");
            }
        }
    }
}
