//! The requests of one round, in their order.

use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderName, HeaderValue, Method};
use jiff::SignedDuration;
use url::Url;
use zeroize::Zeroizing;

use super::answer::{Asked, ProbeAnswer, RawAnswer};
use super::config::Read;
use super::evidence::{Evidence, Verdict};
use super::garbage::Noise;
use super::message::Message;
use super::probe::ScimProbe;
use super::verdict::{self, ControlAnswers, Observed};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::Request;
use crate::secret::BearerToken;

/// Maximum of requests in one round.
pub const MOST_REQUESTS: u8 = 10;

/// Pauses before a request is repeated that did not reach the server.
const RECONNECT: [SignedDuration; 2] = [
    SignedDuration::from_millis(200),
    SignedDuration::from_millis(800),
];

/// The kinds of reads, with those that are used only if others are not
/// supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scim) enum Variant {
    Collection(Read),
    Groups,
    Discovery,
}

impl Variant {
    fn asked(self) -> Asked {
        match self {
            Self::Collection(_) | Self::Groups => Asked::List,
            Self::Discovery => Asked::Discovery,
        }
    }
}

/// One round: counts its requests.
pub(in crate::scim) struct Round<'a> {
    probe: &'a ScimProbe,
    /// A user name that does not exist.
    nobody: String,
    left: u8,
    filters: bool,
    discovery_is_protected: bool,
}

impl<'a> Round<'a> {
    pub(in crate::scim) fn new(probe: &'a ScimProbe) -> Self {
        let mut noise = Noise::default();
        let tail: String = (0..24).map(|_| noise.pick('a', 26)).collect();
        Self {
            probe,
            nobody: format!("scim-rotator-probe-{tail}"),
            left: MOST_REQUESTS,
            filters: true,
            discovery_is_protected: false,
        }
    }

    /// L1. The server's own configuration is only a hint. The round ends here
    /// only if there is no answer, a rate limit, or a server error.
    pub(in crate::scim) async fn discover(&mut self) -> Result<(), Verdict<Evidence>> {
        if !self.probe.config.discovery {
            return Ok(());
        }
        let (answer, message) = self.exchange(Variant::Discovery, None).await;
        match answer {
            ProbeAnswer::Tls => Err(Verdict::Fail(verdict::describe(&answer))),
            ProbeAnswer::Unreachable(_) | ProbeAnswer::Throttled | ProbeAnswer::ServerError(_) => {
                Err(Verdict::Inconclusive(verdict::describe(&answer)))
            }
            ProbeAnswer::Unauthorized(_) | ProbeAnswer::Forbidden(_) => {
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
            | ProbeAnswer::Oversized => Ok(()),
        }
    }

    /// L2 with its controls, then L3.
    pub(in crate::scim) async fn observe(&mut self, token: &BearerToken) -> Observed {
        let (reads, read) = self.first_answer(token).await;
        let asks_controls = self.probe.config.negative_controls
            && verdict::decisive(&reads).is_some_and(verdict::needs_controls);
        let controls = if asks_controls {
            let none = self.ask(read, None).await;
            let wrong = self.probe.garbage(token);
            let garbage = self.ask(read, Some(&wrong)).await;
            Some(ControlAnswers { none, garbage })
        } else {
            None
        };
        // The other reads have shown a list already.
        let accepted = verdict::decisive(&reads).is_some_and(ProbeAnswer::is_accepted);
        let listing = if accepted && read == Variant::Collection(Read::Filter) {
            Some(self.list(token).await)
        } else {
            None
        };
        Observed {
            reads,
            controls,
            listing,
        }
    }

    /// Tries one kind of read after the other until one is supported. Returns
    /// the answers and the last kind.
    pub(in crate::scim) async fn first_answer(
        &mut self,
        token: &BearerToken,
    ) -> (Vec<ProbeAnswer>, Variant) {
        let mut answers = Vec::new();
        let mut last = Variant::Collection(self.probe.config.read);
        for variant in self.variants() {
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
        let config = &self.probe.config;
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
        let url = self.url(variant);
        let mut pauses = RECONNECT.into_iter();
        loop {
            let Some(left) = self.left.checked_sub(1) else {
                let text = format!("no answer within {MOST_REQUESTS} requests");
                return (ProbeAnswer::Unreachable(text), None);
            };
            self.left = left;
            let request = match self.request(url.clone(), token) {
                Ok(request) => request,
                Err(why) => return (ProbeAnswer::Unreachable(why), None),
            };
            match self.probe.http.send(request).await {
                Ok(answer) => {
                    let raw = RawAnswer {
                        status: answer.status,
                        location: answer.header("location"),
                        challenge: answer.header("www-authenticate"),
                        body: &answer.body,
                    };
                    let config = &self.probe.config;
                    let read =
                        ProbeAnswer::read(raw, variant.asked(), &url, token.is_some(), config);
                    return (read, Message::read(&answer.body));
                }
                Err(fault) if !never_arrived(&fault) => return (without_answer(fault), None),
                Err(fault) => match pauses.next() {
                    Some(pause) => self.probe.clock.sleep(pause).await,
                    None => return (without_answer(fault), None),
                },
            }
        }
    }

    pub(in crate::scim) fn request(
        &self,
        url: Url,
        token: Option<&BearerToken>,
    ) -> Result<Request, String> {
        const AGENT: &str = concat!("scim-rotator/", env!("CARGO_PKG_VERSION"), " (+probe)");
        let request = Request::new(Method::GET, url, "probe")
            .header(
                ACCEPT,
                HeaderValue::from_static("application/scim+json, application/json;q=0.9"),
            )
            .header(USER_AGENT, HeaderValue::from_static(AGENT));
        let Some(token) = token else {
            return Ok(request);
        };
        let config = &self.probe.config;
        let text = match config.scheme.as_str() {
            "" => Zeroizing::new(token.expose().to_owned()),
            scheme => Zeroizing::new(format!("{scheme} {}", token.expose())),
        };
        let name = HeaderName::from_bytes(config.header.as_bytes())
            .map_err(|_| format!("`{}` is not the name of a header", config.header))?;
        let value = HeaderValue::from_str(&text)
            .map_err(|_| format!("the scheme `{}` cannot be sent", config.scheme))?;
        Ok(request.sensitive(name, value))
    }

    fn url(&self, variant: Variant) -> Url {
        let path = match variant {
            Variant::Collection(_) => self.probe.config.path.as_str(),
            Variant::Groups => "Groups",
            Variant::Discovery => "ServiceProviderConfig",
        };
        let mut url = Url::clone(&self.probe.scim_url);
        // An https URL always has a path that can be extended.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let attribute = if path.ends_with("Groups") {
            "displayName"
        } else {
            "userName"
        };
        match variant {
            Variant::Collection(Read::Filter) => {
                let filter = format!("{attribute} eq \"{}\"", self.nobody);
                url.query_pairs_mut()
                    .append_pair("filter", &filter)
                    .append_pair("count", "1");
            }
            Variant::Collection(Read::Count) | Variant::Groups => {
                url.query_pairs_mut()
                    .append_pair("startIndex", "1")
                    .append_pair("count", "1");
            }
            Variant::Collection(Read::Plain) | Variant::Discovery => {}
        }
        url
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
        | FaultKind::VaultUnavailable => ProbeAnswer::Unreachable(fault.message),
    }
}
