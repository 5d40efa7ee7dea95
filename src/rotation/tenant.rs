//! What counts of the tenant of a new token that may belong to another one than the
//! token in use: a person supplied it, or it is the first one of its issuer. The daemon
//! compares the two.

use super::capability::{IssuerCapabilities, Supply};
use super::policy::{AcceptSupplied, Policy};
use super::record::{HeldToken, Origin, Record};
use crate::scim::evidence::Tenancy;
use crate::scim::evidence::{Evidence, Finding, FindingReason, Verdict};

/// Whether what a token sees of its tenant is remembered with its proof: a person may
/// supply its successor, which is compared also if this token is dead then.
#[must_use]
pub fn is_remembered(issuer: &IssuerCapabilities, policy: &Policy) -> bool {
    issuer.supply == Supply::Operator || policy.accept_supplied == AcceptSupplied::Always
}

/// Whether the pending token is compared with the token in use: it was not proven
/// before, and a person supplied it, or nothing shows yet that its issuer makes tokens
/// of this tenant.
#[must_use]
pub fn is_compared(record: &Record) -> bool {
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    pending.is_some_and(|token| {
        let by_person = token.origin == Origin::Operator;
        token.evidence.is_none() && (by_person || is_first_of_its_issuer(record, token))
    })
}

/// Whether another issuer made the token in use, as far as is known. An issuer that
/// lists it has made it.
fn is_first_of_its_issuer(record: &Record, new: &HeldToken) -> bool {
    let current = record.current.as_ref();
    let made_by = current.map(|current| (current.origin, &current.issuer));
    match made_by {
        None => false,
        Some((Origin::Issued, None)) => false,
        Some((Origin::Adopted | Origin::Operator, None)) => true,
        Some((_, Some(issuer))) => new.issuer.as_ref().is_some_and(|new| new != issuer),
    }
}

/// The proof of a token that a person supplied, after the comparison. Entries that are
/// gone may have been deleted: a person who says that the value is meant answers for
/// that, and the doubt is shown.
#[must_use]
pub fn judge(record: &Record, evidence: Evidence, tenancy: &Tenancy) -> Verdict<Evidence> {
    let is_meant = record
        .rotation
        .as_ref()
        .is_some_and(|r| r.supplied_is_meant);
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    if pending.is_some_and(|token| token.origin == Origin::Issued) {
        return of_issued(evidence, tenancy);
    }
    let other = |detail: &str, remedy: &str| {
        Verdict::Fail(Finding {
            reason: FindingReason::OtherTenant,
            detail: format!("it belongs to another tenant than the token in use: {detail}{remedy}"),
        })
    };
    match tenancy {
        Tenancy::Same => Verdict::Pass(evidence),
        Tenancy::Other(detail) => other(detail, ""),
        Tenancy::Gone(detail) if !is_meant => {
            let name = &record.token;
            let remedy = format!(
                "; if they were deleted, run `scim-rotator rotate {name} --supplied --reason TEXT` and write the value again"
            );
            other(detail, &remedy)
        }
        Tenancy::Gone(why) | Tenancy::Unknown(why) => {
            Verdict::Pass(evidence.of_unknown_tenant(why))
        }
    }
}

/// Entries that are gone were deleted, as far as is known: an issuer is believed more
/// than a person's copy and paste.
fn of_issued(evidence: Evidence, tenancy: &Tenancy) -> Verdict<Evidence> {
    match tenancy {
        Tenancy::Other(detail) => Verdict::Fail(Finding {
            reason: FindingReason::OtherTenant,
            detail: format!(
                "its issuer made it for another tenant than that of the token in use: {detail}; correct the issuer's settings, or `scim_url`"
            ),
        }),
        Tenancy::Same | Tenancy::Gone(_) | Tenancy::Unknown(_) => Verdict::Pass(evidence),
    }
}
