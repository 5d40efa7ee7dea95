mod level_two;
mod properties;
mod retired;

use super::*;
use crate::scim::answer::{AuthError, NotScim, RedirectTo};

fn token() -> BearerToken {
    BearerToken::parse("Zq3vT8yK1mN5bX7cR2wP9sD4").expect("sendable")
}

fn at() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("valid")
}

fn controls(none: ProbeAnswer, garbage: ProbeAnswer) -> Option<ControlAnswers> {
    Some(ControlAnswers { none, garbage })
}

fn refused() -> ProbeAnswer {
    ProbeAnswer::Unauthorized(None)
}

fn proved(reads: Vec<ProbeAnswer>, controls: Option<ControlAnswers>) -> Verdict<Evidence> {
    let observed = Observed {
        reads,
        controls,
        ..Observed::default()
    };
    judge(&token(), at(), &observed)
}

#[derive(Debug, PartialEq)]
enum Short {
    Full,
    Provisional,
    Fail(FindingReason),
    Inconclusive(FindingReason),
}

fn short(verdict: &Verdict<Evidence>) -> Short {
    match verdict {
        Verdict::Pass(evidence) if evidence.is_full() => Short::Full,
        Verdict::Pass(_) => Short::Provisional,
        Verdict::Fail(finding) => Short::Fail(finding.reason),
        Verdict::Inconclusive(finding) => Short::Inconclusive(finding.reason),
    }
}

#[test]
fn another_read_may_answer() {
    use FindingReason as Why;
    use ProbeAnswer::{Accepted, BadRequest, NotOffered, ServerError};
    let rows = [
        (vec![BadRequest(None), Accepted], Short::Full),
        (
            vec![ServerError(500), ServerError(500), Accepted],
            Short::Full,
        ),
        (
            vec![BadRequest(None), NotOffered(501)],
            Short::Inconclusive(Why::NoReadVariant),
        ),
        (
            vec![BadRequest(None), ServerError(500), NotOffered(405)],
            Short::Inconclusive(Why::ServerError),
        ),
        (
            vec![ServerError(500), refused()],
            Short::Fail(Why::Rejected),
        ),
        (vec![], Short::Inconclusive(Why::NoReadVariant)),
    ];
    for (reads, expected) in rows {
        let row = format!("{reads:?}");
        let verdict = proved(reads, controls(refused(), refused()));
        assert_eq!(short(&verdict), expected, "{row}");
    }
}

#[test]
fn without_controls_an_acceptance_is_provisional() {
    assert_eq!(
        short(&proved(vec![ProbeAnswer::Accepted], None)),
        Short::Provisional
    );
}

#[test]
fn a_listing_may_cast_doubt() {
    use FindingReason as Why;
    for (listing, expected) in [
        (ProbeAnswer::Accepted, Short::Full),
        (ProbeAnswer::Throttled, Short::Full),
        (ProbeAnswer::Unreachable("blocked".to_owned()), Short::Full),
        (ProbeAnswer::NotOffered(501), Short::Full),
        (ProbeAnswer::Oversized, Short::Full),
        (refused(), Short::Inconclusive(Why::Flapping)),
        (
            ProbeAnswer::Forbidden(None),
            Short::Inconclusive(Why::Ambiguous403),
        ),
        (
            ProbeAnswer::ServerError(502),
            Short::Inconclusive(Why::ServerError),
        ),
        (
            ProbeAnswer::NotScim(NotScim::NotJson),
            Short::Inconclusive(Why::NotScim),
        ),
    ] {
        let row = format!("{listing:?}");
        let observed = Observed {
            reads: vec![ProbeAnswer::Accepted],
            controls: controls(refused(), refused()),
            listing: Some(listing),
            again: Some(ProbeAnswer::Accepted),
        };
        assert_eq!(short(&judge(&token(), at(), &observed)), expected, "{row}");
        let unasked = Observed {
            again: None,
            ..observed.clone()
        };
        assert_eq!(short(&judge(&token(), at(), &unasked)), expected, "{row}");
        // What was accepted before the wrong token is refused after it: the
        // address is blocked, and what was shown before counts.
        let blocked = Observed {
            again: Some(ProbeAnswer::Forbidden(None)),
            ..observed
        };
        assert_eq!(
            short(&judge(&token(), at(), &blocked)),
            Short::Full,
            "{row}"
        );
    }
}

#[test]
fn the_cause_of_unclear_controls_is_kept_and_names_the_key() {
    use FindingReason as Why;
    use ProbeAnswer::{Redirect, ServerError, Throttled};
    let html = ProbeAnswer::NotScim(NotScim::NotJson);
    let moved = || Redirect(RedirectTo::OtherPath);
    for (none, garbage, reason, key) in [
        (refused(), moved(), Why::Redirect, "`answers`"),
        (refused(), html, Why::NotScim, "`answers`"),
        (
            refused(),
            ServerError(500),
            Why::ServerError,
            "status = 500",
        ),
        (refused(), Throttled, Why::Throttled, "`pace`"),
        (Throttled, refused(), Why::Throttled, "`pace`"),
    ] {
        let row = format!("{none:?} {garbage:?}");
        let seen = proved(vec![ProbeAnswer::Accepted], controls(none, garbage));
        let Verdict::Pass(evidence) = seen else {
            panic!("{row}: {seen:?}");
        };
        let cause = evidence.unclear().expect("a cause");
        assert_eq!(cause.reason, reason, "{row}");
        assert!(cause.detail.contains(key), "{row}: {}", cause.detail);
        assert!(!evidence.is_full());
    }
    let Verdict::Pass(off) = proved(vec![ProbeAnswer::Accepted], None) else {
        panic!("accepted");
    };
    let cause = off.unclear().expect("a cause");
    assert_eq!(cause.reason, Why::ControlsOff);
    assert!(cause.detail.contains("`negative_controls`"));
}
