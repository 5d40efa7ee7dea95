//! One check of a federated credential, which is named a look: it reads the issuer's
//! documents and the service provider's trust, and presents an assertion. `exchange`
//! holds the requests to the token endpoint.

mod exchange;

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use url::Url;

use super::assertion::{self, Assertion};
use super::config::Federated;
use super::documents::{self, Unread};
use super::keys::{self, PublicKey};
use super::sight::{Look, Part, Saw, Source};
use super::trust::{self, TrustReader};
use crate::clock::Clock;
use crate::http::Client;
use crate::scim::config::ProbeConfig;
use crate::scim::credential::TokenEndpoint;
use crate::scim::evidence::Verdict;
use crate::scim::probe::{Probe, ScimProbe};
use crate::secret::mask::Mask;
use crate::secret::resolve::Secrets;
use crate::secret::{BearerToken, Fingerprint, SecretText};

/// Checks whether both sides of a federated credential still agree.
#[async_trait]
pub trait Federation: Send + Sync {
    /// One check. Its texts are for people; it changes nothing at the servers.
    async fn look(&self) -> Look;
}

/// Makes the requests of the checks of one token.
pub struct Watch {
    token: String,
    federated: Federated,
    endpoint: Option<Arc<TokenEndpoint>>,
    client: Client,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    trust: Option<TrustReader>,
    probe: ScimProbe,
    controls: bool,
    /// The assertion that was presented last.
    presented: Mutex<Option<Fingerprint>>,
}

