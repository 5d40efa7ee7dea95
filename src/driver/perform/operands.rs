//! What a step works on, found in the record.

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::TokenHandle;
use crate::ports::unit::Unit;
use crate::rotation::record::{HeldToken, Record, Retiring, Rotation};
use crate::secret::Fingerprint;

/// The record lost what the step needs: only a bug can lead here.
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

/// Whether a token was made by an issuer that its unit has no more: this one
/// may have given the same id to somebody else's.
pub(super) fn is_of_another_issuer(unit: &Unit, issuer: Option<&str>) -> bool {
    issuer.is_some_and(|name| name != unit.issuer_name)
}

pub(super) fn handle(token: &HeldToken) -> TokenHandle {
    TokenHandle {
        id: token.id.clone(),
        value: Some(token.value.clone()),
    }
}
