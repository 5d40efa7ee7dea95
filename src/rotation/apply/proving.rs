//! What the service provider's verdicts change, and the promotion.

use jiff::Timestamp;

use super::failing::{halt, note_failure, roll_back};
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, Overlap, Revoke};
use crate::rotation::decision::Step;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::record::{
    DeliveryState, Failures, HISTORY, HaltCause, HeldToken, LastProbe, PastRotation, Record,
    Retiring, RotationResult, Stage, Trigger,
};
use crate::scim::evidence::{Evidence, Finding, FindingReason, Verdict};

/// A fresh token may be refused for a while until it is known everywhere; this
/// many refusals in a row are believed.
const REFUSALS_BELIEVED: u32 = 4;

pub(super) fn proved(
    mut change: Change<'_, '_>,
    verdict: Verdict<Evidence>,
) -> Result<(), IllegalOutcome> {
    let stage = change.record.rotation.as_ref().map(|r| r.stage);
    let can_follow = matches!(
        stage,
        Some(Stage::Proving | Stage::Delivering | Stage::Confirming)
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
    note_failure(
        change,
        &Step::Prove,
        &fault_of(finding, FaultClass::NotApplied),
    );
    match finding.reason {
        FindingReason::EndpointOpen => {
            halt(change, HaltCause::EndpointOpen, finding.detail.clone())
        }
        FindingReason::Malformed
        | FindingReason::NotInForce
        | FindingReason::Forbidden
        | FindingReason::TokenTooLarge => {
            roll_back(
                change,
                format!("the new token cannot be used: {}", finding.detail),
            );
        }
        FindingReason::Rejected
        | FindingReason::Ambiguous403
        | FindingReason::WrongBaseUrl
        | FindingReason::NoReadVariant
        | FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::Tls
        | FindingReason::Unreachable
        | FindingReason::Throttled
        | FindingReason::ServerError
        | FindingReason::StillAccepted
        | FindingReason::Flapping => {
            if change.record.failures.consecutive >= REFUSALS_BELIEVED {
                roll_back(
                    change,
                    format!("the new token does not work: {}", finding.detail),
                );
            }
        }
    }
}

pub(super) fn fault_of(finding: &Finding, class: FaultClass) -> Fault {
    let kind = match finding.reason {
        FindingReason::Rejected | FindingReason::Forbidden | FindingReason::Ambiguous403 => {
            FaultKind::Auth
        }
        FindingReason::Throttled => FaultKind::Throttled,
        FindingReason::Unreachable | FindingReason::Tls => FaultKind::Network,
        FindingReason::ServerError => FaultKind::Server,
        FindingReason::NotScim | FindingReason::Redirect | FindingReason::NoReadVariant => {
            FaultKind::Schema
        }
        FindingReason::WrongBaseUrl => FaultKind::Config,
        FindingReason::Malformed
        | FindingReason::NotInForce
        | FindingReason::EndpointOpen
        | FindingReason::TokenTooLarge
        | FindingReason::StillAccepted
        | FindingReason::Flapping => FaultKind::Refused,
    };
    Fault::new(class, kind, finding.detail.clone())
}

/// Moves a proven rotation on, as far as its deliveries allow.
pub(super) fn advance(change: &mut Change<'_, '_>) {
    let wanted = change.situation.connections;
    let all = |enough: fn(DeliveryState) -> bool| {
        let deliveries = change.record.rotation.as_ref().map(|r| &r.deliveries);
        wanted.iter().all(|(name, _)| {
            deliveries
                .and_then(|d| d.get(name))
                .is_some_and(|d| enough(d.state))
        })
    };
    let stage = if !all(|s| matches!(s, DeliveryState::Delivered | DeliveryState::Confirmed)) {
        Stage::Delivering
    } else if !all(|s| s == DeliveryState::Confirmed) {
        Stage::Confirming
    } else {
        promote(change);
        return;
    };
    enter(change, stage);
}

/// Enters a stage; its clock starts only when the stage really changes.
pub(super) fn enter(change: &mut Change<'_, '_>, stage: Stage) {
    let now = change.now;
    if let Some(rotation) = change.record.rotation.as_mut().filter(|r| r.stage != stage) {
        rotation.stage = stage;
        rotation.stage_entered_at = now;
    }
}

/// The pending token becomes the current one; its predecessor joins `retiring`.
fn promote(change: &mut Change<'_, '_>) {
    let now = change.now;
    let Some(rotation) = change.record.rotation.take() else {
        return;
    };
    let Some(pending) = rotation.pending else {
        return;
    };
    let record = &mut *change.record;
    let new = pending.fingerprint();
    record.probe = pending.evidence.as_ref().map(|evidence| LastProbe {
        at: evidence.at(),
        refused: 0,
        passed_at: Some(evidence.at()),
        finding: None,
    });
    let old = record.current.replace(pending);
    record.generation += 1;
    remember(
        record,
        PastRotation {
            id: rotation.id,
            trigger: rotation.trigger,
            began_at: rotation.began_at,
            ended_at: now,
            result: RotationResult::Success,
            old: old.as_ref().map(HeldToken::fingerprint),
            new: Some(new),
            old_refused: None,
            detail: None,
        },
    );
    record.failures = Failures::default();
    if let Some(old) = old {
        let not_before = retire_not_before(change, &old, rotation.trigger);
        change.record.retiring.push(Retiring {
            token: old,
            superseded_at: now,
            not_before,
            extended: false,
            use_checked: None,
            revoked_at: None,
            attempts: 0,
            retry_at: None,
            last_finding: None,
        });
    }
}

/// When the predecessor may be retired: after the overlap window, or at once if
/// it is compromised or dead anyway, or when it expires if it cannot be revoked.
fn retire_not_before(change: &Change<'_, '_>, old: &HeldToken, trigger: Trigger) -> Timestamp {
    let now = change.now;
    let issuer = &change.situation.issuer;
    let expiry = old.expires_at;
    let window_end = now
        .checked_add(change.situation.policy.overlap)
        .unwrap_or(Timestamp::MAX);
    let capped = |at: Timestamp| expiry.map_or(at, |end| at.min(end)).max(now);
    if issuer.issue_effect == IssueEffect::Kills {
        return now;
    }
    match issuer.overlap {
        Overlap::None | Overlap::TwoPhase { next_usable: false } => now,
        Overlap::IssuerTimed { max } => {
            let latest = now.checked_add(max).unwrap_or(Timestamp::MAX);
            expiry.unwrap_or(latest).max(now)
        }
        Overlap::TwoPhase { next_usable: true } | Overlap::ExplicitRetire => {
            let can_revoke = match issuer.revoke {
                Revoke::ById | Revoke::ByValue | Revoke::OfItself => true,
                Revoke::AllOnly | Revoke::Never => {
                    matches!(issuer.overlap, Overlap::TwoPhase { .. })
                }
            };
            match (can_revoke, trigger) {
                (true, Trigger::Compromise) => now,
                (
                    true,
                    Trigger::Schedule
                    | Trigger::Missing
                    | Trigger::Drift
                    | Trigger::Force
                    | Trigger::Operator,
                ) => capped(window_end),
                (false, _) => expiry.unwrap_or(window_end).max(now),
            }
        }
    }
}

pub(super) fn remember(record: &mut Record, past: PastRotation) {
    record.history.insert(0, past);
    record.history.truncate(HISTORY);
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
    let refused = before.as_ref().map_or(0, |p| p.refused);
    change.record.probe = Some(match verdict {
        Verdict::Pass(evidence) if *evidence.fingerprint() == current.fingerprint() => {
            let at = evidence.at();
            current.evidence = Some(evidence);
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
        Verdict::Fail(finding) => {
            let counts = means_refused(finding.reason);
            LastProbe {
                at: now,
                refused: refused + u32::from(counts),
                passed_at,
                finding: Some(finding),
            }
        }
        Verdict::Inconclusive(finding) => LastProbe {
            at: now,
            refused,
            passed_at,
            finding: Some(finding),
        },
    });
    Ok(())
}

/// Whether a failed probe says that the token itself does not work. A wrong
/// URL or an open endpoint says nothing of the token.
fn means_refused(reason: FindingReason) -> bool {
    match reason {
        FindingReason::Rejected | FindingReason::Forbidden | FindingReason::NotInForce => true,
        FindingReason::Malformed
        | FindingReason::Ambiguous403
        | FindingReason::WrongBaseUrl
        | FindingReason::EndpointOpen
        | FindingReason::TokenTooLarge
        | FindingReason::NoReadVariant
        | FindingReason::NotScim
        | FindingReason::Redirect
        | FindingReason::Tls
        | FindingReason::Unreachable
        | FindingReason::Throttled
        | FindingReason::ServerError
        | FindingReason::StillAccepted
        | FindingReason::Flapping => false,
    }
}
