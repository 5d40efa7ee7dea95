//! `status`: the state of each token, as the daemon tells it in the facts or on
//! its HTTP server. It changes nothing, and reads no token.

mod notes;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts;
use super::load;
use super::output::{Output, Table};
use super::served::{self, Told};
use super::{Exit, OutputFormat};
use crate::telemetry::words;
pub(super) use notes::handover_note;
use notes::{full_cycle, note, privilege, text, time};

/// `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// Ask the daemon that serves this URL, and not Vault. No configuration is
    /// needed.
    #[arg(long, value_name = "URL")]
    pub server: Option<url::Url>,
}

/// Shows the state of the tokens.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if let Some(server) = &args.server {
        return load::block_on(async {
            match served::ask(server, "/api/v1/tokens", "name", &args.tokens).await {
                Ok((now, states)) => told(&states, now, output),
                Err(exit) => exit,
            }
        });
    }
    facts::reader::command(config, &args.tokens, |read, now| {
        let states: Told = read
            .into_iter()
            .map(|(name, facts)| (name, facts.map(state)))
            .collect();
        told(&states, now, output)
    })
}

fn told(states: &Told, now: Timestamp, output: &mut Output) -> Exit {
    let complete = states.iter().all(|(_, state)| state.is_ok());
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(states, now, output));
    if complete { Exit::Ok } else { Exit::TryAgain }
}

/// The state of a token in the form of the daemon's API.
fn state(mut facts: Value) -> Value {
    let mut state = facts["token"].take();
    for also in ["written_at", "handled", "trouble", "full_cycle"] {
        state[also] = facts[also].take();
    }
    state
}

fn show(states: &Told, now: Timestamp, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let tokens: Vec<Value> = states
            .iter()
            .map(|(name, state)| match state {
                Ok(state) => state.clone(),
                Err(error) => json!({ "name": name, "error": error }),
            })
            .collect();
        return output.json(&json!({ "now": now, "tokens": tokens }));
    }
    let rows = states.iter().map(|(name, state)| match state {
        Ok(state) => row(name, state, now),
        Err(error) => {
            let [state, expires, renews, connections] = ["unknown", "-", "-", "-"];
            [name, state, expires, renews, connections, error].map(str::to_owned)
        }
    });
    let has = |field: &str| {
        let mut told = states.iter().filter_map(|(_, state)| state.as_ref().ok());
        told.any(|state| state[field].is_object())
    };
    // These two say something of some tokens only.
    let (has_privilege, has_cycle) = (has("privilege"), has("full_cycle"));
    let mut head = vec!["TOKEN", "STATE", "EXPIRES", "RENEWS", "CONNECTIONS"];
    head.extend(has_privilege.then_some("PRIVILEGE"));
    head.extend(has_cycle.then_some("FULL CYCLE"));
    head.push("NOTE");
    let mut table = Table::new(head);
    for ([name, state, expires, renews, connections, note], (_, told)) in rows.zip(states) {
        let mut cells = vec![name, state, expires, renews, connections];
        cells.extend(has_privilege.then(|| privilege(told, now)));
        cells.extend(has_cycle.then(|| full_cycle(told, now)));
        cells.push(note);
        table.row(cells);
    }
    let text = table.text();
    output.text(&text)
}

fn row(name: &str, state: &Value, now: Timestamp) -> [String; 6] {
    let relative = |at: &Value| time(at).map(|at| words::relative(at, now));
    let dash = || "-".to_owned();
    let current = &state["current"];
    let expires = match current.is_object() {
        true => {
            relative(&current["expires_at"]).unwrap_or_else(|| text(&current["expiry"]).to_owned())
        }
        false => dash(),
    };
    let standing = state["standing"].as_str().unwrap_or("unknown");
    [
        name.to_owned(),
        standing.replace('_', " "),
        expires,
        relative(&state["renew_at"]).unwrap_or_else(dash),
        connections(state),
        note(state, now),
    ]
}

fn connections(state: &Value) -> String {
    let all = state["connections"].as_array();
    let Some(all) = all.filter(|all| !all.is_empty()) else {
        return "none".to_owned();
    };
    let holds = |in_sync: Option<bool>| match in_sync {
        Some(true) => "in sync",
        Some(false) => "old token",
        None => "never delivered",
    };
    let all: Vec<String> = all
        .iter()
        .map(|one| {
            let word = match one["handover"].is_object() {
                true => "waits for a person",
                false => holds(one["in_sync"].as_bool()),
            };
            format!("{} {word}", text(&one["name"]))
        })
        .collect();
    all.join(", ")
}
