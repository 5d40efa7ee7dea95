//! Effects of this process that no stored record contains.
//!
//! The driver sends a request, and commits its outcome afterwards. When another
//! replica (or a person) writes the record in between, check-and-set refuses
//! the commit, and the effect has happened all the same. The driver keeps such
//! effects in memory as [`Uncommitted`];
//! [`reconcile_uncommitted`](super::apply::reconcile_uncommitted) puts them into
//! the record that the other writer has stored. What is left afterwards are
//! tokens whose values only this process knows: it revokes them itself
//! ([`UnrecordedToken`]).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decision::Step;
use super::outcome::{IssuedToken, Outcome};
use super::policy::Policy;
use super::record::{HeldToken, Intent, Record};
use crate::fault::FaultClass;
use crate::secret::Fingerprint;

/// Effects of this process since its last commit that are in no stored record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Connections that were sent a token, and the fingerprint of that token.
    pub delivered: BTreeMap<String, Fingerprint>,
    /// Issuance requests that were sent.
    pub issues: Vec<SentIssue>,
    /// Whether a request was sent that ends tokens, perhaps one that names none.
    pub ended: bool,
}

/// One issuance request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentIssue {
    /// The intent under which it was sent.
    pub intent: Intent,
    /// The token, if the issuer's answer arrived.
    pub token: Option<IssuedToken>,
}

impl Uncommitted {
    /// Whether there is nothing to reconcile.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.delivered.is_empty() && self.issues.is_empty() && !self.ended
    }

    /// Notes the effect of a step that is about to be performed for `record`.
    pub fn step_began(&mut self, step: &Step, record: &Record) {
        let rotation = record.rotation.as_ref();
        let pending = rotation.and_then(|r| r.pending.as_ref());
        match step {
            Step::Deliver { connection } => self.note_delivery(connection, pending),
            Step::Revert { connection } => self.note_delivery(connection, record.current.as_ref()),
            Step::Issue => {
                let intent = rotation.and_then(|r| r.intent.clone());
                self.issues.extend(intent.map(|intent| SentIssue {
                    intent,
                    token: None,
                }));
            }
            Step::Complete | Step::Discard | Step::Retire { .. } => self.ended = true,
            Step::Adopt
            | Step::Prepare { .. }
            | Step::Recover
            | Step::TakeSupplied
            | Step::Prove
            | Step::Confirm { .. }
            | Step::Publish
            | Step::CheckUse { .. }
            | Step::RevokeOrphan { .. }
            | Step::RevokeUnrecorded { .. }
            | Step::EndRehearsal
            | Step::Verify => {}
        }
    }

    fn note_delivery(&mut self, connection: &str, token: Option<&HeldToken>) {
        if let Some(token) = token {
            let given = token.fingerprint();
            self.delivered.insert(connection.to_owned(), given);
        }
    }

    /// Notes the outcome of an issuance request: the token that it returned, or
    /// that the issuer certainly made none.
    pub fn step_ended(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Issued(token) => {
                if let Some(issue) = self.issues.last_mut() {
                    issue.token = Some(token.clone());
                }
            }
            Outcome::Failed { step, fault } => {
                if *step == Step::Issue && fault.class != FaultClass::Ambiguous {
                    self.issues.pop();
                }
            }
            Outcome::Prepared(_)
            | Outcome::Recovered { .. }
            | Outcome::Adopted { .. }
            | Outcome::Supplied { .. }
            | Outcome::CannotBeHeld(_)
            | Outcome::Proved(_)
            | Outcome::Delivered { .. }
            | Outcome::Confirmed { .. }
            | Outcome::Completed
            | Outcome::Published
            | Outcome::Reverted { .. }
            | Outcome::Discarded
            | Outcome::UseSeen { .. }
            | Outcome::Retired { .. }
            | Outcome::OrphanRevoked { .. }
            | Outcome::UnrecordedRevoked { .. }
            | Outcome::RehearsalEnded(_)
            | Outcome::Verified(_) => {}
        }
    }

    /// Adds the effects of `other`, which came after these.
    pub fn add(&mut self, other: Self) {
        self.delivered.extend(other.delivered);
        self.issues.extend(other.issues);
        self.ended |= other.ended;
    }
}

/// A token that was issued to this process, and that the stored record does not
/// contain: another writer had stored a newer version before this process could
/// commit it. Nobody uses the token, and only this process knows its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrecordedToken {
    /// The intent under which it was issued.
    pub intent: Intent,
    /// The token.
    pub token: IssuedToken,
    /// Whether the record lists its issuance request in
    /// [`Record::issues_after_lease_loss`].
    pub listed: bool,
    /// Whether the issuer has revoked it.
    pub revoked: bool,
    /// How many revocations of it failed.
    pub attempts: u32,
    /// When the next revocation may be attempted, after a failure.
    pub retry_at: Option<Timestamp>,
}

impl UnrecordedToken {
    /// A token that no revocation was attempted of yet.
    #[must_use]
    pub fn new(intent: Intent, token: IssuedToken) -> Self {
        Self {
            intent,
            token,
            listed: false,
            revoked: false,
            attempts: 0,
            retry_at: None,
        }
    }

    /// Notes the outcome of [`Step::RevokeUnrecorded`] at the token that it was
    /// about; other outcomes change nothing. A failure is retried at the pace of
    /// all revocations, [`Policy::side_pause`].
    pub fn step_ended(tokens: &mut [Self], outcome: &Outcome, policy: &Policy, now: Timestamp) {
        let (label, revoked) = if let Outcome::UnrecordedRevoked { label } = outcome {
            (label, true)
        } else if let Outcome::Failed {
            step: Step::RevokeUnrecorded { label },
            ..
        } = outcome
        {
            (label, false)
        } else {
            return;
        };
        for token in tokens.iter_mut().filter(|t| t.intent.label == *label) {
            token.revoked |= revoked;
            if !revoked {
                token.attempts = token.attempts.saturating_add(1);
                token.retry_at = now.checked_add(policy.side_pause(token.attempts)).ok();
            }
        }
    }
}
