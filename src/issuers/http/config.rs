//! The settings of an HTTP issuer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::http::exchange::{Call, ErrorPlaces, Purpose, Rule, Sequence, Shared};
use crate::http::fired::RuleName;
use crate::http::oauth2::CallerAuth;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{ConfigValue, Template, TemplateMap};
use crate::issuers::capabilities::Capabilities;
use crate::issuers::label::Label;
use crate::issuers::lifetime::Lifetime;
use crate::ports::kind::VendorMark;
use crate::secret::BearerToken;
use crate::value::{Credential, HumanDuration};

/// `[issuers.<name>.http]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpIssuer {
    /// The vendor file that these settings were made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
    /// Put before every `url` that begins with `/`.
    pub address: Option<Template>,
    /// How we authenticate ourselves.
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
    /// How the issuer tells when to come back.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What answers mean, after the rules of the call itself.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where errors tell their code and text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// Gets a session; later calls use `{{ steps.login… }}`.
    pub login: Option<Call>,
    /// How long a session is used again.
    #[serde(default = "default_session")]
    pub login_session: HumanDuration,
    /// Made in this order before each operation, for example to find an id.
    #[serde(default)]
    pub lookups: Vec<Call>,
    /// What the issuer can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Has a token issued: one call, or several, of which the last tells the
    /// token. Never repeated by itself.
    pub issue: Sequence,
    /// Lists the live tokens.
    pub list: Option<Call>,
    /// Reads one token by its id; without it the list is searched.
    pub get: Option<Call>,
    /// Revokes one token: one call, or several, of which the last ends it.
    pub revoke: Option<Sequence>,
    /// Reads the version of the issuer's state, for `If-Match`.
    pub status: Option<Call>,
    /// Two-phase: ends the old token.
    pub complete: Option<Call>,
    /// Two-phase: drops the new token.
    pub cancel: Option<Call>,
    /// How a token's text tells its id.
    pub id_from_token: Option<IdFromToken>,
    /// The lifetime asked for.
    #[serde(default)]
    pub lifetime: Lifetime,
    /// The label of each issue.
    #[serde(default)]
    pub label: Label,
    /// Begin of secrets that we choose (recovery `client_chosen`).
    #[serde(default = "default_prefix")]
    pub secret_prefix: String,
}

pub(crate) fn default_session() -> HumanDuration {
    HumanDuration(SignedDuration::from_mins(5))
}

pub(crate) fn default_prefix() -> String {
    "srot_".to_owned()
}

impl HttpIssuer {
    /// What all calls share.
    #[must_use]
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

    /// The rules of `answers` that it declares.
    #[must_use]
    pub(crate) fn declared_rules(&self) -> BTreeSet<RuleName> {
        let single = [
            (Purpose::List, &self.list),
            (Purpose::Get, &self.get),
            (Purpose::Status, &self.status),
            (Purpose::Complete, &self.complete),
            (Purpose::Cancel, &self.cancel),
        ];
        let single = single.into_iter();
        let single = single.filter_map(|(purpose, call)| Some((purpose, call.as_ref()?)));
        let issue = self.issue.0.iter().map(|call| (Purpose::Issue, call));
        let revoke = self.revoke.iter().flat_map(|revoke| &revoke.0);
        let revoke = revoke.map(|call| (Purpose::Revoke, call));
        self.shared().rule_names(issue.chain(revoke).chain(single))
    }

    /// The calls that belong to one operation each, to fill in their places.
    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        let single = [
            &mut self.list,
            &mut self.get,
            &mut self.status,
            &mut self.complete,
            &mut self.cancel,
        ];
        let revoke = self.revoke.iter_mut().flat_map(|revoke| &mut revoke.0);
        let several = self.issue.0.iter_mut().chain(revoke);
        several.chain(single.into_iter().flatten())
    }
}

/// How a token's text tells its id: `tok_abc.123…` → `tok_abc`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdFromToken {
    /// Character that splits the token.
    pub split: char,
    /// Which part holds the id, from 0.
    #[serde(default)]
    pub part: usize,
    /// Whether that part is base64 or base64url.
    #[serde(default)]
    pub base64: bool,
}

impl IdFromToken {
    /// The id, unless the token has another shape. A token that cannot be split
    /// has none: its whole text would be the secret.
    #[must_use]
    pub fn read(&self, token: &BearerToken) -> Option<String> {
        if !token.expose().contains(self.split) {
            return None;
        }
        let part = token.expose().split(self.split).nth(self.part)?;
        let id = if self.base64 {
            let plain = part.trim_end_matches('=');
            let bytes = URL_SAFE_NO_PAD
                .decode(plain)
                .or_else(|_| STANDARD_NO_PAD.decode(plain))
                .ok()?;
            String::from_utf8(bytes).ok()?
        } else {
            part.to_owned()
        };
        let printable = !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic());
        printable.then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_known_token_shapes() {
        let rule = |split, part, base64| IdFromToken {
            split,
            part,
            base64,
        };
        let cases = [
            (rule('.', 0, false), "tok_abc.0f0f", Some("tok_abc")),
            (rule('.', 0, true), "aWQtMQ.secret", Some("id-1")),
            (rule('.', 0, true), "aWQtMQ==.secret", Some("id-1")),
            (rule('.', 1, false), "a.b.c", Some("b")),
            (rule('.', 5, false), "a.b", None),
            (rule('.', 0, false), "opaque-secret", None),
            (rule('.', 0, true), "!!.secret", None),
            (rule('.', 0, true), "AAEC.secret", None),
        ];
        for (rule, token, expected) in cases {
            let token = BearerToken::parse(token).expect("valid");
            assert_eq!(rule.read(&token).as_deref(), expected, "{rule:?}");
        }
    }
}
