//! What rules a new token out before any connection is given it: a connection that
//! cannot hold it, and a token that may do more than it should.

use super::change::{Change, IllegalOutcome};
use super::failures::note_refusal;
use super::rolling_back::{forget_evidence, roll_back};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::capability::IssueEffect;
use crate::rotation::decision::Step;
use crate::rotation::outcome::Objection;
use crate::rotation::privilege;
use crate::rotation::record::{Origin, Stage};

pub(super) fn cannot_be_held(
    mut change: Change<'_, '_>,
    objections: &[Objection],
) -> Result<(), IllegalOutcome> {
    let stage = change.record.rotation.as_ref().map(|r| r.stage);
    let can_follow = matches!(
        stage,
        Some(Stage::Proving | Stage::Delivering | Stage::Confirming | Stage::HandedOver)
    );
    let has_pending = change.pending_origin().is_some();
    if !can_follow || !has_pending || objections.is_empty() {
        return Err(change.illegal("cannot_be_held"));
    }
    let all: Vec<_> = objections
        .iter()
        .map(|one| format!("connection `{}`: {}", one.connection, one.why))
        .collect();
    let detail = format!(
        "the new token cannot be used, since not every connection can hold it: {}. Change what the issuer makes, or correct the connection's `token_rules`",
        all.join("; ")
    );
    refuse(&mut change, detail);
    Ok(())
}

/// Discards the pending token if it may do more than it should. Where its issue has
/// ended the token in use, there is nothing to go back to: it is used, and people
/// are told.
pub(super) fn refuse_if_too_broad(change: &mut Change<'_, '_>) -> bool {
    let rotation = change.record.rotation.as_ref();
    let ended_old = rotation.is_some_and(|r| r.completed)
        || (change.situation.issuer.issue_effect != IssueEffect::Keeps
            && change.pending_origin() == Some(Origin::Issued));
    let rules = &change.situation.policy.privilege;
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let why = pending
        .filter(|_| !ended_old)
        .and_then(|pending| privilege::refusal(rules, pending));
    match why {
        Some(detail) => {
            refuse(change, detail);
            true
        }
        None => false,
    }
}

fn refuse(change: &mut Change<'_, '_>, detail: String) {
    let fault = Fault::new(FaultClass::Rejected, FaultKind::Refused, detail.clone());
    note_refusal(change, &Step::Prove, &fault);
    forget_evidence(change);
    roll_back(change, detail);
}
