//! Renews our token while the process runs, and revokes it at the end.

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use vaultrs::api::token::requests::{RenewTokenSelfRequest, RevokeTokenSelfRequest};

use super::Session;
use crate::vault::auth::{Granted, granted};
use crate::vault::client::Call;
use crate::vault::error::{VaultError, VaultErrorKind};
use crate::vault::held::HeldToken;

/// Longest sleep of [`Session::run`], because the wall clock may be set
/// meanwhile.
const LONGEST_SLEEP: SignedDuration = SignedDuration::from_mins(10);
/// First and longest pause after a failed renewal or login.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(1);

impl Session {
    /// Renews the token until it is cancelled. It does not revoke it, because
    /// running steps still need it; see [`Session::close`].
    pub async fn run(&self, cancel: CancellationToken) {
        let mut pause = None;
        loop {
            let now = self.clock.now();
            let due = self
                .inner()
                .held
                .as_ref()
                .and_then(|h| h.due_at(&self.seed));
            let wait = due.map_or(LONGEST_SLEEP, |at| at.duration_since(now));
            let wait = wait.max(pause.unwrap_or(SignedDuration::ZERO));
            if wait.is_positive() {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = self.changed.notified(), if pause.is_none() => {}
                    () = self.clock.sleep(wait.min(LONGEST_SLEEP)) => pause = None,
                }
                continue;
            }
            let result = tokio::select! {
                () = cancel.cancelled() => return,
                result = self.keep_alive() => result,
            };
            pause = self.pause_after(result);
        }
    }

    /// Renews the token, or replaces it if a renewal does not help.
    async fn keep_alive(&self) -> Result<(), VaultError> {
        let Some(held) = self.inner().held.clone() else {
            return Ok(());
        };
        if !held.renewable || held.is_over(self.clock.now()) {
            return self.replace(&held).await;
        }
        let renewed = match self.renew(&held).await {
            Ok(granted) => held.renewed(&granted, self.clock.now()),
            Err(error) if is_final(&error) => return self.login_after(held.serial).await,
            Err(error) => {
                self.inner().state.failures += 1;
                return Err(error);
            }
        };
        let grows = renewed.grows;
        {
            let mut inner = self.inner();
            inner.state.renewals += 1;
            if inner.held.as_ref().is_some_and(|h| h.serial == held.serial) {
                self.hold(&mut inner, renewed);
            }
        }
        if grows {
            return Ok(());
        }
        tracing::info!("the life of our Vault token stops growing: logging in anew");
        self.replace(&held).await
    }

    /// Logs in anew; the old token goes once there is a new one.
    pub(super) async fn replace(&self, held: &HeldToken) -> Result<(), VaultError> {
        self.login_after(held.serial).await?;
        self.let_go(held).await;
        Ok(())
    }

    async fn renew(&self, held: &HeldToken) -> Result<Granted, VaultError> {
        let call = Call::new("renew_self", "auth/token/renew-self");
        let request = RenewTokenSelfRequest::default();
        let result = self
            .client
            .execute(&call, Some(&held.token), &request)
            .await;
        self.note(result.as_ref().err());
        granted(&call, result?)
    }

    fn pause_after(&self, result: Result<(), VaultError>) -> Option<SignedDuration> {
        match result {
            Ok(()) => None,
            Err(error) => {
                let mut inner = self.inner();
                let Some(held) = inner.held.as_mut() else {
                    return Some(LONGEST_PAUSE);
                };
                held.failures = held.failures.saturating_add(1);
                let factor = 1_i32 << (held.failures - 1).min(10);
                let pause = FIRST_PAUSE
                    .checked_mul(factor)
                    .unwrap_or(LONGEST_PAUSE)
                    .min(LONGEST_PAUSE);
                tracing::warn!(%error, retry_in = %pause, "our Vault token was not prolonged");
                Some(pause)
            }
        }
    }

    /// Notes when a Vault lease under our Vault token ends. Vault ends the lease
    /// earlier if our token is revoked.
    pub(in crate::vault) fn note_lease_end(&self, ends_at: Timestamp) {
        let mut inner = self.inner();
        inner.latest_lease_end = inner.latest_lease_end.max(Some(ends_at));
    }

    /// Ends the session after the last write: revokes our token.
    pub async fn close(&self) {
        let held = {
            let mut inner = self.inner();
            inner.closed = true;
            inner.state.logged_in = false;
            inner.state.expires_at = None;
            inner.held.take()
        };
        if let Some(held) = held {
            self.let_go(&held).await;
        }
    }

    /// Revokes a token that is not used any more if it was made for us, unless
    /// credentials depend on it: programs that still use them would lose them with it.
    /// Whatever is not revoked ends by itself.
    pub(super) async fn let_go(&self, held: &HeldToken) {
        let now = self.clock.now();
        if !self.method.owns_token() || !held.revocable || held.is_over(now) {
            return;
        }
        let latest_lease_end = self.inner().latest_lease_end;
        if let Some(until) = latest_lease_end.filter(|until| now < *until) {
            let ends = held.expires_at.map(|at| at.to_string());
            let token_ends = ends.as_deref().unwrap_or("never");
            tracing::info!(%until, token_ends, "our Vault token is not revoked: credentials under Vault leases hang on it; both end by themselves");
            return;
        }
        let call = Call::changing("revoke_self", "auth/token/revoke-self");
        let request = RevokeTokenSelfRequest::default();
        let revoked = self.client.execute(&call, Some(&held.token), &request);
        match revoked.await {
            Err(error) if !error.is_of_the_token() => {
                tracing::warn!(%error, "our Vault token was not revoked; it ends by itself");
            }
            // It may have expired already.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Whether another renewal of this token cannot help.
fn is_final(error: &VaultError) -> bool {
    matches!(
        error.kind,
        VaultErrorKind::Forbidden { .. } | VaultErrorKind::Refused { .. }
    )
}
