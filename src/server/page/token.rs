//! The page of one token: its state, its plan, its connections, its old tokens and its
//! last rotations.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::life::Bar;
use super::rows::{NextStep, StateShown};
use crate::server::api::{as_json, connections_json};
use crate::server::past::Told;
use crate::server::selection::Shown;

/// What the page of a token shows.
#[derive(Serialize)]
pub(crate) struct Detail {
    name: String,
    state: StateShown,
    bar: Option<Bar>,
    next: NextStep,
    /// Why the decision of now was made.
    why_now: Option<&'static str>,
    /// The token as the API tells it.
    token: Value,
    connections: Vec<Value>,
    rotations: Vec<Value>,
    /// Why not everything is known of the rotations.
    rotations_trouble: Option<String>,
    federation: Value,
}

impl Detail {
    pub(crate) fn of(shown: &Shown, told: &Told, now: Timestamp) -> Self {
        let entry = &shown.entry;
        let snapshot = entry.snapshot.as_deref();
        let mut token = as_json(entry, now);
        Self {
            name: entry.facts.name.clone(),
            state: StateShown::of(&shown.state),
            bar: snapshot.and_then(|snapshot| Bar::of(snapshot, now)),
            next: NextStep::of(shown),
            why_now: snapshot.map(|snapshot| snapshot.reason.sentence()),
            connections: connections_json(entry),
            rotations: told.rotations.iter().map(with_places).collect(),
            rotations_trouble: told.trouble.clone(),
            federation: token["federation"].take(),
            token,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// A rotation whose steps have their places in a drawing that is 1000 wide.
fn with_places(past: &Value) -> Value {
    let mut past = past.clone();
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    let Some(began) = time(&past["began_at"]) else {
        return past;
    };
    let Some(steps) = past["steps"].as_array_mut() else {
        return past;
    };
    let span = |step: &Value| {
        let at = time(&step["began_at"])?;
        let from = at.duration_since(began).as_millis().max(0);
        Some((from, from + i128::from(step["took_ms"].as_u64()?)))
    };
    let spans: Vec<Option<(i128, i128)>> = steps.iter().map(span).collect();
    let whole = spans.iter().flatten().map(|(_, to)| *to).max().unwrap_or(0);
    for (step, span) in steps.iter_mut().zip(spans) {
        let Some((from, to)) = span.filter(|_| whole > 0) else {
            continue;
        };
        let x = from * 1000 / whole;
        let width = (to * 1000 / whole - x).max(4);
        step["x"] = json!(x.min(996));
        step["width"] = json!(width);
    }
    past
}
