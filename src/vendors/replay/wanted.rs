//! Whether a request is the one that an exchange expects.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::file::{ExpectedRequest, OneOrMore};
use super::pattern::Values;
use super::predicate::{Comparison, Others};
use super::recorded::Recorded;

/// Headers of the transport, which say nothing of the request.
const OF_THE_TRANSPORT: [&str; 6] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "user-agent",
];

type Named<'a> = BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>;

/// Where a URL leads: its host and its path.
struct Address<'a> {
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Address<'a> {
    fn of(url: &'a str) -> Self {
        let rest = url.strip_prefix("https://").unwrap_or(url);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        Self { host, path, query }
    }
}

/// A URL that begins with a placeholder for a whole URL, with its value; every
/// other one as it is.
fn based<'a>(url: &'a str, values: &Values) -> Cow<'a, str> {
    let named = url.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let known = named.and_then(|(name, rest)| {
        let base = values.get(name)?.as_str()?;
        let base = base.strip_prefix("https://")?.trim_end_matches('/');
        Some(Cow::Owned(format!("https://{base}{rest}")))
    });
    known.unwrap_or(Cow::Borrowed(url))
}

/// Whether method and path are those that are expected, whatever the host.
pub(super) fn is_the_same_call(
    expected: &ExpectedRequest,
    request: &Recorded,
    values: &mut Values,
) -> bool {
    let whole = based(&expected.url, values);
    let (wanted, found) = (Address::of(&whole), Address::of(&request.url));
    expected.method == request.method && is_path(wanted.path, found.path, values)
}

/// In what a request differs from the one that is expected.
pub(super) fn differences(
    expected: &ExpectedRequest,
    request: &Recorded,
    values: &mut Values,
) -> Vec<String> {
    let mut all = Vec::new();
    let whole = based(&expected.url, values);
    let (wanted, found) = (Address::of(&whole), Address::of(&request.url));
    if expected.method != request.method {
        let (wanted, came) = (&expected.method, &request.method);
        all.push(format!("method: expected {wanted}, came {came}"));
    }
    if !values.fits(wanted.host, found.host) {
        all.push(differ("host", &filled(wanted.host, values), found.host));
    }
    if !is_path(wanted.path, found.path, values) {
        all.push(differ("path", &filled(wanted.path, values), found.path));
    }
    query(expected, &wanted, &found, values, &mut all);
    headers(expected, request, values, &mut all);
    body(expected, request, values, &mut all);
    all
}

/// Segment by segment, percent-decoded.
fn is_path(wanted: &str, found: &str, values: &mut Values) -> bool {
    let (wanted, found): (Vec<_>, Vec<_>) =
        (wanted.split('/').collect(), found.split('/').collect());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    wanted.len() == found.len()
        && wanted
            .iter()
            .zip(&found)
            .all(|(wanted, found)| values.fits(&decoded(wanted), &decoded(found)))
}

fn query(
    expected: &ExpectedRequest,
    wanted: &Address<'_>,
    found: &Address<'_>,
    values: &mut Values,
    all: &mut Vec<String>,
) {
    let mut named = pairs(wanted.query.as_bytes());
    add(&mut named, &expected.query);
    compare("query", &named, &pairs(found.query.as_bytes()), values, all);
}

fn pairs(encoded: &[u8]) -> Named<'_> {
    let mut named = Named::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        named.entry(name).or_default().push(value);
    }
    named
}

fn add<'a>(named: &mut Named<'a>, more: &'a BTreeMap<String, OneOrMore>) {
    for (name, texts) in more {
        let texts = texts.all().iter().map(|text| Cow::from(text.as_str()));
        named.entry(name.as_str().into()).or_default().extend(texts);
    }
}

