//! B1: a token counts as fresh only if it was shown to work.

use scim_rotator::rotation::decision::{Action, Reason, Step};
use scim_rotator::rotation::proof::{Proof, of_current};
use scim_rotator::rotation::record::LastProbe;
use scim_rotator::scim::evidence::FindingReason;

use crate::apply_table::adopted;
use crate::scene::{Scene, ago, finding, healthy, hours, mins, nothing_yet, now, policy, secs};

fn adopted_and_probed(reason: FindingReason) -> Scene {
    let scene = nothing_yet().person_wrote("x").then(adopted("x"));
    scene.with(|scene| {
        scene.record.probe = Some(LastProbe {
            at: now(),
            refused: 1,
            passed_at: None,
            finding: Some(finding(reason)),
        });
    })
}

#[test]
fn an_adopted_token_is_not_fresh_before_it_is_proven() {
    let scene = nothing_yet().person_wrote("x").then(adopted("x"));
    assert_eq!(scene.plan().action, Action::Do(Step::Verify));
    let shown = of_current(&scene.record, &policy());
    assert_eq!(shown, Some(Proof::Unproven(None)));
    for reason in FindingReason::ALL {
        let scene = adopted_and_probed(reason);
        let decision = scene.plan();
        assert_eq!(decision.action, Action::Wait, "{}", reason.as_str());
        let said = [Reason::Refused, Reason::Unproven].contains(&decision.reason);
        assert!(said, "{}: {:?}", reason.as_str(), decision.reason);
    }
    let rows = [
        (FindingReason::Rejected, Reason::Refused),
        (FindingReason::WrongBaseUrl, Reason::Unproven),
        (FindingReason::ServerError, Reason::Unproven),
        (FindingReason::EndpointOpen, Reason::Unproven),
    ];
    for (found, reason) in rows {
        assert_eq!(adopted_and_probed(found).plan().reason, reason);
    }
}

/// One answer that shows nothing does not undo a proof of just now; one that
/// shows that the token is refused, or that tokens are not checked, does.
#[test]
fn a_proof_holds_for_a_while() {
    let after = |reason, ago_passed| {
        let scene = healthy().with(|scene| {
            scene.record.probe = Some(LastProbe {
                at: ago(secs(10)),
                refused: 0,
                passed_at: Some(ago(ago_passed)),
                finding: Some(finding(reason)),
            });
        });
        let scene = scene.current(|token| token.evidence = None);
        scene.plan().reason
    };
    let rows = [
        (FindingReason::ServerError, hours(1), Reason::Fresh),
        (FindingReason::Throttled, hours(1), Reason::Fresh),
        (FindingReason::ServerError, hours(3), Reason::Unproven),
        (FindingReason::Rejected, mins(1), Reason::Refused),
        (FindingReason::EndpointOpen, mins(1), Reason::Unproven),
        (FindingReason::WrongBaseUrl, mins(1), Reason::Unproven),
    ];
    for (reason, passed, wanted) in rows {
        assert_eq!(after(reason, passed), wanted, "{}", reason.as_str());
    }
}
