//! JSON documents whose texts are templates.

use serde::Deserialize;
use serde_json::Value;

use super::{Context, Names, Template};
use crate::problem::Problems;

/// A JSON document whose texts are templates; keys are not.
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

    /// The document with every text rendered. Wipe it after use.
    ///
    /// # Errors
    /// Names the place in the document, without any value.
    pub fn render(&self, context: &Context) -> Result<Value, String> {
        render_json(&self.0, "", context)
    }
}

fn check_json(node: &Value, path: &str, known: &Names, problems: &mut Problems) {
    match node {
        Value::String(text) => Template::new(text).check(path, known, problems),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_json(item, &format!("{path}[{index}]"), known, problems);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                check_json(field, &format!("{path}.{key}"), known, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn json_uses(node: &Value, name: &str) -> bool {
    match node {
        Value::String(text) => Template::new(text).uses(name),
        Value::Array(items) => items.iter().any(|item| json_uses(item, name)),
        Value::Object(fields) => fields.values().any(|field| json_uses(field, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn render_json(node: &Value, at: &str, context: &Context) -> Result<Value, String> {
    Ok(match node {
        Value::String(text) => Template::new(text)
            .json(context)
            .map_err(|why| format!("`{at}`: {why}"))?,
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| render_json(item, &format!("{at}/{index}"), context))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| {
                    Ok((
                        key.clone(),
                        render_json(field, &format!("{at}/{key}"), context)?,
                    ))
                })
                .collect::<Result<_, String>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => node.clone(),
    })
}
