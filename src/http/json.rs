//! JSON of answers: parsed once, and wiped when nobody uses it any more.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_json::error::Category;
use zeroize::Zeroize;

/// JSON whose texts are wiped when it is dropped. Clones share it. No `Debug`.
#[derive(Clone)]
pub struct SecretJson(Arc<Wiped>);

impl SecretJson {
    fn parse(body: &[u8]) -> Result<Self, NotJson> {
        match serde_json::from_slice(body) {
            Ok(value) => Ok(Self(Arc::new(Wiped(value)))),
            Err(error) => Err(match error.classify() {
                Category::Eof if body.is_empty() => NotJson::Empty,
                Category::Eof => NotJson::CutOff,
                Category::Io | Category::Syntax | Category::Data => NotJson::Other,
            }),
        }
    }
}

impl std::ops::Deref for SecretJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0.0
    }
}

struct Wiped(Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Why a body is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotJson {
    Empty,
    CutOff,
    Other,
}

/// A body as JSON, once it was asked for.
#[derive(Clone, Default)]
pub struct Parsed(OnceLock<Result<SecretJson, NotJson>>);

impl Parsed {
    pub(super) fn of(&self, body: &[u8]) -> Result<SecretJson, NotJson> {
        self.0.get_or_init(|| SecretJson::parse(body)).clone()
    }
}

/// Wipes every text of a JSON value.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
