//! What the template engine sees of a context: each part is read only when a
//! template names it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::step::Step;
use super::{ConfigValue, Single, Values};
use crate::http::message::SecretJson;

/// A part of a context that has names or elements below it.
pub(super) enum Node {
    /// The names at the top.
    Root(Arc<Values>),
    /// `config`, and others that hold what a person wrote.
    Group(Arc<Values>, String),
    /// `secrets`.
    Secrets(Arc<Values>),
    /// `steps`.
    Steps(Arc<Values>),
    /// `steps.<call>`.
    Step(Arc<Step>),
    /// `steps.<call>.headers`.
    Headers(Arc<Step>),
    /// `steps.<call>.cookies`.
    Cookies(Arc<Step>),
    /// An object or a list in an answer.
    Json(JsonNode),
}

/// A place in a JSON document that is not copied.
pub(super) struct JsonNode {
    document: Arc<SecretJson>,
    at: Vec<Key>,
}

#[derive(Clone)]
enum Key {
    Name(String),
    Index(usize),
}

/// The object or list of an answer that a value stands for, as it was.
pub(in crate::http) fn answered(value: &Value) -> Option<&Json> {
    match value.downcast_object_ref::<Node>()? {
        Node::Json(node) => node.get(),
        Node::Root(_)
        | Node::Group(..)
        | Node::Secrets(_)
        | Node::Steps(_)
        | Node::Step(_)
        | Node::Headers(_)
        | Node::Cookies(_) => None,
    }
}

impl JsonNode {
    /// What stands there.
    fn get(&self) -> Option<&Json> {
        self.at
            .iter()
            .try_fold(&**self.document, |node, key| match key {
                Key::Name(name) => node.get(name),
                Key::Index(index) => node.get(index),
            })
    }

    fn below(&self, key: Key) -> Option<Value> {
        let mut at = self.at.clone();
        at.push(key);
        let document = Arc::clone(&self.document);
        Self { document, at }.value()
    }

    fn value(self) -> Option<Value> {
        match self.get()? {
            Json::Null => None,
            Json::Bool(value) => Some(Value::from(*value)),
            Json::Number(number) => number
                .as_i64()
                .map(Value::from)
                .or_else(|| number.as_u64().map(Value::from))
                .or_else(|| number.as_f64().map(Value::from)),
            Json::String(text) => Some(Value::from(text.as_str())),
            Json::Array(_) | Json::Object(_) => Some(Node::Json(self).into()),
        }
    }
}

impl Node {
    fn named(&self, name: &str) -> Option<Value> {
        let text = |texts: &BTreeMap<String, Zeroizing<String>>| {
            texts.get(name).map(|text| Value::from(text.as_str()))
        };
        match self {
            Self::Root(values) => root(values, name),
            Self::Group(values, group) => values.groups.get(group)?.get(name).map(configured),
            Self::Secrets(values) => text(&values.secrets),
            Self::Steps(values) => values
                .steps
                .get(name)
                .map(|step| Self::Step(Arc::clone(step)).into()),
            Self::Step(step) => part(step, name),
            Self::Headers(step) => text(&step.headers),
            Self::Cookies(step) => text(&step.cookies),
            Self::Json(node) => node.below(Key::Name(name.to_owned())),
        }
    }
}

fn root(values: &Arc<Values>, name: &str) -> Option<Value> {
    let shared = || Arc::clone(values);
    match name {
        "secrets" => Some(Node::Secrets(shared()).into()),
        "steps" => Some(Node::Steps(shared()).into()),
        group if values.groups.contains_key(group) => {
            Some(Node::Group(shared(), group.to_owned()).into())
        }
        single => match values.single.get(single)? {
            Single::Text(text) => Some(Value::from(text.as_str())),
            Single::Url(text) => Some(Value::from_safe_string(text.clone())),
            Single::Number(number) => Some(Value::from(*number)),
            Single::Nothing => None,
        },
    }
}

fn part(step: &Arc<Step>, name: &str) -> Option<Value> {
    match name {
        "status" => Some(Value::from(step.status)),
        "json" => {
            let document = Arc::clone(step.json.as_ref()?);
            let at = Vec::new();
            JsonNode { document, at }.value()
        }
        "text" => step.text.as_ref().map(|text| Value::from(text.as_str())),
        "headers" => Some(Node::Headers(Arc::clone(step)).into()),
        "cookies" => Some(Node::Cookies(Arc::clone(step)).into()),
        _ => None,
    }
}

fn configured(value: &ConfigValue) -> Value {
    match value {
        ConfigValue::Text(text) => Value::from(text.as_str()),
        ConfigValue::Integer(number) => Value::from(*number),
        ConfigValue::Url(url) => {
            Value::from_safe_string(url.as_str().trim_end_matches('/').to_owned())
        }
        ConfigValue::Boolean(value) => Value::from(*value),
        ConfigValue::List(texts) => texts
            .iter()
            .map(|text| Value::from(text.as_str()))
            .collect(),
    }
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match &**self {
            Self::Json(node) if node.get().is_some_and(Json::is_array) => ObjectRepr::Seq,
            Self::Json(_)
            | Self::Root(_)
            | Self::Group(..)
            | Self::Secrets(_)
            | Self::Steps(_)
            | Self::Step(_)
            | Self::Headers(_)
            | Self::Cookies(_) => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_str(), key.as_usize(), &**self) {
            (Some(name), _, _) => self.named(name),
            (None, Some(index), Self::Json(node)) => node.below(Key::Index(index)),
            (None, _, _) => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.named(key)
    }

    /// Only what a server answered can be walked; nothing lists the secrets.
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let Self::Json(node) = &**self else {
            return Enumerator::NonEnumerable;
        };
        match node.get() {
            Some(Json::Array(items)) => Enumerator::Seq(items.len()),
            Some(Json::Object(fields)) => {
                let names = fields.keys().map(|name| Value::from(name.as_str()));
                Enumerator::Values(names.collect())
            }
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => {
                Enumerator::NonEnumerable
            }
        }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        Self::from_object(node)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the values of a template")
    }
}
