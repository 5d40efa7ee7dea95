//! Settings of a connection that is driven over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;

use super::inventory::Inventory;
use super::target::{BaseUrlCheck, HeldUrl};
use super::token_rules::TokenRules;
use crate::connections::capabilities::CapabilityOverrides;
use crate::http::exchange::{Call, ErrorPlaces, Purpose, Rule, Shared};
use crate::http::fired::RuleName;
use crate::http::oauth2::CallerAuth;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{ConfigValue, Template, TemplateMap};
use crate::ports::kind::VendorMark;
use crate::value::{Credential, HumanDuration};

const DEFAULT_SESSION: SignedDuration = SignedDuration::from_mins(5);

/// `[connections.<name>.http]`: an identity provider whose connection is
/// changed by HTTP calls. Calls are made in the order in which they stand here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConnection {
    /// The vendor file that these settings were made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
    /// Put before every `url` that begins with `/`.
    #[serde(default)]
    pub address: Option<Template>,
    /// How we authenticate ourselves in every call.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Values for templates, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// Which header tells how long to stay away, besides `Retry-After`.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What answers mean, after the rules of the call itself.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where errors tell their code and text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// What the identity provider accepts as a token.
    #[serde(default)]
    pub token_rules: TokenRules,
    /// Where the identity provider shows the SCIM base URL that it holds; each
    /// of these must equal the token's `scim_url` before the token is sent.
    #[serde(default)]
    pub base_url: Vec<HeldUrl>,
    /// Says that the identity provider does not show the base URL.
    #[serde(default)]
    pub base_url_check: BaseUrlCheck,
    /// Gets a session; later calls use `{{ steps.login… }}`.
    #[serde(default)]
    pub login: Option<Call>,
    /// How long a session is used again.
    #[serde(default = "default_session")]
    pub login_session: HumanDuration,
    /// Made in this order before a write: they find ids, look whether the
    /// connection is as it should be, and read the object that `deliver`
    /// writes back.
    #[serde(default)]
    pub lookups: Vec<Call>,
    /// Has the identity provider try the token before it is saved.
    #[serde(default)]
    pub test_candidate: Option<Call>,
    /// Writes the token.
    pub deliver: Call,
    /// What must follow a write: activate, start, publish.
    #[serde(default)]
    pub after_deliver: Vec<Call>,
    /// Has the identity provider try the token that it holds.
    #[serde(default)]
    pub test_saved: Option<Call>,
    /// Asks for the state of provisioning.
    #[serde(default)]
    pub state: Option<Call>,
    /// Writes the former token back, where that is not the same as `deliver`.
    #[serde(default)]
    pub revert: Option<Call>,
    /// Lists every provisioning connection of the identity provider, for `inventory`.
    #[serde(default)]
    pub inventory: Option<Inventory>,
    /// How `test_saved` and `state` are repeated.
    #[serde(default)]
    pub confirm: Confirm,
    /// What the connection can do, where it differs from what follows from the
    /// other keys.
    #[serde(default)]
    pub capabilities: CapabilityOverrides,
}

/// How proof is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// How often in a row it must look good. Default: 1.
    #[serde(default)]
    pub stable_count: Option<u32>,
    /// When to ask again. Default: the usual pace.
    #[serde(default)]
    pub ask_again: Option<HumanDuration>,
    /// Whether a healthy state proves the token; otherwise it is only shown.
    #[serde(default = "yes")]
    pub by_state: bool,
}

impl Default for Confirm {
    fn default() -> Self {
        Self {
            stable_count: None,
            ask_again: None,
            by_state: true,
        }
    }
}

fn yes() -> bool {
    true
}

fn default_session() -> HumanDuration {
    HumanDuration(DEFAULT_SESSION)
}

impl HttpConnection {
    /// What all calls share.
    pub(super) fn shared(&self) -> Shared {
        Shared {
            address: self.address.clone(),
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            config: self.config.clone(),
            secrets: self.secrets.clone(),
            rate_limit: self.rate_limit.clone(),
            answers: self.answers.clone(),
            error: self.error.clone(),
            login: self.login.clone(),
            login_session: self.login_session.0.unsigned_abs(),
            lookups: self.lookups.clone(),
        }
    }

    /// The calls about a token that follow the lookups, with their keys.
    pub(super) fn calls(&self) -> impl Iterator<Item = (String, Purpose, &Call)> {
        let single = [
            (Purpose::TestCandidate, self.test_candidate.as_ref()),
            (Purpose::Deliver, Some(&self.deliver)),
            (Purpose::TestSaved, self.test_saved.as_ref()),
            (Purpose::State, self.state.as_ref()),
            (Purpose::Revert, self.revert.as_ref()),
        ];
        let single = single
            .into_iter()
            .filter_map(|(purpose, call)| Some((purpose.as_str().to_owned(), purpose, call?)));
        let following = self.after_deliver.iter().enumerate();
        single.chain(following.map(|(index, call)| {
            let purpose = Purpose::AfterDeliver;
            (format!("{}[{index}]", purpose.as_str()), purpose, call)
        }))
    }

    /// The rules of `answers` that it declares.
    #[must_use]
    pub(crate) fn declared_rules(&self) -> BTreeSet<RuleName> {
        let calls = self.calls().map(|(_, purpose, call)| (purpose, call));
        let listing = self.inventory.iter().flat_map(Inventory::calls);
        self.shared().rule_names(calls.chain(listing))
    }

    /// The same calls, to fill in their places.
    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        let single = [
            &mut self.test_candidate,
            &mut self.test_saved,
            &mut self.state,
            &mut self.revert,
        ];
        std::iter::once(&mut self.deliver)
            .chain(single.into_iter().flatten())
            .chain(&mut self.after_deliver)
            .chain(self.inventory.iter_mut().flat_map(Inventory::calls_mut))
    }

    /// The lookup whose answer shows a base URL.
    pub(super) fn showing<'a>(&'a self, held: &'a HeldUrl) -> Option<&'a str> {
        let last = || Some(self.lookups.last()?.name(Purpose::Lookup));
        held.step.as_deref().or_else(last)
    }
}
