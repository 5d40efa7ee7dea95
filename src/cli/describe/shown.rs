//! `describe` for people: the state first, then one block for each question.

use jiff::Timestamp;
use serde_json::Value;

use super::Described;
use crate::cli::history;
use crate::cli::output::{Output, Table};
use crate::cli::plan::{next_words, short};
use crate::cli::report::{rotations, time};
use crate::cli::stated;
use crate::cli::status::{coloured, state_block};
use crate::rotation::reason::Reason;
use crate::telemetry::words::relative;

/// How many of the last rotations are shown with their steps; `history` shows all.
const SHOWN_ROTATIONS: usize = 3;

pub(super) fn text_of(described: &Described, output: &Output) -> String {
    let colour = |text: &str, urgency| coloured(text, urgency, output.colour());
    let facts = &described.facts;
    let token = &facts["token"];
    let now = described.now;
    let states = described.status.tokens.iter();
    let state: String = states.map(|one| state_block(one, now, &colour)).collect();
    let blocks = [
        stated::banners(&described.status.banners),
        state,
        titled("About", &about(described, token)),
        titled("Token in use", &slot(&token["current"], token, now)),
        titled("New token of the rotation in flight", &pending(token, now)),
        titled("Connections", &connections(token, now)),
        titled("Plan", &plan(facts, now)),
        titled("Old tokens that are not shown to be dead", &old(token, now)),
        titled("Last rotations", &last_rotations(facts, now)),
        titled("Settings in force", &settings(described)),
    ];
    blocks.concat().trim_end().to_owned() + "\n"
}

fn titled(title: &str, lines: &str) -> String {
    match lines.is_empty() {
        true => String::new(),
        false => format!("{title}\n{}\n", indented(lines)),
    }
}

fn indented(lines: &str) -> String {
    let line = |line: &str| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("    {line}\n"),
    };
    lines.lines().map(line).collect()
}

/// Pairs, the values below each other.
fn pairs(all: Vec<(&str, Option<String>)>) -> String {
    let told = all.into_iter();
    let told: Vec<_> = told
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
    let longest = told.iter().map(|(key, _)| key.len()).max();
    let width = longest.unwrap_or_default() + 2;
    let line = |(key, value): &(&str, String)| {
        let value = value.replace(['\n', '\r'], " ");
        format!("{key:width$}{value}\n")
    };
    told.iter().map(line).collect()
}

fn word(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}

fn at(value: &Value, now: Timestamp) -> Option<String> {
    let at = time(value)?;
    Some(format!("{} ({})", short(at), relative(at, now)))
}

fn about(described: &Described, token: &Value) -> String {
    let issuer = word(&token["issuer"]).map(|issuer| {
        let kind = word(&token["provider"]).unwrap_or_default();
        let strategy = word(&token["strategy"]).unwrap_or_default();
        format!("{issuer} ({kind}; strategy {strategy})")
    });
    pairs(vec![
        ("issuer", issuer),
        ("credential", word(&token["credential"])),
        ("environment", word(&token["environment"])),
        ("owner", word(&token["owner"])),
        ("service", described.scim_url.clone()),
        ("published at", word(&token["vault_path"])),
        (
            "generation",
            token["generation"].as_u64().map(|n| n.to_string()),
        ),
        ("told", at(&described.facts["written_at"], described.now)),
        ("trouble", word(&described.facts["trouble"])),
    ])
}

/// A token value: who it is, when it was made, when it ends, what was shown of it.
fn slot(slot: &Value, token: &Value, now: Timestamp) -> String {
    if !slot.is_object() {
        return match token["federation"].is_object() {
            true => String::new(),
            false => "there is none yet\n".to_owned(),
        };
    }
    let probe = &token["probe"];
    let found = word(&probe["finding"]["detail"]);
    let last_probe = at(&probe["at"], now).map(|at| match found {
        Some(found) => format!("{at}: {found}"),
        None => format!("{at}: passed"),
    });
    let privilege = word(&token["privilege"]["verdict"]).map(|verdict| {
        let detail = word(&token["privilege"]["detail"]).unwrap_or_default();
        format!("{}: {detail}", verdict.replace('_', " "))
    });
    facts_of_slot(slot, now)
        + &pairs(vec![
            ("last test  ", last_probe),
            ("privilege  ", privilege),
        ])
}

fn facts_of_slot(slot: &Value, now: Timestamp) -> String {
    let issued = at(&slot["issued_at"], now).map(|at| match slot["issued_at_is_seen"] == true {
        true => format!("not known; first seen {at}"),
        false => at,
    });
    let source = word(&slot["expiry"]).unwrap_or_default();
    let expires = at(&slot["expires_at"], now).map(|at| format!("{at}, {source}"));
    pairs(vec![
        ("fingerprint", word(&slot["fingerprint"])),
        ("id", word(&slot["id"])),
        ("origin", word(&slot["origin"])),
        ("issued", issued),
        (
            "expires",
            Some(
                expires.unwrap_or_else(|| match slot["issued_at_is_seen"] == true {
                    true => "age unknown: adopted without a date".to_owned(),
                    false => format!("not known ({source})"),
                }),
            ),
        ),
        (
            "proven",
            Some(at(&slot["proven_at"], now).unwrap_or_else(|| "never".to_owned())),
        ),
        ("doubt", word(&slot["tenant_doubt"])),
    ])
}

