//! Where one service provider is asked, and with what: the URL of each read, and
//! the request with its query and headers.

use std::sync::Arc;

use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderValue, Method};
use url::Url;

use super::config::{ProbeConfig, Read};
use super::evidence::Finding;
use super::garbage;
use super::shape::{self, ChecksumCheck, ShapeRules};
use crate::clock::Clock;
use crate::http::exchange::with_fields;
use crate::http::template::Context;
use crate::http::{Client, Request};
use crate::secret::BearerToken;

/// The kinds of reads, with those that are used only if others are not
/// supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scim) enum Variant {
    Collection(Read),
    Groups,
    Discovery,
}

/// One service provider.
pub(in crate::scim) struct Endpoint {
    pub(in crate::scim) http: Client,
    pub(in crate::scim) scim_url: Arc<Url>,
    pub(in crate::scim) config: Arc<ProbeConfig>,
    pub(in crate::scim) clock: Arc<dyn Clock>,
    pub(in crate::scim) own_checksum: Option<ChecksumCheck>,
    /// Name of the token in the configuration.
    pub(in crate::scim) token_name: Box<str>,
}

impl Endpoint {
    /// A wrong token that looks like this one.
    pub(in crate::scim) fn garbage(&self, token: &BearerToken) -> BearerToken {
        garbage::like(token, self.own_checksum.as_ref())
    }

    /// L0: looks at the text of a token; `limit`: how long it may be unless the
    /// configuration says what the service provider takes.
    pub(in crate::scim) fn look(&self, token: &BearerToken, limit: usize) -> Result<(), Finding> {
        let rules = ShapeRules {
            max_length: self.config.max_token_length.unwrap_or(limit),
            scim_url: &self.scim_url,
            own_checksum: self.own_checksum.as_ref(),
        };
        let shape = shape::examine(token, &rules, self.clock.now());
        for note in shape.notes {
            tracing::debug!(
                fingerprint = %token.fingerprint(),
                note = note.as_str(),
                "the token is odd; it is tried all the same"
            );
        }
        shape.fault.map_or(Ok(()), Err)
    }

    /// A read with this token, or without one. `nobody` is a user name that does
    /// not exist.
    ///
    /// # Errors
    /// Says which header or query parameter cannot be sent.
    pub(in crate::scim) fn request(
        &self,
        variant: Variant,
        token: Option<&BearerToken>,
        nobody: &str,
    ) -> Result<Request, String> {
        let request = self.request_to(self.url(variant, nobody), token)?;
        Ok(request.beginning_is_enough())
    }

    /// A read of any URL of this service provider.
    ///
    /// # Errors
    /// Says which header or query parameter cannot be sent.
    pub(in crate::scim) fn request_to(
        &self,
        url: Url,
        token: Option<&BearerToken>,
    ) -> Result<Request, String> {
        self.request_by(Method::GET, url, "probe", token)
    }

    /// The same with any method. Some service providers refuse a DELETE that says what
    /// it accepts.
    ///
    /// # Errors
    /// Says which header or query parameter cannot be sent.
    pub(in crate::scim) fn request_by(
        &self,
        method: Method,
        url: Url,
        operation: &'static str,
        token: Option<&BearerToken>,
    ) -> Result<Request, String> {
        const AGENT: &str = concat!("scim-rotator/", env!("CARGO_PKG_VERSION"), " (+probe)");
        let deletes = method == Method::DELETE;
        let mut request = Request::new(method, url, operation)
            .header(USER_AGENT, HeaderValue::from_static(AGENT));
        if !deletes {
            let accepted =
                HeaderValue::from_static("application/scim+json, application/json;q=0.9");
            request = request.header(ACCEPT, accepted);
        }
        let context = Context::new(self.clock.now())
            .text("token_name", &self.token_name)
            .url("scim_url", &self.scim_url)
            .maybe_secret("token", token);
        let (query, headers) = self.config.fields(token.is_some());
        with_fields(request, &query, &headers, &context)
    }

    fn url(&self, variant: Variant, nobody: &str) -> Url {
        let path = match variant {
            Variant::Collection(_) => self.config.path.as_str(),
            Variant::Groups => "Groups",
            Variant::Discovery => "ServiceProviderConfig",
        };
        let mut url = Url::clone(&self.scim_url);
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
                let filter = format!("{attribute} eq \"{nobody}\"");
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
