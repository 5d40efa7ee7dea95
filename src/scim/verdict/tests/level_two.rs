//! The verdict of level 2 for each combination of the three answers.

use super::*;

/// The table of level 2: answer to the token, without one, to garbage.
#[test]
fn level_two_row_by_row() {
    use FindingReason as Why;
    use ProbeAnswer::{
        Accepted, BadRequest, Forbidden, NotFound, ServerError, Throttled, TooLarge,
    };
    let silent = || ProbeAnswer::Unreachable("no connection".to_owned());
    let html = || ProbeAnswer::NotScim(NotScim::NotJson);
    let rows = [
        (Accepted, refused(), refused(), Short::Full),
        (Accepted, Forbidden(None), NotFound, Short::Full),
        (Accepted, refused(), BadRequest(None), Short::Full),
        (
            Accepted,
            Accepted,
            refused(),
            Short::Fail(Why::EndpointOpen),
        ),
        (
            Accepted,
            refused(),
            Accepted,
            Short::Fail(Why::EndpointOpen),
        ),
        (Accepted, Accepted, Accepted, Short::Fail(Why::EndpointOpen)),
        (Accepted, Throttled, refused(), Short::Provisional),
        (Accepted, refused(), ServerError(503), Short::Provisional),
        (Accepted, silent(), silent(), Short::Provisional),
        // The wrong token is refused, and without one the server fails, or
        // shows where to log in: tokens are checked.
        (Accepted, html(), refused(), Short::Full),
        (Accepted, ServerError(500), refused(), Short::Full),
        (
            Accepted,
            ProbeAnswer::Redirect(RedirectTo::OtherPath),
            refused(),
            Short::Full,
        ),
        (Accepted, ServerError(503), refused(), Short::Provisional),
        (Accepted, refused(), html(), Short::Provisional),
        (
            Accepted,
            refused(),
            ProbeAnswer::Redirect(RedirectTo::OtherPath),
            Short::Provisional,
        ),
        (Accepted, refused(), ServerError(500), Short::Provisional),
        (
            Accepted,
            refused(),
            ProbeAnswer::RefusedByRule(500),
            Short::Full,
        ),
        (
            ProbeAnswer::RefusedByRule(500),
            refused(),
            refused(),
            Short::Fail(Why::Rejected),
        ),
        (
            ProbeAnswer::LaterByRule(500),
            refused(),
            refused(),
            Short::Inconclusive(Why::ServerError),
        ),
        (
            NotFound,
            refused(),
            NotFound,
            Short::Inconclusive(Why::LikeWrongToken),
        ),
        (
            BadRequest(None),
            refused(),
            BadRequest(None),
            Short::Inconclusive(Why::LikeWrongToken),
        ),
        (
            BadRequest(None),
            refused(),
            refused(),
            Short::Inconclusive(Why::NoReadVariant),
        ),
        (refused(), refused(), refused(), Short::Fail(Why::Rejected)),
        (
            Forbidden(None),
            refused(),
            refused(),
            Short::Fail(Why::Forbidden),
        ),
        (
            Forbidden(None),
            refused(),
            Forbidden(None),
            Short::Inconclusive(Why::Ambiguous403),
        ),
        (
            Forbidden(None),
            refused(),
            Throttled,
            Short::Inconclusive(Why::Ambiguous403),
        ),
        (
            Forbidden(None),
            Accepted,
            Accepted,
            Short::Fail(Why::EndpointOpen),
        ),
        (NotFound, NotFound, NotFound, Short::Fail(Why::WrongBaseUrl)),
        (
            NotFound,
            refused(),
            refused(),
            Short::Inconclusive(Why::WrongBaseUrl),
        ),
        (
            TooLarge(431),
            refused(),
            TooLarge(431),
            Short::Fail(Why::TokenTooLarge),
        ),
        (
            TooLarge(413),
            TooLarge(413),
            TooLarge(413),
            Short::Inconclusive(Why::TokenTooLarge),
        ),
        (
            Throttled,
            refused(),
            refused(),
            Short::Inconclusive(Why::Throttled),
        ),
        (
            ServerError(500),
            refused(),
            refused(),
            Short::Inconclusive(Why::ServerError),
        ),
        (
            silent(),
            refused(),
            refused(),
            Short::Inconclusive(Why::Unreachable),
        ),
        (
            html(),
            refused(),
            refused(),
            Short::Inconclusive(Why::NotScim),
        ),
        (
            ProbeAnswer::NotScim(NotScim::Status(202)),
            refused(),
            refused(),
            Short::Inconclusive(Why::NotScim),
        ),
        (
            ProbeAnswer::NotScim(NotScim::ErrorInside),
            refused(),
            refused(),
            Short::Inconclusive(Why::NotScim),
        ),
        (
            ProbeAnswer::Redirect(RedirectTo::OtherPath),
            refused(),
            refused(),
            Short::Inconclusive(Why::Redirect),
        ),
        (
            ProbeAnswer::Unexpected(418),
            refused(),
            refused(),
            Short::Inconclusive(Why::NotScim),
        ),
        (
            ProbeAnswer::Oversized,
            refused(),
            refused(),
            Short::Inconclusive(Why::NotScim),
        ),
        (
            ProbeAnswer::Tls,
            refused(),
            refused(),
            Short::Fail(Why::Tls),
        ),
    ];
    for (new, none, garbage, expected) in rows {
        let row = format!("{new:?} | {none:?} | {garbage:?}");
        let verdict = proved(vec![new], controls(none, garbage));
        assert_eq!(short(&verdict), expected, "{row}");
    }
}
