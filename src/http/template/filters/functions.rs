//! What the filters and tests do. All of them fail on a missing value, but for
//! those that exist for missing values, and none of them guesses a type.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::Error;
use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::stop::Stop;
use super::super::value::{is_missing, items_of, json_of, present, text_of};

/// Unreserved characters of RFC 3986 stay; everything else is encoded.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a text for any part of a URL.
pub(in crate::http::template) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, IN_URL).to_string()
}

/// The value in the place of a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::template) enum Instead {
    /// `or_null`.
    Null,
    /// `or_omit`.
    Omit,
}

impl Object for Instead {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

pub(super) fn or(value: Value, instead: Instead) -> Value {
    if is_missing(&value) {
        Value::from_object(instead)
    } else {
        value
    }
}

pub(super) fn default(value: Value, other: Value) -> Value {
    if is_missing(&value) { other } else { value }
}

pub(super) fn lower(value: &Value) -> Result<String, Error> {
    text(value, "lower").map(str::to_lowercase)
}

pub(super) fn upper(value: &Value) -> Result<String, Error> {
    text(value, "upper").map(str::to_uppercase)
}

pub(super) fn trim(value: &Value) -> Result<String, Error> {
    text(value, "trim").map(|text| text.trim().to_owned())
}

pub(super) fn replace(value: &Value, old: &Value, new: &Value) -> Result<String, Error> {
    let (old, new) = (text(old, "replace")?, text(new, "replace")?);
    text(value, "replace").map(|text| text.replace(old, new))
}

pub(super) fn split(value: &Value, separator: &Value) -> Result<Vec<String>, Error> {
    let separator = text(separator, "split")?;
    let parts = text(value, "split")?.split(separator);
    Ok(parts.map(str::to_owned).collect())
}

pub(super) fn first(value: &Value) -> Result<Value, Error> {
    Ok(items_of(value)?.into_iter().next().unwrap_or_default())
}

pub(super) fn last(value: &Value) -> Result<Value, Error> {
    Ok(items_of(value)?.pop().unwrap_or_default())
}

pub(super) fn join(value: &Value, separator: &Value) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, item) in items_of(value)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(text(separator, "join")?);
        }
        joined.push_str(&text_of(item)?);
    }
    Ok(joined)
}

pub(super) fn length(value: &Value) -> Result<usize, Error> {
    match value.as_str() {
        Some(text) => Ok(text.chars().count()),
        None => items_of(value).map(|items| items.len()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number without fraction in the range of the type"
)]
pub(super) fn int(value: &Value) -> Result<i64, Error> {
    let refused = || Stop::NotWhole.into();
    if let Some(text) = value.as_str() {
        return text.trim().parse().map_err(|_| refused());
    }
    if let Some(whole) = value.as_i64().filter(|_| value.is_number()) {
        return Ok(whole);
    }
    number(value)
        .ok()
        .filter(|n| n.fract() == 0.0 && n.abs() < MOST_PRECISE)
        .map(|n| n as i64)
        .ok_or_else(refused)
}

/// Above this a floating-point number may stand for several whole ones.
const MOST_PRECISE: f64 = 9_007_199_254_740_992.0;

pub(super) fn round(value: &Value, digits: Option<u32>) -> Result<Value, Error> {
    let number = number(value)?;
    let digits = usize::try_from(digits.unwrap_or(0).min(17)).unwrap_or_default();
    if digits == 0 {
        return int(&Value::from(number.round())).map(Value::from);
    }
    let rounded: Result<f64, _> = format!("{number:.digits$}").parse();
    rounded.map(Value::from).map_err(|_| Stop::NotWhole.into())
}

pub(super) fn string(value: &Value) -> Result<String, Error> {
    text_of(value).map(|text| text.into_owned())
}

pub(super) fn tojson(value: &Value) -> Result<String, Error> {
    json_of(value).map(|json| json.to_string())
}

/// Marked, so that a URL does not encode it again.
pub(super) fn urlencode(value: &Value) -> Result<Value, Error> {
    text_of(value).map(|text| Value::from_safe_string(encoded(&text)))
}

pub(super) fn b64encode(value: &Value) -> Result<String, Error> {
    text(value, "b64encode").map(|text| STANDARD.encode(text))
}

pub(super) fn uuid(value: &Value) -> Result<String, Error> {
    text(value, "uuid").map(crate::ids::uuid_of)
}

pub(super) fn starts(value: &Value, with: &Value) -> Result<bool, Error> {
    let with = text(with, "startingwith")?;
    text(value, "startingwith").map(|text| text.starts_with(with))
}

pub(super) fn ends(value: &Value, with: &Value) -> Result<bool, Error> {
    let with = text(with, "endingwith")?;
    text(value, "endingwith").map(|text| text.ends_with(with))
}

fn text<'v>(value: &'v Value, filter: &'static str) -> Result<&'v str, Error> {
    present(value)?
        .as_str()
        .ok_or_else(|| Stop::NeedsText(filter).into())
}

fn number(value: &Value) -> Result<f64, Error> {
    let value = present(value)?;
    let number = value.is_number().then(|| f64::try_from(value.clone()).ok());
    number.flatten().ok_or_else(|| Stop::NeedsNumber.into())
}

pub(super) fn kind(value: &Value) -> Result<ValueKind, Error> {
    present(value).map(Value::kind)
}
