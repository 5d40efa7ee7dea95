//! The promotion: what it needs, and what it changes.

use jiff::SignedDuration;
use scim_rotator::rotation::outcome::{Confirmation, Outcome};
use scim_rotator::rotation::record::{
    DeliveryState, ExpiryKnown, Origin, RotationResult, Stage, StageName,
};
use scim_rotator::scim::evidence::{FindingReason, Verdict};

use crate::apply_table::{confirmed, proved};
use crate::scene::{
    Scene, ago, evidence, finding, healthy, hours, in_stage, mins, nothing_yet, now, print,
};

/// One confirmation away from the promotion.
pub(super) fn nearly_done() -> Scene {
    in_stage(Stage::Confirming).delivery("canary", DeliveryState::Confirmed)
}

pub(super) fn promoted(scene: &Scene) -> scim_rotator::rotation::record::Record {
    let after = scene
        .apply(confirmed("second", Confirmation::Works))
        .expect("folded");
    scim_rotator::rotation::invariant::check(&after).expect("valid");
    assert_eq!(after.stage_name(), StageName::Idle);
    after
}

#[test]
fn the_last_confirmation_promotes() {
    let before = nearly_done();
    let after = promoted(&before);
    assert_eq!(after.generation, before.record.generation + 1);
    assert_eq!(
        after.current.as_ref().map(|t| t.fingerprint()),
        Some(print("b"))
    );
    assert_eq!(after.retiring.len(), 1);
    assert_eq!(after.retiring[0].token.fingerprint(), print("a"));
    assert_eq!(after.retiring[0].superseded_at, now());
    let past = &after.history[0];
    assert_eq!(past.result, RotationResult::Success);
    assert_eq!((past.old, past.new), (Some(print("a")), Some(print("b"))));
    let probe = after
        .probe
        .expect("the proof of the new token counts as a probe");
    assert_eq!((probe.at, probe.refused), (ago(mins(4)), 0));
}

#[test]
fn a_first_token_has_no_predecessor() {
    let after = promoted(
        &nothing_yet()
            .stage(Stage::Confirming)
            .delivery("canary", DeliveryState::Confirmed),
    );
    assert_eq!(after.generation, 1);
    assert!(after.retiring.is_empty());
}

#[test]
fn without_connections_the_proof_promotes() {
    let scene = in_stage(Stage::Proving).with(|s| s.connections.clear());
    let after = scene.apply(proved("b")).expect("folded");
    assert_eq!(after.stage_name(), StageName::Idle);
    assert_eq!(after.generation, 2);
}

/// However its connections like it.
#[test]
fn an_unproven_token_is_never_promoted() {
    let scene = nearly_done().rotation(|r| r.pending.as_mut().expect("pending").evidence = None);
    let scene = scene.then(confirmed("second", Confirmation::Works));
    assert_eq!(scene.record.generation, 1);
    assert_eq!(scene.record.stage_name(), StageName::Proving);
    assert_eq!(scene.then(proved("b")).record.generation, 2);
}

#[test]
fn a_proven_token_moves_as_far_as_its_deliveries_allow() {
    use DeliveryState as D;
    let rows: [(&str, [Option<D>; 2], StageName); 5] = [
        ("nothing delivered", [None, None], StageName::Delivering),
        (
            "one delivered",
            [Some(D::Delivered), None],
            StageName::Delivering,
        ),
        (
            "one may be in flight",
            [Some(D::Delivered), Some(D::Started)],
            StageName::Delivering,
        ),
        (
            "both delivered",
            [Some(D::Delivered), Some(D::Confirmed)],
            StageName::Confirming,
        ),
        (
            "both confirmed",
            [Some(D::Confirmed), Some(D::Confirmed)],
            StageName::Idle,
        ),
    ];
    for (sentence, states, stage) in rows {
        let mut scene = in_stage(Stage::Proving);
        for (name, state) in ["canary", "second"].into_iter().zip(states) {
            if let Some(state) = state {
                scene = scene.delivery(name, state);
            }
        }
        let after = scene.apply(proved("b")).expect(sentence);
        assert_eq!(after.stage_name(), stage, "{sentence}");
    }
}

