//! Reads what the issuer publishes: its discovery document and its keys.

use http::Method;
use serde_json::Value;
use url::Url;

use crate::http::client::allowed;
use crate::http::{Client, Request};

/// Why a document was not read.
pub(super) enum Unread {
    /// The server said nothing of it: no answer, a rate limit, a failure.
    Unclear(String),
    /// The server answered, and there is no such document.
    Absent(String),
}

/// The address of the discovery document (OpenID Connect Discovery, 4).
pub(super) fn discovery_url(issuer: &str) -> Option<Url> {
    let base = issuer.trim_end_matches('/');
    Url::parse(&format!("{base}/.well-known/openid-configuration")).ok()
}

/// A JSON object from a public address. Its size is bounded by the client.
pub(super) async fn read(
    client: &Client,
    url: &Url,
    operation: &'static str,
) -> Result<Value, Unread> {
    allowed(url).map_err(|why| Unread::Absent(format!("an address that is not used ({why})")))?;
    let request = Request::new(Method::GET, url.clone(), operation).header(
        http::header::ACCEPT,
        http::HeaderValue::from_static("application/json"),
    );
    let answer = client.send(request).await;
    let answer = answer.map_err(|fault| Unread::Unclear(fault.message))?;
    match answer.status {
        200 => match answer.json() {
            Ok(document @ Value::Object(_)) => Ok(document),
            Ok(_) | Err(_) => Err(Unread::Absent(
                "a document that is no JSON object".to_owned(),
            )),
        },
        404 | 410 => Err(Unread::Absent(format!("no document ({})", answer.status))),
        status => Err(Unread::Unclear(format!("{operation} answered {status}"))),
    }
}
