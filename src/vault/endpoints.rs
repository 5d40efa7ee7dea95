//! Requests that vaultrs does not have: to any path, with or without a JSON body.

use rustify::endpoint::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use rustify::errors::ClientError;
use serde_json::Value;

/// A request to any path.
pub(super) struct Plain {
    method: RequestMethod,
    path: String,
    body: Option<Value>,
}

impl Plain {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: RequestMethod::GET,
            path: path.into(),
            body: None,
        }
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self {
            method: RequestMethod::DELETE,
            path: path.into(),
            body: None,
        }
    }

    pub(super) fn list(path: impl Into<String>) -> Self {
        Self {
            method: RequestMethod::LIST,
            path: path.into(),
            body: None,
        }
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            method: RequestMethod::POST,
            path: path.into(),
            body: Some(body),
        }
    }
}

impl Endpoint for Plain {
    type Response = ();
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.clone()
    }

    fn method(&self) -> RequestMethod {
        self.method.clone()
    }

    fn body(&self) -> Result<Option<Vec<u8>>, ClientError> {
        let body = self.body.as_ref();
        Ok(body.map(|body| body.to_string().into_bytes()))
    }
}
