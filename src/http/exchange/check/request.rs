//! What is wrong with the request of a call.

use http::{HeaderName, Method};
use url::Url;

use super::Checker;
use crate::http::client::allowed;
use crate::http::exchange::call::{Body, Call, IfMatch};
use crate::http::exchange::merge::Merge;
use crate::http::exchange::purpose::Purpose;
use crate::http::template::{JsonTemplate, Names, Template, TemplateMap};
use crate::problem::Problems;
use crate::value::https_of;

const LONGEST_TIMEOUT_SECONDS: i64 = 600;

impl Checker<'_> {
    pub(super) fn check_request(
        &self,
        call: &Call,
        path: &str,
        purpose: Purpose,
        earlier: &[&str],
        known: &Names,
        problems: &mut Problems,
    ) {
        call.each_template(&mut |key, template| {
            let at = format!("{path}.{key}");
            if key == "url" || key == "body.text.content" {
                template.check(&at, known, problems);
            } else {
                template.check_field(&at, known, problems);
            }
        });
        check_header_names(&call.headers, &format!("{path}.headers"), problems);
        match &call.body {
            Some(Body::Json(json)) => json.check(&format!("{path}.body.json"), known, problems),
            Some(Body::Merge(merge)) => self.check_merge(merge, path, earlier, known, problems),
            Some(Body::Text(text)) => {
                if http::HeaderValue::from_str(&text.content_type).is_err() {
                    problems.error(
                        format!("{path}.body.text.type"),
                        "this is not a content type",
                        "write for example \"application/xml\"",
                    );
                }
            }
            Some(Body::Form(_)) | None => {}
        }
        let method = call.method.clone().unwrap_or(purpose.method());
        if call.body.is_some() && method == Method::GET {
            problems.error(
                format!("{path}.method"),
                "a GET has no body",
                "write `method = \"POST\"`, or remove `body`",
            );
        }
        self.check_url(&call.url, &format!("{path}.url"), problems);
        let seconds = call.timeout.map(|t| t.0.as_secs_f64());
        if seconds.is_some_and(|s| s <= 0.0 || s > LONGEST_TIMEOUT_SECONDS as f64) {
            problems.error(
                format!("{path}.timeout"),
                "the timeout must be longer than 0s and at most 10m",
                "write for example \"30s\"",
            );
        }
        if call.if_match == IfMatch::Require && self.shared.lookups.is_empty() {
            problems.error(
                format!("{path}.if_match"),
                "no lookup shows an ETag",
                "configure a lookup of the object, or remove `if_match`",
            );
        }
    }

    fn check_url(&self, url: &Template, at: &str, problems: &mut Problems) {
        let whole = self.shared.whole_url(url);
        let source = whole.source();
        if source.trim().is_empty() {
            problems.error(
                at,
                "the URL is empty",
                "write it whole, or from `/` on what comes after `address`",
            );
            return;
        }
        if source.starts_with('/') {
            problems.error(
                at,
                "the URL has no scheme and host",
                format!("write it whole, or set `address` of `{}`", self.path),
            );
            return;
        }
        check_fixed(source, at, problems);
    }

    fn check_merge(
        &self,
        merge: &Merge<JsonTemplate>,
        path: &str,
        earlier: &[&str],
        names: &Names,
        problems: &mut Problems,
    ) {
        let at = format!("{path}.body.merge");
        if merge.is_empty() {
            problems.error(&at, "nothing is changed", "write `set`, `patch` or `merge`");
        }
        let lookups: Vec<&str> = self
            .shared
            .lookups
            .iter()
            .map(|call| call.name(Purpose::Lookup))
            .collect();
        let made = |name: &str| earlier.contains(&name) && lookups.contains(&name);
        match &merge.onto {
            None if !lookups.last().is_some_and(|last| made(last)) => problems.error(
                &at,
                "there is nothing to merge onto",
                "configure a lookup that reads the object",
            ),
            Some(onto) if !made(onto) => problems.error(
                format!("{at}.onto"),
                format!("no lookup that is made before this call is named `{onto}`"),
                "write the name of the lookup that reads the object",
            ),
            None | Some(_) => {}
        }
        merge.check_places(&at, names, problems);
        let checked: Result<Merge<()>, ()> = merge.try_map(|key, value| {
            value.check(&format!("{at}.{key}"), names, problems);
            Ok(())
        });
        debug_assert!(checked.is_ok(), "looking cannot fail");
    }
}

pub(in crate::http) fn check_headers(
    headers: &TemplateMap,
    known: &Names,
    path: &str,
    problems: &mut Problems,
) {
    for (name, template) in headers {
        template.check_field(&format!("{path}.{name}"), known, problems);
    }
    check_header_names(headers, path, problems);
}

fn check_header_names(headers: &TemplateMap, path: &str, problems: &mut Problems) {
    for name in headers.keys() {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            problems.error(
                format!("{path}.{name}"),
                format!("`{name}` is not a header name"),
                "write the name alone, without a colon",
            );
        }
    }
}

/// Up to the first value a URL is fixed, and so are scheme and host in most
/// cases; the others are checked when the URL is made.
pub(in crate::http) fn check_fixed(source: &str, at: &str, problems: &mut Problems) {
    let fixed = source.split("{{").next().unwrap_or_default();
    if fixed.is_empty() || fixed == "https://" || fixed == "http://" {
        return;
    }
    let parsed = Url::parse(fixed).map_err(|_| "it is not a URL");
    if let Err(why) = parsed.and_then(|url| allowed(&url)) {
        let remedy = https_of(source).map_or_else(
            || {
                "write an https URL such as https://api.example.com/v1; http is for loopback only"
                    .to_owned()
            },
            |url| format!("write \"{url}\"; http is for loopback only"),
        );
        problems.error(at, why, remedy);
    }
}
