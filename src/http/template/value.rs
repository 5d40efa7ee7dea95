//! From a value of the template engine to text and to JSON. A missing value
//! fails here, wherever it stands.

use std::borrow::Cow;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json};

use super::stop::Stop;
use crate::http::context::answered;

/// Whether there is no value.
pub(super) fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// The value, unless there is none.
pub(super) fn present(value: &Value) -> Result<&Value, Error> {
    if is_missing(value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(value)
}

/// A text as it is; numbers and booleans as JSON writes them.
pub(super) fn text_of(value: &Value) -> Result<Cow<'_, str>, Error> {
    let value = present(value)?;
    if let Some(text) = value.as_str() {
        return Ok(Cow::Borrowed(text));
    }
    if [ValueKind::Bool, ValueKind::Number].contains(&value.kind()) {
        return json_of(value).map(|json| Cow::Owned(json.to_string()));
    }
    Err(Stop::Compound.into())
}

/// The elements of a list.
pub(super) fn items_of(value: &Value) -> Result<Vec<Value>, Error> {
    let value = present(value)?;
    if ![ValueKind::Seq, ValueKind::Iterable].contains(&value.kind()) {
        return Err(Stop::NeedsList.into());
    }
    value.try_iter().map(Iterator::collect)
}

/// The value with its type. What an answer holds stays as it was, `null` inside
/// of it included; in a list or object that the template makes each value must
/// be there.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enumeration is the template engine's, and may grow"
)]
pub(super) fn json_of(value: &Value) -> Result<Json, Error> {
    if let Some(json) = answered(value) {
        return Ok(json.clone());
    }
    let value = present(value)?;
    match value.kind() {
        ValueKind::Bool | ValueKind::Number | ValueKind::String => {
            match serde_json::to_value(value) {
                // Numbers without end are none in JSON.
                Ok(Json::Null) | Err(_) => Err(Stop::NotJson.into()),
                Ok(json) => Ok(json),
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = items_of(value)?;
            let items: Result<_, _> = items.iter().map(json_of).collect();
            items.map(Json::Array)
        }
        ValueKind::Map => {
            let mut fields = Map::new();
            for key in value.try_iter()? {
                let name = key.as_str().ok_or(Stop::NotJson)?;
                fields.insert(name.to_owned(), json_of(&value.get_item(&key)?)?);
            }
            Ok(Json::Object(fields))
        }
        _ => Err(Stop::NotJson.into()),
    }
}