/// What belongs to the token besides its table `federated`.
pub struct Parts {
    /// The name of the token.
    pub token: String,
    /// The SCIM base URL.
    pub scim_url: Url,
    /// Where an assertion is exchanged.
    pub endpoint: Option<Arc<TokenEndpoint>>,
    /// How the SCIM server is read.
    pub probe: ProbeConfig,
    /// The HTTP client.
    pub client: Client,
    /// Reads credentials.
    pub secrets: Arc<dyn Secrets>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Watch {
    /// A watch that has sent no request yet.
    #[must_use]
    pub fn new(federated: &Federated, parts: Parts) -> Self {
        let trust = federated.trust.as_ref();
        let trust =
            trust.map(|trust| TrustReader::new(&parts.token, trust, &parts.client, &parts.secrets));
        let controls = parts.probe.negative_controls && !federated.assertion_once;
        let clock = Arc::clone(&parts.clock);
        let probe = ScimProbe::new(parts.client.clone(), parts.scim_url, parts.probe, clock)
            .named(&parts.token);
        Self {
            token: parts.token,
            federated: federated.clone(),
            endpoint: parts.endpoint,
            client: parts.client,
            secrets: parts.secrets,
            clock: parts.clock,
            trust,
            probe,
            controls,
            presented: Mutex::default(),
        }
    }

    /// The keys that the issuer publishes, if they could be read.
    async fn published(&self, look: &mut Look) -> Option<Vec<PublicKey>> {
        let told = self.discover(look).await;
        let url = self.federated.jwks_url.clone().or(told)?;
        let expected = "the issuer's keys for signatures";
        let (saw, keys) = match documents::read(&self.client, &url, "keys of the issuer").await {
            Err(Unread::Unclear(why)) => (Saw::Unclear(why), None),
            Err(Unread::Absent(what)) => (Saw::missing(expected, what), None),
            Ok(document) => match keys::of_document(&document) {
                None => (Saw::missing(expected, "a document without `keys`"), None),
                Some(keys) if keys.is_empty() => (Saw::missing(expected, "no key"), None),
                Some(keys) => (Saw::Agrees, Some(keys)),
            },
        };
        look.see(Part::Key, Source::Keys, saw);
        let ends = keys
            .iter()
            .flatten()
            .filter_map(|key| key.certificate_ends_at);
        look.certificate_ends_at = ends.min();
        keys
    }

    /// What the discovery document names: the issuer, and where its keys are.
    async fn discover(&self, look: &mut Look) -> Option<Url> {
        let issuer = self.federated.issuer.as_str();
        let url = documents::discovery_url(issuer)?;
        let read = documents::read(&self.client, &url, "discovery of the issuer").await;
        let has_keys = self.federated.jwks_url.is_some();
        let mut see = |part, saw| look.see(part, Source::Discovery, saw);
        match read {
            // Where the keys are configured, an issuer needs no such document.
            Err(Unread::Absent(_)) if has_keys => None,
            Err(Unread::Absent(what)) => {
                see(Part::Issuer, Saw::missing(issuer, what));
                None
            }
            Err(Unread::Unclear(why)) => {
                see(Part::Issuer, Saw::Unclear(why));
                None
            }
            Ok(document) => {
                let text = |name: &str| document.get(name).and_then(|value| value.as_str());
                see(
                    Part::Issuer,
                    match text("issuer") {
                        Some(named) => Saw::compare(issuer, named),
                        None => Saw::missing(issuer, "a document without `issuer`"),
                    },
                );
                let keys = text("jwks_uri").and_then(|uri| Url::parse(uri).ok());
                if keys.is_none() && !has_keys {
                    let missing = Saw::missing("the address of the issuer's keys", "no `jwks_uri`");
                    see(Part::Key, missing);
                }
                keys
            }
        }
    }

    /// The assertion, compared with what is configured, and whether it can be presented
    /// now; `None` if there is none that can be read.
    async fn assertion(
        &self,
        published: Option<&[PublicKey]>,
        look: &mut Look,
    ) -> Option<(SecretText, Assertion, bool)> {
        let reference = self.federated.assertion.as_ref()?;
        let mut see = |saw| look.see(Part::Access, Source::Assertion, saw);
        let resolved = match self.secrets.resolve(&reference.0).await {
            Ok(resolved) => resolved,
            Err(fault) => {
                see(Saw::Unclear(fault.message));
                return None;
            }
        };
        let text = SecretText::parse(resolved.value.expose().trim()).ok();
        let read = text.and_then(|text| Some((Assertion::read(text.expose())?, text)));
        let expected = "an assertion that can be presented";
        let Some((read, text)) = read else {
            see(Saw::missing(expected, "a text that is no JWT"));
            return None;
        };
        let out_of_time = read.is_out_of_time(self.clock.now());
        let in_time = out_of_time.is_none();
        match out_of_time {
            Some(why) => {
                self.secrets.refused(&reference.0);
                see(Saw::missing(expected, why));
            }
            None => see(Saw::Agrees),
        }
        let wanted = assertion::Wanted {
            issuer: &self.federated.issuer,
            subject: &self.federated.subject,
            audience: &self.federated.audience,
            keys: published,
        };
        read.compare(&wanted, look);
        Some((text, read, in_time))
    }

    /// Whether the assertion may be presented: only once, if the authorization server
    /// accepts each assertion only once.
    fn may_present(&self, assertion: &SecretText) -> bool {
        let fingerprint = assertion.fingerprint();
        let before = self.presented.lock().replace(fingerprint);
        !self.federated.assertion_once || before != Some(fingerprint)
    }

    /// Presents the assertion and reads SCIM with what is granted for it.
    async fn present(&self, assertion: &SecretText, look: &mut Look) {
        let access = match self.federated.assertion_as.parameter() {
            None => BearerToken::parse(assertion.expose()).map_err(|shape| {
                let saw = Saw::missing("an assertion that can be sent", shape.to_string());
                look.see(Part::Access, Source::Scim, saw);
            }),
            Some(parameter) => self.exchange(parameter, assertion, look).await.ok_or(()),
        };
        let Ok(access) = access else {
            return;
        };
        let saw = match self.probe.prove(&access).await {
            Verdict::Pass(_) => Saw::Agrees,
            Verdict::Fail(found) => Saw::refused("access to SCIM", found.detail),
            Verdict::Inconclusive(found) => Saw::Unclear(found.detail),
        };
        look.see(Part::Access, Source::Scim, saw);
    }
}

#[async_trait]
impl Federation for Watch {
    async fn look(&self) -> Look {
        let mut look = Look::default();
        let published = self.published(&mut look).await;
        let assertion = self.assertion(published.as_deref(), &mut look).await;
        if let Some(trust) = &self.trust {
            let used = assertion.as_ref();
            let wanted = trust::Wanted {
                issuer: &self.federated.issuer,
                audience: &self.federated.audience,
                subject: &self.federated.subject,
                keys: published.as_deref(),
                used: used.and_then(|(_, read, _)| read.key_id.as_deref()),
            };
            trust.look(&self.token, &wanted, &mut look).await;
        }
        if let Some((text, _, true)) = &assertion
            && self.may_present(text)
        {
            self.present(text, &mut look).await;
        }
        let mask = Mask::over(assertion.iter().map(|(text, _, _)| text.expose()));
        look.cleaned(&|text| mask.quote(text))
    }
}
