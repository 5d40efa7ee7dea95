//! From a call to a request.

use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH};
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::Url;

use super::call::{Body, Call, IfMatch};
use super::masked;
use super::merge::Merge;
use super::page::PageMark;
use super::purpose::{Effect, Purpose};
use super::settings::Shared;
use crate::http::message::{Answer, Request, wipe};
use crate::http::template::{Context, JsonTemplate, TemplateMap};

const ACCEPTED: &str = "application/json, */*;q=0.1";

/// Largest page of a list.
const LARGEST_PAGE: usize = 16 << 20;

/// Looks at a document that goes back whole, before it is sent.
pub type Guard<'g> = dyn Fn(&str, &Value) -> Result<(), String> + Send + Sync + 'g;

/// What a request is made from besides the call.
pub(super) struct Source<'a> {
    pub(super) shared: &'a Shared,
    pub(super) context: &'a Context,
    /// The answer that a `merge` body changes, and the name of its lookup.
    pub(super) onto: Option<(&'a str, &'a Answer)>,
    pub(super) guard: Option<&'a Guard<'a>>,
    pub(super) page: &'a PageMark,
}

/// Makes the request of a call.
///
/// # Errors
/// Says what of the settings or of the document that was read does not fit; no
/// value is in the text.
pub(super) fn make(call: &Call, purpose: Purpose, from: &Source<'_>) -> Result<Request, String> {
    let method = call.method.clone().unwrap_or(purpose.method());
    let mut url = from.shared.whole_url(&call.url).url(from.context)?;
    for (name, template) in &call.query {
        if let Some(value) = template
            .text_or_omitted(from.context)
            .map_err(|why| format!("query parameter `{name}`: {why}"))?
        {
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    let url = from.page.url(url);
    let mut request = Request::new(method, url, purpose.as_str())
        .idempotent(harmless_twice(call.effect(purpose)))
        .header(ACCEPT, HeaderValue::from_static(ACCEPTED));
    for headers in [&from.shared.headers, &call.headers] {
        request = with_headers(request, headers, from.context)?;
    }
    if let PageMark::Header(name, value) = from.page {
        request = request.header(
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is not a header name"))?,
            HeaderValue::from_str(value)
                .map_err(|_| "the mark of the page is no header value".to_owned())?,
        );
    }
    if purpose.lists() {
        request.largest_answer = Some(LARGEST_PAGE);
    }
    let request = if_match(request, call, from.onto)?;
    with_body(request, call, from)
}

/// The request that asks how far an operation is that a call has started. It
/// has the headers of the call, which may carry a session.
pub(super) fn ask(
    call: &Call,
    purpose: Purpose,
    url: Url,
    from: &Source<'_>,
) -> Result<Request, String> {
    let mut request = Request::new(Method::GET, url, purpose.as_str())
        .idempotent(true)
        .header(ACCEPT, HeaderValue::from_static(ACCEPTED));
    for headers in [&from.shared.headers, &call.headers] {
        request = with_headers(request, headers, from.context)?;
    }
    for of_the_write in [CONTENT_TYPE, IF_MATCH] {
        request.headers.remove(of_the_write);
    }
    Ok(request)
}

/// Whether carrying a call out twice does no more than once. A write that may
/// be repeated has still been carried out when its answer is lost.
fn harmless_twice(effect: Effect) -> bool {
    match effect {
        Effect::None | Effect::Ends => true,
        Effect::Creates | Effect::Writes => false,
    }
}

pub(super) fn with_headers(
    mut request: Request,
    headers: &TemplateMap,
    context: &Context,
) -> Result<Request, String> {
    for (name, template) in headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let value = template
            .header_or_omitted(context)
            .map_err(|why| format!("header `{name}`: {why}"))?;
        if let Some(value) = value {
            request = request.sensitive(header, value);
        }
    }
    Ok(request)
}

fn with_body(request: Request, call: &Call, from: &Source<'_>) -> Result<Request, String> {
    match &call.body {
        None => Ok(request),
        Some(Body::Json(json)) => {
            let mut body = json.render(from.context)?;
            if let Some(at) = copied_mask(json, from) {
                wipe(&mut body);
                return Err(format!("`body.json`: {}", mask_was_shown(&at)));
            }
            let put = from.page.put(&mut body);
            let request = request.json(&body);
            wipe(&mut body);
            put.map(|()| request)
        }
        Some(Body::Form(fields)) => {
            let mut pairs = Vec::with_capacity(fields.len());
            for (name, template) in fields {
                let value = template
                    .text_or_omitted(from.context)
                    .map_err(|why| format!("form field `{name}`: {why}"))?;
                let copied = template.uses("steps");
                if let Some(value) = value.as_ref().filter(|_| copied)
                    && masked::looks_masked(value)
                {
                    return Err(format!("form field `{name}`: {}", mask_was_shown(name)));
                }
                pairs.extend(value.map(|value| (name.as_str(), value)));
            }
            Ok(request.form(pairs.iter().map(|(name, value)| (*name, value.as_str()))))
        }
        Some(Body::Text(text)) => {
            let content = text.content.text(from.context)?;
            let value = HeaderValue::from_str(&text.content_type)
                .map_err(|_| "`body.text.type` is not a content type".to_owned())?;
            let mut request = request.header(CONTENT_TYPE, value);
            request.body = zeroize::Zeroizing::new(content.as_bytes().to_vec());
            Ok(request)
        }
        Some(Body::Merge(merge)) => {
            let mut body = merged(merge, from)?;
            let request = request.json(&body);
            wipe(&mut body);
            Ok(request)
        }
    }
}

/// Where an earlier answer showed a mask that a body would write back.
fn copied_mask(json: &JsonTemplate, from: &Source<'_>) -> Option<String> {
    if !json.uses("steps") {
        return None;
    }
    let mut copied = json.only_using("steps").render(from.context).ok()?;
    let mask = masked::find_mask(&copied, "");
    wipe(&mut copied);
    mask
}

fn mask_was_shown(at: &str) -> String {
    format!(
        "the value for `{at}` was shown in place of a secret, and would be written over that secret: leave it out"
    )
}

/// Where a `merge` body would write a value back that may be a mask; `None` also
/// where something else is wrong with it.
pub(super) fn masked_place(call: &Call, from: &Source<'_>) -> Option<String> {
    let Some(Body::Merge(merge)) = &call.body else {
        return None;
    };
    let mut document = part_of(merge, from.onto?.1.json().ok()?).ok()?;
    let changes = merge.try_map(|_, value| value.render(from.context));
    let masked = changes
        .ok()
        .and_then(|changes| changes.masked(&mut document));
    wipe(&mut document);
    masked
}

/// The document that is changed: all of what a lookup showed, or a part of it.
fn part_of<V>(merge: &Merge<V>, mut whole: Value) -> Result<Value, String> {
    let Some(place) = &merge.part else {
        return Ok(whole);
    };
    let part = place.get(&whole).filter(|part| part.is_object()).cloned();
    wipe(&mut whole);
    part.ok_or_else(|| {
        let at = place.as_str();
        format!("`part`: no object stands at `{at}` of what the lookup showed")
    })
}

fn merged(merge: &Merge<JsonTemplate>, from: &Source<'_>) -> Result<Value, String> {
    let (name, read) = from
        .onto
        .ok_or("the lookup was not made, so there is nothing to merge onto")?;
    let whole = read.json().map_err(|fault| fault.message)?;
    let mut document = part_of(merge, whole)?;
    let changes = merge.try_map(|at, value| {
        value
            .render(from.context)
            .map_err(|why| format!("`{at}`: {why}"))
    })?;
    let changed = changes
        .apply(&mut document)
        .map_err(|why| format!("the document that `{name}` showed cannot be changed: {why}"))
        .and_then(|()| from.guard.map_or(Ok(()), |guard| guard(name, &document)));
    match changed {
        Ok(()) => Ok(document),
        Err(why) => {
            wipe(&mut document);
            Err(why)
        }
    }
}

fn if_match(
    request: Request,
    call: &Call,
    onto: Option<(&str, &Answer)>,
) -> Result<Request, String> {
    let wanted = match call.if_match {
        IfMatch::Never => return Ok(request),
        IfMatch::Auto => matches!(call.body, Some(Body::Merge(_))),
        IfMatch::Require => true,
    };
    if !wanted || request.headers.contains_key(IF_MATCH) {
        return Ok(request);
    }
    match onto.and_then(|(_, answer)| answer.headers.get(ETAG)) {
        Some(etag) => Ok(request.header(IF_MATCH, etag.clone())),
        None if call.if_match == IfMatch::Require => Err(
            "`if_match` is \"require\", but the lookup showed no ETag; nothing was sent".to_owned(),
        ),
        None => Ok(request),
    }
}
