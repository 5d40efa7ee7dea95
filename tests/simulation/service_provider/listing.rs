//! What the service provider shows of its tokens, and how they end.

use jiff::Timestamp;
use scim_rotator::ports::TokenHandle;
use scim_rotator::rotation::capability::{LastUsed, Overlap, Recovery, Revoke};
use scim_rotator::rotation::outcome::{ListedToken, Listing};
use scim_rotator::secret::BearerToken;
use scim_rotator::secret::shown_parts::ShownParts;

use super::{ServiceProvider, SpToken, refused};
use crate::request::Failure;

impl ServiceProvider {
    pub(super) fn etag(&self) -> String {
        self.revision.to_string()
    }

    pub(crate) fn list(&self, held: &[Option<BearerToken>], now: Timestamp) -> Listing {
        Listing {
            tokens: self
                .live(now)
                .filter(|t| self.quirks.shows(t.created_at, now))
                .map(|t| self.listed(t, held, now))
                .collect(),
            etag: (self.rules.can.recovery == Recovery::ByStatus).then(|| self.etag()),
        }
    }

    pub(crate) fn get(
        &self,
        id: &str,
        held: &[Option<BearerToken>],
        now: Timestamp,
    ) -> Option<ListedToken> {
        let found = self.live(now).find(|t| t.id == id);
        found.map(|t| self.listed(t, held, now))
    }

    fn listed(&self, token: &SpToken, held: &[Option<BearerToken>], now: Timestamp) -> ListedToken {
        // A connection that holds a token uses it all the time.
        let in_use = held.iter().flatten().any(|value| *value == token.value);
        let used = if in_use {
            Some(now)
        } else {
            token.last_used_at
        };
        let labelled = self.rules.can.recovery == Recovery::ByLabel;
        ListedToken {
            id: token.id.clone(),
            label: labelled.then(|| token.label.clone()),
            created_at: Some(token.created_at),
            expires_at: Some(token.dies_at),
            shown: ShownParts::default(),
            last_used_at: used.filter(|_| self.rules.can.last_used != LastUsed::None),
            last_used_by: None,
            scopes: None,
        }
    }

    /// A connection was given another token; until now it used this one.
    pub(crate) fn not_used_any_more(&mut self, held: &Option<BearerToken>, now: Timestamp) {
        let Some(held) = held else {
            return;
        };
        if let Some(token) = self.tokens.iter_mut().find(|t| t.value == *held) {
            token.last_used_at = Some(now);
        }
    }

    pub(crate) fn find(&self, handle: &TokenHandle) -> Option<usize> {
        self.tokens
            .iter()
            .position(|t| match (&handle.id, &handle.value) {
                (Some(id), _) => t.id == id.as_str(),
                (None, Some(value)) => t.value == *value,
                (None, None) => false,
            })
    }

    pub(crate) fn revoke(&mut self, handle: &TokenHandle, now: Timestamp) -> Result<(), Failure> {
        if !self.rules.can.revokes_single_tokens() {
            return Err(refused("it cannot revoke one token"));
        }
        if self.rules.can.revoke == Revoke::ById && handle.id.is_none() {
            return Err(refused("which one? It is revoked by its id"));
        }
        if self.quirks.forgets_revocations {
            return Ok(());
        }
        let found = self.find(handle).filter(|i| self.tokens[*i].is_live(now));
        if self.quirks.refuses_dead_revocations && found.is_none() {
            return Err(refused("400: there is no such token"));
        }
        if let Some(index) = self.find(handle).filter(|i| self.tokens[*i].is_live(now)) {
            self.tokens[index].dies_at = now;
            self.tokens[index].cached_until = self.quirks.cached_until(now);
        }
        Ok(())
    }

    /// Somebody ends a token in the service provider's own pages.
    pub(crate) fn end(&mut self, value: &BearerToken, now: Timestamp) {
        for token in self.tokens.iter_mut().filter(|t| t.value == *value) {
            token.dies_at = token.dies_at.min(now);
        }
    }

    /// Ends the old token. Done already, it is done.
    pub(crate) fn complete(&mut self, now: Timestamp) -> Result<(), Failure> {
        self.has_phases()?;
        if self.live(now).any(|t| t.next) {
            self.kill(now, |t| !t.next);
            self.tokens.iter_mut().for_each(|t| t.next = false);
        }
        Ok(())
    }

    /// Drops the new token. Not there, it is dropped.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> Result<(), Failure> {
        self.has_phases()?;
        self.kill(now, |t| t.next);
        Ok(())
    }

    fn has_phases(&self) -> Result<(), Failure> {
        match self.rules.can.overlap {
            Overlap::TwoPhase { .. } => Ok(()),
            Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => {
                Err(refused("it knows no phases"))
            }
        }
    }
}
