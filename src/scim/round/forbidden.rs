//! The URLs that must refuse a token, read within a round.

use url::Url;

use super::{MOST_REQUESTS, Round};
use crate::scim::reach::{ReachAnswer, Reached};
use crate::secret::BearerToken;

impl Round<'_> {
    /// L4: what each of the URLs answers that must refuse this token. What lets
    /// everybody in shows nothing of the token.
    pub(in crate::scim) async fn reach(
        &mut self,
        urls: &[Url],
        token: &BearerToken,
    ) -> Vec<Reached> {
        let mut all = Vec::with_capacity(urls.len());
        for url in urls {
            let mut reached = Reached::of(url.as_str(), self.status_of(url, Some(token)).await);
            if reached.answer == ReachAnswer::LetIn {
                let without = self.status_of(url, None).await;
                if Reached::of(url.as_str(), without).answer == ReachAnswer::LetIn {
                    reached.answer = ReachAnswer::Unclear;
                }
            }
            all.push(reached);
        }
        all
    }

    /// The status of a read whose answer is thrown away.
    async fn status_of(&mut self, url: &Url, token: Option<&BearerToken>) -> Option<u16> {
        let left = self.left.checked_sub(1)?;
        if self.left < MOST_REQUESTS {
            self.endpoint.clock.sleep(self.endpoint.config.pace.0).await;
        }
        self.left = left;
        let request = self.endpoint.request_to(url.clone(), token).ok()?;
        let answer = self.send(request.beginning_is_enough()).await.ok()?;
        Some(answer.status)
    }
}
