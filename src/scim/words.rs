//! What the answers of a service provider mean, for a person. Each text names
//! the key of the configuration that helps.

use super::answer::{AuthError, NotScim, ProbeAnswer, RedirectTo};
use super::evidence::{Finding, FindingReason};

/// The finding for an answer that is no acceptance.
#[must_use]
pub fn describe(answer: &ProbeAnswer) -> Finding {
    use FindingReason as Why;
    match answer {
        ProbeAnswer::Accepted => finding(Why::Flapping, "the answers contradict each other"),
        ProbeAnswer::NotScim(why) => finding(Why::NotScim, not_scim(*why)),
        ProbeAnswer::Unauthorized(error) => finding(
            Why::Rejected,
            format!(
                "the service provider refused the token (401{}); how it is sent is set by the probe's `headers`",
                word(*error)
            ),
        ),
        ProbeAnswer::Forbidden(error) => finding(
            Why::Ambiguous403,
            format!(
                "the service provider answered 403{}: the token lacks the permission to read (the probe's `path` says what), SCIM is switched off there, this address is not on its allow-list, or the token is wrong",
                word(*error)
            ),
        ),
        ProbeAnswer::NotFound => finding(
            Why::WrongBaseUrl,
            "the service provider answered 404: check `scim_url` and the probe's `path`; if it answers a search without a match so, say it in the probe's `answers` (`means = \"success\"`, with a `when`)",
        ),
        ProbeAnswer::BadRequest(scim_type) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider answered 400{} to every read: set the probe's `read`, `query` or `path` to what it supports, or say in the probe's `answers` what a 400 means",
                scim_type.map_or_else(String::new, |t| format!(" ({})", t.as_str()))
            ),
        ),
        ProbeAnswer::NotOffered(status) => finding(
            Why::NoReadVariant,
            format!(
                "the service provider offers none of the reads (status {status}): set the probe's `read` or `path`"
            ),
        ),
        ProbeAnswer::TooLarge(status) => finding(
            Why::TokenTooLarge,
            format!(
                "the service provider answered {status}: the token is too long for it (the probe's `max_token_length` refuses such tokens before they are sent)"
            ),
        ),
        ProbeAnswer::Redirect(to) => finding(Why::Redirect, redirect(to)),
        ProbeAnswer::Throttled => finding(
            Why::Throttled,
            "the service provider answered 429: too many requests; it is asked again later. The probe's `pace` sets a pause between requests",
        ),
        ProbeAnswer::ServerError(status) => finding(
            Why::ServerError,
            format!(
                "the service provider failed (status {status}): this says nothing of the token. If it refuses tokens so, say it in the probe's `answers`"
            ),
        ),
        ProbeAnswer::Unexpected(status @ (406 | 415)) => finding(
            Why::NotScim,
            format!(
                "the service provider answered {status}: it wants another `Accept`; set it in the probe's `headers`"
            ),
        ),
        ProbeAnswer::Unexpected(status) => finding(
            Why::NotScim,
            format!(
                "the service provider answered {status}, which is no answer to a read: say in the probe's `answers` what it means"
            ),
        ),
        ProbeAnswer::Oversized => finding(
            Why::NotScim,
            "the answer was longer than is read, and its beginning is no SCIM list: set the probe's `read` or `path` to a smaller one",
        ),
        ProbeAnswer::RefusedByRule(status) => finding(
            Why::Rejected,
            format!(
                "the service provider answered {status}, which by a rule of the probe's `answers` refuses the token"
            ),
        ),
        ProbeAnswer::LaterByRule(status) => finding(
            Why::ServerError,
            format!(
                "the service provider answered {status}, which by a rule of the probe's `answers` says nothing of the token; it is asked again later"
            ),
        ),
        ProbeAnswer::Tls => finding(
            Why::Tls,
            "the service provider's certificate cannot be trusted, so nothing was sent: check the host name, the expiry and the certification authority (`http.ca_file`)",
        ),
        ProbeAnswer::Unreachable(how) => finding(Why::Unreachable, how.as_str()),
    }
}

/// A control that was neither accepted nor clearly refused.
pub(super) fn unclear_control(what: &str, answer: &ProbeAnswer) -> Finding {
    let remedy = if answer.is_silent() {
        "the probe's `pace` sets a pause between requests; if this address is blocked after a wrong token, set the probe's `negative_controls` to false: superseded tokens are then left to expire".to_owned()
    } else {
        let rule = rule_for(answer);
        format!("if it refuses tokens so, say it in the probe's `answers`: {rule}")
    };
    let answered = answered(answer);
    finding(
        describe(answer).reason,
        format!(
            "whether the service provider refuses {what} is not clear, so no superseded token is revoked: {answered}; {remedy}"
        ),
    )
}

/// The new token was accepted before and after, and the old one was neither
/// accepted nor refused.
pub(super) fn old_unclear(answer: &ProbeAnswer) -> Finding {
    finding(
        FindingReason::RefusalUnclear,
        format!(
            "whether the service provider refuses the old token is not clear: {}; if it refuses tokens so, say it in the probe's `answers`: {}",
            answered(answer),
            rule_for(answer)
        ),
    )
}

/// The new token was in doubt after the old one was sent, which is a wrong one
/// by now.
pub(super) fn block_is_possible(found: Finding) -> Finding {
    let text = "; if it blocks this address after wrong tokens, set the probe's `pace`, or `refusals_needed` to 1";
    finding(found.reason, format!("{}{text}", found.detail))
}

