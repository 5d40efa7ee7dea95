//! The settings of an HTTP issuer.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::http::extract::{Pointer, TimeField};
use crate::http::oauth2::CallerAuth;
use crate::http::paging::Paging;
use crate::http::predicate::{Condition, Success};
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::ErrorClasses;
use crate::http::template::{JsonTemplate, Template, TemplateMap};
use crate::issuers::capabilities::Capabilities;
use crate::issuers::label::Label;
use crate::issuers::lifetime::Lifetime;
use crate::ports::kind::VendorMark;
use crate::secret::BearerToken;
use crate::value::Credential;

/// `[issuers.<name>.http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpIssuer {
    /// The vendor file that these settings were made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
    /// How we authenticate ourselves.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Texts for templates, as `config.<name>`.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Credentials for templates, as `secrets.<name>`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// What the issuer can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Has a token made. Never repeated by itself.
    pub mint: Operation<MintFields>,
    /// Lists the live tokens.
    pub list: Option<Operation<ListFields>>,
    /// How the list is continued.
    #[serde(default)]
    pub paging: Paging,
    /// Reads one token by its id; without it the list is searched.
    pub get: Option<Operation<TokenFields>>,
    /// Revokes one token.
    pub revoke: Option<Operation<NoFields>>,
    /// Reads the version of the issuer's state, for `If-Match`.
    pub status: Option<Operation<StatusFields>>,
    /// Two-phase: ends the old token.
    pub complete: Option<Operation<NoFields>>,
    /// Two-phase: drops the new token.
    pub cancel: Option<Operation<NoFields>>,
    /// How a token's text tells its id.
    pub id_from_token: Option<IdFromToken>,
    /// The lifetime asked for.
    #[serde(default)]
    pub lifetime: Lifetime,
    /// The label of each issue.
    #[serde(default)]
    pub label: Label,
    /// How the issuer tells when to come back.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What its refusals mean, where the usual table is wrong.
    #[serde(default)]
    pub error_classes: ErrorClasses,
    /// Begin of secrets that we choose (recovery `client_chosen`).
    #[serde(default = "default_prefix")]
    pub secret_prefix: String,
}

pub(crate) fn default_prefix() -> String {
    "srot_".to_owned()
}

/// One request and what to read from its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "E: Deserialize<'de> + Default")
)]
pub struct Operation<E> {
    /// Method; each operation has its usual one.
    pub method: Option<Verb>,
    /// Where to.
    pub url: Template,
    /// Headers beside those of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// JSON body.
    pub json: Option<JsonTemplate>,
    /// Form body.
    pub form: Option<TemplateMap>,
    /// What a success looks like.
    #[serde(default)]
    pub success: Success,
    /// Status codes that mean "there is no such token"; 404 and 410 by default.
    pub gone: Option<Vec<u16>>,
    /// Status codes that mean "nothing was done, try later".
    #[serde(default)]
    pub retriable: Vec<u16>,
    /// Sends without the caller's authentication, where a header carries the
    /// token itself.
    #[serde(default)]
    pub anonymous: bool,
    /// Where things stand in the answer.
    #[serde(default)]
    pub extract: E,
}

/// Methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl From<Verb> for http::Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::GET,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Patch => Self::PATCH,
            Verb::Delete => Self::DELETE,
        }
    }
}

/// What is read from the answer of `mint`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MintFields {
    /// The token; not needed where we choose it.
    pub token: Option<Pointer>,
    /// Its id.
    pub id: Option<Pointer>,
    /// When it expires.
    pub expires_at: Option<TimeField>,
    /// When the old token dies, where the issuer schedules that.
    pub previous_expires_at: Option<TimeField>,
}

/// What is read from the answer of `list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListFields {
    /// The array of tokens; the whole body by default.
    pub items: Option<Pointer>,
    /// Items that do not meet these conditions are no live tokens.
    pub only: Vec<Condition>,
    /// Version of the issuer's state.
    pub etag: Option<Pointer>,
    /// Id of an item.
    pub id: Option<Pointer>,
    /// Its label.
    pub label: Option<Pointer>,
    /// When it was made.
    pub created_at: Option<TimeField>,
    /// When it expires.
    pub expires_at: Option<TimeField>,
    /// When it was last used.
    pub last_used_at: Option<TimeField>,
}

impl ListFields {
    /// What is read from each item.
    #[must_use]
    pub fn token(&self) -> TokenFields {
        TokenFields {
            id: self.id.clone(),
            label: self.label.clone(),
            created_at: self.created_at.clone(),
            expires_at: self.expires_at.clone(),
            last_used_at: self.last_used_at.clone(),
        }
    }
}

/// What is read of one token. Empty for `get`: the same as in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenFields {
    /// Its id.
    pub id: Option<Pointer>,
    /// Its label.
    pub label: Option<Pointer>,
    /// When it was made.
    pub created_at: Option<TimeField>,
    /// When it expires.
    pub expires_at: Option<TimeField>,
    /// When it was last used.
    pub last_used_at: Option<TimeField>,
}

/// What is read from the answer of `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusFields {
    /// Version of the issuer's state; the `ETag` header by default.
    pub etag: Option<Pointer>,
}

/// Nothing is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

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
