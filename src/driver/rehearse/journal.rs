//! What a rehearsal stores: its intent and lease before the issue, the throw-away token
//! after it, and that it is gone.

use jiff::SignedDuration;

use super::rows::{Said, Trial};
use super::{CONFLICTS, NotRehearsed, Run, unread};
use crate::driver::memory::Memory;
use crate::fault::{Fault, FaultClass};
use crate::ports::{StoreError, TokenHandle};
use crate::rotation::apply::{
    intend, rehearsal_begins, rehearsal_not_issued, rehearsal_token_came,
};
use crate::rotation::decision::Step;
use crate::rotation::outcome::{IssuedToken, Listing};
use crate::rotation::record::{Intent, Record};
use crate::rotation::uncommitted::SentIssue;
use crate::secret::BearerToken;

/// How often the revocation is attempted here, before it is left to the daemon.
const REVOCATIONS: usize = 3;
/// Pause between two of them.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

impl Run<'_> {
    /// Stores the intent, with the lease that covers what follows.
    pub(super) async fn begin(
        &mut self,
        listing: &Listing,
        chosen: Option<BearerToken>,
    ) -> Result<(), NotRehearsed> {
        let (now, label) = (self.now(), self.label.clone());
        let record = self.leased(&self.record());
        let begun = self.situated(|situation| {
            rehearsal_begins(&record, label, listing, chosen, situation, now)
        });
        match self.runner.replace(&mut self.memory, begun).await {
            Err(StoreError::Conflict) => {
                self.forget();
                let why = "another process wrote the record of the token first";
                Err(NotRehearsed::NotNow(why.to_owned()))
            }
            stored => Ok(stored?),
        }
    }

    /// Stores the token that came, also over what others wrote meanwhile. Returns
    /// whether it is a new one.
    pub(super) async fn store_token(&mut self, token: &IssuedToken, request: &Intent) -> bool {
        for _ in 0..CONFLICTS {
            let (now, label, record) = (self.now(), self.label.clone(), self.record());
            let (next, is_new) = self
                .situated(|situation| rehearsal_token_came(&record, &label, token, situation, now));
            match self.runner.replace(&mut self.memory, next).await {
                Err(StoreError::Conflict) => self.own_up(request).await,
                // What is not stored yet is stored before the next step.
                Ok(()) | Err(StoreError::Unusable(_) | StoreError::Fault(_)) => return is_new,
            }
        }
        true
    }

    /// What the record says after a request that brought no token.
    pub(super) async fn not_issued(
        &mut self,
        fault: &Fault,
        request: &Intent,
    ) -> Result<(), NotRehearsed> {
        if fault.class == FaultClass::Ambiguous {
            self.own_up(request).await;
            let why = "whether the issuer made a token is not known: the daemon, or the next `rehearse` or `once`, finds out and revokes it";
            let now = self.now();
            self.row(Trial::Revoke, now, Said::not_shown("reply_lost", why));
            return Ok(());
        }
        let (now, label, record) = (self.now(), self.label.clone(), self.record());
        let next = self.situated(|situation| rehearsal_not_issued(&record, &label, situation, now));
        Ok(self.runner.replace(&mut self.memory, next).await?)
    }

    /// If another process has removed the rehearsal from the record, since our lease had
    /// ended, it could not know of a request that was sent after that. The record is
    /// told of it, so that its token is looked for.
    pub(super) async fn own_up(&mut self, request: &Intent) {
        for _ in 0..CONFLICTS {
            self.reload().await;
            let sent = SentIssue {
                intent: request.clone(),
                token: None,
            };
            self.memory.conflicted.issues.push(sent);
            let connections = self.connections.clone();
            let told = self
                .runner
                .reconcile(self.unit, &mut self.memory, &connections)
                .await;
            if told != Err(StoreError::Conflict) {
                return;
            }
        }
    }

    pub(super) async fn revoke(&mut self, token: &IssuedToken) -> Said {
        let lost_before = self.record().orphans_uncounted.len();
        for attempt in 0..REVOCATIONS {
            if attempt > 0 {
                self.runner.clock.sleep(PAUSE).await;
            }
            if !self.is_ours_to_end() {
                break;
            }
            match self.end_in_record().await {
                Ok(()) if self.record().rehearsal.is_some() => {}
                Ok(()) if self.record().orphans_uncounted.len() > lost_before => {
                    return Said::not_shown(
                        "cannot_revoke",
                        "the issuer cannot revoke this single token: it stays valid until it expires",
                    );
                }
                Ok(()) => return Said::shown("the issuer took the revocation"),
                Err(StoreError::Conflict) => self.reload().await,
                Err(StoreError::Fault(_) | StoreError::Unusable(_)) => {}
            }
        }
        self.revoke_unstored(token).await
    }

    /// Revokes the token although the record cannot be written, or does not contain it
    /// any more. Nobody else uses it.
    pub(super) async fn revoke_unstored(&self, token: &IssuedToken) -> Said {
        let handle = TokenHandle {
            id: token.issuer_id(),
            value: Some(token.value.clone()),
        };
        let revoked = self.unit.issuer.revoke(&self.unit.name, &handle);
        match self.within_lease(revoked).await {
            Ok(()) => Said::shown("the issuer took the revocation"),
            Err(fault) => Said::failed(
                fault.kind.as_str(),
                format!(
                    "{}; the daemon, or the next `rehearse` or `once`, attempts it again",
                    fault.message
                ),
            ),
        }
    }

    /// Whether the record contains our throw-away token, and no other process has the
    /// lease: that process ends it.
    pub(super) fn is_ours_to_end(&self) -> bool {
        let (record, now) = (self.record(), self.now());
        let lease = record.lease.as_ref();
        let elsewhere =
            lease.is_some_and(|lease| lease.holder != self.runner.holder && lease.expires_at > now);
        let rehearsal = record.rehearsal.as_deref();
        !elsewhere && rehearsal.is_some_and(|r| r.intent.label == self.label)
    }

    /// Performs the step that ends the throw-away token, as the daemon would.
    pub(super) async fn end_in_record(&mut self) -> Result<(), StoreError> {
        let unread = unread();
        let step = Step::EndRehearsal;
        let connections = self.connections.clone();
        self.runner
            .do_step(self.unit, &mut self.memory, &step, &connections, &unread)
            .await
    }

    /// The record with a lease of full length.
    pub(super) fn leased(&self, record: &Record) -> Record {
        let (holder, lease) = (&self.runner.holder, self.unit.policy.lease);
        intend(record, &Step::EndRehearsal, holder, lease, self.now())
    }

    /// Prolongs the lease when half of it is over. If another process has the token
    /// now, it ends the throw-away token.
    pub(super) async fn keep_lease(&mut self) {
        let record = self.record();
        let end = record.lease.as_ref().map(|lease| lease.expires_at);
        let left = end.map(|end| end.duration_since(self.now()));
        let ours = |r: &Record| {
            let holder = r.lease.as_ref().map(|lease| lease.holder.as_str());
            holder == Some(self.runner.holder.as_str()) && r.rehearsal.is_some()
        };
        let is_short = left.is_some_and(|left| left.saturating_mul(2) < self.unit.policy.lease);
        if is_short && ours(&record) {
            let next = self.leased(&record);
            if self.runner.replace(&mut self.memory, next).await.is_err() {
                self.reload().await;
            }
        }
    }

    pub(super) fn forget(&mut self) {
        self.memory = Memory::default();
    }

    pub(super) async fn reload(&mut self) {
        self.forget();
        // If Vault does not answer, the next write says so.
        let _loaded = self.runner.load(self.unit, &mut self.memory).await.is_ok();
    }
}
