//! A request to the Vault, taken apart.

use axum::http::Method;
use jiff::Timestamp;
use serde_json::Value;

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Read,
    Write,
    Delete,
    List,
}

impl Verb {
    pub(super) fn of(method: &Method, query: Option<&str>) -> Self {
        if method.as_str() == "LIST" || query.is_some_and(|q| q.contains("list=true")) {
            Self::List
        } else if *method == Method::POST || *method == Method::PUT {
            Self::Write
        } else if *method == Method::DELETE {
            Self::Delete
        } else {
            Self::Read
        }
    }
}

/// A request, taken apart.
pub(super) struct Request<'a> {
    pub(super) method: Verb,
    pub(super) path: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) body: Value,
    pub(super) now: Timestamp,
}
