//! A request outside of an exchange in the same words: templates of query and
//! headers, and rules for the answer. Probes use it.

use super::check::{check_headers, check_rules};
use super::place::View;
use super::request::with_headers;
use super::rule::Rule;
use crate::http::message::{Answer, Request};
use crate::http::template::{Context, Names, TemplateMap};
use crate::problem::Problems;

/// Adds query parameters and headers to a request.
///
/// # Errors
/// Says which of them cannot be sent, and why; no value is in the text.
pub fn with_fields(
    mut request: Request,
    query: &TemplateMap,
    headers: &TemplateMap,
    context: &Context,
) -> Result<Request, String> {
    for (name, template) in query {
        let value = template
            .text_or_omitted(context)
            .map_err(|why| format!("query parameter `{name}`: {why}"))?;
        if let Some(value) = value {
            request.url.query_pairs_mut().append_pair(name, &value);
        }
    }
    with_headers(request, headers, context)
}

/// The first rule that fits an answer.
#[must_use]
pub fn rule_for<'r>(rules: &'r [Rule], answer: &Answer) -> Option<&'r Rule> {
    if rules.is_empty() {
        return None;
    }
    let json = answer.secret_json().ok();
    let view = View::of(answer, json.as_ref());
    let fits = |rule: &&Rule| {
        let mut conditions = rule.when.iter();
        rule.fits(answer) && conditions.all(|condition| condition.holds(view).is_ok())
    };
    rules.iter().find(fits)
}

/// Reports what is wrong with query parameters, headers and rules. `path` is the
/// table that holds them.
pub fn check_fields(
    query: &TemplateMap,
    headers: &TemplateMap,
    rules: &[Rule],
    path: &str,
    known: &Names,
    problems: &mut Problems,
) {
    for (name, template) in query {
        template.check_field(&format!("{path}.query.{name}"), known, problems);
    }
    check_headers(headers, known, &format!("{path}.headers"), problems);
    // Places in answers are the same for every request: no name stands in them.
    let nothing = Names::default();
    check_rules(rules, &format!("{path}.answers"), &[], &nothing, problems);
}
