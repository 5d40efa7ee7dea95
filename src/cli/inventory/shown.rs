//! The connections of identity providers, for people and for programs.

use serde_json::{Value, json};

use super::providers::{Provider, Providers, Row};
use crate::cli::output::Table;
use crate::rotation::inventory::Coverage;

/// How much of what the identity providers list is managed.
pub(super) fn coverage(providers: &Providers) -> Coverage {
    let mut all = Coverage::default();
    let each = providers.all.iter().filter_map(Provider::coverage);
    each.for_each(|one| all.add(one));
    all
}

/// The table, what is missing in it, and the figure. Empty without a connection.
pub(super) fn text(providers: &Providers) -> String {
    let mut text = String::new();
    if !providers.all.is_empty() {
        text.push('\n');
        text.push_str(&table(providers).text());
    }
    if !providers.not_listed.is_empty() {
        let names = providers.not_listed.join(", ");
        text.push_str(&format!(
            "\nNot listed: what the identity providers of {names} have, since no call of theirs lists connections.\n"
        ));
    }
    let coverage = coverage(providers);
    if coverage.seen > 0 {
        text.push_str(&format!(
            "\n{} of {} connections are managed ({:.0} %).\n",
            coverage.managed,
            coverage.seen,
            coverage.ratio() * 100.0
        ));
    }
    text
}

fn table(providers: &Providers) -> Table {
    let mut table = Table::new([
        "IDENTITY PROVIDER",
        "ID",
        "NAME",
        "STATUS",
        "ADDRESS",
        "CONNECTION",
        "NOTE",
    ]);
    let dash = || "-".to_owned();
    for one in &providers.all {
        for row in one.rows() {
            let listed = &row.known.listed;
            let text = |text: &Option<String>| text.clone().unwrap_or_else(dash);
            table.row([
                one.provider.clone(),
                listed.shown_id(),
                text(&listed.name),
                text(&listed.status),
                text(&listed.base_url),
                text(&row.known.name),
                match row.known.name {
                    Some(_) => String::new(),
                    None => "foreign".to_owned(),
                },
            ]);
        }
        if let Some(note) = note(one) {
            let [a, b, c, d, e] = std::array::from_fn(|_| dash());
            table.row([one.provider.clone(), a, b, c, d, e, note]);
        }
    }
    table
}

/// What is not to be seen in the rows.
fn note(provider: &Provider) -> Option<String> {
    match (&provider.shown, provider.hidden) {
        (Err(fault), _) => Some(fault.to_string()),
        (Ok(rows), 0) if rows.is_empty() => Some("no connection".to_owned()),
        (Ok(_), 0) => None,
        (Ok(_), hidden) => Some(format!(
            "{hidden} more items cannot be looked into: our login may not read them"
        )),
    }
}

pub(super) fn json(provider: &Provider) -> Value {
    let connections: Vec<Value> = provider.rows().iter().map(json_of).collect();
    json!({
        "provider": provider.provider,
        "configured": provider.configured,
        "connections": connections,
        "cannot_look_into": provider.hidden,
        "error": provider.shown.as_ref().err().map(ToString::to_string),
    })
}

fn json_of(row: &Row) -> Value {
    let listed = &row.known.listed;
    json!({
        "id": listed.shown_id(),
        "name": listed.name,
        "status": listed.status,
        "base_url": listed.base_url,
        "managed": row.known.name.is_some(),
        "connection": row.known.name,
        "adopt": row.adopt,
    })
}
