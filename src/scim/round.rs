//! The requests of one round, in their order.

mod forbidden;

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::timeout;
use url::Url;

use super::answer::{Asked, ProbeAnswer, RawAnswer};
use super::config::Read;
use super::endpoint::{Endpoint, Variant};
use super::evidence::{Evidence, Verdict};
use super::garbage::Noise;
use super::message::Message;
use super::outline;
use super::verdict::{self, ControlAnswers, Observed};
use super::words::{describe, without_discovery};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::rule_for;
use crate::http::{Answer, Request};
use crate::secret::BearerToken;

/// Maximum of requests in one round.
pub const MOST_REQUESTS: u8 = 10;

/// Pauses before a request is repeated that did not reach the server.
const RECONNECT: [SignedDuration; 2] = [
    SignedDuration::from_millis(200),
    SignedDuration::from_millis(800),
];

fn asked(variant: Variant) -> Asked {
    match variant {
        Variant::Collection(_) | Variant::Groups => Asked::List,
        Variant::Discovery => Asked::Discovery,
    }
}

/// One round: counts its requests.
pub(in crate::scim) struct Round<'a> {
    endpoint: &'a Endpoint,
    /// A user name that does not exist.
    nobody: String,
    left: u8,
    filters: bool,
    discovery_is_protected: bool,
    /// What the service provider's configuration was answered with.
    discovered: Option<ProbeAnswer>,
}

impl<'a> Round<'a> {
    pub(in crate::scim) fn new(endpoint: &'a Endpoint) -> Self {
        let mut noise = Noise::default();
        let tail: String = (0..24).map(|_| noise.pick('a', 26)).collect();
        Self {
            endpoint,
            nobody: format!("scim-rotator-probe-{tail}"),
            left: MOST_REQUESTS,
            filters: true,
            discovery_is_protected: false,
            discovered: None,
        }
    }

    /// L1. The server's own configuration is only a hint. The round ends here
    /// only if there is no answer, a rate limit, or a server that is unavailable:
    /// some fail with 500 at every request without a token.
    pub(in crate::scim) async fn discover(&mut self) -> Result<(), Verdict<Evidence>> {
        if !self.endpoint.config.discovery {
            return Ok(());
        }
        let (answer, message) = self.exchange(Variant::Discovery, None).await;
        self.discovered = Some(answer.clone());
        match answer {
            ProbeAnswer::Tls => Err(Verdict::Fail(describe(&answer))),
            ProbeAnswer::Unreachable(_)
            | ProbeAnswer::Throttled
            | ProbeAnswer::ServerError(502..=504) => {
                Err(Verdict::Inconclusive(without_discovery(describe(&answer))))
            }
            ProbeAnswer::Unauthorized(_)
            | ProbeAnswer::Forbidden(_)
            | ProbeAnswer::RefusedByRule(_)
            | ProbeAnswer::ServerError(_) => {
                self.discovery_is_protected = true;
                Ok(())
            }
            ProbeAnswer::Accepted => {
                self.filters = message.and_then(|m| m.filter_supported) != Some(false);
                Ok(())
            }
            ProbeAnswer::NotScim(_)
            | ProbeAnswer::NotFound
            | ProbeAnswer::BadRequest(_)
            | ProbeAnswer::NotOffered(_)
            | ProbeAnswer::TooLarge(_)
            | ProbeAnswer::Redirect(_)
            | ProbeAnswer::Unexpected(_)
            | ProbeAnswer::LaterByRule(_)
            | ProbeAnswer::Oversized => Ok(()),
        }
    }

    /// L2 with its controls, then L3.
    pub(in crate::scim) async fn observe(&mut self, token: &BearerToken) -> Observed {
        let (seen, read) = self.authenticate(token).await;
        self.and_list(token, seen, read).await
    }

    /// L2 with its controls, and the read that decided.
    pub(in crate::scim) async fn authenticate(
        &mut self,
        token: &BearerToken,
    ) -> (Observed, Variant) {
        let (reads, read) = self.first_answer(token).await;
        let asks_controls = self.endpoint.config.negative_controls
            && verdict::decisive(&reads).is_some_and(verdict::needs_controls);
        let controls = if asks_controls {
            let none = self.ask(read, None).await;
            let wrong = self.endpoint.garbage(token);
            let garbage = self.ask(read, Some(&wrong)).await;
            Some(ControlAnswers { none, garbage })
        } else {
            None
        };
        let seen = Observed {
            reads,
            controls,
            ..Observed::default()
        };
        (seen, read)
    }

    /// L3 after L2.
    pub(in crate::scim) async fn and_list(
        &mut self,
        token: &BearerToken,
        seen: Observed,
        read: Variant,
    ) -> Observed {
        // The other reads have shown a list already.
        let accepted = verdict::decisive(&seen.reads).is_some_and(ProbeAnswer::is_accepted);
        let lists = self.endpoint.config.listing && read == Variant::Collection(Read::Filter);
        let listing = if accepted && lists {
            Some(self.list(token).await)
        } else {
            None
        };
        let again = if listing.as_ref().is_some_and(verdict::listing_is_doubtful) {
            Some(self.ask(read, Some(token)).await)
        } else {
            None
        };
        Observed {
            listing,
            again,
            ..seen
        }
    }

    /// What the service provider's configuration was answered with, if it was asked
    /// for.
    pub(in crate::scim) fn discovered(&self) -> Option<&ProbeAnswer> {
        self.discovered.as_ref()
    }

