//! Settings of one target: `[notify.<name>]`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::event::Event;
use super::format::{self, Format};
use super::values::NAMES;
use super::view::View;
use crate::http::client::allowed;
use crate::http::names::Names;
use crate::http::template::{ConfigValue, JsonTemplate, Template, TemplateMap};
use crate::problem::{Problems, nearest};
use crate::secret::SecretRef;
use crate::value::{Credential, HumanDuration};

/// `[notify.<name>]`: who is told, of what, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The form of the messages: the name of a file in `config/notify`, or `json`.
    #[serde(default = "json")]
    pub format: String,
    /// Where messages are sent to.
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
    /// The body, instead of that of the form.
    pub body: Option<JsonTemplate>,
    /// The events that are told; all, if it is left out.
    pub events: Option<Vec<Event>>,
    /// The environments of the tokens that are told of; all, if it is left out.
    pub environments: Option<Vec<String>>,
    /// The tokens that are told of, with `*`; all, if it is left out.
    pub tokens: Option<Vec<String>>,
    /// The issuers of the tokens that are told of; all, if it is left out.
    pub issuers: Option<Vec<String>>,
    /// Whether what lasts is told again.
    #[serde(default = "yes")]
    pub reminders: bool,
    /// When it is told again for the first time; the pauses double then.
    #[serde(default = "a_day")]
    pub remind_after: HumanDuration,
    /// The longest of these pauses.
    #[serde(default = "a_week")]
    pub remind_most: HumanDuration,
}

/// Where messages are sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// A URL that may be seen.
    Open(&'a Template),
    /// A URL that is a credential: who has it may send.
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

/// Which messages a target wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    events: Option<Vec<Event>>,
    environments: Option<Vec<String>>,
    tokens: Option<Vec<glob::Pattern>>,
    issuers: Option<Vec<String>>,
    pub(super) reminders: Option<Reminders>,
}

/// When what lasts is told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reminders {
    pub(super) after: SignedDuration,
    pub(super) most: SignedDuration,
}

impl Wants {
    /// Whether the target wants to be told of this event of this token.
    pub(super) fn event(&self, event: Event, view: &View) -> bool {
        let has = |all: &Option<Vec<String>>, one: &String| {
            all.as_ref().is_none_or(|all| all.contains(one))
        };
        let tokens = self.tokens.as_ref();
        self.events.as_ref().is_none_or(|all| all.contains(&event))
            && has(&self.environments, &view.environment)
            && has(&self.issuers, &view.issuer)
            && tokens.is_none_or(|all| all.iter().any(|one| one.matches(&view.token)))
    }
}

/// The words of `environment`, as the configuration of tokens has them.
const ENVIRONMENTS: [&str; 4] = ["production", "staging", "test", "development"];

/// The shortest pause before a reminder.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

impl Target {
    /// The name of its form.
    #[must_use]
    pub fn format_name(&self) -> &str {
        &self.format
    }

