//! Asks the issuer about a token of which the service provider says nothing
//! clear. [`dead`](crate::scim::evidence::dead) defines what follows.

use jiff::Timestamp;

use super::operands::is_of_another_issuer;
use crate::fault::{Fault, FaultClass};
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::capability::LiveTokens;
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::record::HeldToken;
use crate::scim::evidence::{Evidence, FindingReason, Refusal, Verdict, dead};

/// The right time, asked when a step has found something out.
pub(super) type Now<'a> = dyn Fn() -> Timestamp + Sync + 'a;

/// The verdict on an old token. The issuer is asked if its word can change what
/// follows: whether the token is dead, or whether its slot is free.
pub(super) async fn old_token(
    unit: &Unit,
    old: &HeldToken,
    seen: Verdict<Refusal>,
    now: &Now<'_>,
) -> Verdict<Refusal> {
    let slots_count = unit.issuer.capabilities().live_tokens == LiveTokens::Two;
    let asks = match &seen {
        Verdict::Pass(_) => false,
        Verdict::Fail(finding) | Verdict::Inconclusive(finding) => {
            dead::issuer_decides(finding)
                || (slots_count && finding.reason == FindingReason::StillAccepted)
        }
    };
    if !asks {
        return seen;
    }
    let listed = listed(unit, old).await;
    dead::old_token(seen, listed, old.fingerprint(), now())
}

/// The verdict on the token in use.
pub(super) async fn token_in_use(
    unit: &Unit,
    token: &HeldToken,
    seen: Verdict<Evidence>,
) -> Verdict<Evidence> {
    let asks = match &seen {
        Verdict::Pass(_) => false,
        Verdict::Fail(finding) | Verdict::Inconclusive(finding) => dead::issuer_decides(finding),
    };
    if !asks {
        return seen;
    }
    let listed = listed(unit, token).await;
    dead::token_in_use(seen, listed)
}

/// Revokes a token. A permanent refusal, such as 400 for one that was revoked
/// before, does not matter if the issuer does not have the token any more and
/// the service provider does not accept it.
pub(super) async fn revoke_or_find_dead(unit: &Unit, token: &HeldToken) -> Result<(), Fault> {
    let handle = super::operands::handle(token);
    let Err(fault) = unit.issuer.revoke(&unit.name, &handle).await else {
        return Ok(());
    };
    if fault.class != FaultClass::Rejected || listed(unit, token).await != dead::Listed::Gone {
        return Err(fault);
    }
    match unit.probe.prove(&token.value).await {
        Verdict::Pass(_) => Err(fault),
        Verdict::Fail(_) | Verdict::Inconclusive(_) => Ok(()),
    }
}

/// The same for a token of which only the id may be known.
pub(super) async fn revoke_or_find_gone(unit: &Unit, handle: &TokenHandle) -> Result<(), Fault> {
    let Err(fault) = unit.issuer.revoke(&unit.name, handle).await else {
        return Ok(());
    };
    let id = handle.id.as_ref().map(IssuerId::as_str);
    if fault.class == FaultClass::Rejected && listed_id(unit, id).await == dead::Listed::Gone {
        return Ok(());
    }
    Err(fault)
}

async fn listed(unit: &Unit, token: &HeldToken) -> dead::Listed {
    let elsewhere = is_of_another_issuer(unit, token.issuer.as_deref());
    let id = token
        .id
        .as_ref()
        .map(IssuerId::as_str)
        .filter(|_| !elsewhere);
    listed_id(unit, id).await
}

async fn listed_id(unit: &Unit, id: Option<&str>) -> dead::Listed {
    let Some(id) = id.filter(|_| unit.issuer.capabilities().looks_up()) else {
        return dead::Listed::Unknown;
    };
    match unit.issuer.get(&unit.name, id).await {
        Ok(Some(_)) => dead::Listed::There,
        Ok(None) => dead::Listed::Gone,
        Err(_) => dead::Listed::Unknown,
    }
}
