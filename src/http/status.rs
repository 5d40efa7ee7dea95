//! What a status code means for the next decision.

use jiff::Timestamp;
use serde::Deserialize;

use super::extract::Pointer;
use super::message::Answer;
use super::ratelimit::RateLimitDialect;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::problem::Problems;

/// Rules that go before the default table, first match first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ErrorClasses(pub Vec<ErrorClass>);

/// One rule: an answer of this status, with this in its body, has this class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorClass {
    /// Status code.
    pub status: u16,
    /// Where in the JSON body to look; without it the status alone decides.
    pub at: Option<Pointer>,
    /// What must stand there.
    pub equals: Option<serde_json::Value>,
    /// What it means.
    pub class: FaultClass,
}

impl ErrorClasses {
    /// Reports rules that can never match.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        for (index, rule) in self.0.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if !(100..600).contains(&rule.status) {
                problems.error(
                    format!("{path}.status"),
                    format!("{} is not a status code", rule.status),
                    "write a number from 100 to 599",
                );
            }
            if rule.at.is_some() != rule.equals.is_some() {
                problems.error(
                    path,
                    "`at` and `equals` belong together",
                    "write both (a JSON pointer and the value expected there), or neither",
                );
            }
        }
    }

    /// The class that the rules give an answer.
    #[must_use]
    pub fn class_of(&self, answer: &Answer) -> Option<FaultClass> {
        let mut body = None;
        self.0
            .iter()
            .filter(|rule| rule.status == answer.status)
            .find(|rule| match (&rule.at, &rule.equals) {
                (Some(at), Some(expected)) => {
                    let body = body.get_or_insert_with(|| answer.secret_json().ok());
                    body.as_ref().and_then(|b| at.get(b)) == Some(expected)
                }
                (None, _) | (_, None) => true,
            })
            .map(|rule| rule.class)
    }
}

/// The fault of an answer that is no success.
#[must_use]
pub fn fault_from(
    answer: &Answer,
    classes: &ErrorClasses,
    dialect: &RateLimitDialect,
    now: Timestamp,
) -> Fault {
    let (default_class, default_kind, advice) = by_status(answer);
    let (class, kind) = match classes.class_of(answer) {
        Some(class) if class != default_class => (class, kind_of(class)),
        Some(_) | None => (default_class, default_kind),
    };
    let text = format!("{} answered {}: {advice}", answer.origin, answer.status);
    Fault::new(class, kind, text).after(answer.retry_after(now, dialect))
}

/// The kind that goes with a class when nothing else is known.
fn kind_of(class: FaultClass) -> FaultKind {
    match class {
        FaultClass::NotApplied | FaultClass::Ambiguous => FaultKind::Server,
        FaultClass::Throttled => FaultKind::Throttled,
        FaultClass::Unauthorized => FaultKind::Auth,
        FaultClass::Rejected => FaultKind::Refused,
        FaultClass::Conflict => FaultKind::Conflict,
    }
}

fn by_status(answer: &Answer) -> (FaultClass, FaultKind, &'static str) {
    let repeatable = answer.origin.idempotent;
    match answer.status {
        401 => (
            FaultClass::Unauthorized,
            FaultKind::Auth,
            "our credential was not accepted: check that it is right and has not expired",
        ),
        403 => (
            FaultClass::Unauthorized,
            FaultKind::Auth,
            "our credential may not do this: grant it the missing permission",
        ),
        404 | 410 => (
            FaultClass::Rejected,
            FaultKind::Refused,
            "it is not there (some servers say so to callers without permission): check the URL and the permissions",
        ),
        408 | 425 => (
            FaultClass::NotApplied,
            FaultKind::Timeout,
            "the server did not take the request; it is sent again later",
        ),
        409 | 412 => (
            FaultClass::Conflict,
            FaultKind::Conflict,
            "it was changed by somebody else, or a limit is reached",
        ),
        429 => (
            FaultClass::Throttled,
            FaultKind::Throttled,
            "too many requests; sent again later",
        ),
        302 | 303 if !repeatable => (
            FaultClass::Ambiguous,
            FaultKind::Config,
            "a redirect, which is never followed; whether it was carried out is not known: configure the final URL",
        ),
        300..400 => (
            FaultClass::Rejected,
            FaultKind::Config,
            "a redirect, which is never followed: configure the final URL",
        ),
        400..500 => (
            FaultClass::Rejected,
            FaultKind::Refused,
            "the server refused the request: check the configured body, headers and limits",
        ),
        500.. if !repeatable => (
            FaultClass::Ambiguous,
            FaultKind::Server,
            "the server failed; whether it was carried out is not known",
        ),
        500.. => (
            FaultClass::NotApplied,
            FaultKind::Server,
            "the server failed; it is asked again later",
        ),
        _ => (
            answer.origin.unclear(),
            FaultKind::Schema,
            "not what was expected: check the success codes and the URL",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Origin;
    use zeroize::Zeroizing;

    fn answer(status: u16, idempotent: bool, body: &str) -> Answer {
        Answer {
            status,
            headers: http::HeaderMap::new(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
            origin: Origin {
                method: http::Method::POST,
                host: "sp.example".to_owned(),
                operation: "mint",
                idempotent,
            },
        }
    }

    fn class(answer: &Answer, classes: &ErrorClasses) -> FaultClass {
        fault_from(
            answer,
            classes,
            &RateLimitDialect::default(),
            Timestamp::UNIX_EPOCH,
        )
        .class
    }

    #[test]
    fn the_default_table() {
        use FaultClass::{Ambiguous, Conflict, NotApplied, Rejected, Throttled, Unauthorized};
        let cases = [
            (202, NotApplied, Ambiguous),
            (301, Rejected, Rejected),
            (303, Rejected, Ambiguous),
            (400, Rejected, Rejected),
            (401, Unauthorized, Unauthorized),
            (403, Unauthorized, Unauthorized),
            (404, Rejected, Rejected),
            (408, NotApplied, NotApplied),
            (409, Conflict, Conflict),
            (412, Conflict, Conflict),
            (425, NotApplied, NotApplied),
            (429, Throttled, Throttled),
            (500, NotApplied, Ambiguous),
            (503, NotApplied, Ambiguous),
            (599, NotApplied, Ambiguous),
        ];
        let none = ErrorClasses::default();
        for (status, idempotent, not) in cases {
            assert_eq!(
                class(&answer(status, true, ""), &none),
                idempotent,
                "{status}"
            );
            assert_eq!(class(&answer(status, false, ""), &none), not, "{status}");
        }
    }

    #[test]
    fn rules_go_first_and_the_body_never_shows() {
        let rules: ErrorClasses = serde_json::from_value(serde_json::json!([
            { "status": 400, "at": "/error_code", "equals": "QUOTA_EXCEEDED", "class": "conflict" },
            { "status": 404, "class": "unauthorized" },
        ]))
        .expect("valid");
        let quota = answer(400, false, r#"{"error_code":"QUOTA_EXCEEDED"}"#);
        assert_eq!(class(&quota, &rules), FaultClass::Conflict);
        let other = answer(400, false, r#"{"error_code":"canary"}"#);
        assert_eq!(class(&other, &rules), FaultClass::Rejected);
        assert_eq!(
            class(&answer(404, true, ""), &rules),
            FaultClass::Unauthorized
        );
        let fault = fault_from(
            &other,
            &rules,
            &RateLimitDialect::default(),
            Timestamp::UNIX_EPOCH,
        );
        assert!(!fault.message.contains("canary"));
    }
}
