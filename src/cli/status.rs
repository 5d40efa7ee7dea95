//! `status`: the state of each token, as the daemon tells it in the facts or on
//! its HTTP server. It changes nothing, and reads no token.

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::facts;
use super::federated;
use super::load;
use super::output::{Output, Table};
use super::served::{self, Told};
use super::{Exit, OutputFormat};
use crate::telemetry::obstacle::Obstacle;
use crate::telemetry::words;

/// `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN")]
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
    let loaded = load::world_of_a_person_of_both(config, &args.tokens);
    let (world, units, federated) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let now = world.right_clock.now();
        let read = match facts::reader::read(&world, &units, &federated).await {
            Ok(read) => read,
            Err(exit) => return exit,
        };
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
    for also in ["written_at", "handled", "trouble"] {
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
    let told = states.iter().filter_map(|(_, state)| state.as_ref().ok());
    let text = match told.clone().any(|state| state["privilege"].is_object()) {
        false => {
            let mut table =
                Table::new(["TOKEN", "STATE", "EXPIRES", "RENEWS", "CONNECTIONS", "NOTE"]);
            rows.for_each(|row| table.row(row));
            table.text()
        }
        true => {
            let mut table = Table::new([
                "TOKEN",
                "STATE",
                "EXPIRES",
                "RENEWS",
                "CONNECTIONS",
                "PRIVILEGE",
                "NOTE",
            ]);
            let words = states.iter().map(|(_, state)| privilege(state, now));
            for ([name, state, expires, renews, connections, note], word) in rows.zip(words) {
                table.row([name, state, expires, renews, connections, word, note]);
            }
            table.text()
        }
    };
    output.text(&text)
}

/// How what the token may do compares with what it should, in a word.
fn privilege(state: &Result<Value, String>, now: Timestamp) -> String {
    let told = state.as_ref().map(|state| &state["privilege"]);
    let Some(told) = told.ok().filter(|told| told.is_object()) else {
        return "-".to_owned();
    };
    let word = text(&told["verdict"]).replace('_', " ");
    match time(&told["accepted_risk"]["until"]) {
        Some(until) if until > now => format!("{word} (accepted)"),
        Some(_) => format!("{word} (acceptance over)"),
        None => word,
    }
}

/// The token in use may do more than it should, and nobody accepts that.
fn privilege_note(state: &Value, now: Timestamp) -> Option<String> {
    let told = Some(&state["privilege"]).filter(|told| told.is_object())?;
    let risk = &told["accepted_risk"];
    if let Some(until) = time(&risk["until"]) {
        let owner = text(&risk["owner"]);
        let over = words::relative(until, now);
        return (until <= now).then(|| {
            format!(
                "the acceptance that the token is broad ended {over}: {owner} must decide again (`accepted_risk`)"
            )
        });
    }
    let is_too_much = ["broader", "over_privileged", "broad"].contains(&text(&told["verdict"]));
    is_too_much.then(|| {
        let detail = text(&told["detail"]);
        format!("the token in use may do more than it should: {detail}")
    })
}

/// The token in use was made for a shorter life than was asked for.
fn life_note(state: &Value) -> Option<String> {
    let asked: SignedDuration = state["current"]["asked_life"].as_str()?.parse().ok()?;
    let issued = time(&state["current"]["issued_at"])?;
    let life = time(&state["current"]["expires_at"])?.duration_since(issued);
    Some(format!(
        "the issuer made the token for {}, and was asked for {}",
        words::span(life),
        words::span(asked)
    ))
}

