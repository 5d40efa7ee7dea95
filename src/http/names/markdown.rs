//! The tables of the documentation, made from those that the program uses.

use std::fmt::Write as _;

use super::rows::{CONNECTION_CALLS, ISSUER_CALLS, PROBE_CALLS, TRUST_CALLS};
use super::{Purpose, ROWS, Row, Side};
use crate::http::template::{FUNCTIONS, Function, Kind};

/// Every name, what it is and where it exists, as a Markdown table.
#[must_use]
pub fn names_table() -> String {
    let mut table = String::from(
        "| name | what it is | has no value | example | gives | where |\n|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        let missing = if row.missing.is_empty() {
            "never"
        } else {
            row.missing
        };
        let cells = [
            code(row.name),
            row.about.to_owned(),
            missing.to_owned(),
            code(row.example),
            code(row.gives),
            places(row),
        ];
        write_row(&mut table, &cells);
    }
    table
}

/// Every filter and test, as two Markdown tables.
#[must_use]
pub fn filters_table() -> String {
    let table = |kind: Kind, head: &str, bar: &str| {
        let mut table = format!("| {head} | what it does | example | gives |\n|---|---|---|---|\n");
        for function in FUNCTIONS.iter().filter(|f| f.kind == kind) {
            write_row(&mut table, &cells(function, bar));
        }
        table
    };
    let filters = table(Kind::Filter, "filter", "\\| ");
    let tests = table(Kind::Test, "test", "is ");
    format!("{filters}\n{tests}")
}

fn cells(function: &Function, before: &str) -> [String; 4] {
    [
        format!("`{before}{}`", function.usage),
        function.about.to_owned(),
        code(function.example),
        code(function.gives),
    ]
}

fn write_row(table: &mut String, cells: &[String]) {
    // Writing to a text cannot fail.
    let _written = writeln!(table, "| {} |", cells.join(" | "));
}

/// A bar would end the cell, even inside of code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn places(row: &Row) -> String {
    let sides = Side::ALL.into_iter().filter_map(|side| {
        let here: Vec<Purpose> = Purpose::ALL
            .into_iter()
            .filter(|purpose| row.exists_in(side, *purpose))
            .collect();
        let calls = match side {
            Side::Issuer => ISSUER_CALLS,
            Side::Connection => CONNECTION_CALLS,
            Side::Probe => PROBE_CALLS,
            Side::Trust => TRUST_CALLS,
        };
        let mut words = Vec::new();
        let all = calls.iter().all(|call| here.contains(call));
        if all && side != Side::Probe {
            words.push("every call".to_owned());
        }
        let others = here.iter().filter(|p| !(all && calls.contains(p)));
        words.extend(others.map(|purpose| code(purpose.as_str())));
        match side {
            _ if here.is_empty() => None,
            Side::Probe => Some(side.as_str().to_owned()),
            Side::Issuer | Side::Connection | Side::Trust => {
                Some(format!("{}: {}", side.as_str(), words.join(", ")))
            }
        }
    });
    sides.collect::<Vec<_>>().join("; ")
}
