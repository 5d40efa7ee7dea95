//! Settings of one target: the keys of `[notify.<name>]`, and what follows from them.
//! `check` reports settings that cannot be used; `wants` compares an event with the
//! filters.

mod check;
mod wants;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;

use super::event::Event;
use super::format;
use crate::http::template::{ConfigValue, JsonTemplate, Template, TemplateMap};
use crate::secret::SecretRef;
use crate::value::{Credential, HumanDuration};

pub(super) use wants::Reminders;
pub use wants::Wants;

/// `[notify.<name>]`: where messages are sent, about what, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The form of the messages: the name of a file in `config/notify`, or `json`.
    #[serde(default = "json")]
    pub format: String,
    /// Where messages are sent.
    pub url: Option<Template>,
    /// The same where the URL is a credential.
    pub secret_url: Option<Credential>,
    /// Signs each message.
    pub secret: Option<Credential>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// Values for templates, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// Headers besides those of the form.
    #[serde(default)]
    pub headers: TemplateMap,
    /// The body; that of the form, if it is left out.
    pub body: Option<JsonTemplate>,
    /// The events that messages are sent of; all, if it is left out.
    pub events: Option<Vec<Event>>,
    /// The environments of the tokens that messages are about; all, if it is left out.
    pub environments: Option<Vec<String>>,
    /// The tokens that messages are about, with `*`; all, if it is left out.
    pub tokens: Option<Vec<String>>,
    /// The issuers of the tokens that messages are about; all, if it is left out.
    pub issuers: Option<Vec<String>>,
    /// Whether reminders of what lasts are sent.
    #[serde(default = "yes")]
    pub reminders: bool,
    /// The pause before the first reminder; each later pause is twice as long.
    #[serde(default = "a_day")]
    pub remind_after: HumanDuration,
    /// The longest of these pauses.
    #[serde(default = "a_week")]
    pub remind_most: HumanDuration,
}

/// Where messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// A URL that is no credential.
    Open(&'a Template),
    /// A URL that is a credential: everybody who has it can send.
    Secret(&'a SecretRef),
}

fn json() -> String {
    format::JSON.to_owned()
}

fn yes() -> bool {
    true
}

fn a_day() -> HumanDuration {
    HumanDuration(SignedDuration::from_hours(24))
}

fn a_week() -> HumanDuration {
    HumanDuration(SignedDuration::from_hours(7 * 24))
}

impl Target {
    /// The name of its form.
    #[must_use]
    pub fn format_name(&self) -> &str {
        &self.format
    }

    /// Where its messages are sent, if the target itself names a URL.
    #[must_use]
    pub fn address(&self) -> Option<Address<'_>> {
        match (&self.secret_url, &self.url) {
            (Some(credential), _) => Some(Address::Secret(&credential.0)),
            (None, Some(url)) => Some(Address::Open(url)),
            (None, None) => None,
        }
    }

    /// Its credentials.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        let own = self.secret_url.iter().chain(&self.secret);
        let all = own.chain(self.secrets.values());
        all.map(|credential| credential.0.clone()).collect()
    }
}

/// Whether a URL in the configuration is a credential: everybody who has it can send.
#[must_use]
pub fn holds_secret(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let by_path = [
        "hooks.slack.com/services/",
        "/webhookb2/",
        "hooks.slack-gov.com/",
    ];
    let by_query = ["sig=", "token=", "key=", "secret=", "code="];
    let query = lower.split_once('?').map(|(_, query)| query);
    let in_query = query.is_some_and(|query| {
        let mut parts = query.split('&');
        parts.any(|part| {
            let literal = !part.contains("{{");
            literal && by_query.iter().any(|name| part.starts_with(name))
        })
    });
    in_query || (!lower.contains("{{") && by_path.iter().any(|part| lower.contains(part)))
}

#[cfg(test)]
mod tests;
