//! What this process did, or may have done, in the name of a record that
//! somebody else has written since.

use std::collections::BTreeMap;

use super::memory::Memory;
use super::run::Runner;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::unit::Unit;
use crate::ports::{StoreError, TokenHandle};
use crate::rotation::apply::{Unnoted, accounts_for, apply, disown};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::decision::Step;
use crate::rotation::outcome::{IssuedToken, Outcome};
use crate::rotation::record::{HeldToken, Intent, Record};
use crate::rotation::situation::{Published, Situation};
use crate::secret::Fingerprint;

/// Effects that are not in the store yet.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    delivered: BTreeMap<String, Fingerprint>,
    issues: Vec<Issue>,
    /// Tokens were ended, by a call that names none.
    ended: bool,
}

/// An issue that was sent, and the token, if the answer came.
#[derive(Debug)]
struct Issue {
    intent: Intent,
    token: Option<IssuedToken>,
}

impl Leftover {
    pub(super) fn is_empty(&self) -> bool {
        self.delivered.is_empty() && self.issues.is_empty() && !self.ended
    }

    /// Notes what a step is about to do.
    pub(super) fn undertake(&mut self, step: &Step, record: &Record) {
        let rotation = record.rotation.as_ref();
        let pending = rotation.and_then(|r| r.pending.as_ref());
        match step {
            Step::Deliver { connection } => self.gives(connection, pending),
            Step::Revert { connection } => self.gives(connection, record.current.as_ref()),
            Step::Issue => {
                let intent = rotation.and_then(|r| r.intent.clone());
                let issue = |intent| Issue {
                    intent,
                    token: None,
                };
                self.issues.extend(intent.map(issue));
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
            | Step::Verify => {}
        }
    }

    fn gives(&mut self, connection: &str, token: Option<&HeldToken>) {
        if let Some(token) = token {
            let given = token.fingerprint();
            self.delivered.insert(connection.to_owned(), given);
        }
    }

    /// Notes what became of an issue: the token that it brought is known nowhere
    /// else yet, and one that surely did not happen leaves nothing behind.
    pub(super) fn came_to(&mut self, outcome: &Outcome) {
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
            | Outcome::Adopted(_)
            | Outcome::Supplied { .. }
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
            | Outcome::Verified(_) => {}
        }
    }

    /// Takes over what another one holds.
    pub(super) fn add(&mut self, other: Self) {
        self.delivered.extend(other.delivered);
        self.issues.extend(other.issues);
        self.ended |= other.ended;
    }
}

impl Runner {
    /// Looks after what was done for a record that somebody else has written
    /// since, before anything else is done.
    pub(super) async fn settle_leftover(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        connections: &[(String, ConnectionCapabilities)],
    ) -> Result<(), StoreError> {
        let mut leftover = std::mem::take(&mut memory.leftover);
        let settled = match memory.record() {
            Some(stored) if !leftover.is_empty() => {
                let unread = Published::Unknown;
                let situation = self.situation(unit, connections, &unread, memory, stored);
                let noted = self.own_up(unit, &mut leftover, &situation, stored).await;
                self.replace(memory, noted).await
            }
            Some(_) | None => Ok(()),
        };
        if settled.is_err() {
            memory.leftover.add(leftover);
        }
        settled
    }

    /// Looks after what is not in the record that somebody else has written:
    /// returns the record in which it is, or in which it is in doubt.
    async fn own_up(
        &self,
        unit: &Unit,
        leftover: &mut Leftover,
        situation: &Situation<'_>,
        stored: &Record,
    ) -> Record {
        let mut next = stored.clone();
        let mut open = Vec::new();
        for issue in std::mem::take(&mut leftover.issues) {
            if let Some(taken) = self.take_still(&issue, situation, &next) {
                next = taken;
            } else if !self.is_ended(unit, &issue, &next).await {
                open.push(issue);
            }
        }
        let unnoted = Unnoted {
            delivered: leftover.delivered.clone(),
            issues: open.iter().map(|issue| issue.intent.clone()).collect(),
            ended: leftover.ended,
        };
        leftover.issues = open;
        disown(&next, &unnoted, situation, self.clock.now())
    }

    /// A person's write came between an issue and its commit, and nobody else
    /// acts: the token is taken into the record as it is now.
    fn take_still(
        &self,
        issue: &Issue,
        situation: &Situation<'_>,
        stored: &Record,
    ) -> Option<Record> {
        let now = self.clock.now();
        let token = issue.token.clone()?;
        let waiting = stored.rotation.as_ref().and_then(|r| r.intent.as_ref());
        let same = waiting.is_some_and(|intent| intent.label == issue.intent.label);
        let lease = stored.lease.as_ref();
        let ours = lease.is_none_or(|l| l.holder == self.holder || l.expires_at <= now);
        if !same || !ours {
            return None;
        }
        apply(stored, Outcome::Issued(token), situation, now).ok()
    }

    /// Whether nothing is left of an issue: its token is in the record, or was
    /// revoked. Nobody uses it, and nobody else will ever know it.
    async fn is_ended(&self, unit: &Unit, issue: &Issue, stored: &Record) -> bool {
        let Some(token) = &issue.token else {
            return false;
        };
        if accounts_for(stored, &token.value) {
            return true;
        }
        let issuer = issue.intent.issuer.as_ref();
        let made_here = issuer.is_none_or(|name| *name == unit.issuer_name);
        if !(made_here && unit.issuer.capabilities().revokes_single_tokens()) {
            return false;
        }
        let handle = TokenHandle {
            id: token.id.clone(),
            value: Some(token.value.clone()),
        };
        let revoked = tokio::select! {
            revoked = unit.issuer.revoke(&unit.name, &handle) => revoked,
            () = self.clock.sleep(unit.policy.lease) => {
                let text = "no answer while a lease lasts".to_owned();
                Err(Fault::new(FaultClass::Ambiguous, FaultKind::Timeout, text))
            }
        };
        if let Err(fault) = &revoked {
            let text = format!(
                "a token that another replica made superfluous could not be revoked: {fault}"
            );
            self.witness.store_failed(unit, &text, self.clock.now());
        }
        revoked.is_ok()
    }
}
