//! JSON below `/api/v1/`, as `openapi.json` describes it.

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::App;
use super::query::Query;
use super::selection::{Selection, Shown};
use crate::telemetry::board::{CycleFacts, Entry};
use crate::telemetry::federation::state_json;
use crate::telemetry::foreseen::plan_json;

/// The description of this API.
const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}

/// The state of the whole.
pub(super) async fn whole(State(app): State<App>) -> Response {
    app.aside(|app| Json(app.whole_now(app.clock.now())).into_response())
        .await
}

pub(super) async fn tokens(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    app.aside(|app| listed(&app, query, |shown, now| as_json(&shown.entry, now)))
        .await
}

/// What is decided now for each token, and its next step.
pub(super) async fn plan(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    app.aside(|app| listed(&app, query, |shown, _| plan_json(&shown.entry)))
        .await
}

/// The connections of the tokens on a page.
pub(super) async fn connections(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    app.aside(|app| connections_of(&app, query)).await
}

fn connections_of(app: &App, query: Option<String>) -> Response {
    let now = app.clock.now();
    match Query::parse(&query.unwrap_or_default()) {
        Ok(query) => {
            let selection = Selection::of(app.telemetry.board.all(), &query, now);
            let all = selection.page.iter();
            let all = all.flat_map(|shown| connections_json(&shown.entry));
            let wanted = |one: &Value| {
                let name = one["name"].as_str().unwrap_or_default();
                query.connections.is_empty() || query.connections.iter().any(|w| w == name)
            };
            let all: Vec<Value> = all.filter(wanted).collect();
            let mut body = head(app, &query, &selection, now);
            body["connections"] = json!(all);
            Json(body).into_response()
        }
        Err(why) => bad_request(&why),
    }
}

/// A page of the tokens, each in one form.
fn listed(app: &App, query: Option<String>, of: fn(&Shown, Timestamp) -> Value) -> Response {
    let now = app.clock.now();
    let query = match Query::parse(&query.unwrap_or_default()) {
        Ok(query) => query,
        Err(why) => return bad_request(&why),
    };
    let selection = Selection::of(app.telemetry.board.all(), &query, now);
    let tokens: Vec<Value> = selection.page.iter().map(|one| of(one, now)).collect();
    let mut body = head(app, &query, &selection, now);
    body["tokens"] = json!(tokens);
    Json(body).into_response()
}

/// What every list tells: the time, what is true of all tokens, which page this is.
fn head(app: &App, query: &Query, selection: &Selection, now: Timestamp) -> Value {
    json!({
        "now": now,
        "banners": app.telemetry.health.banners(),
        "summary": selection.counts.summary(),
        "matching": selection.matching,
        "page": query.page,
        "per_page": query.per_page,
        "pages": selection.pages,
    })
}

pub(super) async fn token(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.telemetry.board.get(&name) {
        Some(entry) => Json(as_json(&entry, app.clock.now())).into_response(),
        None => missing(),
    }
}

pub(super) async fn history(State(app): State<App>, Path(name): Path<String>) -> Response {
    let Some(entry) = app.telemetry.board.get(&name) else {
        return missing();
    };
    let told = app.past.of(&entry).await;
    let body = json!({
        "now": app.clock.now(),
        "token": name,
        "rotations": &*told.rotations,
        "trouble": told.trouble,
    });
    Json(body).into_response()
}

pub(super) async fn token_connections(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Response {
    let Some(entry) = app.telemetry.board.get(&name) else {
        return missing();
    };
    let all = connections_json(&entry);
    Json(json!({ "now": app.clock.now(), "token": name, "connections": all })).into_response()
}

pub(super) async fn token_plan(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.telemetry.board.get(&name) {
        Some(entry) => Json(plan_json(&entry)).into_response(),
        None => missing(),
    }
}

fn missing() -> Response {
    let body = json!({ "error": "no token of this name is configured" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

fn bad_request(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
}

/// The snapshot, or the public configuration if there is none yet.
pub(super) fn as_json(entry: &Entry, now: Timestamp) -> Value {
    if entry.is_federated() {
        return state_json(&entry.facts, entry.federation.as_deref());
    }
    let shown = match entry.snapshot.as_deref() {
        Some(snapshot) => serde_json::to_value(snapshot),
        None => serde_json::to_value(&*entry.facts),
    };
    let mut value = shown.unwrap_or_else(|_| json!({ "name": entry.facts.name }));
    value["state"] = json!(entry.state(now));
    let doubt = entry.snapshot.as_deref().and_then(|s| s.doubt_detail());
    value["doubt"] = json!(doubt);
    value["trouble"] = json!(entry.trouble.as_deref());
    let cycle = entry.cycle.as_deref().map(CycleFacts::json);
    value["full_cycle"] = cycle.unwrap_or_default();
    value
}

/// The connections of a token, with the word of their identity providers.
pub(super) fn connections_json(entry: &Entry) -> Vec<Value> {
    let Some(snapshot) = entry.snapshot.as_deref() else {
        return Vec::new();
    };
    let probed_at = snapshot.probe.as_ref().map(|probe| probe.at);
    let told = snapshot.connections.iter().map(|connection| {
        let looks = entry.looks.as_ref();
        let condition = looks.and_then(|looks| looks.get(&connection.name, probed_at));
        let mut told = json!(connection);
        told["token"] = json!(entry.facts.name);
        told["holds"] = json!(connection.text());
        told["condition"] = json!(condition.map(|condition| json!({
            "state": condition.state.as_str(),
            "last_success_at": condition.last_success_at,
        })));
        told
    });
    told.collect()
}
