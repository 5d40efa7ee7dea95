//! What an answer is made of, for a person: names of fields and headers, and
//! never a value.

use std::collections::BTreeSet;

use serde_json::Value;

use super::message::Answer;

/// Most names that are told.
const MOST_NAMES: usize = 12;

/// How deep fields are named.
const DEEPEST: usize = 4;

/// A longer name, or one with other characters, may be data: a map whose keys
/// are chosen by somebody.
const LONGEST_NAME: usize = 40;

/// Headers that almost every answer has.
const USUAL_HEADERS: [&str; 25] = [
    "accept-ranges",
    "access-control-allow-origin",
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "pragma",
    "referrer-policy",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
    "x-frame-options",
];

/// The shape of an answer: `a JSON object with the fields `data.token`; the
/// headers `x-token``.
pub(super) fn of(answer: &Answer, json: Option<&Value>) -> String {
    let body = match json {
        _ if answer.body.is_empty() => "an empty body".to_owned(),
        Some(json) => of_json(json),
        None => format!("a body of {} bytes that is not JSON", answer.body.len()),
    };
    let headers: BTreeSet<String> = answer
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| !USUAL_HEADERS.contains(name) && is_a_name(name))
        .map(|name| format!("`{name}`"))
        .collect();
    match headers.is_empty() {
        true => body,
        false => format!("{body}, and the headers {}", listed(&headers)),
    }
}

fn of_json(json: &Value) -> String {
    let mut names = BTreeSet::new();
    collect(json, "", DEEPEST, &mut names);
    let what = match json {
        Value::Object(_) => "a JSON object",
        Value::Array(_) => "a JSON array",
        Value::String(_) => "a JSON text",
        Value::Number(_) => "a JSON number",
        Value::Bool(_) => "a JSON boolean",
        Value::Null => "the JSON value null",
    };
    match names.is_empty() {
        true => what.to_owned(),
        false => format!("{what} with the fields {}", listed(&names)),
    }
}

/// The names of all values that have no parts, as paths.
fn collect(value: &Value, path: &str, deeper: usize, names: &mut BTreeSet<String>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (below(path, name), field))
            .collect(),
        // The items of a list are alike.
        Value::Array(items) => items
            .first()
            .map(|first| (format!("{path}[0]"), first))
            .into_iter()
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    if (parts.is_empty() || deeper == 0) && !path.is_empty() {
        names.insert(format!("`{path}`"));
        return;
    }
    for (path, part) in parts {
        if names.len() > MOST_NAMES {
            return;
        }
        collect(part, &path, deeper.saturating_sub(1), names);
    }
}

fn below(path: &str, name: &str) -> String {
    let name = if is_a_name(name) { name } else { "…" };
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Whether a field name is a word of the API. A long name with digits in it is
/// more likely an id or a token.
fn is_a_name(name: &str) -> bool {
    let usual = |b: u8| b.is_ascii_alphanumeric() || b"_-.$@:".contains(&b);
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(usual)
        && (digits <= 2 || name.len() <= 8)
}

fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let more = if names.len() > MOST_NAMES {
        " and more"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;
    use crate::http::message::Origin;

    fn shape(body: &str, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value"));
        }
        let answer = Answer {
            parsed: crate::http::message::Parsed::default(),
            status: 200,
            headers: map,
            body: Zeroizing::new(body.as_bytes().to_vec()),
            origin: Origin {
                method: Method::POST,
                host: "sp.example".to_owned(),
                operation: "issue",
                idempotent: false,
            },
        };
        of(&answer, answer.json().ok().as_ref())
    }

    #[test]
    fn names_are_told_and_values_are_not() {
        let cases = [
            (
                json!({"data": {"token": "cAnArY", "id": 7}, "errors": [{"message": "cAnArY"}, 1]})
                    .to_string(),
                "a JSON object with the fields `data.id`, `data.token`, `errors[0].message`",
            ),
            (
                json!(["cAnArY"]).to_string(),
                "a JSON array with the fields `[0]`",
            ),
            (json!("cAnArY").to_string(), "a JSON text"),
            (json!({}).to_string(), "a JSON object"),
            ("cAnArY".to_owned(), "a body of 6 bytes that is not JSON"),
            (String::new(), "an empty body"),
            (
                json!({"cAnArY-8271-99aa": 1}).to_string(),
                "a JSON object with the fields `…`",
            ),
            (
                json!({"a\u{1b}[31m": 1}).to_string(),
                "a JSON object with the fields `…`",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(shape(&body, &[]), expected);
        }
    }

    #[test]
    fn headers_are_told_except_the_usual_ones() {
        let headers = [("date", "cAnArY"), ("x-token", "cAnArY")];
        let expected = "an empty body, and the headers `x-token`";
        assert_eq!(shape("", &headers), expected);
    }

    #[test]
    fn a_large_answer_is_told_in_short() {
        let many: serde_json::Map<String, Value> =
            ('a'..='z').map(|c| (c.to_string(), json!(1))).collect();
        let told = shape(&Value::Object(many).to_string(), &[]);
        assert!(told.ends_with("`l` and more"), "{told}");
    }
}
