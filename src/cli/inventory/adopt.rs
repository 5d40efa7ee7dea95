//! The text with which a credential that nobody manages is adopted. What only a person
//! knows is a blank, and marked.

use super::collect::Seen;
use crate::rotation::inventory::Item;

/// The mark of what a person must fill in. No path and no host may contain it, so that
/// `check` refuses a text in which one was forgotten.
const BLANK: &str = "<FILL IN>";

/// The sections of everything that nobody manages.
pub(super) fn text(seen: &[Seen]) -> String {
    let sections: Vec<String> = seen
        .iter()
        .flat_map(|one| {
            let foreign = one.items().filter(|item| one.can_be_adopted(item));
            foreign.map(|item| section(&one.issuer, item))
        })
        .collect();
    let is_known = seen.iter().all(|one| one.unreadable.is_empty());
    match sections.is_empty() && is_known {
        true => "# Every credential that the issuers list is managed.\n".to_owned(),
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
    let id: String = id
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c,
            false => '-',
        })
        .collect();
    let id = id.trim_matches('-');
    let short: String = id.chars().take(24).collect();
    format!("{issuer}-{}", short.trim_matches('-'))
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
        assert!(text(&seen(Vec::new())).contains("[tokens.crm-tok-1]"));
        assert_eq!(text(&seen(vec!["hr".to_owned()])), "");
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
