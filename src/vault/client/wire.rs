//! Builds HTTP requests from vaultrs' endpoints, and parses answers.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use jiff::SignedDuration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustify::endpoint::Endpoint;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::unusable;
use crate::fault::Fault;
use crate::http::Request;
use crate::http::credential::with_credential;
use crate::http::message::wipe;
use crate::secret::SecretText;
use crate::vault::call::Call;
use crate::vault::error::{VaultErrorKind, classify};

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE_HEADER: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Vault requires this header, against requests forged in browsers.
const REQUEST_HEADER: HeaderName = HeaderName::from_static("x-vault-request");

/// Characters that need no escaping in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'@')
    .remove(b':')
    .remove(b'=')
    .remove(b',');

/// A successful answer. Its texts are wiped when it is dropped; what is taken out
/// of it is a copy. No `Debug`: it holds secrets.
pub struct VaultAnswer(Value);

impl Drop for VaultAnswer {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl VaultAnswer {
    /// All of it; `None` if it has another shape.
    pub(in crate::vault) fn whole<T: DeserializeOwned>(self) -> Option<T> {
        T::deserialize(&self.0).ok()
    }

    /// A top-level field of the answer; `None` if it is missing or has another
    /// shape.
    pub(in crate::vault) fn field<T: DeserializeOwned>(self, name: &str) -> Option<T> {
        T::deserialize(self.0.get(name)?).ok()
    }
}

/// Builds a request from vaultrs' endpoint. The URL is made here: the crate's
/// own way drops `..` segments and misplaces a base path.
///
/// # Errors
/// When it cannot be put into a URL, or the token into a header.
pub(super) fn request<E: Endpoint>(
    base: &Url,
    call: &Call,
    namespace: Option<&HeaderValue>,
    token: Option<&SecretText>,
    endpoint: &E,
) -> Result<Request, Fault> {
    let query = endpoint.query().map_err(|_| no_request())?;
    let url = endpoint_url(base, &endpoint.path(), query).ok_or_else(no_request)?;
    let json = HeaderValue::from_static("application/json");
    let mut request = Request::new(endpoint.method().into(), url, call.operation)
        .idempotent(!call.changes)
        .header(ACCEPT, json.clone())
        .header(REQUEST_HEADER, HeaderValue::from_static("true"));
    if let Some(namespace) = namespace {
        request = request.header(NAMESPACE_HEADER, namespace.clone());
    }
    if let Some(token) = token {
        request = with_credential(request, &TOKEN_HEADER, None, token, &"the Vault token")?;
    }
    if let Some(body) = endpoint.body().map_err(|_| no_request())? {
        request = request.header(CONTENT_TYPE, json);
        request.body = body.into();
    }
    Ok(request)
}

/// What vaultrs says of its own requests may quote them.
pub(super) fn no_request() -> Fault {
    unusable("the request cannot be put into a URL and a body".to_owned())
}

pub(super) fn endpoint_url(base: &Url, path: &str, query: Option<String>) -> Option<Url> {
    let mut url = base.clone();
    // Some paths of vaultrs begin with a tab and a slash.
    let segments = path.trim().trim_matches('/').split('/');
    let encoded: Vec<String> = segments
        .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
        .collect();
    if encoded.iter().any(|s| s == "." || s == "..") {
        return None;
    }
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/v1/{}", encoded.join("/")));
    url.set_query(query.as_deref().filter(|q| !q.is_empty()));
    Some(url)
}

/// What an answer means.
pub(in crate::vault) fn understood(
    answer: &crate::http::Answer,
) -> Result<VaultAnswer, VaultErrorKind> {
    let retry_after = answer.headers.get(RETRY_AFTER).and_then(seconds);
    classify(answer.status, &answer.body, retry_after).map_err(|kind| {
        let location = answer.headers.get(LOCATION);
        kind.pointing_to(location.and_then(|to| Url::parse(to.to_str().ok()?).ok()))
    })?;
    if answer.body.is_empty() {
        return Ok(VaultAnswer(Value::Null));
    }
    // The parser's message may quote the body.
    let parsed = serde_json::from_slice(&answer.body);
    parsed
        .map(VaultAnswer)
        .map_err(|_| VaultErrorKind::Malformed("it is not JSON".to_owned()))
}

fn seconds(header: &HeaderValue) -> Option<SignedDuration> {
    let seconds: u32 = header.to_str().ok()?.trim().parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_a_base_path_and_never_climb() {
        let url = |base: &str, path: &str| {
            let base = Url::parse(base).expect("base");
            endpoint_url(&base, path, None).map(|u| u.to_string())
        };
        let cases = [
            (
                "https://v:8200",
                "kv/data/a",
                Some("https://v:8200/v1/kv/data/a"),
            ),
            (
                "https://gw/vault/",
                "\t/auth/token/renew-self",
                Some("https://gw/vault/v1/auth/token/renew-self"),
            ),
            (
                "https://v",
                "kv/data/a b?c#d",
                Some("https://v/v1/kv/data/a%20b%3Fc%23d"),
            ),
            (
                "https://v",
                "kv/data/%2e%2e/x",
                Some("https://v/v1/kv/data/%252e%252e/x"),
            ),
            ("https://v", "kv/data/../x", None),
        ];
        for (base, path, expected) in cases {
            assert_eq!(url(base, path).as_deref(), expected, "{path}");
        }
    }
}
