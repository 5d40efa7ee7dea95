//! Steps that end tokens: superseded ones, discarded ones, and orphans.

use super::dead::{Now, old_token, revoke_or_find_dead, revoke_or_find_gone};
use super::operands::{current_of, handle, is_of_another_issuer, missing, pending_of, retiring_of};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::capability::Overlap;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{HeldToken, Record};
use crate::rotation::uncommitted::UnrecordedToken;
use crate::scim::evidence::Verdict;
use crate::secret::Fingerprint;

/// Completes the rotation at a two-phase issuer. The call names no token: at an
/// issuer that made none for us it would end a foreign one.
pub(super) async fn complete(unit: &Unit, record: &Record) -> Result<Outcome, Fault> {
    let pending = pending_of(record)?;
    if is_of_another_issuer(unit, pending.issuer.as_deref()) {
        let text = "the new token was made by another issuer than the configured one, which cannot complete it";
        return Err(Fault::new(FaultClass::Rejected, FaultKind::Refused, text));
    }
    unit.issuer.complete(&unit.name).await?;
    Ok(Outcome::Completed)
}

pub(super) async fn discard(unit: &Unit, record: &Record) -> Result<Outcome, Fault> {
    let pending = pending_of(record)?;
    if is_of_another_issuer(unit, pending.issuer.as_deref()) {
        return Ok(Outcome::Discarded);
    }
    let capabilities = unit.issuer.capabilities();
    match (capabilities.overlap, capabilities.revokes_single_tokens()) {
        (Overlap::TwoPhase { .. }, _) => unit.issuer.cancel(&unit.name).await?,
        (Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None, true) => {
            revoke_or_find_dead(unit, pending).await?;
        }
        (Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None, false) => {}
    }
    Ok(Outcome::Discarded)
}

/// The lost token of a two-phase issuer is the new one, which `cancel` drops.
pub(super) async fn revoke_orphan(
    unit: &Unit,
    record: &Record,
    id: &str,
) -> Result<Outcome, Fault> {
    match unit.issuer.capabilities().overlap {
        Overlap::TwoPhase { .. } => unit.issuer.cancel(&unit.name).await?,
        Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => {
            let mut orphans = record.orphans.iter();
            let orphan = orphans.find(|orphan| orphan.id.as_str() == id);
            let orphan = orphan.ok_or_else(|| missing("orphan"))?;
            let handle = TokenHandle {
                id: Some(orphan.id.clone()),
                value: None,
            };
            revoke_or_find_gone(unit, &handle).await?;
        }
    }
    Ok(Outcome::OrphanRevoked { id: id.to_owned() })
}

/// Revokes a token that only this process knows.
pub(super) async fn revoke_unrecorded(
    unit: &Unit,
    unrecorded: &[UnrecordedToken],
    label: &str,
) -> Result<Outcome, Fault> {
    let mut tokens = unrecorded.iter();
    let token = tokens
        .find(|token| token.intent.label == label && !token.revoked)
        .ok_or_else(|| missing("unrecorded token"))?;
    let handle = TokenHandle {
        id: token.token.issuer_id(),
        value: Some(token.token.value.clone()),
    };
    revoke_or_find_gone(unit, &handle).await?;
    Ok(Outcome::UnrecordedRevoked {
        label: label.to_owned(),
    })
}

pub(super) async fn check_use(
    unit: &Unit,
    record: &Record,
    fingerprint: &Fingerprint,
) -> Result<Outcome, Fault> {
    let entry = retiring_of(record, fingerprint)?;
    let elsewhere = is_of_another_issuer(unit, entry.token.issuer.as_deref());
    let listed = match entry.token.id.as_ref().filter(|_| !elsewhere) {
        Some(id) => unit.issuer.get(&unit.name, id.as_str()).await?,
        None => None,
    };
    let last_used_at = listed.as_ref().and_then(|token| token.last_used_at);
    let last_used_by = listed.and_then(|token| token.last_used_by);
    Ok(Outcome::UseSeen {
        fingerprint: *fingerprint,
        last_used_at,
        last_used_by,
    })
}

pub(super) async fn retire(
    unit: &Unit,
    record: &Record,
    fingerprint: &Fingerprint,
    now: &Now<'_>,
) -> Result<Outcome, Fault> {
    let entry = retiring_of(record, fingerprint)?;
    let old = &entry.token;
    let current = current_of(record)?;
    // What was revoked and refused is only asked again.
    let is_ended = entry.revoked_at.is_some() && entry.refused_since.is_some();
    let refused = match is_ended {
        true => None,
        false => end_superseded(unit, old).await.err(),
    };
    if let Some(fault) = refused.as_ref().filter(|f| f.class != FaultClass::Rejected) {
        return Err(fault.clone());
    }
    let seen = unit.probe.prove_refused(&old.value, &current.value).await;
    let refusal = old_token(unit, old, seen, now).await;
    match (refused, &refusal) {
        // A permanently refused revocation does not matter if the token is
        // refused anyway: it has expired, or somebody else revoked it.
        (Some(fault), Verdict::Fail(_) | Verdict::Inconclusive(_)) => Err(fault),
        (Some(_), Verdict::Pass(_)) | (None, _) => Ok(Outcome::Retired {
            fingerprint: *fingerprint,
            refusal,
        }),
    }
}

async fn end_superseded(unit: &Unit, old: &HeldToken) -> Result<(), Fault> {
    if is_of_another_issuer(unit, old.issuer.as_deref()) {
        return Ok(());
    }
    let capabilities = unit.issuer.capabilities();
    if capabilities.lacks_id_to_revoke(old.id.is_some()) {
        return Ok(());
    }
    match capabilities.overlap {
        Overlap::TwoPhase { next_usable: true } => unit.issuer.complete(&unit.name).await,
        Overlap::ExplicitRetire if capabilities.revokes_single_tokens() => {
            unit.issuer.revoke(&unit.name, &handle(old)).await
        }
        Overlap::ExplicitRetire
        | Overlap::IssuerTimed { .. }
        | Overlap::TwoPhase { next_usable: false }
        | Overlap::None => Ok(()),
    }
}
