//! The handlers of the pages for people.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::App;
use super::page::{self, Detail, List};
use super::query::Query;
use super::selection::{Selection, Shown};
use super::whole::Whole;
use crate::rotation::state::Counts;

pub(super) async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    app.aside(move |app| listed(&app, query)).await
}

fn listed(app: &App, query: Option<String>) -> Response {
    let now = app.clock.now();
    match Query::parse(&query.unwrap_or_default()) {
        Ok(query) => {
            let selection = Selection::of(app.telemetry.board.all(), &query, now);
            let whole = app.whole(&selection.counts, now);
            let list = List::of(&query, &selection, now);
            rendered(StatusCode::OK, app.pages.list(&whole, &list))
        }
        Err(why) => {
            let why = format!("The address asks for something that there is not: {why}.");
            let page = app.pages.message(&app.whole_now(now), "Bad request", &why);
            rendered(StatusCode::BAD_REQUEST, page)
        }
    }
}

pub(super) async fn token(State(app): State<App>, Path(name): Path<String>) -> Response {
    let Some(entry) = app.telemetry.board.get(&name) else {
        return app.aside(move |app| missing(&app, &name)).await;
    };
    let told = app.past.of(&entry).await;
    app.aside(move |app| {
        let now = app.clock.now();
        let state = entry.state(now);
        let detail = Detail::of(&Shown { entry, state }, &told, now);
        let page = app.pages.token(&app.whole_now(now), &detail);
        rendered(StatusCode::OK, page)
    })
    .await
}

fn missing(app: &App, name: &str) -> Response {
    let whole = app.whole_now(app.clock.now());
    let why = format!("No token is configured under the name {name}.");
    let page = app.pages.message(&whole, "Not found", &why);
    rendered(StatusCode::NOT_FOUND, page)
}

pub(super) async fn runbook(State(app): State<App>) -> Response {
    app.aside(|app| {
        let whole = app.whole_now(app.clock.now());
        rendered(StatusCode::OK, app.pages.runbook(&whole))
    })
    .await
}

pub(super) async fn style() -> Response {
    let css = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (css, page::STYLE).into_response()
}

pub(super) async fn script() -> Response {
    let script = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (script, page::SCRIPT).into_response()
}

pub(super) async fn icon(Path(name): Path<String>) -> Response {
    match page::favicon(name.trim_end_matches(".svg")) {
        Some(icon) => ([(header::CONTENT_TYPE, "image/svg+xml")], icon).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl App {
    /// Makes an answer that walks through all tokens, on a thread of its own: neither
    /// rotations nor small answers wait for it. Few are made at once.
    pub(super) async fn aside(
        self,
        make: impl FnOnce(Self) -> Response + Send + 'static,
    ) -> Response {
        let places = Arc::clone(&self.walks);
        let Ok(_place) = places.acquire().await else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let made = spawn_blocking(move || make(self)).await;
        made.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    fn whole(&self, counts: &Counts, now: Timestamp) -> Whole {
        Whole::of(&self.telemetry, &self.replica, counts, now)
    }

    /// The state of the whole where the tokens themselves are not shown.
    pub(super) fn whole_now(&self, now: Timestamp) -> Whole {
        let entries = self.telemetry.board.all();
        let states: Vec<_> = entries.iter().map(|entry| entry.state(now)).collect();
        self.whole(&Counts::of(&states), now)
    }
}

fn rendered(status: StatusCode, page: Result<String, minijinja::Error>) -> Response {
    match page {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::warn!(%error, "a page could not be rendered");
            let text = "the page could not be rendered; the log says why\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}
