//! The verdicts of the service provider.

use super::change::{Change, IllegalOutcome};
use super::failures::{note_failure, note_refusal};
use super::fitting::refuse_if_too_broad;
use super::halting::halt_at;
use super::promoting::advance;
use super::restoring;
use super::rolling_back::{forget_evidence, roll_back};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::decision::Step;
use crate::rotation::proof::{NewToken, of_new_token};
use crate::rotation::record::{Failures, HaltCause, HeldToken, LastProbe, Stage};
use crate::scim::evidence::{Evidence, Finding, FindingReason, Verdict, dead};

/// A service provider may refuse a new token until it is known everywhere.
/// After this many refusals in a row the token is rolled back, once it has had its
/// time ([`Policy::patience`](crate::rotation::policy::Policy::patience)).
const REFUSALS_BELIEVED: u32 = 4;

pub(super) fn proved(
    mut change: Change<'_, '_>,
    verdict: Verdict<Evidence>,
) -> Result<(), IllegalOutcome> {
    let stage = change.record.rotation.as_ref().map(|r| r.stage);
    let can_follow = matches!(
        stage,
        Some(Stage::Proving | Stage::Delivering | Stage::Confirming | Stage::HandedOver)
    );
    let pending = change
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.pending.as_ref());
    let Some(fingerprint) = pending.map(HeldToken::fingerprint).filter(|_| can_follow) else {
        return Err(change.illegal("proved"));
    };
    match verdict {
        Verdict::Pass(evidence) if *evidence.fingerprint() == fingerprint => {
            if let Some(pending) = change
                .record
                .rotation
                .as_mut()
                .and_then(|r| r.pending.as_mut())
            {
                pending.evidence = Some(evidence);
            }
            if refuse_if_too_broad(&mut change) {
                return Ok(());
            }
            change.record.failures = Failures::default();
            advance(&mut change);
            Ok(())
        }
        Verdict::Pass(_) => Err(change.illegal("proved with the evidence of another token")),
        Verdict::Inconclusive(finding) => {
            note_failure(
                &mut change,
                &Step::Prove,
                &fault_of(&finding, FaultClass::NotApplied),
            );
            Ok(())
        }
        Verdict::Fail(finding) => {
            refused_pending(&mut change, &finding);
            Ok(())
        }
    }
}

fn refused_pending(change: &mut Change<'_, '_>, finding: &Finding) {
    let fault = fault_of(finding, FaultClass::NotApplied);
    let count = note_refusal(change, &Step::Prove, &fault);
    match of_new_token(finding.reason) {
        NewToken::Halts => halt_at(
            change,
            &Step::Prove,
            HaltCause::EndpointOpen,
            finding.detail.clone(),
        ),
        NewToken::CannotBeUsed => {
            forget_evidence(change);
            roll_back(
                change,
                format!("the new token cannot be used: {}", finding.detail),
            );
        }
        NewToken::MayWorkLater => {
            if count >= REFUSALS_BELIEVED && has_had_its_time(change) {
                forget_evidence(change);
                roll_back(
                    change,
                    format!("the new token does not work: {}", finding.detail),
                );
            }
        }
    }
}

/// Whether the pending token is so old that it would work if it ever will. At some
/// providers a new token works after minutes. Once the current token was ended for
/// it, no expiry makes haste: another token would begin that time anew.
fn has_had_its_time(change: &Change<'_, '_>) -> bool {
    let policy = change.situation.policy;
    let rotation = change.record.rotation.as_ref();
    let completed = rotation.is_some_and(|rotation| rotation.completed);
    let current = change.record.current.as_ref().filter(|_| !completed);
    let expiry = current.and_then(|token| policy.expiry(token));
    change.pending().is_none_or(|pending| {
        let patience = policy.patience(pending.issued_at, expiry);
        change.now.duration_since(pending.issued_at) >= patience
    })
}

pub(super) fn fault_of(finding: &Finding, class: FaultClass) -> Fault {
    let kind = match finding.reason {
        FindingReason::Rejected | FindingReason::Forbidden | FindingReason::Ambiguous403 => {
            FaultKind::Auth
        }
        FindingReason::Throttled => FaultKind::Throttled,
        FindingReason::Unreachable | FindingReason::Tls => FaultKind::Network,
        FindingReason::ServerError => FaultKind::Server,
        FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::NoReadVariant
        | FindingReason::RefusalUnclear
        | FindingReason::LikeWrongToken => FaultKind::Schema,
        FindingReason::WrongBaseUrl | FindingReason::NoAccess | FindingReason::ControlsOff => {
            FaultKind::Config
        }
        FindingReason::Malformed
        | FindingReason::NotInForce
        | FindingReason::EndpointOpen
        | FindingReason::TokenTooLarge
        | FindingReason::StillAccepted
        | FindingReason::OtherTenant
        | FindingReason::Flapping => FaultKind::Refused,
    };
    Fault::new(class, kind, finding.detail.clone())
}

pub(super) fn verified(
    change: Change<'_, '_>,
    verdict: Verdict<Evidence>,
) -> Result<(), IllegalOutcome> {
    let now = change.now;
    let Some(current) = change.record.current.as_mut() else {
        return Err(change.illegal("verified"));
    };
    let before = change.record.probe.take();
    let passed_at = before.as_ref().and_then(|p| p.passed_at);
    let dead = dead::is_dead(&verdict, current.evidence.as_ref());
    let refused = before
        .as_ref()
        .map_or(0, |p| p.refused)
        .saturating_add(u32::from(dead));
    change.record.probe = Some(match verdict {
        Verdict::Pass(evidence) if *evidence.fingerprint() == current.fingerprint() => {
            let at = evidence.at();
            current.evidence = Some(evidence);
            restoring::tested(change.record);
            LastProbe {
                at: now,
                refused: 0,
                passed_at: Some(at),
                finding: None,
            }
        }
        Verdict::Pass(_) => {
            change.record.probe = before;
            return Err(change.illegal("verified with the evidence of another token"));
        }
        Verdict::Fail(finding) | Verdict::Inconclusive(finding) => LastProbe {
            at: now,
            refused,
            passed_at,
            finding: Some(finding),
        },
    });
    Ok(())
}

/// A probe that could not be made shows nothing; the next one comes at the
/// usual time.
pub(super) fn verify_failed(change: Change<'_, '_>, fault: Fault) {
    let before = change.record.probe.take();
    change.record.probe = Some(LastProbe {
        at: change.now,
        refused: before.as_ref().map_or(0, |p| p.refused),
        passed_at: before.and_then(|p| p.passed_at),
        finding: Some(Finding {
            reason: FindingReason::Unreachable,
            detail: fault.message,
        }),
    });
}
