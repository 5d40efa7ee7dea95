//! Answers of SCIM.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::directory::Refused;
use crate::demo::loopback::scim;
use crate::scim::message::{ERROR, LIST_RESPONSE};

/// Entries of a page that nobody limited.
pub(super) const PAGE: usize = 100;

pub(super) fn list(total: usize, start: usize, resources: &[Value]) -> Response {
    scim(
        StatusCode::OK,
        &json!({
            "schemas": [LIST_RESPONSE],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        }),
    )
}

pub(super) fn refusal(refused: Refused) -> Response {
    match refused {
        Refused::Unknown => error(StatusCode::NOT_FOUND, None),
        Refused::Taken => error(StatusCode::CONFLICT, Some("uniqueness")),
        Refused::Invalid(kind) => error(StatusCode::BAD_REQUEST, Some(kind)),
    }
}

pub(super) fn error(status: StatusCode, kind: Option<&str>) -> Response {
    let mut body = json!({
        "schemas": [ERROR],
        "status": status.as_str(),
        "detail": status.canonical_reason().unwrap_or("error"),
    });
    if let Some(kind) = kind {
        body["scimType"] = kind.into();
    }
    scim(status, &body)
}
