//! When an old token counts as dead.

use super::*;

#[test]
fn an_old_token_is_dead_only_while_the_new_one_lives() {
    use FindingReason as Why;
    use ProbeAnswer::{Accepted, Forbidden, NotFound, ServerError, Throttled};
    enum Want {
        Pass,
        Fail,
        Unclear(FindingReason),
    }
    let rows = [
        (
            Accepted,
            vec![refused(), refused()],
            Some(Accepted),
            Want::Pass,
        ),
        (Accepted, vec![Forbidden(None)], Some(Accepted), Want::Pass),
        (Accepted, vec![Accepted], Some(Accepted), Want::Fail),
        (
            Accepted,
            vec![refused(), Accepted],
            Some(Accepted),
            Want::Fail,
        ),
        (Accepted, vec![Accepted], None, Want::Fail),
        (
            Accepted,
            vec![refused()],
            Some(refused()),
            Want::Unclear(Why::Flapping),
        ),
        (
            Accepted,
            vec![refused()],
            Some(Throttled),
            Want::Unclear(Why::Throttled),
        ),
        (
            Accepted,
            vec![refused()],
            None,
            Want::Unclear(Why::Unreachable),
        ),
        (
            Accepted,
            vec![],
            Some(Accepted),
            Want::Unclear(Why::Unreachable),
        ),
        (Accepted, vec![NotFound], Some(Accepted), Want::Pass),
        (
            Accepted,
            vec![ProbeAnswer::BadRequest(None), refused()],
            Some(Accepted),
            Want::Pass,
        ),
        (
            Accepted,
            vec![ProbeAnswer::RefusedByRule(500)],
            Some(Accepted),
            Want::Pass,
        ),
        (
            Accepted,
            vec![NotFound],
            Some(NotFound),
            Want::Unclear(Why::WrongBaseUrl),
        ),
        (
            Accepted,
            vec![refused(), ServerError(500)],
            Some(Accepted),
            Want::Unclear(Why::RefusalUnclear),
        ),
        (
            Accepted,
            vec![ProbeAnswer::Redirect(RedirectTo::OtherPath)],
            Some(Accepted),
            Want::Unclear(Why::RefusalUnclear),
        ),
        (
            Accepted,
            vec![refused(), Throttled],
            Some(Accepted),
            Want::Unclear(Why::Throttled),
        ),
        (
            Accepted,
            vec![ServerError(503)],
            Some(Accepted),
            Want::Unclear(Why::ServerError),
        ),
        (
            Accepted,
            vec![ServerError(500)],
            None,
            Want::Unclear(Why::ServerError),
        ),
        (
            refused(),
            vec![refused()],
            Some(refused()),
            Want::Unclear(Why::Flapping),
        ),
        (
            ServerError(503),
            vec![refused()],
            None,
            Want::Unclear(Why::ServerError),
        ),
    ];
    for (before, old, after, want) in rows {
        let row = format!("{before:?} | {old:?} | {after:?}");
        let round = RefusalRound {
            before: vec![before],
            old,
            after,
        };
        match (judge_refusal(&token(), at(), &round), want) {
            (Verdict::Pass(refusal), Want::Pass) => {
                assert_eq!(refusal.fingerprint(), &token().fingerprint());
            }
            (Verdict::Fail(finding), Want::Fail) => {
                assert_eq!(finding.reason, Why::StillAccepted, "{row}");
            }
            (Verdict::Inconclusive(finding), Want::Unclear(reason)) => {
                assert_eq!(finding.reason, reason, "{row}");
            }
            (verdict, _) => panic!("{row}: {verdict:?}"),
        }
    }
}
