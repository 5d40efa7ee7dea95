//! Users and groups, for the holder of a token.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Shared;
use super::answers::{PAGE, error, list, refusal};
use super::directory::Refused;
use super::filter::Filter;
use super::schema::Kind;
use super::selection::{Parameters, Selection};
use crate::demo::loopback::{empty, scim};

pub(super) fn router() -> Router<Arc<Shared>> {
    Kind::ALL
        .into_iter()
        .fold(Router::new(), |router, kind| {
            let (all, one) = (
                format!("/{}", kind.endpoint()),
                format!("/{}/{{id}}", kind.endpoint()),
            );
            router
                .route(
                    &all,
                    get(move |shared, page| query(shared, kind, page))
                        .post(move |shared, shown, body| create(shared, kind, shown, body)),
                )
                .route(
                    &one,
                    get(move |shared, id, shown| show(shared, kind, id, shown))
                        .put(move |shared, id, shown, body| replace(shared, kind, id, shown, body))
                        .patch(move |shared, id, shown, body| patch(shared, kind, id, shown, body))
                        .delete(move |shared, id| delete(shared, kind, id)),
                )
        })
        .route("/.search", post(search))
}

type Provider = State<Arc<Shared>>;

/// Which entries of a list are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

async fn query(shared: Provider, kind: Kind, Query(page): Query<Page>) -> Response {
    let selection = Selection::parse(
        page.attributes.as_deref(),
        page.excluded_attributes.as_deref(),
    );
    let limits = (page.start_index, page.count);
    found(
        &shared.0,
        &[kind],
        page.filter.as_deref(),
        &selection,
        limits,
    )
}

/// The same as a body, over users and groups (RFC 7644, section 3.4.3).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Search {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
}

async fn search(shared: Provider, body: Bytes) -> Response {
    let Ok(search) = serde_json::from_slice::<Search>(&body) else {
        return refusal(Refused::Invalid("invalidSyntax"));
    };
    let selection = Selection::new(search.attributes, search.excluded_attributes);
    let limits = (search.start_index, search.count);
    found(
        &shared.0,
        &Kind::ALL,
        search.filter.as_deref(),
        &selection,
        limits,
    )
}

fn found(
    shared: &Shared,
    kinds: &[Kind],
    filter: Option<&str>,
    selection: &Selection,
    (start, count): (Option<i64>, Option<i64>),
) -> Response {
    let state = shared.lock();
    let mut all = Vec::new();
    let mut understood = filter.is_none();
    for kind in kinds {
        let filter = filter.map(|text| Filter::parse(text, kind.attributes()));
        match filter {
            // Users may have an attribute that groups do not have.
            Some(None) => continue,
            Some(Some(filter)) => {
                understood = true;
                all.extend(
                    state
                        .directory
                        .list(*kind, Some(&filter))
                        .into_iter()
                        .map(|r| (*kind, r)),
                );
            }
            None => all.extend(
                state
                    .directory
                    .list(*kind, None)
                    .into_iter()
                    .map(|r| (*kind, r)),
            ),
        }
    }
    if !understood {
        return error(StatusCode::BAD_REQUEST, Some("invalidFilter"));
    }
    // Below one is one, below nothing is nothing (RFC 7644, section 3.4.2.4).
    let start = usize::try_from(start.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let count = count.map_or(PAGE, |count| usize::try_from(count.max(0)).unwrap_or(PAGE));
    let page = all.iter().skip(start - 1).take(count.min(PAGE));
    let page: Vec<Value> = page
        .map(|(kind, resource)| selection.of(*kind, &shared.located(*kind, resource)))
        .collect();
    list(all.len(), start, &page)
}

async fn create(
    shared: Provider,
    kind: Kind,
    Query(shown): Query<Parameters>,
    body: Bytes,
) -> Response {
    let now = shared.clock.now();
    let body = match read(&body) {
        Ok(body) => body,
        Err(refused) => return refusal(refused),
    };
    let made = shared.lock().directory.create(kind, &body, now).cloned();
    let mut response = written(&shared.0, kind, StatusCode::CREATED, shown, made.as_ref());
    if let Ok(made) = made
        && let Some(id) = made["id"].as_str()
        && let Ok(location) = HeaderValue::from_str(&shared.location(&[kind.endpoint(), id]))
    {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

async fn show(
    shared: Provider,
    kind: Kind,
    Path(id): Path<String>,
    Query(shown): Query<Parameters>,
) -> Response {
    let state = shared.lock();
    let resource = state.directory.get(kind, &id);
    written(
        &shared.0,
        kind,
        StatusCode::OK,
        shown,
        resource.as_ref().copied(),
    )
}

async fn replace(
    shared: Provider,
    kind: Kind,
    Path(id): Path<String>,
    Query(shown): Query<Parameters>,
    body: Bytes,
) -> Response {
    let now = shared.clock.now();
    let mut state = shared.lock();
    let resource = read(&body).and_then(|body| state.directory.replace(kind, &id, &body, now));
    written(
        &shared.0,
        kind,
        StatusCode::OK,
        shown,
        resource.as_ref().copied(),
    )
}

async fn patch(
    shared: Provider,
    kind: Kind,
    Path(id): Path<String>,
    Query(shown): Query<Parameters>,
    body: Bytes,
) -> Response {
    let now = shared.clock.now();
    let mut state = shared.lock();
    let resource = read(&body).and_then(|body| state.directory.patch(kind, &id, &body, now));
    written(
        &shared.0,
        kind,
        StatusCode::OK,
        shown,
        resource.as_ref().copied(),
    )
}

async fn delete(shared: Provider, kind: Kind, Path(id): Path<String>) -> Response {
    match shared.lock().directory.delete(kind, &id) {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(refused) => refusal(refused),
    }
}

fn read(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| Refused::Invalid("invalidSyntax"))
}

fn written(
    shared: &Shared,
    kind: Kind,
    status: StatusCode,
    shown: Parameters,
    resource: Result<&Value, &Refused>,
) -> Response {
    match resource {
        Ok(resource) => {
            let resource = shared.located(kind, resource);
            scim(status, &Selection::from(shown).of(kind, &resource))
        }
        Err(refused) => refusal(*refused),
    }
}