    /// Which messages it wants.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let patterns = |all: &Vec<String>| {
            let all = all.iter();
            all.filter_map(|text| glob::Pattern::new(text).ok())
                .collect()
        };
        let reminders = Reminders {
            after: self.remind_after.0,
            most: self.remind_most.0,
        };
        Wants {
            events: self.events.clone(),
            environments: self.environments.clone(),
            tokens: self.tokens.as_ref().map(patterns),
            issuers: self.issuers.clone(),
            reminders: self.reminders.then_some(reminders),
        }
    }

    /// Where its messages are sent to, if it says so itself.
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

    /// Reports what cannot be used. `path` is the path of its table.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        let known = self.names();
        let format = Format::named(self.format_name());
        if format.is_none() && self.format_name() != format::JSON {
            self.no_such_format(&at("format"), problems);
        }
        if let Some(format) = &format {
            self.parts_are_given(format, path, problems);
        }
        if let (Some(_), Some(_)) = (&self.url, &self.secret_url) {
            problems.error(
                at("url"),
                "`secret_url` says already where the messages are sent to",
                "keep one of the two",
            );
        }
        let has_own = format.as_ref().is_some_and(|format| format.url.is_some());
        match self.address() {
            Some(Address::Open(url)) => check_url(url, &at("url"), &known, problems),
            Some(Address::Secret(_)) => {}
            None if has_own => {}
            None => problems.error(
                at("url"),
                "it is not said where the messages are sent to",
                "write `url = \"https://…\"`, or `secret_url` with a reference where the URL is a credential",
            ),
        }
        for (name, template) in &self.headers {
            let key = at(&format!("headers.{name}"));
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.error(&key, format!("`{name}` is not a header name"), "correct it");
            }
            template.check_field(&key, &known, problems);
        }
        if let Some(body) = &self.body {
            body.check(&at("body"), &known, problems);
        }
        self.choices(path, problems);
        self.times(path, problems);
        self.is_signed(path, format.is_none(), problems);
    }

    /// The names that its templates may use.
    fn names(&self) -> Names {
        let own = NAMES.iter().map(|(name, _)| (*name).to_owned());
        let config = self.config.keys().map(|key| format!("config.{key}"));
        let secrets = self.secrets.keys().map(|key| format!("secrets.{key}"));
        Names::new(own.chain(config).chain(secrets))
    }

    fn no_such_format(&self, path: &str, problems: &mut Problems) {
        let all: Vec<&str> = Format::all().collect();
        let likely = nearest(self.format_name(), all.iter().copied());
        let remedy = match likely {
            Some(likely) => format!("did you mean \"{likely}\"?"),
            None => format!(
                "write one of: {}; or leave it out and write `body`",
                all.join(", ")
            ),
        };
        let name = self.format_name();
        problems.error(
            path,
            format!("there is no form of messages `{name}`"),
            remedy,
        );
    }

    /// What the templates of the form use is there.
    fn parts_are_given(&self, format: &Format, path: &str, problems: &mut Problems) {
        // A body of the user's own uses what it names.
        for (name, about) in format.secrets.iter().filter(|_| self.body.is_none()) {
            if !self.secrets.contains_key(name) {
                problems.error(
                    format!("{path}.secrets.{name}"),
                    format!("{} needs this credential: {about}", format.title),
                    format!("write `secrets.{name} = {{ vault = \"<mount>/<path>#<field>\" }}`"),
                );
            }
        }
        for (name, about) in &format.config {
            let is_needed = format.url.is_some() && self.address().is_none();
            if is_needed && !self.config.contains_key(name) {
                problems.error(
                    format!("{path}.config.{name}"),
                    format!("{} needs this value: {about}", format.title),
                    format!("write `config.{name} = \"…\"`, or `url`"),
                );
            }
        }
        if format.signed_by_headers && self.headers.is_empty() {
            problems.error(
                format!("{path}.headers"),
                format!("{} accepts only calls with a credential", format.title),
                "write for example headers = { Authorization = \"Bearer {{ secrets.token }}\" } and `secrets.token`",
            );
        }
    }

    fn choices(&self, path: &str, problems: &mut Problems) {
        let lists = [
            ("events", self.events.as_ref().map(Vec::len)),
            ("environments", self.environments.as_ref().map(Vec::len)),
            ("tokens", self.tokens.as_ref().map(Vec::len)),
            ("issuers", self.issuers.as_ref().map(Vec::len)),
        ];
        for (key, _) in lists.iter().filter(|(_, length)| *length == Some(0)) {
            problems.error(
                format!("{path}.{key}"),
                "the list is empty, so nothing would be told",
                "name at least one, or leave the key out, which means all",
            );
        }
        for (index, word) in self.environments.iter().flatten().enumerate() {
            if !ENVIRONMENTS.contains(&word.as_str()) {
                problems.error(
                    format!("{path}.environments[{index}]"),
                    format!("there is no environment `{word}`"),
                    format!("write one of: {}", ENVIRONMENTS.join(", ")),
                );
            }
        }
        for (index, text) in self.tokens.iter().flatten().enumerate() {
            if let Err(error) = glob::Pattern::new(text) {
                problems.error(
                    format!("{path}.tokens[{index}]"),
                    format!("`{text}` is not a pattern: {}", error.msg),
                    "write names of tokens, with `*` for any characters",
                );
            }
        }
    }

    fn times(&self, path: &str, problems: &mut Problems) {
        let Reminders { after, most } = Reminders {
            after: self.remind_after.0,
            most: self.remind_most.0,
        };
        if after < SHORTEST {
            problems.error(
                format!("{path}.remind_after"),
                "people would be reminded all the time",
                "write at least \"1m\", or `reminders = false`",
            );
        } else if most < after {
            let key = match most == a_week().0 {
                true => "remind_after",
                false => "remind_most",
            };
            problems.error(
                format!("{path}.{key}"),
                "the longest pause between reminders is shorter than the first one",
                "write `remind_most` at least as long as `remind_after`",
            );
        }
    }

    fn is_signed(&self, path: &str, own_form: bool, problems: &mut Problems) {
        let is_secret = self.secret_url.is_some();
        if own_form && self.secret.is_none() && self.headers.is_empty() && !is_secret {
            problems.warning(
                format!("{path}.secret"),
                "the receiver cannot tell who sent a message",
                "write `secret`, by which each message is signed",
            );
        }
    }
}

/// Whether a URL in the configuration is a credential: who has it may send.
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

fn check_url(url: &Template, path: &str, known: &Names, problems: &mut Problems) {
    url.check(path, known, problems);
    if url.source().contains("{{") {
        return;
    }
    let wrong = match Url::parse(url.source()) {
        Ok(url) => allowed(&url).err().map(str::to_owned),
        Err(error) => Some(format!("this is not a URL: {error}")),
    };
    if let Some(wrong) = wrong {
        problems.error(
            path,
            wrong,
            "write an absolute URL such as \"https://alerts.example.com/hook\"",
        );
    }
}

#[cfg(test)]
mod tests;
