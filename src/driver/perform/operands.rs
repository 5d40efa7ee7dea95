//! Finds in the record what a step works on.

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::record::{HeldToken, Record, Retiring, Rotation};
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
