//! What the service provider tells of itself (RFC 7644, section 4). Anybody may ask.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use super::answers::{PAGE, error, list};
use super::schema::{Kind, SCHEMAS};
use crate::demo::loopback::scim;
use crate::scim::message::SERVICE_PROVIDER_CONFIG;

const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/ServiceProviderConfig", get(configuration))
        .route("/ResourceTypes", get(resource_types))
        .route("/ResourceTypes/{id}", get(resource_type))
        .route("/Schemas", get(schemas))
        .route("/Schemas/{id}", get(schema))
}

async fn configuration(State(shared): State<Arc<Shared>>) -> Response {
    let shown = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": false },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of the admin API",
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": shared.location(&["ServiceProviderConfig"]),
        },
    });
    scim(StatusCode::OK, &shown)
}

async fn resource_types(State(shared): State<Arc<Shared>>) -> Response {
    let all = Kind::ALL.map(|kind| shown_type(&shared, kind));
    list(all.len(), 1, &all)
}

async fn resource_type(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match Kind::ALL.into_iter().find(|kind| kind.name() == id) {
        Some(kind) => scim(StatusCode::OK, &shown_type(&shared, kind)),
        None => error(StatusCode::NOT_FOUND, None),
    }
}

async fn schemas(State(shared): State<Arc<Shared>>) -> Response {
    let all: Vec<_> = SCHEMAS
        .iter()
        .map(|schema| shown_schema(&shared, schema))
        .collect();
    list(all.len(), 1, &all)
}

async fn schema(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match SCHEMAS.iter().find(|schema| schema["id"] == id.as_str()) {
        Some(schema) => scim(StatusCode::OK, &shown_schema(&shared, schema)),
        None => error(StatusCode::NOT_FOUND, None),
    }
}

fn shown_type(shared: &Shared, kind: Kind) -> Value {
    let extensions = kind.extension().into_iter();
    let extensions = extensions.map(|urn| json!({ "schema": urn, "required": false }));
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "endpoint": format!("/{}", kind.endpoint()),
        "schema": kind.schema(),
        "schemaExtensions": extensions.collect::<Vec<_>>(),
        "meta": {
            "resourceType": "ResourceType",
            "location": shared.location(&["ResourceTypes", kind.name()]),
        },
    })
}

fn shown_schema(shared: &Shared, schema: &Value) -> Value {
    let mut shown = schema.clone();
    let id = schema["id"].as_str().unwrap_or_default();
    shown["meta"] =
        json!({ "resourceType": "Schema", "location": shared.location(&["Schemas", id]) });
    shown
}
