//! The status page: plain HTML without a script.

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use crate::rotation::state::{Counts, State, Urgency};
use crate::telemetry::Telemetry;
use crate::telemetry::board::Entry;
use crate::telemetry::obstacle::Obstacle;
use crate::telemetry::snapshot::TokenSnapshot;
use crate::telemetry::words::relative;

/// The style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// The compiled template. Its name ends in `.html`, so values are escaped.
pub(super) struct Page {
    environment: Environment<'static>,
}

impl Page {
    pub(super) fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.add_template("status.html", include_str!("status.html"))?;
        Ok(Self { environment })
    }

    pub(super) fn render(
        &self,
        telemetry: &Telemetry,
        now: Timestamp,
    ) -> Result<String, minijinja::Error> {
        let mut entries: Vec<(State, Entry)> = telemetry
            .board
            .all()
            .into_iter()
            .map(|entry| (entry.state(now), entry))
            .collect();
        entries.sort_by_key(|(state, _)| state.order());
        let counts = Counts::of(entries.iter().map(|(state, _)| state));
        let rows = entries
            .iter()
            .map(|(state, entry)| Row::of(entry, state, now));
        let rows: Vec<Row> = rows.collect();
        let cards = entries
            .iter()
            .filter(|(state, _)| state.urgency != Urgency::Fine);
        let cards = cards.map(|(state, entry)| Card::of(&entry.facts.name, state, now));
        let cards: Vec<Card> = cards.collect();
        self.environment
            .get_template("status.html")?
            .render(context! {
                version => env!("CARGO_PKG_VERSION"),
                now => to_the_second(now),
                urgency => counts.urgency.as_str(),
                headline => headline(counts.urgency),
                counts => counts.sentence(),
                troubled => counts.troubled(),
                sentence => telemetry.board.sentence(now),
                banners => minijinja::Value::from(Serde(telemetry.health.banners())),
                troubles => telemetry.health.not_ready_because(),
                cards => minijinja::Value::from(Serde(&cards)),
                rows => minijinja::Value::from(Serde(&rows)),
            })
    }
}

/// The state of the whole in one word.
fn headline(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Fine => "fine",
        Urgency::Attention => "needs attention",
        Urgency::Urgent => "urgent",
    }
}

/// A token that somebody should look at.
#[derive(Serialize)]
struct Card {
    name: String,
    word: &'static str,
    urgency: &'static str,
    since: When,
    /// How long until provisioning stops.
    left: When,
    sentence: String,
    command: Option<String>,
    runbook: String,
}

impl Card {
    fn of(name: &str, state: &State, now: Timestamp) -> Self {
        let when = |at: Option<Timestamp>| at.map_or_else(When::default, |at| When::of(at, now));
        Self {
            name: name.to_owned(),
            word: state.word.text(),
            urgency: state.urgency.as_str(),
            since: when(state.since),
            left: when(state.deadline),
            sentence: state.sentence.to_string(),
            command: state.command.as_ref().map(ToString::to_string),
            runbook: state.runbook.to_string(),
        }
    }
}

/// One token.
#[derive(Serialize)]
struct Row {
    name: String,
    issuer: String,
    environment: String,
    word: &'static str,
    urgency: &'static str,
    /// Beside the colour, for who does not see it.
    icon: &'static str,
    sentence: String,
    detail: Option<String>,
    issued: When,
    renews: When,
    expires: When,
    next: When,
    retiring: usize,
    retirement: Option<String>,
    connections: Vec<ConnectionCell>,
}

/// A time for people, and exactly for a tooltip.
#[derive(Serialize, Default)]
struct When {
    relative: String,
    exact: String,
}

#[derive(Serialize)]
struct ConnectionCell {
    name: String,
    word: &'static str,
    /// What a person has to do.
    handover: Option<String>,
}

impl Row {
    fn of(entry: &Entry, state: &State, now: Timestamp) -> Self {
        let snapshot = entry.snapshot.as_deref();
        let current = snapshot.and_then(|s| s.current.as_ref());
        let when = |at: Option<Timestamp>| at.map_or_else(When::default, |at| When::of(at, now));
        let detail = detail_of(entry);
        Self {
            name: entry.facts.name.clone(),
            issuer: entry.facts.issuer.clone(),
            environment: entry.facts.environment.clone().unwrap_or_default(),
            word: state.word.text(),
            urgency: state.urgency.as_str(),
            icon: match state.urgency {
                Urgency::Fine => "✓",
                Urgency::Attention => "▲",
                Urgency::Urgent => "✖",
            },
            sentence: state.sentence.to_string(),
            detail: detail.filter(|detail| !state.sentence.contains(detail.as_str())),
            issued: when(current.map(|slot| slot.issued_at)),
            renews: when(snapshot.and_then(|s| s.renew_at)),
            expires: when(current.and_then(|slot| slot.expires_at)),
            next: when(snapshot.and_then(|s| s.next_attempt_at)),
            retiring: snapshot.map_or(0, |s| s.retiring.len()),
            retirement: snapshot.and_then(|s| {
                let obstacle = s.retirement_obstacle.as_deref()?;
                Some(Obstacle::sentence(
                    Some(obstacle),
                    s.retirement_due_at?,
                    now,
                ))
            }),
            connections: snapshot.map_or_else(Vec::new, connections_of),
        }
    }
}

impl When {
    fn of(at: Timestamp, now: Timestamp) -> Self {
        Self {
            relative: relative(at, now),
            exact: to_the_second(at),
        }
    }
}

fn to_the_second(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

fn detail_of(entry: &Entry) -> Option<String> {
    if let Some(trouble) = &entry.trouble {
        return Some(trouble.to_string());
    }
    if let Some(standing) = entry.federation.as_deref() {
        let notes = standing.notes.iter().cloned();
        let all: Vec<String> = entry.federation_note().into_iter().chain(notes).collect();
        return (!all.is_empty()).then(|| all.join(". "));
    }
    let snapshot = entry.snapshot.as_deref()?;
    let halt = snapshot.halt.as_ref().map(|halt| halt.detail.clone());
    halt.or_else(|| Some(snapshot.last_failure.as_ref()?.message.clone()))
}

fn connections_of(snapshot: &TokenSnapshot) -> Vec<ConnectionCell> {
    let cells = snapshot
        .connections
        .iter()
        .map(|connection| ConnectionCell {
            name: connection.name.clone(),
            handover: connection.handover.as_deref().map(|waits| {
                format!(
                    "write the token at {} into it: {} Then run: {}",
                    waits.vault_path, waits.instructions, waits.command
                )
            }),
            word: match (connection.in_sync, connection.confirmed_at) {
                _ if connection.handover.is_some() => "waiting for you",
                (None, _) => "assumed current (never updated by us)",
                (Some(false), _) => "holds another token",
                (Some(true), None) => "delivered, never confirmed",
                (Some(true), Some(_)) => "confirmed",
            },
        });
    cells.collect()
}
