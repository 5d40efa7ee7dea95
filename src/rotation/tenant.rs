//! What counts of the tenant of a token that a person supplied: the daemon compares
//! it with that of the token in use.

use super::capability::{IssuerCapabilities, Supply};
use super::policy::{AcceptSupplied, Policy};
use super::record::{Origin, Record};
use crate::scim::evidence::Tenancy;
use crate::scim::evidence::{Evidence, Finding, FindingReason, Verdict};

/// Whether what a token sees of its tenant is remembered with its proof: a person may
/// supply its successor, which is compared also if this token is dead then.
#[must_use]
pub fn is_remembered(issuer: &IssuerCapabilities, policy: &Policy) -> bool {
    issuer.supply == Supply::Operator || policy.accept_supplied == AcceptSupplied::Always
}

/// Whether the pending token is compared with the token in use: a person supplied it,
/// and it was not proven before.
#[must_use]
pub fn is_compared(record: &Record) -> bool {
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    pending.is_some_and(|token| token.origin == Origin::Operator && token.evidence.is_none())
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
