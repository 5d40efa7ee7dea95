//! What service providers do that no capability tells.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::IssueRequest;

use super::ServiceProvider;

/// How a service provider answers a token that does not work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Dead {
    /// 401.
    #[default]
    Unauthorized,
    /// 404, as any wrong token.
    NotFound,
    /// 400, as any wrong token.
    BadRequest,
    /// With a login page; a wrong token gets 401.
    Redirect,
}

/// How this one differs from what its documentation promises.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quirks {
    /// It refuses a new token for this time.
    pub(crate) works_after: SignedDuration,
    /// Its list shows a new token only after this time.
    pub(crate) list_lag: SignedDuration,
    /// Its caches accept a revoked token for this time.
    pub(crate) revoke_lag: SignedDuration,
    /// It answers a revocation with success, and revokes nothing.
    pub(crate) forgets_revocations: bool,
    /// The longest life that it grants, whatever is asked for.
    pub(crate) longest_life: Option<SignedDuration>,
    /// It answers the next issue with the newest token that there is.
    pub(crate) next_is_the_same: bool,
    /// A token that does not work lacks the scope that is needed.
    pub(crate) lacks_scope: bool,
    /// How it answers a token that does not work.
    pub(crate) answers_dead: Dead,
    /// It refuses to revoke a token that is dead already.
    pub(crate) refuses_dead_revocations: bool,
    /// It refuses an issue while so many live.
    pub(crate) most_live: Option<usize>,
    /// It knows a request again for this time only.
    pub(crate) remembers_for: Option<SignedDuration>,
    /// Refusals of a delivery quote the token, and nobody takes it out.
    pub(crate) quotes_tokens: bool,
    /// A credential that was exchanged before and is shown again ends all.
    pub(crate) punishes_reuse: bool,
}

impl Quirks {
    pub(super) fn shows(&self, created_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(created_at) >= self.list_lag
    }

    pub(super) fn granted(&self, life: SignedDuration) -> SignedDuration {
        self.longest_life.map_or(life, |longest| life.min(longest))
    }

    pub(super) fn cached_until(&self, now: Timestamp) -> Option<Timestamp> {
        now.checked_add(self.revoke_lag).ok()
    }

    pub(super) fn remembers(&self, created_at: Timestamp, now: Timestamp) -> bool {
        self.remembers_for
            .is_none_or(|time| now.duration_since(created_at) < time)
    }
}

impl ServiceProvider {
    /// The token that it answers with although another was asked for.
    pub(super) fn answers_with_another(&mut self, now: Timestamp) -> Option<usize> {
        if !std::mem::take(&mut self.quirks.next_is_the_same) {
            return None;
        }
        self.tokens.iter().rposition(|t| t.is_live(now))
    }

    /// An exchange was refused: was its credential used up before?
    pub(super) fn reused(&mut self, asked: &IssueRequest, now: Timestamp) {
        let shown = asked.current.as_ref().and_then(|c| c.value.as_ref());
        let used_up = shown.is_some_and(|value| {
            self.tokens
                .iter()
                .any(|t| t.value == *value && !t.is_live(now))
        });
        if self.quirks.punishes_reuse && used_up {
            self.kill(now, |_| true);
        }
    }

    /// Whether only a person can begin anew.
    pub(super) fn is_family_ended(&self, now: Timestamp) -> bool {
        self.quirks.punishes_reuse && self.live(now).next().is_none() && !self.tokens.is_empty()
    }

    /// Somebody else revokes a token in the service provider's own pages.
    pub(crate) fn end_by_hand(&mut self, id: &str, now: Timestamp) {
        for token in self.tokens.iter_mut().filter(|t| t.id == id) {
            token.dies_at = token.dies_at.min(now);
        }
    }
}
