//! Ends the throw-away token of a rehearsal.

use super::dead::revoke_or_find_gone;
use super::operands::{handle, is_of_another_issuer, lists, missing, request_for};
use crate::fault::{Fault, FaultClass};
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::capability::{IssuerCapabilities, Overlap, Recovery, Revoke};
use crate::rotation::outcome::{Listing, Outcome, Throwaway};
use crate::rotation::record::{Record, Rehearsal};

/// Revokes the throw-away token. If its reply was lost, the request is sent again
/// where that gives the same token; else the issuer's list shows it.
pub(super) async fn end_rehearsal(unit: &Unit, record: &Record) -> Result<Outcome, Fault> {
    let rehearsal = record.rehearsal.as_deref();
    let rehearsal = rehearsal.ok_or_else(|| missing("rehearsal"))?;
    let ended = |throwaway| Ok(Outcome::RehearsalEnded(throwaway));
    if is_of_another_issuer(unit, rehearsal.intent.issuer.as_deref()) {
        return ended(Throwaway::LeftToExpire);
    }
    let issuer = unit.issuer.capabilities();
    if let Overlap::TwoPhase { .. } = issuer.overlap {
        unit.issuer.cancel(&unit.name).await?;
        return ended(Throwaway::Revoked);
    }
    let known = match &rehearsal.issued {
        Some(token) => Some(handle(token)),
        None => again(unit, record, rehearsal, &issuer).await?,
    };
    match known {
        Some(known) if can_revoke(&issuer, &known) => {
            revoke_or_find_gone(unit, &known).await?;
            ended(Throwaway::Revoked)
        }
        Some(_) => ended(Throwaway::LeftToExpire),
        None => ended(Throwaway::Listed(list(unit, rehearsal, &issuer).await?)),
    }
}

/// Whether this token can be revoked alone.
fn can_revoke(issuer: &IssuerCapabilities, token: &TokenHandle) -> bool {
    let lacks_id = issuer.revokes_by_id() && token.id.is_none();
    issuer.revokes_single_tokens() && !lacks_id
}

/// The token of a request whose reply was lost, where the same request gives the
/// same token.
async fn again(
    unit: &Unit,
    record: &Record,
    rehearsal: &Rehearsal,
    issuer: &IssuerCapabilities,
) -> Result<Option<TokenHandle>, Fault> {
    match (issuer.recovery, issuer.revoke, &rehearsal.intent.chosen) {
        (Recovery::ClientChosen, Revoke::ByValue | Revoke::OfItself, Some(chosen)) => {
            return Ok(Some(TokenHandle {
                id: None,
                value: Some(chosen.clone()),
            }));
        }
        (Recovery::ClientChosen | Recovery::Replay, _, _) => {}
        (
            Recovery::ClientNamed
            | Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::None,
            _,
            _,
        ) => return Ok(None),
    }
    if !issuer.revokes_single_tokens() {
        return Ok(None);
    }
    let request = request_for(unit, record, &rehearsal.intent);
    match unit.issuer.issue(&request).await {
        Ok(token) => Ok(Some(TokenHandle {
            id: token.issuer_id(),
            value: Some(token.value),
        })),
        // The issuer makes no token for it any more, and made none before.
        Err(fault) if fault.class == FaultClass::Rejected => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn list(
    unit: &Unit,
    rehearsal: &Rehearsal,
    issuer: &IssuerCapabilities,
) -> Result<Listing, Fault> {
    if issuer.recovery == Recovery::ClientNamed {
        let found = unit.issuer.get(&unit.name, &rehearsal.intent.label).await?;
        return Ok(Listing {
            tokens: found.into_iter().collect(),
            etag: None,
        });
    }
    match lists(issuer) {
        true => unit.issuer.list(&unit.name).await,
        false => Ok(Listing::default()),
    }
}
