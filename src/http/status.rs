//! What a status code means for the next decision.

use jiff::Timestamp;

use super::message::Answer;
use super::ratelimit::RateLimitDialect;
use crate::fault::{Fault, FaultClass, FaultKind};

/// The fault of an answer that is no success.
#[must_use]
pub fn fault_from(answer: &Answer, dialect: &RateLimitDialect, now: Timestamp) -> Fault {
    let (class, kind, advice) = by_status(answer);
    let text = format!("{} answered {}: {advice}", answer.origin, answer.status);
    let fault = Fault::new(class, kind, text).after(answer.retry_after(now, dialect));
    // A redirect, or a success that nobody expected, comes again each time.
    match answer.status {
        200..400 => fault.complete(),
        _ => fault,
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
            parsed: crate::http::message::Parsed::default(),
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

    fn class(answer: &Answer) -> FaultClass {
        fault_from(answer, &RateLimitDialect::default(), Timestamp::UNIX_EPOCH).class
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
        for (status, idempotent, not) in cases {
            assert_eq!(class(&answer(status, true, "")), idempotent, "{status}");
            assert_eq!(class(&answer(status, false, "")), not, "{status}");
        }
    }
}
