//! What holds whatever the answers are.

use proptest::prelude::*;

use super::*;

fn any_answer() -> impl Strategy<Value = ProbeAnswer> {
    prop_oneof![
        3 => Just(ProbeAnswer::Accepted),
        3 => Just(refused()),
        1 => Just(ProbeAnswer::NotScim(NotScim::NotJson)),
        1 => Just(ProbeAnswer::NotScim(NotScim::ErrorInside)),
        1 => Just(ProbeAnswer::Forbidden(Some(AuthError::InsufficientScope))),
        1 => Just(ProbeAnswer::NotFound),
        1 => Just(ProbeAnswer::BadRequest(None)),
        1 => Just(ProbeAnswer::NotOffered(501)),
        1 => Just(ProbeAnswer::TooLarge(431)),
        1 => Just(ProbeAnswer::Redirect(RedirectTo::Nowhere)),
        1 => Just(ProbeAnswer::Throttled),
        1 => Just(ProbeAnswer::ServerError(500)),
        1 => Just(ProbeAnswer::Unexpected(299)),
        1 => Just(ProbeAnswer::Oversized),
        1 => Just(ProbeAnswer::RefusedByRule(500)),
        1 => Just(ProbeAnswer::LaterByRule(500)),
        1 => Just(ProbeAnswer::Unreachable("silence".to_owned())),
    ]
}

/// Answers that say nothing of the credential.
fn is_silent(answer: &ProbeAnswer) -> bool {
    matches!(
        answer,
        ProbeAnswer::NotScim(_)
            | ProbeAnswer::Redirect(_)
            | ProbeAnswer::Throttled
            | ProbeAnswer::ServerError(_)
            | ProbeAnswer::Unexpected(_)
            | ProbeAnswer::Oversized
            | ProbeAnswer::LaterByRule(_)
            | ProbeAnswer::Unreachable(_)
    )
}

proptest! {
    #[test]
    fn full_proof_needs_one_acceptance_and_two_refusals(
        reads in prop::collection::vec(any_answer(), 0..4),
        none in any_answer(),
        garbage in any_answer(),
        asked in any::<bool>(),
        listing in prop::option::of(any_answer()),
        again in prop::option::of(any_answer()),
    ) {
        let observed = Observed {
            reads: reads.clone(),
            controls: if asked { controls(none.clone(), garbage.clone()) } else { None },
            listing: listing.clone(),
            again: again.clone(),
        };
        match judge(&token(), at(), &observed) {
            Verdict::Pass(evidence) => {
                prop_assert!(reads.contains(&ProbeAnswer::Accepted));
                prop_assert_eq!(evidence.fingerprint(), &token().fingerprint());
                if evidence.is_full() {
                    prop_assert!(asked && garbage.is_refused());
                    prop_assert!(none.is_refused() || none.is_no_acceptance());
                    prop_assert_eq!(evidence.unclear(), None);
                } else {
                    prop_assert!(evidence.unclear().is_some());
                }
            }
            Verdict::Fail(finding) if finding.reason == FindingReason::EndpointOpen => {
                prop_assert!(asked && (none.is_accepted() || garbage.is_accepted()));
            }
            Verdict::Fail(_) => prop_assert!(!reads.iter().all(is_silent)),
            Verdict::Inconclusive(_) => {}
        }
    }

    #[test]
    fn retirement_needs_the_new_token_on_both_sides(
        before in prop::collection::vec(any_answer(), 0..3),
        old in prop::collection::vec(any_answer(), 0..4),
        after in prop::option::of(any_answer()),
    ) {
        let round = RefusalRound { before: before.clone(), old: old.clone(), after: after.clone() };
        match judge_refusal(&token(), at(), &round) {
            Verdict::Pass(_) => {
                prop_assert!(before.contains(&ProbeAnswer::Accepted));
                prop_assert_eq!(after, Some(ProbeAnswer::Accepted));
                prop_assert!(!old.is_empty() && old.iter().all(ProbeAnswer::is_refused));
            }
            Verdict::Fail(finding) => {
                prop_assert_eq!(finding.reason, FindingReason::StillAccepted);
                prop_assert!(old.contains(&ProbeAnswer::Accepted));
            }
            Verdict::Inconclusive(_) => {}
        }
    }
}
