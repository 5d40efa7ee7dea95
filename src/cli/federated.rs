//! Federated credentials: tells what the looks at them show in log, metrics, page and
//! facts, and looks when a person asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::Exit;
use super::once::Row;
use super::wiring::World;
use crate::driver::federated::{self, FederationWitness, Watched};
use crate::ports::StoreError;
use crate::scim::federated::verdict::{Standing, Word};
use crate::scim::federated::words;
use crate::telemetry::board::Board;
use crate::telemetry::federation::{decision_json, state_json};
use crate::telemetry::words::relative;
use crate::vault::VaultStore;

/// Facts that say the same are written again after this long, so that people see
/// that somebody looks.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// Facts that are older than this are not told by a daemon that runs.
const SILENT_FOR: SignedDuration = SignedDuration::from_hours(2);

/// Where a document of facts holds the standing for the next process.
const STORED: &str = "standing";

/// Watches all of them; never returns.
pub(super) async fn watch(world: &World) {
    let all = world.federated.subscribe();
    federated::watch(
        all,
        Arc::clone(&world.right_clock),
        Arc::new(Told::of(world)),
    )
    .await;
}

/// Looks at these now, one after the other.
pub(super) async fn look_at_all(world: &World, watched: &[Arc<Watched>]) -> Vec<Row> {
    let told = Told::of(world);
    let mut rows = Vec::new();
    for one in watched {
        let standing = federated::look_now(one, &*world.right_clock, &told).await;
        let exit = match standing.word() {
            Word::Trusted => Exit::Ok,
            Word::Unclear => Exit::TryAgain,
            Word::Broken => Exit::Failed,
        };
        rows.push(Row {
            token: one.name.clone(),
            exit,
            word: standing.word().as_str(),
            detail: words::of_standing(&one.name, &standing).unwrap_or_default(),
        });
    }
    rows
}

/// The note of `status` about a federated credential.
pub(super) fn note(state: &Value, now: Timestamp) -> String {
    let time = |value: &Value| value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let written = time(&state["written_at"]);
    let silent = written.filter(|at| now.duration_since(*at) > SILENT_FOR);
    if let Some(at) = silent {
        return format!(
            "the daemon has told nothing since {}: is it running?",
            relative(at, now)
        );
    }
    let federation = &state["federation"];
    if let Some(note) = federation["note"].as_str() {
        return note.to_owned();
    }
    let notes = federation["notes"].as_array().into_iter().flatten();
    let notes: Vec<&str> = notes.filter_map(Value::as_str).collect();
    if !notes.is_empty() {
        return notes.join("; ");
    }
    let end = time(&federation["certificate_ends_at"]);
    let end = end.map(|end| {
        format!(
            "; a certificate of the issuer's keys ends {}",
            relative(end, now)
        )
    });
    format!("federated: nothing expires{}", end.unwrap_or_default())
}

/// Tells what the looks show, and stores it for other processes.
struct Told {
    store: Arc<VaultStore>,
    board: Arc<Board>,
    written: Mutex<BTreeMap<String, Timestamp>>,
}

impl Told {
    fn of(world: &World) -> Self {
        Self {
            store: Arc::clone(&world.store),
            board: Arc::clone(&world.telemetry.board),
            written: Mutex::default(),
        }
    }

    async fn write(&self, token: &str, standing: &Standing) -> Result<(), StoreError> {
        let Some(entry) = self.board.get(token) else {
            return Ok(());
        };
        let stored = self.store.facts(token).await?;
        let mut facts = json!({
            "schema": 1,
            "written_at": standing.looked_at,
            "now": decision_json(),
            "next": null,
        });
        facts["token"] = state_json(&entry.facts, Some(standing));
        facts[STORED] = json!(standing);
        // Another replica that came first has looked too.
        let _first = self.store.write_facts(token, facts, stored.version).await?;
        Ok(())
    }

    fn is_due(&self, token: &str, before: Option<&Standing>, now: &Standing) -> bool {
        let written = self.written.lock().get(token).copied();
        let is_old = written.is_none_or(|at| now.looked_at.duration_since(at) >= AGAIN);
        is_old || before.is_none_or(|before| !before.looks_like(now))
    }
}

#[async_trait]
impl FederationWitness for Told {
    async fn known(&self, token: &str) -> Option<Standing> {
        let entry = self.board.get(token);
        if let Some(standing) = entry.and_then(|entry| entry.federation) {
            return Some(Standing::clone(&standing));
        }
        // Without it, only the times since when something is broken are lost.
        let mut facts = self.store.facts(token).await.ok()?.facts?;
        serde_json::from_value(facts[STORED].take()).ok()
    }

    async fn looked(&self, token: &str, before: Option<&Standing>, now: &Standing) {
        self.board.looked(token, now.clone());
        log(token, before, now);
        if !self.is_due(token, before, now) {
            return;
        }
        match self.write(token, now).await {
            Ok(()) => {
                let mut written = self.written.lock();
                written.insert(token.to_owned(), now.looked_at);
            }
            Err(error) => {
                self.written.lock().remove(token);
                tracing::warn!(token, %error, "the facts of this token were not written; they are written with the next look");
            }
        }
    }
}

/// One line for each break that begins or ends, and one when what can be seen
/// changes.
fn log(token: &str, before: Option<&Standing>, now: &Standing) {
    let was_broken = |part, source| {
        let mut breaks = before.into_iter().flat_map(Standing::breaks);
        breaks.any(|(mark, _)| mark.part == part && mark.source == source)
    };
    for (mark, against) in now.breaks() {
        if !was_broken(mark.part, mark.source) {
            tracing::error!(
                token,
                part = mark.part.as_str(),
                since = %against.since,
                expected = against.difference.expected,
                seen = against.difference.seen,
                "the trust of a federated credential is broken: {}",
                words::of_break(token, mark, against)
            );
        }
    }
    let word = now.word();
    if before.map(Standing::word) == Some(word) || word == Word::Broken {
        return;
    }
    match words::of_standing(token, now) {
        None => tracing::info!(token, "the trust of a federated credential is in order"),
        Some(why) => tracing::warn!(
            token,
            why,
            "the trust of a federated credential is not clear"
        ),
    }
}