/// All names of the one are names of the other, with as many values.
fn compare(
    what: &str,
    wanted: &Named<'_>,
    found: &Named<'_>,
    values: &mut Values,
    all: &mut Vec<String>,
) {
    for (name, patterns) in wanted {
        let place = format!("{what} {name}");
        let came = found.get(name).map_or(&[][..], Vec::as_slice);
        let fits = patterns.len() == came.len()
            && patterns.iter().zip(came).all(|(p, t)| values.fits(p, t));
        if !fits {
            all.push(differ(
                &place,
                &filled(&patterns.join(", "), values),
                &came.join(", "),
            ));
        }
    }
    let others = found.iter().filter(|(name, _)| !wanted.contains_key(*name));
    all.extend(others.map(|(name, texts)| {
        format!(
            "{what} {name}: not expected at all, came {}",
            texts.join(", ")
        )
    }));
}

fn headers(
    expected: &ExpectedRequest,
    request: &Recorded,
    values: &mut Values,
    all: &mut Vec<String>,
) {
    for (name, pattern) in &expected.headers {
        let came = request.values_of(name);
        if !came.iter().any(|text| values.fits(pattern, text)) {
            let place = format!("header {}", name.to_ascii_lowercase());
            all.push(differ(&place, &filled(pattern, values), &came.join(", ")));
        }
    }
    for name in &expected.absent_headers {
        if let Some(came) = request.header(name) {
            all.push(format!("header {name}: must be absent, came {came}"));
        }
    }
    if !expected.headers_exact {
        return;
    }
    let lists = |name: &str| {
        expected
            .headers
            .keys()
            .any(|key| key.eq_ignore_ascii_case(name))
    };
    let sends_a_body = !request.body.is_empty();
    let others = request.headers.iter().filter(|(name, _)| {
        let usual = OF_THE_TRANSPORT.contains(&name.as_str())
            || (sends_a_body && name.as_str() == "content-type");
        !usual && !lists(name)
    });
    all.extend(
        others.map(|(name, value)| format!("header {name}: not expected at all, came {value}")),
    );
}

fn body(
    expected: &ExpectedRequest,
    request: &Recorded,
    values: &mut Values,
    all: &mut Vec<String>,
) {
    let json = [
        (&expected.json, Others::Forbidden),
        (&expected.json_contains, Others::Ignored),
    ];
    let json = json
        .into_iter()
        .find_map(|(json, others)| Some((&json.as_ref()?.0, others)));
    match (json, &expected.form, &expected.text) {
        (Some((wanted, others)), _, _) => {
            is_of_type(expected, request, &["application/json", "+json"], all);
            match serde_json::from_str::<Value>(&request.body) {
                Ok(found) => Comparison {
                    values,
                    others,
                    differences: all,
                }
                .at("", wanted, Some(&found)),
                Err(_) => all.push(differ("body", "JSON", &request.body)),
            }
        }
        (None, Some(form), _) => {
            is_of_type(
                expected,
                request,
                &["application/x-www-form-urlencoded"],
                all,
            );
            let mut named = Named::new();
            add(&mut named, form);
            compare("form", &named, &pairs(request.body.as_bytes()), values, all);
        }
        (None, None, Some(text)) => {
            if !values.fits(text, &request.body) {
                all.push(differ("body", &filled(text, values), &request.body));
            }
        }
        (None, None, None) => {
            if !request.body.is_empty() {
                all.push(format!("body: not expected at all, came {}", request.body));
            }
        }
    }
}

/// The content type fits the body, unless the replay itself names one.
fn is_of_type(
    expected: &ExpectedRequest,
    request: &Recorded,
    types: &[&str],
    all: &mut Vec<String>,
) {
    let mut names = expected.headers.keys();
    if names.any(|name| name.eq_ignore_ascii_case("content-type")) {
        return;
    }
    let given = request.header("content-type").unwrap_or_default();
    let plain = given.split(';').next().unwrap_or_default().trim();
    if !types.iter().any(|known| plain.ends_with(known)) {
        all.push(differ("header content-type", types[0], given));
    }
}

/// The pattern as far as its values are known.
fn filled(pattern: &str, values: &Values) -> String {
    match values.text(pattern) {
        Ok(text) if text != pattern => format!("{text} ({pattern})"),
        Ok(_) | Err(_) => pattern.to_owned(),
    }
}

fn differ(place: &str, expected: &str, came: &str) -> String {
    let came = if came.is_empty() { "nothing" } else { came };
    format!("{place}: expected {expected}, came {came}")
}