#[test]
fn refusals_of_a_pending_token_are_believed_after_a_while() {
    let refused = |reason| Outcome::Proved(Verdict::Fail(finding(reason)));
    let doubt = || Outcome::Proved(Verdict::Inconclusive(finding(FindingReason::ServerError)));
    let mut scene = in_stage(Stage::Proving);
    for _ in 0..9 {
        scene = scene.then(doubt());
    }
    assert_eq!(
        scene.record.stage_name(),
        StageName::Proving,
        "doubts prove nothing"
    );
    for _ in 0..3 {
        scene = scene.then(refused(FindingReason::Rejected));
        assert_eq!(
            scene.record.stage_name(),
            StageName::Proving,
            "it may not be known yet"
        );
    }
    scene = scene.then(doubt());
    assert_eq!(scene.record.stage_name(), StageName::Proving);
    scene = scene.then(refused(FindingReason::Rejected));
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
}

/// What another process may have delivered without storing that first is taken
/// as delivered: it is written back before the token is discarded.
#[test]
fn a_token_that_others_may_have_delivered_is_taken_back_everywhere() {
    let refused = || Outcome::Proved(Verdict::Fail(finding(FindingReason::OtherTenant)));
    let rows = [
        (true, false, StageName::Reverting, 2),
        (true, true, StageName::Discarding, 0),
        (false, false, StageName::Discarding, 0),
    ];
    for (may_be_delivered, knows_deliveries, stage, written_back) in rows {
        let mut scene = in_stage(Stage::Proving);
        scene.knows_deliveries = knows_deliveries;
        let scene = scene.rotation(|r| r.may_be_delivered = may_be_delivered);
        let after = scene.apply(refused()).expect("folded");
        assert_eq!(after.stage_name(), stage);
        let rotation = after.rotation.expect("a rotation");
        let states = rotation.deliveries.values().map(|delivery| delivery.state);
        assert!(states.clone().all(|state| state == DeliveryState::Started));
        assert_eq!(states.count(), written_back);
    }
}

#[test]
fn every_finding_about_a_pending_token_has_its_consequence() {
    for reason in FindingReason::ALL {
        let outcome = Outcome::Proved(Verdict::Fail(finding(reason)));
        let after = in_stage(Stage::Proving).apply(outcome).expect("folded");
        let wanted = match reason {
            FindingReason::EndpointOpen => StageName::Halted,
            FindingReason::Malformed
            | FindingReason::NotInForce
            | FindingReason::Forbidden
            | FindingReason::OtherTenant
            | FindingReason::TokenTooLarge => StageName::Discarding,
            FindingReason::Rejected
            | FindingReason::Ambiguous403
            | FindingReason::WrongBaseUrl
            | FindingReason::NoReadVariant
            | FindingReason::NoAccess
            | FindingReason::NotScim
            | FindingReason::Redirect
            | FindingReason::Tls
            | FindingReason::Unreachable
            | FindingReason::Throttled
            | FindingReason::ServerError
            | FindingReason::StillAccepted
            | FindingReason::Flapping
            | FindingReason::RefusalUnclear
            | FindingReason::LikeWrongToken
            | FindingReason::ControlsOff => StageName::Proving,
        };
        assert_eq!(after.stage_name(), wanted, "{}", reason.as_str());
        assert_eq!(
            after.failures.consecutive,
            u32::from(wanted != StageName::Discarding)
        );
    }
}

#[test]
fn a_published_token_ends_the_failures_of_publishing() {
    let after = healthy()
        .failed("publish", 3, ago(mins(1)))
        .then(Outcome::Published);
    assert_eq!(after.record.failures.consecutive, 0);
    let other = healthy()
        .failed("prepare", 3, ago(mins(1)))
        .then(Outcome::Published);
    assert_eq!(other.record.failures.consecutive, 3);
}

