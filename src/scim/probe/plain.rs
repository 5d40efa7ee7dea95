//! Proofs with a token that is sent as it is.

use super::ScimProbe;
use crate::scim::answer::ProbeAnswer;
use crate::scim::evidence::{Evidence, Refusal, Verdict};
use crate::scim::round::Round;
use crate::scim::verdict::{self, RefusalRound};
use crate::secret::{BearerToken, MAX_TOKEN_LEN};

impl ScimProbe {
    /// Tries a token that is sent as it is.
    pub(super) async fn prove_token(&self, value: &BearerToken) -> Verdict<Evidence> {
        if let Err(fault) = self.endpoint.look(value, MAX_TOKEN_LEN) {
            return Verdict::Fail(fault);
        }
        let mut round = Round::new(&self.endpoint);
        if let Err(stop) = round.discover().await {
            return stop;
        }
        let observed = round.observe(value).await;
        verdict::judge(value, self.endpoint.clock.now(), &observed)
    }

    /// L6 for a token that is sent as it is.
    pub(super) async fn token_refused(
        &self,
        old: &BearerToken,
        new: &BearerToken,
    ) -> Verdict<Refusal> {
        let mut round = Round::new(&self.endpoint);
        let (before, read) = round.first_answer(new).await;
        let mut seen = RefusalRound {
            before,
            old: Vec::new(),
            after: None,
        };
        if verdict::decisive(&seen.before).is_some_and(ProbeAnswer::is_accepted) {
            for _ in 0..self.endpoint.config.refusals_needed {
                seen.old.push(round.ask(read, Some(old)).await);
            }
            seen.after = Some(round.ask(read, Some(new)).await);
        }
        verdict::judge_refusal(old, self.endpoint.clock.now(), &seen)
    }
}
