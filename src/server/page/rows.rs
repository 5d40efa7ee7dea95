//! A token as a line of the table, and as a card above it.

use jiff::Timestamp;
use serde::Serialize;

use super::life::Bar;
use crate::rotation::state::State;
use crate::server::selection::Shown;
use crate::telemetry::board::Entry;
use crate::telemetry::federation::REASON;

/// A state as pages show it.
#[derive(Serialize)]
pub(super) struct StateShown {
    /// The word for machines.
    word: &'static str,
    /// The word for people.
    text: &'static str,
    urgency: &'static str,
    since: Option<Timestamp>,
    deadline: Option<Timestamp>,
    sentence: String,
    command: Option<String>,
    /// The alert whose section of the runbook says more.
    section: String,
}

impl StateShown {
    pub(super) fn of(state: &State) -> Self {
        let section = state.runbook.rsplit('#').next().unwrap_or_default();
        Self {
            word: state.word.as_str(),
            text: state.word.text(),
            urgency: state.urgency.as_str(),
            since: state.since,
            deadline: state.deadline,
            sentence: state.sentence.to_string(),
            command: state.command.as_ref().map(ToString::to_string),
            section: section.to_owned(),
        }
    }
}

/// A token that somebody should look at.
#[derive(Serialize)]
pub(super) struct Card {
    name: String,
    environment: Option<String>,
    state: StateShown,
}

impl Card {
    pub(super) fn of(shown: &Shown) -> Self {
        Self {
            name: shown.entry.facts.name.clone(),
            environment: shown.entry.facts.environment.clone(),
            state: StateShown::of(&shown.state),
        }
    }
}

/// One line of the table.
#[derive(Serialize)]
pub(super) struct Row {
    name: String,
    issuer: String,
    provider: String,
    environment: Option<String>,
    state: StateShown,
    bar: Option<Bar>,
    expires: Option<Timestamp>,
    connections: Vec<ConnectionCell>,
    next: NextStep,
}

/// A connection in a line.
#[derive(Serialize)]
pub(super) struct ConnectionCell {
    name: String,
    holds: &'static str,
    /// What its identity provider says of it.
    says: Option<&'static str>,
}

/// What happens next, when and why.
#[derive(Serialize, Default)]
pub(super) struct NextStep {
    /// The step; none if nothing but a wait is known.
    step: Option<&'static str>,
    connection: Option<String>,
    at: Option<Timestamp>,
    /// Whether it is being done.
    is_now: bool,
    why: &'static str,
}

impl Row {
    pub(super) fn of(shown: &Shown, now: Timestamp) -> Self {
        let facts = &shown.entry.facts;
        let snapshot = shown.entry.snapshot.as_deref();
        Self {
            name: facts.name.clone(),
            issuer: facts.issuer.clone(),
            provider: facts.provider.clone(),
            environment: facts.environment.clone(),
            state: StateShown::of(&shown.state),
            bar: snapshot.and_then(|snapshot| Bar::of(snapshot, now)),
            expires: shown.expires_at(),
            connections: connections_of(&shown.entry),
            next: NextStep::of(shown),
        }
    }
}

impl NextStep {
    pub(super) fn of(shown: &Shown) -> Self {
        let Some(snapshot) = shown.entry.snapshot.as_deref() else {
            return Self {
                why: match shown.entry.is_federated() {
                    true => REASON,
                    false => "",
                },
                ..Self::default()
            };
        };
        let at = shown.next_at();
        if snapshot.step.is_some() {
            return Self {
                step: snapshot.step,
                is_now: true,
                why: snapshot.reason.sentence(),
                ..Self::default()
            };
        }
        match shown.entry.next.as_deref() {
            Some(next) => Self {
                step: Some(next.step.as_str()),
                connection: next.step.connection().map(str::to_owned),
                at,
                is_now: false,
                why: next.reason.sentence(),
            },
            None => Self {
                at,
                why: snapshot.reason.sentence(),
                ..Self::default()
            },
        }
    }
}

fn connections_of(entry: &Entry) -> Vec<ConnectionCell> {
    let Some(snapshot) = entry.snapshot.as_deref() else {
        return Vec::new();
    };
    let probed_at = snapshot.probe.as_ref().map(|probe| probe.at);
    let cell = |connection: &crate::telemetry::snapshot::ConnectionState| {
        let looks = entry.looks.as_ref();
        let condition = looks.and_then(|looks| looks.get(&connection.name, probed_at));
        ConnectionCell {
            name: connection.name.clone(),
            holds: connection.text(),
            says: condition.map(|condition| condition.state.as_str()),
        }
    };
    snapshot.connections.iter().map(cell).collect()
}
