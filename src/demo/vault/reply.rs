//! Answers in the shapes of Vault.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::random_id;

/// Status and body.
pub(super) struct Reply {
    status: u16,
    body: Value,
    retry_after: Option<u32>,
}

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            retry_after: None,
        }
    }

    /// 204.
    pub(super) fn nothing() -> Self {
        Self::new(204, Value::Null)
    }

    /// `{"errors": [text]}`.
    pub(super) fn error(status: u16, text: &str) -> Self {
        Self::new(status, json!({ "errors": [text] }))
    }

    /// 404 without a reason: there is nothing.
    pub(super) fn not_found() -> Self {
        Self::new(404, json!({ "errors": [] }))
    }

    pub(super) fn sealed() -> Self {
        Self::error(503, "Vault is sealed")
    }

    pub(super) fn denied() -> Self {
        Self::error(403, "1 error occurred:\n\t* permission denied\n\n")
    }

    pub(super) fn invalid_token() -> Self {
        Self::error(
            403,
            "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
        )
    }

    /// 200 with `data`.
    pub(super) fn data(data: Value) -> Self {
        Self::new(200, envelope(data, Value::Null))
    }

    /// 404 with `data`: a version that was deleted.
    pub(super) fn gone(data: Value) -> Self {
        Self::new(404, envelope(data, Value::Null))
    }

    /// 200 with `auth`.
    pub(super) fn auth(auth: Value) -> Self {
        Self::new(200, envelope(Value::Null, auth))
    }

    pub(super) fn retry_after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after = seconds;
        self
    }

    pub(super) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = if self.body.is_null() {
            Body::empty()
        } else {
            Body::from(self.body.to_string())
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn envelope(data: Value, auth: Value) -> Value {
    json!({
        "request_id": random_id(),
        "lease_id": "",
        "renewable": false,
        "lease_duration": 0,
        "data": data,
        "wrap_info": null,
        "warnings": null,
        "auth": auth,
        "mount_type": "",
    })
}
