//! What all calls of one issuer or connection share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::call::{Call, ErrorPlaces};
use super::purpose::Purpose;
use super::rule::Rule;
use crate::http::fired::RuleName;
use crate::http::oauth2::CallerAuth;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{ConfigValue, Context, Template, TemplateMap};
use crate::value::Credential;

/// The key of a token endpoint's settings, for who is told which rules fire.
pub const TOKEN_ENDPOINT: &str = "auth.oauth2";

/// What all calls of one issuer or connection share. Both kinds of settings
/// have these keys; this is what the exchange takes of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// Put before every `url` that begins with `/`.
    pub address: Option<Template>,
    /// How we authenticate ourselves.
    pub auth: CallerAuth,
    /// Headers of every request.
    pub headers: TemplateMap,
    /// Values for templates, as `{{ config.<name> }}`.
    pub config: BTreeMap<String, ConfigValue>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    pub secrets: BTreeMap<String, Credential>,
    /// Which header tells how long to stay away, besides `Retry-After`.
    pub rate_limit: RateLimitDialect,
    /// What answers mean, after the rules of the call itself.
    pub answers: Vec<Rule>,
    /// Where errors tell their code and text, where the call says nothing else.
    pub error: ErrorPlaces,
    /// Gets a session.
    pub login: Option<Call>,
    /// How long a session is used again.
    pub login_session: Duration,
    /// Made in this order before each operation.
    pub lookups: Vec<Call>,
}

impl Shared {
    /// The URL of a call with the address.
    pub(super) fn whole_url(&self, url: &Template) -> Template {
        match &self.address {
            Some(address) if url.source().starts_with('/') => Template::new(format!(
                "{}{}",
                address.source().trim_end_matches('/'),
                url.source()
            )),
            Some(_) | None => url.clone(),
        }
    }

    /// Where the errors of a call tell their code and text.
    pub(super) fn error_places<'a>(&'a self, call: &'a Call) -> &'a ErrorPlaces {
        if call.error == ErrorPlaces::default() {
            &self.error
        } else {
            &call.error
        }
    }

    /// Whether a template of the address, the headers, the login or a lookup
    /// uses this dotted name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let mut templates = self.address.iter().chain(self.headers.values());
        let mut calls = self.login.iter().chain(&self.lookups);
        templates.any(|template| template.uses(name)) || calls.any(|call| call.uses(name))
    }

    /// The rules of all calls, and those of the login, of the lookups and of
    /// these calls.
    #[must_use]
    pub fn rule_names<'c>(
        &self,
        calls: impl IntoIterator<Item = (Purpose, &'c Call)>,
    ) -> BTreeSet<RuleName> {
        let of = |(purpose, call): (Purpose, &Call)| {
            RuleName::all_of(call.name(purpose), call.answers.len()).collect::<Vec<_>>()
        };
        let login = self.login.iter().map(|call| (Purpose::Login, call));
        let lookups = self.lookups.iter().map(|call| (Purpose::Lookup, call));
        let mut all: BTreeSet<_> = RuleName::all_of("", self.answers.len()).collect();
        if let CallerAuth::Oauth2(client) = &self.auth {
            all.extend(RuleName::all_of(TOKEN_ENDPOINT, client.answers.len()));
        }
        all.extend(login.chain(lookups).flat_map(of));
        all.extend(calls.into_iter().flat_map(of));
        all
    }

    /// Fills in the templates of all places.
    ///
    /// # Errors
    /// Says which name has no value.
    pub(super) fn resolve_places(&mut self, context: &Context) -> Result<(), String> {
        for rule in &mut self.answers {
            for condition in &mut rule.when {
                condition.resolve(context)?;
            }
        }
        self.error.resolve(context)?;
        for call in self.login.iter_mut().chain(&mut self.lookups) {
            call.resolve_places(context)?;
        }
        Ok(())
    }
}