fn pending(token: &Value, now: Timestamp) -> String {
    let stage = word(&token["stage"]).filter(|stage| stage != "idle");
    let Some(stage) = stage else {
        return String::new();
    };
    let flight = pairs(vec![
        ("stage", Some(stage)),
        ("since", at(&token["stage_entered_at"], now)),
        ("trigger", word(&token["trigger"])),
        ("person until", at(&token["operator_deadline_at"], now)),
    ]);
    match token["pending"].is_object() {
        true => flight + &facts_of_slot(&token["pending"], now),
        false => flight,
    }
}

fn connections(token: &Value, now: Timestamp) -> String {
    let Some(all) = token["connections"]
        .as_array()
        .filter(|all| !all.is_empty())
    else {
        return String::new();
    };
    let mut table = Table::new(["NAME", "KIND", "HOLDS", "DELIVERED", "CONFIRMED", "NOTE"]);
    for one in all {
        let holds = match one["in_sync"].as_bool() {
            Some(true) => "the right token",
            Some(false) => "an old token",
            None => "assumed current (never updated by us)",
        };
        let note = word(&one["handover"]["command"]).map(|command| {
            let path = word(&one["handover"]["vault_path"]).unwrap_or_default();
            format!("waiting for you: the token is at {path}; then `{command}`")
        });
        let by = word(&one["acknowledged"]["by"]).map(|by| format!("acknowledged by {by}"));
        let cell = |value: &Value| at(value, now).unwrap_or_else(|| "never".to_owned());
        table.row([
            word(&one["name"]).unwrap_or_default(),
            word(&one["kind"]).unwrap_or_default(),
            holds.to_owned(),
            cell(&one["delivered_at"]),
            cell(&one["confirmed_at"]),
            note.or(by).unwrap_or_default(),
        ]);
    }
    table.text()
}

fn plan(facts: &Value, now: Timestamp) -> String {
    let reason = |value: &Value| {
        let text = value.as_str()?;
        Some(match Reason::from_word(text) {
            Some(reason) => format!("{text}: {}", reason.sentence()),
            None => text.to_owned(),
        })
    };
    let token = &facts["token"];
    let next = &facts["next"];
    let step = time(&next["at"]).map(|at| {
        let step = next_words(next);
        format!("{step} at {} ({})", short(at), relative(at, now))
    });
    let failure = word(&token["last_failure"]["message"]).map(|message| {
        let step = word(&token["last_failure"]["step"]).unwrap_or_default();
        format!("{step} failed: {message}")
    });
    pairs(vec![
        ("now", reason(&facts["now"]["reason"])),
        (
            "next",
            Some(step.unwrap_or_else(|| "nothing by itself".to_owned())),
        ),
        ("because", reason(&next["reason"])),
        ("renewal", at(&token["renew_at"], now)),
        ("windows until", at(&token["renewal_deadline_at"], now)),
        ("last failure", failure),
    ])
}

fn old(token: &Value, now: Timestamp) -> String {
    let all = token["retiring"].as_array().filter(|all| !all.is_empty());
    let Some(all) = all else {
        return String::new();
    };
    let mut table = Table::new([
        "FINGERPRINT",
        "ID",
        "SUPERSEDED",
        "OVERLAP ENDS",
        "REVOKED",
        "ATTEMPTS",
        "NOTE",
    ]);
    for old in all {
        let cell = |key: &str| at(&old[key], now).unwrap_or_else(|| "-".to_owned());
        let used = word(&old["used_by"]).map(|by| format!("still used by {by}"));
        let still = (old["still_used"] == true).then(|| "still used".to_owned());
        table.row([
            word(&old["fingerprint"]).unwrap_or_default(),
            word(&old["id"]).unwrap_or_else(|| "-".to_owned()),
            cell("superseded_at"),
            cell("not_before"),
            cell("revoked_at"),
            old["attempts"].as_u64().unwrap_or_default().to_string(),
            used.or(still)
                .or_else(|| word(&old["last_finding"]))
                .unwrap_or_default()
                .replace(['\n', '\r'], " "),
        ]);
    }
    table.text()
}

fn last_rotations(facts: &Value, now: Timestamp) -> String {
    let mut all = rotations(facts);
    all.truncate(SHOWN_ROTATIONS);
    match all.is_empty() {
        true => "none has ended yet\n".to_owned(),
        false => history::tables(&all, now),
    }
}

fn settings(described: &Described) -> String {
    if described.rules.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["KEY", "VALUE", "FROM"]);
    for rule in &described.rules {
        let from = match (&rule.table, &rule.place) {
            (Some(table), Some((file, line))) => {
                format!("[{table}] ({}:{line})", file.display())
            }
            (Some(table), None) => format!("[{table}]"),
            (None, _) => "built in".to_owned(),
        };
        table.row([rule.key.to_owned(), rule.value.clone(), from]);
    }
    table.text()
}
