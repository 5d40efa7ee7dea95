//! Settings of a connection that is driven over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

use super::merge::Merge;
use super::purpose::Purpose;
use super::state::{Field, StateReading};
use super::target::{BaseUrlCheck, HeldUrl, ShowingStep};
use super::token_rules::TokenRules;
use crate::connections::capabilities::CapabilityOverrides;
use crate::http::oauth2::CallerAuth;
use crate::http::predicate::Success;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{JsonTemplate, Template, TemplateMap};
use crate::ports::kind::VendorMark;
use crate::value::{Credential, HumanDuration};

const DEFAULT_SESSION: SignedDuration = SignedDuration::from_mins(5);

/// `[connections.<name>.http]`: an identity provider whose connection is
/// changed by HTTP calls. Steps are made in the order in which they stand here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConnection {
    /// The vendor file that these settings were made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
    /// Put before every `url` that begins with `/`.
    #[serde(default)]
    pub address: Option<String>,
    /// How we authenticate ourselves in every step.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Texts for templates, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// Which header tells how long to stay away, besides `Retry-After`.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What the identity provider accepts as a token.
    #[serde(default)]
    pub token_rules: TokenRules,
    /// Where the SCIM base URL that the identity provider holds stands; each of
    /// these must equal the token's `scim_url` before anything is pushed.
    #[serde(default)]
    pub base_url: Vec<HeldUrl>,
    /// Says that the identity provider does not show the base URL.
    #[serde(default)]
    pub base_url_check: BaseUrlCheck,
    /// Gets a session; later steps use `{{ steps.login.json… }}`.
    #[serde(default)]
    pub login: Option<Step>,
    /// How long a session is used again.
    #[serde(default = "default_session")]
    pub login_session: HumanDuration,
    /// Looks whether the connection is as it should be.
    #[serde(default)]
    pub preflight: Option<Step>,
    /// Reads the object that `push` writes back.
    #[serde(default)]
    pub read: Option<Step>,
    /// Has the identity provider try the token before it is saved.
    #[serde(default)]
    pub test_candidate: Option<Step>,
    /// Writes the token.
    pub push: Step,
    /// What must follow a write: activate, start, publish.
    #[serde(default)]
    pub post_push: Vec<Step>,
    /// Has the identity provider try the token that it holds.
    #[serde(default)]
    pub test_saved: Option<Step>,
    /// Asks for the state of provisioning.
    #[serde(default)]
    pub state: Option<Step>,
    /// Writes the former token back, where that is not the same as `push`.
    #[serde(default)]
    pub rollback: Option<Step>,
    /// How `test_saved` and `state` are repeated.
    #[serde(default)]
    pub confirm: Confirm,
    /// What the connection can do, where it differs from what follows from the
    /// other keys.
    #[serde(default)]
    pub capabilities: CapabilityOverrides,
}

/// One request and what its answer means.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// GET, POST, PUT, PATCH or DELETE.
    #[serde(default = "get", deserialize_with = "method")]
    pub method: Method,
    /// Where to. Every value in it is percent-encoded.
    pub url: Template,
    /// Query parameters.
    #[serde(default)]
    pub query: TemplateMap,
    /// Headers.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Body.
    #[serde(default)]
    pub body: Option<Body>,
    /// What a success looks like. Default: status 200, 201, 202 or 204.
    #[serde(default)]
    pub success: Success,
    /// Such an answer is final, whatever its status.
    #[serde(default)]
    pub fatal: Option<Success>,
    /// Such an answer changed nothing and the step may be repeated.
    #[serde(default)]
    pub retryable: Option<Success>,
    /// Such an answer looks like an error, but the change was made.
    #[serde(default)]
    pub applied: Option<Success>,
    /// Where a short code of an error stands; shown to people.
    #[serde(default)]
    pub error_code: Option<Field>,
    /// Whether the step may be repeated when it is not known what came of it.
    /// Default: no for steps that write, yes for steps that only look.
    #[serde(default)]
    pub idempotent: Option<bool>,
    /// How long it may take; not longer than the HTTP client allows.
    #[serde(default)]
    pub timeout: Option<HumanDuration>,
    /// Whether the `ETag` that `read` showed is sent as `If-Match`.
    #[serde(default)]
    pub if_match: IfMatch,
    /// How the answer is read; belongs to `state`.
    #[serde(default)]
    pub reads: Option<StateReading>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A JSON document; its texts are templates.
    Json(JsonTemplate),
    /// A form.
    Form(TemplateMap),
    /// The document that `read` showed, with changes.
    Merge(Merge<JsonTemplate>),
}

/// Whether `If-Match` is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfMatch {
    /// With a `merge` body, if `read` showed an `ETag`.
    #[default]
    Auto,
    /// Always; without an `ETag` nothing is written.
    Require,
    /// Not.
    Never,
}

/// How proof is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// How often in a row it must look good. Default: 1.
    #[serde(default)]
    pub stable_count: Option<u32>,
    /// When to ask again. Default: the usual pace.
    #[serde(default)]
    pub ask_again: Option<HumanDuration>,
}

impl HttpConnection {
    /// Every step with the path of its settings and what it is for.
    pub(super) fn steps(&self) -> Vec<(String, Purpose, &Step)> {
        let single = [
            (Purpose::Login, self.login.as_ref()),
            (Purpose::Preflight, self.preflight.as_ref()),
            (Purpose::Read, self.read.as_ref()),
            (Purpose::TestCandidate, self.test_candidate.as_ref()),
            (Purpose::Push, Some(&self.push)),
            (Purpose::TestSaved, self.test_saved.as_ref()),
            (Purpose::State, self.state.as_ref()),
            (Purpose::Rollback, self.rollback.as_ref()),
        ];
        let single = single
            .into_iter()
            .filter_map(|(p, step)| Some((p.as_str().to_owned(), p, step?)));
        let following = self.post_push.iter().enumerate();
        let following =
            following.map(|(i, step)| (format!("post_push[{i}]"), Purpose::PostPush, step));
        single.chain(following).collect()
    }

    pub(super) fn session(&self) -> Duration {
        self.login_session.0.unsigned_abs()
    }

    /// The step in whose answer a base URL is looked for.
    pub(super) fn showing(&self, held: &HeldUrl) -> ShowingStep {
        let usual = match (&self.read, &self.preflight) {
            (None, Some(_)) => ShowingStep::Preflight,
            (Some(_), _) | (None, None) => ShowingStep::Read,
        };
        held.step.unwrap_or(usual)
    }
}

fn default_session() -> HumanDuration {
    HumanDuration(DEFAULT_SESSION)
}

fn get() -> Method {
    Method::GET
}

fn method<'de, D: Deserializer<'de>>(from: D) -> Result<Method, D::Error> {
    let text = String::deserialize(from)?.to_ascii_uppercase();
    match text.as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        other => Err(de::Error::custom(format!(
            "`{other}` is not one of GET, POST, PUT, PATCH and DELETE"
        ))),
    }
}