#[test]
fn probes_of_the_current_token_are_counted() {
    let refused = |reason| Outcome::Verified(Verdict::Fail(finding(reason)));
    let scene = healthy().then(refused(FindingReason::Rejected));
    assert_eq!(scene.record.probe.as_ref().map(|p| p.refused), Some(1));
    let doubtful = Outcome::Verified(Verdict::Inconclusive(finding(FindingReason::Unreachable)));
    let scene = scene.then(doubtful);
    assert_eq!(
        scene.record.probe.as_ref().map(|p| p.refused),
        Some(1),
        "a doubt counts neither way"
    );
    let passed_at = scene.record.probe.as_ref().and_then(|p| p.passed_at);
    assert_eq!(passed_at, Some(ago(mins(1))), "the last pass is remembered");
    let scene = scene.then(Outcome::Verified(Verdict::Pass(evidence("a", now()))));
    let probe = scene.record.probe.clone().expect("a probe");
    assert_eq!(
        (probe.refused, probe.passed_at, probe.finding),
        (0, Some(now()), None)
    );
    for reason in FindingReason::ALL {
        let after = healthy().then(refused(reason)).record;
        let of_the_token = matches!(
            reason,
            FindingReason::Rejected | FindingReason::Forbidden | FindingReason::NotInForce
        );
        let counted = after.probe.map(|p| p.refused);
        assert_eq!(
            counted,
            Some(u32::from(of_the_token)),
            "{}",
            reason.as_str()
        );
    }
}

/// A service provider that refuses wrong tokens by 404 refuses dead ones so.
#[test]
fn a_token_in_use_that_gets_what_a_wrong_one_got_is_dead() {
    let proven_by = |status: u16| {
        let mut stored = serde_json::to_value(evidence("a", now())).expect("evidence");
        stored["wrong_token"] = status.into();
        let evidence = serde_json::from_value(stored).expect("evidence as it is stored");
        healthy().current(|token| token.evidence = Some(evidence))
    };
    let count = |scene: Scene, outcome| {
        let after = scene.then(Outcome::Verified(outcome)).record;
        after.probe.map(|p| p.refused)
    };
    let fail = || Verdict::Fail(finding(FindingReason::WrongBaseUrl));
    let alike = || Verdict::Inconclusive(finding(FindingReason::LikeWrongToken));
    assert_eq!(count(proven_by(404), fail()), Some(1));
    assert_eq!(count(proven_by(404), alike()), Some(1));
    assert_eq!(count(proven_by(400), alike()), Some(1));
    assert_eq!(count(proven_by(400), fail()), Some(0));
    assert_eq!(
        count(healthy(), fail()),
        Some(0),
        "a 401 refused wrong ones"
    );
    assert_eq!(count(healthy(), alike()), Some(0));
}

/// A token that a person brought is believed to have ended, by the lifetime that the
/// configuration knows. It may live: it has its overlap, and is revoked after it.
#[test]
fn an_end_that_nobody_told_shortens_no_overlap() {
    let rows = [
        (Origin::Adopted, ExpiryKnown::Declared, hours(24)),
        (Origin::Adopted, ExpiryKnown::Jwt, SignedDuration::ZERO),
        (Origin::Issued, ExpiryKnown::Declared, SignedDuration::ZERO),
    ];
    for (origin, expiry, overlap) in rows {
        let scene = nearly_done().current(|token| {
            token.origin = origin;
            // The issuer's list has shown it.
            token.issuer = Some("idp-admin".to_owned());
            token.expiry = expiry;
            token.expires_at = Some(ago(mins(1)));
        });
        let entry = promoted(&scene).retiring.remove(0);
        let lasts = entry.not_before.duration_since(now());
        assert_eq!(lasts, overlap, "{origin:?} {expiry:?}");
    }
}
