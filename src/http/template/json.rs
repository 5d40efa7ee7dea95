//! JSON documents whose texts are templates.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Context, Names, Spot, Template};
use crate::problem::Problems;

/// A JSON document whose texts and keys are templates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct JsonTemplate(pub Value);

impl JsonTemplate {
    /// Reports what is wrong in any of its texts.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        check_json(&self.0, path, known, problems);
    }

    /// Whether any of its texts uses this name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        json_uses(&self.0, name)
    }

    /// The same document with nothing but the texts that use this name.
    #[must_use]
    pub fn only_using(&self, name: &str) -> Self {
        Self(only_using(&self.0, name))
    }

    /// The document with every text rendered; members and items of which
    /// `or_omit` says so are left out. Wipe it after use.
    ///
    /// # Errors
    /// Names the place in the document, without any value.
    pub fn render(&self, context: &Context) -> Result<Value, String> {
        render_json(&self.0, "", context)?
            .ok_or_else(|| "`or_omit` leaves nothing of the document".to_owned())
    }
}

fn check_json(node: &Value, path: &str, known: &Names, problems: &mut Problems) {
    match node {
        Value::String(text) => {
            Template::new(text).check_in(Spot::Json, path, known, problems);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_json(item, &format!("{path}[{index}]"), known, problems);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let at = format!("{path}.{key}");
                Template::new(key).check_in(Spot::Whole, &at, known, problems);
                check_json(field, &at, known, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn json_uses(node: &Value, name: &str) -> bool {
    match node {
        Value::String(text) => Template::new(text).uses(name),
        Value::Array(items) => items.iter().any(|item| json_uses(item, name)),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, field)| Template::new(key).uses(name) || json_uses(field, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn only_using(node: &Value, name: &str) -> Value {
    match node {
        Value::String(text) if Template::new(text).uses(name) => node.clone(),
        Value::Array(items) => items.iter().map(|item| only_using(item, name)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let kept = fields.map(|(key, field)| (key.clone(), only_using(field, name)));
            Value::Object(kept.collect())
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
    }
}

/// `None`: it is to be left out.
fn render_json(node: &Value, at: &str, context: &Context) -> Result<Option<Value>, String> {
    match node {
        Value::String(text) => Template::new(text)
            .json_or_omitted(context)
            .map_err(|why| format!("`{at}`: {why}")),
        Value::Array(items) => {
            let mut rendered = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                rendered.extend(render_json(item, &format!("{at}/{index}"), context)?);
            }
            Ok(Some(Value::Array(rendered)))
        }
        Value::Object(fields) => {
            let mut rendered = Map::new();
            for (key, field) in fields {
                // The place goes into errors, and must not command a terminal.
                let at = format!("{at}/{}", key.replace(char::is_control, "\u{fffd}"));
                if let Some(value) = render_json(field, &at, context)? {
                    let key = Template::new(key).text(context);
                    let key = key.map_err(|why| format!("the key `{at}`: {why}"))?;
                    rendered.insert(key.to_string(), value);
                }
            }
            Ok(Some(Value::Object(rendered)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Some(node.clone())),
    }
}
