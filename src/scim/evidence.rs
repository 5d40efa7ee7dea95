//! Proof that a token works, or that it does not any more. Only [`crate::scim`]
//! can create it; `rotation` can only require it.

pub mod dead;
mod finding;
mod passed;
mod tenancy;

pub use self::passed::Passed;
pub use self::tenancy::Tenancy;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reach::Privilege;
use super::tenant_mark::TenantMark;
use crate::secret::Fingerprint;

pub use self::finding::{Finding, FindingReason};

/// Proof that the service provider accepted a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    fingerprint: Fingerprint,
    at: Timestamp,
    controls: Controls,
    /// Why the controls are unclear. Records of earlier programs do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear: Option<Box<Finding>>,
    /// The status with which a wrong token was refused, where it is 404 or 400:
    /// a dead token gets the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrong_token: Option<u16>,
    /// What the token sees of its tenant, where a person supplies its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<Box<TenantMark>>,
    /// Why it is not known whether the token belongs to the tenant of its
    /// predecessor, if that had to be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant_doubt: Option<Box<str>>,
    /// What was last found out about what the token may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    privilege: Option<Box<Privilege>>,
}

/// Whether the same request was refused without a token and with a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controls {
    /// They were refused: the acceptance proves that the token is checked.
    Refused,
    /// At least one gave no clear answer, or they were not sent: enough to
    /// deliver the token, but not to retire its predecessor.
    Unclear,
}

impl Evidence {
    /// `unclear`: why the controls show nothing; `None` if they were refused.
    pub(in crate::scim) fn new(
        fingerprint: Fingerprint,
        at: Timestamp,
        unclear: Option<Finding>,
        wrong_token: Option<u16>,
    ) -> Self {
        Self {
            fingerprint,
            at,
            controls: match unclear {
                None => Controls::Refused,
                Some(_) => Controls::Unclear,
            },
            unclear: unclear.map(Box::new),
            wrong_token,
            tenant: None,
            tenant_doubt: None,
            privilege: None,
        }
    }

    /// The same proof of a client secret, with why it is not clear that the token
    /// endpoint checks secrets, if it is not.
    pub(in crate::scim) fn of_checked_secret(mut self, unclear: Option<Finding>) -> Self {
        if let Some(finding) = unclear {
            self.controls = Controls::Unclear;
            self.unclear = Some(Box::new(finding));
        }
        // The status says how a wrong access token was refused.
        self.wrong_token = None;
        self
    }

    /// The same proof with what the token sees of its tenant; without that, with what
    /// is remembered of an earlier proof of it.
    #[must_use]
    pub fn with_tenant(mut self, mark: Option<TenantMark>, before: Option<&Self>) -> Self {
        let remembered = || before.and_then(|before| before.tenant.clone());
        self.tenant = mark.map(Box::new).or_else(remembered);
        let doubt = before.and_then(|before| before.tenant_doubt.clone());
        self.tenant_doubt = self.tenant_doubt.or(doubt);
        self
    }

    /// The same proof of a token whose tenant could not be compared, for this reason.
    #[must_use]
    pub fn of_unknown_tenant(mut self, why: &str) -> Self {
        self.tenant_doubt = Some(why.into());
        self
    }

    /// The same proof with what was found out about what the token may do; without
    /// that, with what is remembered of an earlier proof of it.
    #[must_use]
    pub fn with_privilege(mut self, found: Option<Privilege>, before: Option<&Self>) -> Self {
        let remembered = || before.and_then(|before| before.privilege.clone());
        self.privilege = found.map(Box::new).or_else(remembered);
        self
    }

    /// What was last found out about what the token may do.
    #[must_use]
    pub fn privilege(&self) -> Option<&Privilege> {
        self.privilege.as_deref()
    }

    /// What the token saw of its tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantMark> {
        self.tenant.as_deref()
    }

    /// Why it is not known whether the token belongs to the tenant of its predecessor.
    #[must_use]
    pub fn tenant_doubt(&self) -> Option<&str> {
        self.tenant_doubt.as_deref()
    }

    /// Which token was accepted.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it suffices to retire a predecessor.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self.controls {
            Controls::Refused => true,
            Controls::Unclear => false,
        }
    }

    /// Why it does not suffice to retire a predecessor, if it does not. `None`
    /// also for unclear controls in a record of an earlier program.
    #[must_use]
    pub fn unclear(&self) -> Option<&Finding> {
        self.unclear.as_deref()
    }
}

/// Proof that an old token is dead ([`dead`]): in one round (L6) it was refused
/// while its successor was accepted, or it was not accepted and the issuer does
/// not have it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    fingerprint: Fingerprint,
    at: Timestamp,
    /// Whether the issuer's word was needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone_at_issuer: bool,
}

impl Refusal {
    pub(in crate::scim) fn new(fingerprint: Fingerprint, at: Timestamp) -> Self {
        Self {
            fingerprint,
            at,
            gone_at_issuer: false,
        }
    }

    pub(in crate::scim) fn by_issuer(fingerprint: Fingerprint, at: Timestamp) -> Self {
        Self {
            gone_at_issuer: true,
            ..Self::new(fingerprint, at)
        }
    }

    /// Whether the service provider gave no clear answer, and the issuer said
    /// that it does not have the token any more.
    #[must_use]
    pub fn is_by_issuer(&self) -> bool {
        self.gone_at_issuer
    }

    /// Which token is dead.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// The result of a probe. An inconclusive probe proves nothing in either
/// direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Proven.
    Pass(T),
    /// Disproven.
    Fail(Finding),
    /// Nothing is proven.
    Inconclusive(Finding),
}

impl<T> Verdict<T> {
    /// The same verdict with another proof.
    pub(in crate::scim) fn map<U>(self, proof: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Pass(proven) => Verdict::Pass(proof(proven)),
            Self::Fail(finding) => Verdict::Fail(finding),
            Self::Inconclusive(finding) => Verdict::Inconclusive(finding),
        }
    }
}
