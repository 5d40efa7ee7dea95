//! `history`: the last rotations of one token, from the facts in Vault. It changes
//! nothing, and reads no token.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts;
use super::output::{Output, Table, complain};
use super::report::{rotations, time};
use super::{Exit, OutputFormat};
use crate::telemetry::words;

/// `history`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which token.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
}

/// Shows the rotations, newest first.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let names = std::slice::from_ref(&args.token);
    facts::reader::command(config, names, |read, now| {
        let facts = read.tokens.into_iter().next().map(|(_, facts)| facts);
        match facts {
            Some(Ok(facts)) => {
                // If nobody reads the output any more, there is nothing to do.
                drop(show(&args.token, &facts, now, output));
                Exit::Ok
            }
            Some(Err(error)) => {
                complain(&format!("{}: {error}\n", args.token));
                Exit::TryAgain
            }
            None => Exit::Usage,
        }
    })
}

fn show(name: &str, facts: &Value, now: Timestamp, output: &mut Output) -> io::Result<()> {
    let all = rotations(facts);
    if output.format() == OutputFormat::Json {
        let all: Vec<Value> = all.into_iter().map(with_seconds).collect();
        return output.json(&json!({ "now": now, "name": name, "token": name, "rotations": all }));
    }
    if all.is_empty() {
        return output.line("no rotation of this token has ended yet");
    }
    output.text(&tables(&all, now))
}

/// These rotations for people, and their steps.
pub(super) fn tables(all: &[&Value], now: Timestamp) -> String {
    let mut table = Table::new([
        "BEGAN",
        "TOOK",
        "RESULT",
        "TRIGGER",
        "ASKED BY",
        "WHY",
        "OLD TOKEN",
        "NEW TOKEN",
        "OLD DEAD",
        "DETAIL",
    ]);
    for &past in all {
        let text = |key: &str| past[key].as_str().unwrap_or("-").to_owned();
        let took = seconds(past).map_or("-".to_owned(), |seconds| format!("{seconds} s"));
        table.row([
            text("began_at"),
            took,
            text("result").replace('_', " "),
            text("trigger"),
            text("asked_by"),
            text("asked_why").replace(['\n', '\r'], " "),
            text("old"),
            text("new"),
            old_dead(past, now),
            text("detail").replace(['\n', '\r'], " "),
        ]);
    }
    table.text() + &steps(all)
}

/// The steps of each rotation that was noted with some.
fn steps(all: &[&Value]) -> String {
    let mut table = Table::new([
        "ROTATION",
        "STEP",
        "CONNECTION",
        "BEGAN",
        "TOOK",
        "TIMES",
        "FAILED",
    ]);
    let none = Vec::new();
    let mut is_empty = true;
    for past in all {
        for step in past["steps"].as_array().unwrap_or(&none) {
            is_empty = false;
            let text = |key: &str| step[key].as_str().unwrap_or("-").to_owned();
            let count = |key: &str, usual: u64| step[key].as_u64().unwrap_or(usual).to_string();
            table.row([
                past["began_at"].as_str().unwrap_or("-").to_owned(),
                text("step").replace('_', " "),
                text("connection"),
                text("began_at"),
                took(step["took_ms"].as_u64().unwrap_or_default()),
                count("times", 1),
                count("failed", 0),
            ]);
        }
    }
    match is_empty {
        true => String::new(),
        false => format!("\n{}", table.text()),
    }
}

fn took(milliseconds: u64) -> String {
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

/// When the old token was shown to be dead, and by whom.
fn old_dead(past: &Value, now: Timestamp) -> String {
    let Some(at) = time(&past["old_refused_at"]) else {
        return "-".to_owned();
    };
    let by = match past["old_gone_at_issuer"] == true {
        true => "gone at the issuer",
        false => "refused",
    };
    format!("{by} {}", words::relative(at, now))
}

fn seconds(past: &Value) -> Option<i64> {
    let (began, ended) = (time(&past["began_at"])?, time(&past["ended_at"])?);
    Some(ended.duration_since(began).as_secs())
}

/// The rotation with how long it took, which facts of an earlier program do not tell.
pub(super) fn with_seconds(past: &Value) -> Value {
    let mut past = past.clone();
    past["took_seconds"] = json!(seconds(&past));
    past
}
