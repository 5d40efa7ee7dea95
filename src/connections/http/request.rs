//! From a step to a request.

use http::header::{ACCEPT, ETAG, IF_MATCH};
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::config::{Body, HttpConnection, IfMatch, Step};
use super::merge::Merge;
use super::purpose::Purpose;
use super::target::{self, ShowingStep};
use crate::http::message::wipe;
use crate::http::template::{Context, JsonTemplate};
use crate::http::{Answer, Request};

/// What a request is made from besides the step.
pub(super) struct Source<'a> {
    pub(super) config: &'a HttpConnection,
    pub(super) context: &'a Context,
    /// The answer of `read`.
    pub(super) read: Option<&'a Answer>,
    pub(super) scim_url: &'a Url,
}

/// Makes the request of a step.
///
/// # Errors
/// Says what of the settings or of the object that was read does not fit; no
/// value is in the text.
pub(super) fn make(step: &Step, purpose: Purpose, from: &Source<'_>) -> Result<Request, String> {
    let mut url = from.config.whole_url(&step.url).url(from.context)?;
    for (name, template) in &step.query {
        let value = template.text(from.context)?;
        url.query_pairs_mut().append_pair(name, &value);
    }
    let mut request = Request::new(step.method.clone(), url, purpose.as_str())
        .idempotent(step.idempotent.unwrap_or(!purpose.writes()) && !purpose.writes())
        .header(
            ACCEPT,
            HeaderValue::from_static("application/json, */*;q=0.1"),
        );
    for (name, template) in &step.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let value = template
            .header(from.context)
            .map_err(|why| format!("header `{name}`: {why}"))?;
        request = request.sensitive(header, value);
    }
    let request = if_match(request, step, from.read)?;
    with_body(request, step, from)
}

fn with_body(request: Request, step: &Step, from: &Source<'_>) -> Result<Request, String> {
    match &step.body {
        None => Ok(request),
        Some(Body::Json(json)) => {
            let mut body = json.render(from.context)?;
            let request = request.json(&body);
            wipe(&mut body);
            Ok(request)
        }
        Some(Body::Form(fields)) => {
            let mut pairs = Vec::with_capacity(fields.len());
            for (name, template) in fields {
                let value = template
                    .text(from.context)
                    .map_err(|why| format!("form field `{name}`: {why}"))?;
                pairs.push((name.as_str(), value));
            }
            Ok(request.form(pairs.iter().map(|(name, value)| (*name, value.as_str()))))
        }
        Some(Body::Merge(merge)) => {
            let mut body = merged(merge, from)?;
            let request = request.json(&body);
            wipe(&mut body);
            Ok(request)
        }
    }
}

fn merged(merge: &Merge<JsonTemplate>, from: &Source<'_>) -> Result<Value, String> {
    let read = from
        .read
        .ok_or("`read` was not made, so there is nothing to merge into")?;
    let mut document = read.json().map_err(|fault| fault.message)?;
    let changes = merge.try_map(|at, value| {
        value
            .render(from.context)
            .map_err(|why| format!("`{at}`: {why}"))
    })?;
    let changed = changes
        .apply(&mut document)
        .map_err(|why| format!("the object that `read` showed cannot be changed: {why}"))
        .and_then(|()| still_ours(&document, from));
    match changed {
        Ok(()) => Ok(document),
        Err(why) => {
            wipe(&mut document);
            Err(why)
        }
    }
}

/// The object goes back whole, with the base URL in it: it must not have
/// become another one on the way.
fn still_ours(document: &Value, from: &Source<'_>) -> Result<(), String> {
    for held in &from.config.base_url {
        let here = from.config.showing(held) == ShowingStep::Read;
        if here && held.text(document).is_some() {
            target::check(held, document, from.scim_url)?;
        }
    }
    Ok(())
}

fn if_match(request: Request, step: &Step, read: Option<&Answer>) -> Result<Request, String> {
    let wanted = match step.if_match {
        IfMatch::Never => return Ok(request),
        IfMatch::Auto => matches!(step.body, Some(Body::Merge(_))),
        IfMatch::Require => true,
    };
    if !wanted || request.headers.contains_key(IF_MATCH) {
        return Ok(request);
    }
    match read.and_then(|answer| answer.headers.get(ETAG)) {
        Some(etag) => Ok(request.header(IF_MATCH, etag.clone())),
        None if step.if_match == IfMatch::Require => Err(
            "`if_match` is \"require\", but `read` showed no ETag; nothing was written".to_owned(),
        ),
        None => Ok(request),
    }
}
