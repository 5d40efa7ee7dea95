//! One call: a request, and what its answer means.

use std::fmt;

use http::Method;
use serde::{Deserialize, Deserializer, de};

use super::condition::Condition;
use super::merge::Merge;
use super::paging::Paging;
use super::place::Place;
use super::poll::Poll;
use super::purpose::{Effect, Purpose};
use super::read::Read;
use super::rule::{Means, Rule};
use crate::http::template::{Context, JsonTemplate, Template, TemplateMap};
use crate::value::HumanDuration;

/// One HTTP request and what its answer means.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Name by which later calls use the answer, as `{{ steps.<name>… }}`.
    pub name: Option<String>,
    /// GET, POST, PUT, PATCH or DELETE; each call has its usual one.
    #[serde(default, deserialize_with = "method")]
    pub method: Option<Method>,
    /// Where to. Every value in it is percent-encoded. `address` is put before
    /// one that begins with `/`.
    pub url: Template,
    /// Query parameters.
    #[serde(default)]
    pub query: TemplateMap,
    /// Headers beside those of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// What is sent.
    pub body: Option<Body>,
    /// Sends without our own authentication.
    #[serde(default)]
    pub anonymous: bool,
    /// How long it may take; not longer than the HTTP client allows.
    pub timeout: Option<HumanDuration>,
    /// Conditions on earlier answers; if one does not hold, the call is left
    /// out.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Whether the `ETag` of what was read is sent as `If-Match`.
    #[serde(default)]
    pub if_match: IfMatch,
    /// What the call does at the other side; each has its usual effect.
    pub effect: Option<Effect>,
    /// Whether it may be repeated when nobody knows what came of it.
    pub repeatable: Option<bool>,
    /// What the answer means, first rule first.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where an error tells its code and its text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// How the end of what the call started is waited for.
    pub poll: Option<Poll>,
    /// How a list is continued.
    #[serde(default)]
    pub paging: Paging,
    /// Where things are in the answer.
    #[serde(default)]
    pub read: Read,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A JSON document; its texts are templates.
    Json(JsonTemplate),
    /// A form.
    Form(TemplateMap),
    /// A text of any type.
    Text(TextBody),
    /// A document that a lookup showed, with changes.
    Merge(Merge<JsonTemplate>),
}

/// A body that is plain text to us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextBody {
    /// The text.
    pub content: Template,
    /// Its content type, for example `application/xml`.
    #[serde(rename = "type")]
    pub content_type: String,
}

/// Whether `If-Match` is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfMatch {
    /// With a `merge` body, if the lookup showed an `ETag`.
    #[default]
    Auto,
    /// Always; without an `ETag` nothing is sent.
    Require,
    /// Not.
    Never,
}

/// Where an error tells its code and its text. Both are shown to people:
/// cut, escaped, and without anything secret that the call knows of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorPlaces {
    /// A short code.
    pub code: Option<Place>,
    /// A text.
    pub text: Option<Place>,
}

impl Call {
    /// The name that later calls use.
    #[must_use]
    pub fn name(&self, purpose: Purpose) -> &str {
        self.name.as_deref().unwrap_or(purpose.as_str())
    }

    /// What it does at the other side.
    #[must_use]
    pub fn effect(&self, purpose: Purpose) -> Effect {
        self.effect.unwrap_or(purpose.effect())
    }

    /// Whether repeating it does no more than making it once.
    #[must_use]
    pub fn is_repeatable(&self, purpose: Purpose) -> bool {
        match self.effect(purpose) {
            Effect::None | Effect::Ends => true,
            Effect::Creates | Effect::Writes => self.repeatable == Some(true),
        }
    }

    /// Whether one of its own rules has this meaning.
    #[must_use]
    pub fn has_rule(&self, means: Means) -> bool {
        self.answers.iter().any(|rule| rule.means == means)
    }

