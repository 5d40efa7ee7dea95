//! Proofs with a client secret, which is exchanged for an access token first.

use super::ScimProbe;
use crate::scim::answer::ProbeAnswer;
use crate::scim::evidence::{Evidence, Refusal, Verdict};
use crate::scim::exchange::{Exchange, Exchanged};
use crate::scim::round::Round;
use crate::scim::secret_verdict::{self, SecretRound};
use crate::scim::verdict;
use crate::secret::{BearerToken, MAX_ACCESS_TOKEN_LEN};

impl ScimProbe {
    /// Tries a client secret: its access token at the service provider, and a wrong
    /// secret at the token endpoint.
    pub(super) async fn prove_secret(
        &self,
        exchange: &Exchange,
        secret: &BearerToken,
    ) -> Verdict<Evidence> {
        let mut round = Round::new(&self.endpoint);
        if let Err(stop) = round.discover().await {
            return stop;
        }
        let controls = self.endpoint.config.negative_controls;
        let access = match exchange.ask(secret).await {
            Exchanged::Granted(access) => access,
            denied @ Exchanged::Denied(_) if controls => {
                let wrong = exchange.ask_with_a_wrong_secret(secret).await;
                return secret_verdict::not_granted(&denied, Some(&wrong));
            }
            other @ (Exchanged::Refused(_) | Exchanged::Denied(_) | Exchanged::Silent(_)) => {
                return secret_verdict::not_granted(&other, None);
            }
        };
        if let Err(fault) = self.endpoint.look(&access, MAX_ACCESS_TOKEN_LEN) {
            return Verdict::Fail(fault);
        }
        let observed = round.observe(&access).await;
        let seen = verdict::judge(secret, self.endpoint.clock.now(), &observed);
        let wrong = match controls {
            true => Some(exchange.ask_with_a_wrong_secret(secret).await),
            false => None,
        };
        secret_verdict::of_access(secret, seen, wrong.as_ref())
    }

    /// L6 for a client secret. An access token that was granted to the old secret may be
    /// valid until it expires: the token endpoint must refuse the old secret itself.
    pub(super) async fn secret_refused(
        &self,
        exchange: &Exchange,
        old: &BearerToken,
        new: &BearerToken,
    ) -> Verdict<Refusal> {
        match self.prove_secret_works(exchange, new).await {
            Verdict::Pass(()) => {}
            Verdict::Fail(found) | Verdict::Inconclusive(found) => {
                return Verdict::Inconclusive(found);
            }
        }
        let mut seen = Vec::new();
        for _ in 0..self.endpoint.config.refusals_needed {
            self.endpoint.clock.sleep(self.endpoint.config.pace.0).await;
            seen.push(exchange.ask(old).await);
        }
        let round = SecretRound {
            old: seen,
            wrong: exchange.ask_with_a_wrong_secret(new).await,
            after: exchange.ask(new).await,
        };
        secret_verdict::refusal(old, self.endpoint.clock.now(), &round)
    }

    /// Whether the service provider can be read with a secret, without the controls.
    async fn prove_secret_works(&self, exchange: &Exchange, secret: &BearerToken) -> Verdict<()> {
        let access = match exchange.ask(secret).await {
            Exchanged::Granted(access) => access,
            other @ (Exchanged::Refused(_) | Exchanged::Denied(_) | Exchanged::Silent(_)) => {
                return secret_verdict::not_granted(&other, None).map(|_| ());
            }
        };
        let mut round = Round::new(&self.endpoint);
        let (answers, _) = round.first_answer(&access).await;
        match verdict::decisive(&answers) {
            Some(ProbeAnswer::Accepted) => Verdict::Pass(()),
            answer => Verdict::Inconclusive(verdict::new_token_in_doubt(answer)),
        }
    }
}
