//! Finds in the record what a step works on.

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::unit::Unit;
use crate::ports::{IssueRequest, TokenHandle};
use crate::rotation::capability::{IssuerCapabilities, Supply};
use crate::rotation::record::{HeldToken, Intent, Record, Retiring, Rotation};
use crate::secret::Fingerprint;

/// The record does not contain what the step needs, which only a defect can
/// cause.
pub(super) fn missing(what: &str) -> Fault {
    Fault::new(
        FaultClass::Rejected,
        FaultKind::Config,
        format!("the record holds no {what} for this step"),
    )
}

pub(super) fn rotation_of(record: &Record) -> Result<&Rotation, Fault> {
    record.rotation.as_ref().ok_or_else(|| missing("rotation"))
}

pub(super) fn pending_of(record: &Record) -> Result<&HeldToken, Fault> {
    rotation_of(record)?
        .pending
        .as_ref()
        .ok_or_else(|| missing("pending token"))
}

pub(super) fn current_of(record: &Record) -> Result<&HeldToken, Fault> {
    record
        .current
        .as_ref()
        .ok_or_else(|| missing("current token"))
}

pub(super) fn retiring_of<'a>(
    record: &'a Record,
    fingerprint: &Fingerprint,
) -> Result<&'a Retiring, Fault> {
    let entry = record
        .retiring
        .iter()
        .find(|r| r.token.fingerprint() == *fingerprint);
    entry.ok_or_else(|| missing("superseded token"))
}

/// Whether another issuer than the unit's made a token. At the unit's issuer
/// its id may be another token's.
pub(super) fn is_of_another_issuer(unit: &Unit, issuer: Option<&str>) -> bool {
    issuer.is_some_and(|name| name != unit.issuer_name)
}

pub(super) fn handle(token: &HeldToken) -> TokenHandle {
    TokenHandle {
        id: token.id.clone(),
        value: Some(token.value.clone()),
    }
}

/// Whether all tokens of the issuer are read before one is issued.
pub(super) fn lists(issuer: &IssuerCapabilities) -> bool {
    issuer.supply == Supply::Issuer && issuer.lists_before_an_issue()
}

/// The request for a token under this intent.
pub(in crate::driver) fn request_for(
    unit: &Unit,
    record: &Record,
    intent: &Intent,
) -> IssueRequest {
    let current = record.current.as_ref();
    let made_here = current.filter(|t| !is_of_another_issuer(unit, t.issuer.as_deref()));
    IssueRequest {
        token: unit.name.clone(),
        label: intent.label.clone(),
        lifetime: unit.policy.lifetime,
        overlap: unit.policy.overlap,
        etag: intent.etag.clone(),
        chosen: intent.chosen.clone(),
        current: made_here.map(handle),
    }
}
