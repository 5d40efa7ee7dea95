//! The values that templates may use.
//!
//! Nothing is handed to the template engine before a template names it: the
//! engine cannot wipe its copies, so a secret or an answer that no template
//! uses is never copied. What is kept here is wiped when the last copy of the
//! context is dropped.
//!
//! A `null` is the same as no value: both make a template fail, unless it says
//! what to do then.

mod config_value;
mod node;
mod optional;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use minijinja::value::Value;
use url::Url;
use zeroize::Zeroizing;

pub use self::config_value::ConfigValue;
use self::node::Node;
pub(super) use self::node::answered;
use self::optional::Optional;
use self::step::Step;
use super::message::Answer;
use crate::ids;
use crate::secret::{BearerToken, SecretText};

/// The values of one operation. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Context(Arc<Values>);

#[derive(Clone, Default)]
struct Values {
    single: BTreeMap<String, Single>,
    groups: BTreeMap<String, BTreeMap<String, ConfigValue>>,
    secrets: BTreeMap<String, Zeroizing<String>>,
    steps: BTreeMap<String, Arc<Step>>,
}

#[derive(Clone)]
enum Single {
    Text(Zeroizing<String>),
    Url(String),
    Number(i64),
    Nothing,
}

impl Context {
    /// A context with `now` (RFC 3339, to the second) and a fresh `uuid`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::default())
            .time("now", Some(now))
            .text("uuid", &ids::uuid())
    }

    /// A text.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.put(name, Single::Text(Zeroizing::new(value.to_owned())))
    }

    /// Texts below one name, as `<name>.<key>`.
    #[must_use]
    pub fn texts(self, name: &str, values: &BTreeMap<String, String>) -> Self {
        let values = values.iter();
        let values = values.map(|(key, text)| (key.clone(), ConfigValue::Text(text.clone())));
        self.group(name, values.collect())
    }

    /// The values of the table `config`, as `config.<key>`.
    #[must_use]
    pub fn config(self, values: &BTreeMap<String, ConfigValue>) -> Self {
        self.group("config", values.clone())
    }

    /// A text that may be missing; then the name has no value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.none(name),
        }
    }

    /// A name without a value.
    #[must_use]
    pub fn none(self, name: &str) -> Self {
        self.put(name, Single::Nothing)
    }

    /// A whole number.
    #[must_use]
    pub fn number(self, name: &str, value: i64) -> Self {
        self.put(name, Single::Number(value))
    }

    /// A length of time in whole seconds.
    #[must_use]
    pub fn seconds(self, name: &str, value: Option<SignedDuration>) -> Self {
        match value {
            Some(value) => self.number(name, value.as_secs()),
            None => self.none(name),
        }
    }

    /// A time as RFC 3339 in UTC, to the second.
    #[must_use]
    pub fn time(self, name: &str, value: Option<Timestamp>) -> Self {
        match value {
            Some(value) => {
                let whole = Timestamp::from_second(value.as_second()).unwrap_or(value);
                self.text(name, &whole.to_string())
            }
            None => self.none(name),
        }
    }

    /// A URL; in URL templates it stands as it is, without a trailing slash.
    #[must_use]
    pub fn url(self, name: &str, value: &Url) -> Self {
        let text = value.as_str().trim_end_matches('/').to_owned();
        self.put(name, Single::Url(text))
    }

    /// A token.
    #[must_use]
    pub fn secret(self, name: &str, value: &BearerToken) -> Self {
        self.text(name, value.expose())
    }

    /// A token that may be missing.
    #[must_use]
    pub fn maybe_secret(self, name: &str, value: Option<&BearerToken>) -> Self {
        self.maybe(name, value.map(BearerToken::expose))
    }

    /// A credential of the configuration, as `secrets.<name>`.
    #[must_use]
    pub fn named_secret(mut self, name: &str, value: &SecretText) -> Self {
        let value = Zeroizing::new(value.expose().to_owned());
        self.values().secrets.insert(name.to_owned(), value);
        self
    }

    /// Why no header can carry one of the credentials that `uses` knows by
    /// their dotted name.
    pub(super) fn header_obstacle(&self, uses: impl Fn(&str) -> bool) -> Option<String> {
        self.0.secrets.iter().find_map(|(name, value)| {
            let name = format!("secrets.{name}");
            let credential = SecretText::parse(value.as_str()).ok()?;
            let obstacle = credential.header_obstacle()?;
            uses(&name).then(|| format!("`{name}` cannot be sent in a header: {obstacle}"))
        })
    }

    /// The answer to an earlier call, as `steps.<name>.status`, `.json`,
    /// `.text`, `.headers` and `.cookies`.
    #[must_use]
    pub fn step(mut self, name: &str, answer: &Answer) -> Self {
        let step = Arc::new(Step::of(answer));
        self.values().steps.insert(name.to_owned(), step);
        self
    }

    /// The whole as the template engine takes it. `optional` are names that may
    /// be missing together with what stands above them.
    pub(super) fn value(&self, optional: Vec<Vec<String>>) -> Value {
        let root = Node::Root(Arc::clone(&self.0)).into();
        if optional.is_empty() {
            root
        } else {
            Optional::over(root, optional)
        }
    }

    /// Whether a dotted name has a value.
    pub(super) fn has(&self, path: &[String]) -> bool {
        let found = path.iter().try_fold(self.value(Vec::new()), |value, part| {
            let named = value.get_attr(part).ok();
            let indexed = || value.get_item(&Value::from(part.parse::<i64>().ok()?)).ok();
            let there = |found: &Value| !found.is_undefined() && !found.is_none();
            named.filter(there).or_else(|| indexed().filter(there))
        });
        found.is_some()
    }

    fn put(mut self, name: &str, value: Single) -> Self {
        self.values().single.insert(name.to_owned(), value);
        self
    }

    fn group(mut self, name: &str, values: BTreeMap<String, ConfigValue>) -> Self {
        self.values().groups.insert(name.to_owned(), values);
        self
    }

    fn values(&mut self) -> &mut Values {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests;