/// A finding about the request for `ServiceProviderConfig`.
pub(super) fn without_discovery(found: Finding) -> Finding {
    let text = " (this was asked without the token; set the probe's `discovery` to false if the service provider always answers so)";
    finding(found.reason, format!("{}{text}", found.detail))
}

fn answered(answer: &ProbeAnswer) -> String {
    match answer {
        ProbeAnswer::NotScim(NotScim::NotJson) => "it answers 200 and no JSON".to_owned(),
        ProbeAnswer::NotScim(NotScim::Status(status))
        | ProbeAnswer::ServerError(status)
        | ProbeAnswer::NotOffered(status)
        | ProbeAnswer::TooLarge(status)
        | ProbeAnswer::Unexpected(status)
        | ProbeAnswer::LaterByRule(status)
        | ProbeAnswer::RefusedByRule(status) => format!("it answers {status}"),
        ProbeAnswer::NotScim(NotScim::NoSchema | NotScim::BadList) => {
            "it answers 200 and JSON that is no SCIM list".to_owned()
        }
        ProbeAnswer::NotScim(NotScim::ErrorInside) => {
            "it answers 200 with a SCIM error inside".to_owned()
        }
        ProbeAnswer::Redirect(_) => "it redirects".to_owned(),
        ProbeAnswer::Throttled => "it answers 429 (too many requests)".to_owned(),
        ProbeAnswer::Unreachable(how) => format!("it does not answer ({how})"),
        ProbeAnswer::Oversized => "its answer is longer than is read".to_owned(),
        ProbeAnswer::Tls => "its certificate cannot be trusted".to_owned(),
        ProbeAnswer::Accepted
        | ProbeAnswer::Unauthorized(_)
        | ProbeAnswer::Forbidden(_)
        | ProbeAnswer::NotFound
        | ProbeAnswer::BadRequest(_) => describe(answer).detail,
    }
}

/// The rule that would call this answer a refusal.
fn rule_for(answer: &ProbeAnswer) -> String {
    let status = match answer {
        ProbeAnswer::Redirect(_) => "\"3xx\"".to_owned(),
        ProbeAnswer::NotScim(NotScim::Status(status))
        | ProbeAnswer::ServerError(status)
        | ProbeAnswer::NotOffered(status)
        | ProbeAnswer::TooLarge(status)
        | ProbeAnswer::Unexpected(status)
        | ProbeAnswer::LaterByRule(status)
        | ProbeAnswer::RefusedByRule(status) => status.to_string(),
        ProbeAnswer::NotScim(NotScim::NotJson) => {
            return "{ means = \"refused\", status = 200, when = [{ text = true, contains = \"…\" }] } with a part of the page".to_owned();
        }
        ProbeAnswer::NotScim(_) => {
            return "{ means = \"refused\", status = 200, when = [{ at = \"/…\", equals = \"…\" }] } with the text in it".to_owned();
        }
        ProbeAnswer::Accepted
        | ProbeAnswer::Unauthorized(_)
        | ProbeAnswer::Forbidden(_)
        | ProbeAnswer::NotFound
        | ProbeAnswer::BadRequest(_)
        | ProbeAnswer::Throttled
        | ProbeAnswer::Oversized
        | ProbeAnswer::Tls
        | ProbeAnswer::Unreachable(_) => "…".to_owned(),
    };
    format!("{{ means = \"refused\", status = {status} }}")
}

fn word(error: Option<AuthError>) -> String {
    error.map_or_else(String::new, |e| format!(", {}", e.as_str()))
}

fn not_scim(why: NotScim) -> String {
    let what = match why {
        NotScim::NotJson => "200 and no JSON: a login page, a proxy or another server answers at this URL: check `scim_url`. If it refuses tokens so, say it in the probe's `answers`".to_owned(),
        NotScim::NoSchema => "200 and JSON that names no SCIM list; if this server is known to do so, set the probe's `accept_non_scim`, or say in its `answers` what a success is".to_owned(),
        NotScim::BadList => "200 and a SCIM list without its entries: set the probe's `read` to another kind, or say in its `answers` what a success is".to_owned(),
        NotScim::ErrorInside => "200 with a SCIM error inside; if it refuses tokens so, say it in the probe's `answers`".to_owned(),
        NotScim::Status(status) => format!("{status}, which is no answer to a read: say in the probe's `answers` what it means"),
    };
    format!("the service provider answered {what}")
}

fn redirect(to: &RedirectTo) -> String {
    let place = match to {
        RedirectTo::OtherPath => "another path of the same host".to_owned(),
        RedirectTo::OtherScheme => "the same host with another scheme or port".to_owned(),
        RedirectTo::OtherHost(Some(host)) => format!("the host {host}"),
        RedirectTo::OtherHost(None) => "another host".to_owned(),
        RedirectTo::Nowhere => "no place that can be read".to_owned(),
    };
    format!(
        "the service provider redirects to {place}; tokens do not follow redirects: write the final URL into `scim_url`. If it refuses tokens so, say it in the probe's `answers`"
    )
}

pub(super) fn finding(reason: FindingReason, detail: impl Into<String>) -> Finding {
    Finding {
        reason,
        detail: detail.into(),
    }
}