    /// How many requests were sent.
    pub(in crate::scim) fn requests(&self) -> u8 {
        MOST_REQUESTS - self.left
    }

    /// Tries one kind of read after the other until one is supported. Returns
    /// the answers and the last kind.
    pub(in crate::scim) async fn first_answer(
        &mut self,
        token: &BearerToken,
    ) -> (Vec<ProbeAnswer>, Variant) {
        let mut answers = Vec::new();
        let mut last = Variant::Collection(self.endpoint.config.read);
        for variant in self.variants() {
            // A 404 is about what is below the base URL: what stands beside it
            // does not tell more of the token.
            if variant == Variant::Discovery && answers.contains(&ProbeAnswer::NotFound) {
                break;
            }
            let answer = self.ask(variant, Some(token)).await;
            let goes_on = answer.suggests_another_read();
            answers.push(answer);
            last = variant;
            if !goes_on {
                break;
            }
        }
        (answers, last)
    }

    fn variants(&self) -> Vec<Variant> {
        let config = &self.endpoint.config;
        let mut reads = vec![config.read];
        for read in [Read::Filter, Read::Count, Read::Plain] {
            if !reads.contains(&read) && (read != Read::Filter || self.filters) {
                reads.push(read);
            }
        }
        let mut variants: Vec<_> = reads.into_iter().map(Variant::Collection).collect();
        if config.path == "Users" {
            variants.push(Variant::Groups);
        }
        if self.discovery_is_protected {
            variants.push(Variant::Discovery);
        }
        variants
    }

    /// L3: one entry, or the server's default page where it cannot count.
    async fn list(&mut self, token: &BearerToken) -> ProbeAnswer {
        let answer = self
            .ask(Variant::Collection(Read::Count), Some(token))
            .await;
        if answer.suggests_another_read() {
            return self
                .ask(Variant::Collection(Read::Plain), Some(token))
                .await;
        }
        answer
    }

    pub(in crate::scim) async fn ask(
        &mut self,
        variant: Variant,
        token: Option<&BearerToken>,
    ) -> ProbeAnswer {
        self.exchange(variant, token).await.0
    }

    async fn exchange(
        &mut self,
        variant: Variant,
        token: Option<&BearerToken>,
    ) -> (ProbeAnswer, Option<Message>) {
        let mut pauses = RECONNECT.into_iter();
        loop {
            let Some(left) = self.left.checked_sub(1) else {
                let text = format!("no answer within {MOST_REQUESTS} requests");
                return (ProbeAnswer::Unreachable(text), None);
            };
            if self.left < MOST_REQUESTS {
                self.endpoint.clock.sleep(self.endpoint.config.pace.0).await;
            }
            self.left = left;
            let request = match self.endpoint.request(variant, token, &self.nobody) {
                Ok(request) => request,
                Err(why) => return (ProbeAnswer::Unreachable(why), None),
            };
            let url = request.url.clone();
            match self.send(request).await {
                Ok(answer) => {
                    let read = self.read(&answer, variant, &url, token.is_some());
                    let hints = (variant == Variant::Discovery)
                        .then(|| outline::read(&answer.body))
                        .flatten();
                    return (read, hints);
                }
                Err(fault) if !never_arrived(&fault) => return (without_answer(fault), None),
                Err(fault) => match pauses.next() {
                    Some(pause) => self.endpoint.clock.sleep(pause).await,
                    None => return (without_answer(fault), None),
                },
            }
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let sending = self.endpoint.http.send(request);
        let Some(limit) = self.endpoint.config.timeout else {
            return sending.await;
        };
        let limit = Duration::try_from(limit.0).unwrap_or(Duration::MAX);
        timeout(limit, sending).await.unwrap_or_else(|_| {
            let text = "the service provider did not answer within the probe's `timeout`";
            Err(Fault::new(FaultClass::NotApplied, FaultKind::Timeout, text))
        })
    }

    fn read(
        &self,
        answer: &Answer,
        variant: Variant,
        url: &Url,
        carried_token: bool,
    ) -> ProbeAnswer {
        let config = &self.endpoint.config;
        let raw = RawAnswer {
            status: answer.status,
            location: answer.header("location"),
            challenge: answer.header("www-authenticate"),
            body: &answer.body,
            cut: answer.body.len() >= self.endpoint.http.max_body(),
        };
        let usual = ProbeAnswer::read(
            raw,
            asked(variant),
            url,
            carried_token,
            config.accept_non_scim,
        );
        match rule_for(&config.answers, answer) {
            Some(rule) => usual.by_rule(rule.means, answer.status),
            None => usual,
        }
    }
}

/// Whether the request did not reach the server and can be repeated at once.
/// After a timeout it is not repeated.
fn never_arrived(fault: &Fault) -> bool {
    fault.class == FaultClass::NotApplied && fault.kind == FaultKind::Network
}

fn without_answer(fault: Fault) -> ProbeAnswer {
    match fault.kind {
        // The client's only complaint about an answer itself: too long.
        FaultKind::Schema => ProbeAnswer::Oversized,
        FaultKind::Auth
        | FaultKind::Throttled
        | FaultKind::Network
        | FaultKind::Timeout
        | FaultKind::Conflict
        | FaultKind::Refused
        | FaultKind::Server
        | FaultKind::Config
        | FaultKind::WrongTarget
        | FaultKind::VaultUnavailable => ProbeAnswer::Unreachable(fault.message),
    }
}
