//! Reports what cannot be used in the settings of a target.

use jiff::SignedDuration;
use url::Url;

use super::{Address, Reminders, Target, a_week};
use crate::http::client::allowed;
use crate::http::names::Names;
use crate::http::template::Template;
use crate::notify::format::{self, Format};
use crate::notify::values::NAMES;
use crate::problem::{Problems, nearest};

/// The words of `environment`, as the configuration of tokens has them.
const ENVIRONMENTS: [&str; 4] = ["production", "staging", "test", "development"];

/// The shortest pause before a reminder.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

impl Target {
    /// Reports what cannot be used. `path` is the path of its table.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        let known = self.names();
        let format = Format::named(self.format_name());
        if format.is_none() && self.format_name() != format::JSON {
            self.report_unknown_format(&at("format"), problems);
        }
        if let Some(format) = &format {
            self.check_parts(format, path, problems);
        }
        if let (Some(_), Some(_)) = (&self.url, &self.secret_url) {
            problems.error(
                at("url"),
                "`secret_url` names the same URL already",
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
                "the URL that messages are sent to is missing",
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
        self.check_choices(path, problems);
        self.check_times(path, problems);
        self.check_signature(path, format.is_none(), problems);
    }

    /// The names that its templates may use.
    fn names(&self) -> Names {
        let own = NAMES.iter().map(|(name, _)| (*name).to_owned());
        let config = self.config.keys().map(|key| format!("config.{key}"));
        let secrets = self.secrets.keys().map(|key| format!("secrets.{key}"));
        Names::new(own.chain(config).chain(secrets))
    }

    fn report_unknown_format(&self, path: &str, problems: &mut Problems) {
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

    /// Reports values that the templates of the form use and the target lacks.
    fn check_parts(&self, format: &Format, path: &str, problems: &mut Problems) {
        // A body of the user's own needs only the values that it names itself.
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

    fn check_choices(&self, path: &str, problems: &mut Problems) {
        let lists = [
            ("events", self.events.as_ref().map(Vec::len)),
            ("environments", self.environments.as_ref().map(Vec::len)),
            ("tokens", self.tokens.as_ref().map(Vec::len)),
            ("issuers", self.issuers.as_ref().map(Vec::len)),
        ];
        for (key, _) in lists.iter().filter(|(_, length)| *length == Some(0)) {
            problems.error(
                format!("{path}.{key}"),
                "the list is empty, so no message would be sent",
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

    fn check_times(&self, path: &str, problems: &mut Problems) {
        let Reminders { after, most } = Reminders {
            after: self.remind_after.0,
            most: self.remind_most.0,
        };
        if after < SHORTEST {
            problems.error(
                format!("{path}.remind_after"),
                "reminders would be sent too often",
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

    fn check_signature(&self, path: &str, own_form: bool, problems: &mut Problems) {
        let is_secret = self.secret_url.is_some();
        if own_form && self.secret.is_none() && self.headers.is_empty() && !is_secret {
            problems.warning(
                format!("{path}.secret"),
                "the receiver cannot tell who sent a message",
                "write `secret`: each message is then signed with it",
            );
        }
    }
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