    /// Whether any template of the call uses this dotted name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let mut found = false;
        self.each_template(&mut |_, template| found |= template.uses(name));
        found
            || match &self.body {
                Some(Body::Json(json)) => json.uses(name),
                Some(Body::Merge(merge)) => merge.any(|json| json.uses(name)),
                Some(Body::Form(_) | Body::Text(_)) | None => false,
            }
    }

    /// Whether it uses what one of these lookups shows.
    #[must_use]
    pub fn uses_lookups(&self, lookups: &[Self]) -> bool {
        let merges = matches!(self.body, Some(Body::Merge(_)));
        let rules = self.answers.iter().flat_map(|rule| &rule.when);
        let conditions: Vec<&Condition> = self.when.iter().chain(rules).collect();
        merges
            || self.if_match == IfMatch::Require
            || lookups.iter().any(|lookup| {
                let name = lookup.name(Purpose::Lookup);
                let at_it = |condition: &&Condition| condition.step.as_deref() == Some(name);
                conditions.iter().any(at_it) || self.uses(&format!("steps.{name}"))
            })
    }

    /// Shows every template but those of JSON documents, with its key.
    pub(super) fn each_template(&self, look: &mut dyn FnMut(&str, &Template)) {
        look("url", &self.url);
        for (name, template) in &self.query {
            look(&format!("query.{name}"), template);
        }
        for (name, template) in &self.headers {
            look(&format!("headers.{name}"), template);
        }
        match &self.body {
            Some(Body::Form(fields)) => {
                for (name, template) in fields {
                    look(&format!("body.form.{name}"), template);
                }
            }
            Some(Body::Text(text)) => look("body.text.content", &text.content),
            Some(Body::Json(_) | Body::Merge(_)) | None => {}
        }
    }

    /// Fills in the templates of all places: they depend on the configuration
    /// alone.
    ///
    /// # Errors
    /// Says which name has no value.
    pub fn resolve_places(&mut self, context: &Context) -> Result<(), String> {
        for rule in &mut self.answers {
            for condition in &mut rule.when {
                condition.resolve(context)?;
            }
        }
        for condition in &mut self.when {
            condition.resolve(context)?;
        }
        self.error.resolve(context)?;
        if let Some(poll) = &mut self.poll {
            poll.resolve(context)?;
        }
        if let Some(Body::Merge(merge)) = &mut self.body {
            merge.resolve_places(context)?;
        }
        self.paging.resolve(context)?;
        self.read.resolve(context)
    }
}

impl ErrorPlaces {
    pub(super) fn resolve(&mut self, context: &Context) -> Result<(), String> {
        for place in [&mut self.code, &mut self.text].into_iter().flatten() {
            place.resolve(context)?;
        }
        Ok(())
    }
}

fn method<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Method>, D::Error> {
    let text = String::deserialize(from)?.to_ascii_uppercase();
    match text.as_str() {
        "GET" => Ok(Some(Method::GET)),
        "POST" => Ok(Some(Method::POST)),
        "PUT" => Ok(Some(Method::PUT)),
        "PATCH" => Ok(Some(Method::PATCH)),
        "DELETE" => Ok(Some(Method::DELETE)),
        other => Err(de::Error::custom(format!(
            "`{other}` is not one of GET, POST, PUT, PATCH and DELETE"
        ))),
    }
}

/// One call, or several that are made one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence(pub Vec<Call>);

impl Sequence {
    /// Whether any call uses this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.0.iter().any(|call| call.uses(name))
    }

    /// Whether any call reads this.
    #[must_use]
    pub fn reads<T>(&self, what: impl Fn(&Read) -> Option<T>) -> bool {
        self.0.iter().any(|call| what(&call.read).is_some())
    }

    /// The calls with their keys below `path`: the call of a sequence of one
    /// has none of its own.
    pub fn with_paths<'a>(&'a self, path: &str) -> impl Iterator<Item = (String, &'a Call)> {
        let path = path.to_owned();
        let alone = self.0.len() == 1;
        self.0.iter().enumerate().map(move |(index, call)| {
            let at = if alone {
                path.clone()
            } else {
                format!("{path}[{index}]")
            };
            (at, call)
        })
    }
}

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Sequence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a call, or a list of named calls")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Sequence, A::Error> {
                Call::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|call| Sequence(vec![call]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Sequence, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Sequence)
            }
        }
        from.deserialize_any(Visitor)
    }
}
