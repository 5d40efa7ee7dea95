//! Sends one message to one target.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::event::Message;
use super::format::Format;
use super::settings::{Address, Target, Wants};
use super::sign::signature;
use super::values::{context, plain, presentable};
use crate::http::client::allowed;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{Context, JsonTemplate, TemplateMap};
use crate::http::{Answer, Client, Request};
use crate::ports::{Clock, Secrets};
use crate::secret::SecretText;

/// What a sender is built from.
#[derive(Clone)]
pub struct Deps {
    /// The client for receivers.
    pub http: Client,
    /// Resolves credentials.
    pub secrets: Arc<dyn Secrets>,
    /// The right time.
    pub clock: Arc<dyn Clock>,
}

/// Sends messages to one target.
pub struct Sender {
    name: String,
    target: Target,
    format: Option<Format>,
    pub(super) wants: Wants,
    deps: Deps,
}

/// Why a message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// For a person; quotes nothing that the receiver said.
    pub why: String,
    /// Whether the receiver refused this message, and may accept another one.
    pub(super) only_this: bool,
    /// How long the receiver asks us to wait.
    pub(super) retry_after: Option<SignedDuration>,
}

impl NotSent {
    fn by_receiver(why: String) -> Self {
        Self {
            why,
            only_this: false,
            retry_after: None,
        }
    }
}

impl Sender {
    /// A sender for the target of this name.
    #[must_use]
    pub fn new(name: &str, target: &Target, deps: Deps) -> Self {
        Self {
            name: name.to_owned(),
            format: Format::named(target.format_name()),
            wants: target.wants(),
            target: target.clone(),
            deps,
        }
    }

    /// The name of its target.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends the message once.
    ///
    /// # Errors
    /// Says why it was not accepted.
    pub async fn send(&self, message: &Message) -> Result<(), NotSent> {
        let request = self.request(message).await;
        let request = request.map_err(NotSent::by_receiver)?;
        let answer = self.deps.http.send(request).await;
        // A server that cannot be reached is named in the text, and no path or query.
        let answer = answer.map_err(|fault| NotSent::by_receiver(fault.to_string()))?;
        self.judge(&answer)
    }

    fn judge(&self, answer: &Answer) -> Result<(), NotSent> {
        let status = answer.status;
        let refused =
            |why: &str| NotSent::by_receiver(format!("{} answered {status}: {why}", answer.origin));
        match status {
            200..=299 if answer.is_page() => Err(refused(
                "it is a page for people: a proxy or a login answers in place of the receiver",
            )),
            200..=299 => Ok(()),
            300..=399 => Err(refused(
                "redirects are not followed; write the URL that it leads to",
            )),
            401 | 403 => {
                // What changed in Vault meanwhile is used at the next attempt.
                let all = self.target.credentials();
                all.iter().for_each(|one| self.deps.secrets.refused(one));
                Err(refused(
                    "the receiver does not accept the credential, or the URL",
                ))
            }
            408 | 425 | 429 | 500..=599 => {
                let now = self.deps.clock.now();
                Err(NotSent {
                    retry_after: answer.retry_after(now, &RateLimitDialect::default()),
                    ..refused("it is tried again")
                })
            }
            404 | 410 => Err(refused("there is no receiver at this URL")),
            _ => Err(NotSent {
                only_this: true,
                ..refused("the receiver refuses this message")
            }),
        }
    }

    async fn request(&self, message: &Message) -> Result<Request, String> {
        let now = self.deps.clock.now();
        let message = presentable(message);
        let context = self
            .with_secrets(context(&message, &self.target, now))
            .await?;
        let url = self.url(&context).await?;
        allowed(&url).map_err(str::to_owned)?;
        let body = self.body(&message, &context, now)?;
        let mut request = Request::new(Method::POST, url, "notify")
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(
                ACCEPT,
                HeaderValue::from_static("application/json, */*;q=0.1"),
            );
        let of_format = self.format.iter().map(|format| &format.headers);
        for headers in of_format.chain([&self.target.headers]) {
            request = with_headers(request, headers, &context)?;
        }
        request = request.header(ID, header(&message.id)?);
        if let Some(secret) = &self.target.secret {
            let secret = self.resolve(&secret.0).await?;
            let signed = signature(&secret, &message.id, now, &body);
            request = request
                .header(TIMESTAMP, header(&signed.timestamp)?)
                .sensitive(SIGNATURE, header(&signed.value)?);
        }
        request.body = body;
        // Receivers answer with a few words.
        Ok(request.beginning_is_enough())
    }

    fn body(
        &self,
        message: &Message,
        context: &Context,
        now: Timestamp,
    ) -> Result<Zeroizing<Vec<u8>>, String> {
        let of_format = self.format.as_ref().map(|format| &format.body);
        let template: Option<&JsonTemplate> = self.target.body.as_ref().or(of_format);
        let mut value: Value = match template {
            Some(template) => template
                .render(context)
                .map_err(|why| format!("the body cannot be made: {why}"))?,
            None => plain(message, now),
        };
        let body = Zeroizing::new(value.to_string().into_bytes());
        crate::http::message::wipe(&mut value);
        Ok(body)
    }

    async fn url(&self, context: &Context) -> Result<Url, String> {
        match self.target.address() {
            Some(Address::Secret(reference)) => {
                let text = self.resolve(reference).await?;
                Url::parse(text.expose().trim())
                    .map_err(|_| format!("what {reference} holds is not a URL"))
            }
            Some(Address::Open(url)) => url.url(context),
            None => {
                let url = self.format.as_ref().and_then(|format| format.url.as_ref());
                url.ok_or_else(|| "no URL is configured".to_owned())?
                    .url(context)
            }
        }
    }

    async fn with_secrets(&self, mut context: Context) -> Result<Context, String> {
        for (name, credential) in &self.target.secrets {
            let value = self.resolve(&credential.0).await?;
            context = context.named_secret(name, &value);
        }
        Ok(context)
    }

    async fn resolve(&self, reference: &crate::secret::SecretRef) -> Result<SecretText, String> {
        let resolved = self.deps.secrets.resolve(reference).await;
        resolved
            .map(|resolved| resolved.value)
            .map_err(|fault| fault.to_string())
    }
}

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

fn header(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "a header cannot carry this text".to_owned())
}

fn with_headers(
    mut request: Request,
    headers: &TemplateMap,
    context: &Context,
) -> Result<Request, String> {
    for (name, template) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let value = template.header_or_omitted(context);
        let value = value.map_err(|why| format!("header `{name}`: {why}"))?;
        if let Some(value) = value {
            request = request.sensitive(name, value);
        }
    }
    Ok(request)
}
