//! `status`: the state of each token, read from Vault. It changes nothing.

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::load::{self, Logs};
use super::look::{self, Seen};
use super::output::{Output, Table};
use super::{Exit, OutputFormat};
use crate::telemetry::obstacle::Obstacle;
use crate::telemetry::snapshot::TokenSnapshot;
use crate::telemetry::words;

/// `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN")]
    pub tokens: Vec<String>,
}

/// Shows the state of the tokens.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let (_, world, units) = match load::world(config, Logs::Warnings, &args.tokens) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let seen = match look::at(&world, units).await {
            Ok(seen) => seen,
            Err(exit) => return exit,
        };
        let complete = seen.iter().all(|seen| seen.found.is_ok());
        // If nobody reads the output any more, the exit code still tells the
        // result.
        drop(show(&seen, world.clock.now(), output));
        if complete { Exit::Ok } else { Exit::TryAgain }
    })
}

fn show(seen: &[Seen], now: Timestamp, output: &mut Output) -> io::Result<()> {
    let snapshots = seen.iter().map(|Seen { unit, found }| {
        let snapshot = found.as_ref().map(|found| {
            let decision = found.forecast(unit, now).now;
            found.snapshot(unit, &decision)
        });
        (unit.name.as_str(), snapshot)
    });
    if output.format() == OutputFormat::Json {
        let tokens: Vec<Value> = snapshots
            .map(|(name, snapshot)| match snapshot {
                Ok(snapshot) => as_json(&snapshot),
                Err(error) => json!({ "name": name, "error": error }),
            })
            .collect();
        return output.json(&json!({ "now": now, "tokens": tokens }));
    }
    let mut table = Table::new(["TOKEN", "STATE", "EXPIRES", "RENEWS", "CONNECTIONS", "NOTE"]);
    for (name, snapshot) in snapshots {
        table.row(match snapshot {
            Ok(snapshot) => row(&snapshot, now),
            Err(error) => {
                let [state, expires, renews, connections] = ["unknown", "-", "-", "-"];
                [name, state, expires, renews, connections, error].map(str::to_owned)
            }
        });
    }
    output.text(&table.text())
}

fn as_json(snapshot: &TokenSnapshot) -> Value {
    let mut value = serde_json::to_value(snapshot).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("standing".to_owned(), json!(snapshot.standing()));
    }
    value
}

fn row(snapshot: &TokenSnapshot, now: Timestamp) -> [String; 6] {
    let relative = |at: Option<Timestamp>| at.map(|at| words::relative(at, now));
    let dash = || "-".to_owned();
    let current = snapshot.current.as_ref();
    let expires = match current {
        Some(slot) => relative(slot.expires_at).unwrap_or_else(|| slot.expiry.as_str().to_owned()),
        None => dash(),
    };
    [
        snapshot.facts.name.clone(),
        snapshot.standing().replace('_', " "),
        expires,
        relative(snapshot.renew_at).unwrap_or_else(dash),
        connections(snapshot),
        note(snapshot, now),
    ]
}

fn connections(snapshot: &TokenSnapshot) -> String {
    if snapshot.connections.is_empty() {
        return "none".to_owned();
    }
    let holds = |in_sync: Option<bool>| match in_sync {
        Some(true) => "in sync",
        Some(false) => "old token",
        None => "never delivered",
    };
    let all: Vec<String> = snapshot
        .connections
        .iter()
        .map(|connection| format!("{} {}", connection.name, holds(connection.in_sync)))
        .collect();
    all.join(", ")
}

/// How long people are told of a value that was not accepted.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Somebody wrote a value to the published path that was not accepted.
fn supplied_note(snapshot: &TokenSnapshot, now: Timestamp) -> Option<String> {
    let note = snapshot.supplied.as_ref()?;
    if now.duration_since(note.at) > TOLD_FOR && note.written_back_at.is_some() {
        return None;
    }
    let place = &snapshot.facts.vault_path;
    let back = match note.written_back_at {
        Some(_) => "the token in use was written back",
        None => "it is still there",
    };
    Some(format!(
        "{} wrote a value to {place} ({}) that was not accepted: {}; {back}",
        note.by.as_deref().unwrap_or("somebody"),
        words::relative(note.at, now),
        note.detail
    ))
}

/// Somebody wrote an end for the token in use that was not taken as it is.
fn end_note(snapshot: &TokenSnapshot) -> Option<String> {
    let note = snapshot.stated_end.as_ref()?;
    let current = snapshot.current.as_ref()?;
    let by = note.by.as_deref().map(|by| format!(" (written by {by})"));
    (current.fingerprint == note.fingerprint).then(|| {
        let place = &snapshot.facts.vault_path;
        format!("{place}: {}{}", note.detail, by.unwrap_or_default())
    })
}

fn operator_note(snapshot: &TokenSnapshot, at: Timestamp, now: Timestamp) -> String {
    let name = &snapshot.facts.name;
    let then = match snapshot.compromised {
        true => format!(", and then run `scim-rotator rotate {name} --compromised --supplied`"),
        false => String::new(),
    };
    format!(
        "a person must write the new token to {}{then} (due {}): {}",
        snapshot.facts.vault_path,
        words::relative(at, now),
        snapshot.facts.instructions.as_deref().unwrap_or_default()
    )
}

/// The most important fact that the other columns do not show.
fn note(snapshot: &TokenSnapshot, now: Timestamp) -> String {
    if let Some(halt) = &snapshot.halt {
        return format!("{}: {}", halt.cause.as_str(), halt.detail);
    }
    if let Some(paused) = &snapshot.paused {
        return format!(
            "paused {}: {}",
            words::relative(paused.since, now),
            paused.reason
        );
    }
    let written: Vec<_> = [end_note(snapshot), supplied_note(snapshot, now)]
        .into_iter()
        .flatten()
        .collect();
    if !written.is_empty() {
        return written.join("; ");
    }
    if let Some(at) = snapshot.operator_deadline_at {
        return operator_note(snapshot, at, now);
    }
    if let Some(detail) = snapshot.doubt_detail() {
        return format!("the token in use is not shown to work: {detail}");
    }
    if let Some(failure) = &snapshot.last_failure {
        return format!("{} failed: {}", failure.step, failure.message);
    }
    if let Some(at) = snapshot.retirement_due_at {
        return Obstacle::sentence(snapshot.retirement_obstacle.as_deref(), at, now);
    }
    String::new()
}
