//! `vendors --markdown`: the table of `config/vendors/README.md`.

use super::facts;
use crate::vendors::{Family, Form, Library, Vendor};

/// Everything that is shipped: what the program does alone, what a person does,
/// and what nobody can do.
pub(super) fn tables(library: &Library<'_>) -> String {
    let of = |forms: &[Form]| -> Vec<&Vendor<'_>> {
        let all = library.iter().map(AsRef::as_ref);
        let mut wanted: Vec<_> = all
            .filter(|v: &&Vendor<'_>| forms.contains(&v.form))
            .collect();
        wanted.sort_by_key(|v| (v.family(), v.file.vendor.title.to_lowercase()));
        wanted
    };
    let mut text = String::from("### The program does it\n\n");
    text.push_str(&table(
        ["vendor", "file", "for", "how", "verified"],
        of(&[Form::Http]).into_iter().map(automated),
    ));
    text.push_str("\n### A person does it, the program the rest\n\n");
    text.push_str(&table(
        [
            "vendor",
            "file",
            "for",
            "what the person's click does",
            "verified",
        ],
        of(&[Form::Operator, Form::Manual])
            .into_iter()
            .map(by_person),
    ));
    text.push_str("\n### Nobody can\n\n");
    text.push_str(&table(
        ["vendor", "file", "why", "instead", "verified"],
        of(&[Form::Forbidden]).into_iter().map(impossible),
    ));
    text
}

type Row = [String; 5];

fn table(head: [&str; 5], rows: impl Iterator<Item = Row>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head.map(str::to_owned));
    text.push_str("|---|---|---|---|---|\n");
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        text.push_str(&line(&cells));
    }
    text
}

fn row(vendor: &Vendor<'_>, third: String, fourth: String) -> Row {
    [
        vendor.file.vendor.title.clone(),
        linked(vendor),
        third,
        fourth,
        facts::verified(vendor),
    ]
}

/// The file's name, which leads to the page of a shipped vendor.
fn linked(vendor: &Vendor<'_>) -> String {
    let name = &vendor.name;
    match vendor.path {
        None => format!("[`{name}`](pages/{name}.md)"),
        Some(_) => format!("`{name}`"),
    }
}

fn word(vendor: &Vendor<'_>, name: &str) -> String {
    let abilities = facts::abilities(vendor).unwrap_or_default();
    let found = abilities.into_iter().find(|(known, _)| *known == name);
    found.map_or_else(|| "-".to_owned(), |(_, word)| word)
}

fn automated(vendor: &Vendor<'_>) -> Row {
    let how = match vendor.family() {
        Family::Issuer => format!(
            "{}; a new token {} the old one; a lost reply: {}; revoked: {}",
            word(vendor, "strategy"),
            word(vendor, "issue_effect").replace('_', " "),
            word(vendor, "recovery").replace('_', " "),
            word(vendor, "revoke").replace('_', " ")
        ),
        Family::Connection => format!(
            "written by API; tested there: {}; state of provisioning: {}",
            word(vendor, "test"),
            word(vendor, "state")
        ),
    };
    row(vendor, vendor.family().as_str().to_owned(), how)
}

fn by_person(vendor: &Vendor<'_>) -> Row {
    let said = |key: &str| facts::word(vendor, key).unwrap_or("-").replace('_', " ");
    let how = match vendor.family() {
        Family::Issuer => {
            let gap = match facts::word(vendor, "gap_starts_at") {
                Some(at) => format!(", gap from: {at}"),
                None => String::new(),
            };
            format!(
                "makes a token: {} may live, a new one {} the old one{gap}; life: {}",
                said("live_tokens"),
                said("issue_effect"),
                said("life")
            )
        }
        Family::Connection => {
            "writes the token that waits in Vault; proof: use of the token, or `ack`".to_owned()
        }
    };
    row(vendor, vendor.family().as_str().to_owned(), how)
}

fn impossible(vendor: &Vendor<'_>) -> Row {
    let forbidden = vendor.file.forbidden.as_ref();
    let why = forbidden.map(|f| f.why.trim().to_owned());
    let instead = forbidden.map(|f| f.instead.trim().to_owned());
    row(vendor, why.unwrap_or_default(), instead.unwrap_or_default())
}