/// Somebody still uses a superseded token.
fn still_used_note(state: &Value) -> Option<String> {
    let all = state["retiring"].as_array()?;
    let old = all.iter().find(|old| old["still_used"] == true)?;
    let who = old["used_by"].as_str().map_or_else(
        || "somebody".to_owned(),
        |by| format!("`{by}` (as the issuer tells)"),
    );
    Some(format!(
        "{who} still used the superseded token after its successor was delivered: give it the new one, from {}",
        text(&state["vault_path"])
    ))
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
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

/// A daemon that works does something at this time at the latest, and tells it
/// within this long.
const SILENT_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How long people are told of a value that was not accepted.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Somebody wrote a value to the published path that was not accepted.
fn supplied_note(state: &Value, now: Timestamp) -> Option<String> {
    let note = Some(&state["supplied"]).filter(|note| note.is_object())?;
    let at = time(&note["at"])?;
    let is_written_back = !note["written_back_at"].is_null();
    if now.duration_since(at) > TOLD_FOR && is_written_back {
        return None;
    }
    let place = text(&state["vault_path"]);
    let back = match is_written_back {
        true => "the token in use was written back",
        false => "it is still there",
    };
    Some(format!(
        "{} wrote a value to {place} ({}) that was not accepted: {}; {back}",
        note["by"].as_str().unwrap_or("somebody"),
        words::relative(at, now),
        text(&note["detail"])
    ))
}

/// Somebody wrote an end for the token in use that was not taken as it is.
fn end_note(state: &Value) -> Option<String> {
    let note = Some(&state["stated_end"]).filter(|note| note.is_object())?;
    // The state shows the beginning of the fingerprint only.
    let shown = state["current"]["fingerprint"].as_str()?;
    let is_of_current = text(&note["fingerprint"]).starts_with(shown);
    let by = note["by"].as_str().map(|by| format!(" (written by {by})"));
    is_of_current.then(|| {
        let place = text(&state["vault_path"]);
        format!(
            "{place}: {}{}",
            text(&note["detail"]),
            by.unwrap_or_default()
        )
    })
}

/// What a person has to write into connections that no program can write.
pub(super) fn handover_note(state: &Value, now: Timestamp) -> Option<String> {
    let all = state["connections"].as_array()?;
    let notes: Vec<_> = all
        .iter()
        .filter(|one| one["handover"].is_object())
        .map(|one| {
            let waits = &one["handover"];
            let due = time(&waits["deadline_at"]).map(|at| words::relative(at, now));
            let due = due.map(|due| format!(" (due {due})")).unwrap_or_default();
            format!(
                "a person must write the token at {} into connection {}{due}: {} Then run: {}",
                text(&waits["vault_path"]),
                text(&one["name"]),
                text(&waits["instructions"]),
                text(&waits["command"])
            )
        })
        .collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A person supplied the token in use, and it is not known whether it belongs to the
/// tenant of its predecessor.
fn tenant_note(state: &Value) -> Option<String> {
    let why = state["current"]["tenant_doubt"].as_str()?;
    Some(format!(
        "the token in use was supplied by a person, and it could not be shown that it belongs to the tenant of its predecessor: {why}"
    ))
}

fn operator_note(state: &Value, now: Timestamp) -> Option<String> {
    let at = time(&state["operator_deadline_at"])?;
    let name = text(&state["name"]);
    let then = match state["compromised"].as_bool() {
        Some(true) => {
            format!(
                ", and then run `scim-rotator rotate {name} --compromised --supplied --reason TEXT`"
            )
        }
        Some(false) | None => String::new(),
    };
    Some(format!(
        "a person must write the new token to {}{then} (due {}): {}",
        text(&state["vault_path"]),
        words::relative(at, now),
        text(&state["instructions"])
    ))
}

/// The superseded token that is retired next, and what stands against that.
fn retirement_note(state: &Value, now: Timestamp) -> Option<String> {
    let due = time(&state["retirement_due_at"])?;
    let told = &state["retirement_obstacle"];
    let obstacle = told.is_object().then(|| Obstacle {
        reason: "not_retired",
        detail: text(&told["detail"]).to_owned(),
        revoked_at: time(&told["revoked_at"]),
    });
    Some(Obstacle::sentence(obstacle.as_ref(), due, now))
}

/// The most important fact that the other columns do not show.
fn note(state: &Value, now: Timestamp) -> String {
    let relative = |at: &Value| {
        time(at)
            .map(|at| words::relative(at, now))
            .unwrap_or_default()
    };
    if let Some(trouble) = state["trouble"].as_str() {
        return trouble.to_owned();
    }
    if state["federation"].is_object() {
        return federated::note(state, now);
    }
    let halt = &state["halt"];
    if halt.is_object() {
        return format!("{}: {}", text(&halt["cause"]), text(&halt["detail"]));
    }
    let paused = &state["paused"];
    if paused.is_object() {
        let by = match paused["by"].as_str() {
            Some(by) => format!(" by {by}"),
            None => String::new(),
        };
        let since = relative(&paused["since"]);
        return format!("paused {since}{by}: {}", text(&paused["reason"]));
    }
    if let Some(overdue) = overdue(state, now) {
        return format!(
            "the daemon has told nothing since {}, and a step was due {overdue}: is it running?",
            relative(&state["written_at"])
        );
    }
    let written: Vec<_> = [
        end_note(state),
        supplied_note(state, now),
        tenant_note(state),
        privilege_note(state, now),
        still_used_note(state),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !written.is_empty() {
        return written.join("; ");
    }
    if let Some(text) = handover_note(state, now).or_else(|| operator_note(state, now)) {
        return text;
    }
    if let Some(doubt) = state["doubt"].as_str() {
        return format!("the token in use is not shown to work: {doubt}");
    }
    let failure = &state["last_failure"];
    if failure.is_object() {
        return format!(
            "{} failed: {}",
            text(&failure["step"]),
            text(&failure["message"])
        );
    }
    if let Some(text) = retirement_note(state, now).or_else(|| life_note(state)) {
        return text;
    }
    String::new()
}

/// When a renewal was due, if the facts are older than that.
fn overdue(state: &Value, now: Timestamp) -> Option<String> {
    let written_at = time(&state["written_at"])?;
    let due = time(&state["renew_at"]).or_else(|| time(&state["current"]["expires_at"]))?;
    let is_silent = written_at < due && now.duration_since(due) > SILENT_FOR;
    is_silent.then(|| words::relative(due, now))
}
