//! What the filters and tests do. All of them fail on a missing value, but for
//! those that exist for missing values, and none of them guesses a type.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Environment, Error};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::engine::Stop;
use super::super::value::{is_missing, items_of, json_of, present, text_of};
use super::{Function, Kind};

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

/// What stands in the place of a missing value.
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

const fn filter(
    usage: &'static str,
    arguments: (usize, usize),
    about: &'static str,
    (example, gives): (&'static str, &'static str),
    add: fn(&mut Environment<'static>, &'static str),
) -> Function {
    Function {
        kind: Kind::Filter,
        usage,
        about,
        example,
        gives,
        arguments,
        add,
    }
}

const fn test(
    usage: &'static str,
    arguments: (usize, usize),
    about: &'static str,
    (example, gives): (&'static str, &'static str),
    add: fn(&mut Environment<'static>, &'static str),
) -> Function {
    Function {
        kind: Kind::Test,
        usage,
        about,
        example,
        gives,
        arguments,
        add,
    }
}

/// Every filter and test, in the order of the documentation.
pub(super) const ALL: &[Function] = &[
    filter(
        "or_omit",
        (0, 0),
        "Ends an expression: if there is no value, the header, query parameter, form field, JSON member or list item is left out.",
        ("Bearer {{ token | or_omit }}", "Bearer tok_8f3a"),
        |e, name| e.add_filter(name, |value: Value| or(value, Instead::Omit)),
    ),
    filter(
        "or_null",
        (0, 0),
        "Ends an expression that is alone in a text of a JSON body: if there is no value, JSON gets `null`.",
        ("{{ label | or_null }}", "scim-rotator-crm-prod-r1-1"),
        |e, name| e.add_filter(name, |value: Value| or(value, Instead::Null)),
    ),
    filter(
        "default(value)",
        (1, 1),
        "If there is no value, gives this one.",
        ("{{ config.missing | default('none given') }}", "none given"),
        |e, name| e.add_filter(name, default),
    ),
    filter(
        "lower",
        (0, 0),
        "The text in lower case.",
        ("{{ 'ACME' | lower }}", "acme"),
        |e, name| e.add_filter(name, lower),
    ),
    filter(
        "upper",
        (0, 0),
        "The text in upper case.",
        ("{{ 'acme' | upper }}", "ACME"),
        |e, name| e.add_filter(name, upper),
    ),
    filter(
        "trim",
        (0, 0),
        "The text without white space at its ends.",
        ("{{ ' a b ' | trim }}", "a b"),
        |e, name| e.add_filter(name, trim),
    ),
    filter(
        "replace(old, new)",
        (2, 2),
        "The text with every `old` replaced by `new`.",
        ("{{ 'a.b.c' | replace('.', '-') }}", "a-b-c"),
        |e, name| e.add_filter(name, replace),
    ),
    filter(
        "split(separator)",
        (1, 1),
        "The parts of the text, a list.",
        ("{{ 'tid_77.s3cret' | split('.') | first }}", "tid_77"),
        |e, name| e.add_filter(name, split),
    ),
    filter(
        "first",
        (0, 0),
        "The first element of a list; none if it is empty.",
        ("{{ config.scopes | first }}", "users"),
        |e, name| e.add_filter(name, first),
    ),
    filter(
        "last",
        (0, 0),
        "The last element of a list; none if it is empty.",
        ("{{ config.scopes | last }}", "groups"),
        |e, name| e.add_filter(name, last),
    ),
    filter(
        "join(separator)",
        (1, 1),
        "The elements of a list as one text.",
        ("{{ config.scopes | join(' ') }}", "users groups"),
        |e, name| e.add_filter(name, join),
    ),
    filter(
        "length",
        (0, 0),
        "The number of characters of a text, or of elements of a list.",
        ("{{ config.scopes | length }}", "2"),
        |e, name| e.add_filter(name, length),
    ),
    filter(
        "int",
        (0, 0),
        "A text of digits, or a number without fraction, as a whole number.",
        ("{{ '00123' | int }}", "123"),
        |e, name| e.add_filter(name, int),
    ),
    filter(
        "round(digits)",
        (0, 1),
        "The number with so many digits after the point; without `digits` a whole number.",
        ("{{ (7 / 3) | round(2) }} {{ (7 / 3) | round }}", "2.33 2"),
        |e, name| e.add_filter(name, round),
    ),
    filter(
        "string",
        (0, 0),
        "The value as a text, where JSON would get a number or a boolean.",
        ("{{ lifetime_seconds | string }}", "7776000"),
        |e, name| e.add_filter(name, string),
    ),
    filter(
        "tojson",
        (0, 0),
        "The value as JSON, in a text that is JSON itself.",
        ("{\"t\": {{ 'a\"b' | tojson }}}", "{\"t\": \"a\\\"b\"}"),
        |e, name| e.add_filter(name, tojson),
    ),
    filter(
        "urlencode",
        (0, 0),
        "The value percent-encoded. In a URL, a query and a form every value is encoded anyway, and only once.",
        ("{{ 'a/b c' | urlencode }}", "a%2Fb%20c"),
        |e, name| e.add_filter(name, urlencode),
    ),
    filter(
        "b64encode",
        (0, 0),
        "The text in base64, with padding.",
        (
            "{{ [token_name, secrets.api_key] | join(':') | b64encode }}",
            "Y3JtLXByb2Q6azN5",
        ),
        |e, name| e.add_filter(name, b64encode),
    ),
    test(
        "defined",
        (0, 0),
        "There is a value: the name exists and is not `null`.",
        (
            "{% if config.missing is defined %}yes{% else %}no{% endif %}",
            "no",
        ),
        |e, name| e.add_test(name, |value: &Value| !is_missing(value)),
    ),
    test(
        "startingwith(text)",
        (1, 1),
        "The text begins with this one.",
        (
            "{% if token_name is startingwith('crm') %}yes{% endif %}",
            "yes",
        ),
        |e, name| e.add_test(name, starts),
    ),
    test(
        "endingwith(text)",
        (1, 1),
        "The text ends with this one.",
        (
            "{% if token_name is endingwith('-prod') %}yes{% endif %}",
            "yes",
        ),
        |e, name| e.add_test(name, ends),
    ),
    test(
        "string",
        (0, 0),
        "The value is a text.",
        (
            "{% if lifetime is string %}text{% else %}number{% endif %}",
            "number",
        ),
        |e, name| {
            e.add_test(name, |value: &Value| {
                kind(value).map(|k| k == ValueKind::String)
            })
        },
    ),
    test(
        "number",
        (0, 0),
        "The value is a number.",
        (
            "{% if lifetime is number %}number{% else %}text{% endif %}",
            "number",
        ),
        |e, name| {
            e.add_test(name, |value: &Value| {
                kind(value).map(|k| k == ValueKind::Number)
            })
        },
    ),
];

