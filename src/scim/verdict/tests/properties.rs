//! What holds whatever the answers are.

use proptest::prelude::*;

use super::*;

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::Accepted),
        3 => Just(refused()),
        1 => Just(Answer::NotScim(NotScim::NotJson)),
        1 => Just(Answer::NotScim(NotScim::ErrorInside)),
        1 => Just(Answer::Forbidden(Some(AuthError::InsufficientScope))),
        1 => Just(Answer::NotFound),
        1 => Just(Answer::BadRequest(None)),
        1 => Just(Answer::NotOffered(501)),
        1 => Just(Answer::TooLarge(431)),
        1 => Just(Answer::Redirect(RedirectTo::Nowhere)),
        1 => Just(Answer::Throttled),
        1 => Just(Answer::ServerError(500)),
        1 => Just(Answer::Unexpected(299)),
        1 => Just(Answer::Oversized),
        1 => Just(Answer::Unreachable("silence".to_owned())),
    ]
}

/// Answers that say nothing of the credential.
fn is_silent(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::NotScim(_)
            | Answer::Redirect(_)
            | Answer::Throttled
            | Answer::ServerError(_)
            | Answer::Unexpected(_)
            | Answer::Oversized
            | Answer::Unreachable(_)
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
    ) {
        let observed = Observed {
            reads: reads.clone(),
            controls: if asked { controls(none.clone(), garbage.clone()) } else { None },
            listing: listing.clone(),
        };
        match judge(&token(), at(), &observed) {
            Verdict::Pass(evidence) => {
                prop_assert!(reads.contains(&Answer::Accepted));
                prop_assert_eq!(evidence.fingerprint(), &token().fingerprint());
                if evidence.is_full() {
                    prop_assert!(asked && none.is_refused() && garbage.is_refused());
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
                prop_assert!(before.contains(&Answer::Accepted));
                prop_assert_eq!(after, Some(Answer::Accepted));
                prop_assert!(!old.is_empty() && old.iter().all(is_plain_refusal));
            }
            Verdict::Fail(finding) => {
                prop_assert_eq!(finding.reason, FindingReason::StillAccepted);
                prop_assert!(old.contains(&Answer::Accepted));
            }
            Verdict::Inconclusive(_) => {}
        }
    }
}