fn or(value: Value, instead: Instead) -> Value {
    if is_missing(&value) {
        Value::from_object(instead)
    } else {
        value
    }
}

fn default(value: Value, other: Value) -> Value {
    if is_missing(&value) { other } else { value }
}

fn lower(value: &Value) -> Result<String, Error> {
    text(value, "lower").map(str::to_lowercase)
}

fn upper(value: &Value) -> Result<String, Error> {
    text(value, "upper").map(str::to_uppercase)
}

fn trim(value: &Value) -> Result<String, Error> {
    text(value, "trim").map(|text| text.trim().to_owned())
}

fn replace(value: &Value, old: &Value, new: &Value) -> Result<String, Error> {
    let (old, new) = (text(old, "replace")?, text(new, "replace")?);
    text(value, "replace").map(|text| text.replace(old, new))
}

fn split(value: &Value, separator: &Value) -> Result<Vec<String>, Error> {
    let separator = text(separator, "split")?;
    let parts = text(value, "split")?.split(separator);
    Ok(parts.map(str::to_owned).collect())
}

fn first(value: &Value) -> Result<Value, Error> {
    Ok(items_of(value)?.into_iter().next().unwrap_or_default())
}

fn last(value: &Value) -> Result<Value, Error> {
    Ok(items_of(value)?.pop().unwrap_or_default())
}

fn join(value: &Value, separator: &Value) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, item) in items_of(value)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(text(separator, "join")?);
        }
        joined.push_str(&text_of(item)?);
    }
    Ok(joined)
}

fn length(value: &Value) -> Result<usize, Error> {
    match value.as_str() {
        Some(text) => Ok(text.chars().count()),
        None => items_of(value).map(|items| items.len()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number without fraction in the range of the type"
)]
fn int(value: &Value) -> Result<i64, Error> {
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

fn round(value: &Value, digits: Option<u32>) -> Result<Value, Error> {
    let number = number(value)?;
    let digits = usize::try_from(digits.unwrap_or(0).min(17)).unwrap_or_default();
    if digits == 0 {
        return int(&Value::from(number.round())).map(Value::from);
    }
    let rounded: Result<f64, _> = format!("{number:.digits$}").parse();
    rounded.map(Value::from).map_err(|_| Stop::NotWhole.into())
}

fn string(value: &Value) -> Result<String, Error> {
    text_of(value).map(|text| text.into_owned())
}

fn tojson(value: &Value) -> Result<String, Error> {
    json_of(value).map(|json| json.to_string())
}

/// Marked, so that a URL does not encode it again.
fn urlencode(value: &Value) -> Result<Value, Error> {
    text_of(value).map(|text| Value::from_safe_string(encoded(&text)))
}

fn b64encode(value: &Value) -> Result<String, Error> {
    text(value, "b64encode").map(|text| STANDARD.encode(text))
}

fn starts(value: &Value, with: &Value) -> Result<bool, Error> {
    let with = text(with, "startingwith")?;
    text(value, "startingwith").map(|text| text.starts_with(with))
}

fn ends(value: &Value, with: &Value) -> Result<bool, Error> {
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

fn kind(value: &Value) -> Result<ValueKind, Error> {
    present(value).map(Value::kind)
}
