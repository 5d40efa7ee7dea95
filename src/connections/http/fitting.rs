//! Whether the identity provider can hold a token, told without asking it.

use serde_json::Value;

use super::HttpConnection;
use crate::http::exchange::{Body, Call};
use crate::http::message::wipe;
use crate::http::template::{Context, JsonTemplate, Template};
use crate::ports::{Clock, Delivery};

impl HttpConnection {
    /// Why the identity provider would not take this token; no part of it is in the
    /// answer.
    pub(super) fn objection_to(
        &self,
        delivery: &Delivery<'_>,
        clock: &dyn Clock,
    ) -> Option<String> {
        let rules = &self.token_rules;
        if let Some(why) = rules.objection(delivery.value) {
            return Some(why);
        }
        let max = rules.max_length?;
        let context = self.context_of(delivery, clock);
        let longest = written_texts(&self.deliver, &context).max()?;
        (longest > max).then(|| {
            format!(
                "its template makes {longest} characters of it and the connection takes at most {max} (`token_rules.max_length`)"
            )
        })
    }

    /// What is known before the connection is asked. Templates that use more are not
    /// looked at.
    fn context_of(&self, delivery: &Delivery<'_>, clock: &dyn Clock) -> Context {
        let client = delivery.value.client().cloned().unwrap_or_default();
        Context::new(clock.now())
            .text("token_name", delivery.token)
            .url("scim_url", delivery.scim_url)
            .config(&self.config)
            .maybe("client_id", client.id.as_deref())
            .maybe("scope", client.scope.as_deref())
            .secret("token", delivery.value)
    }
}

/// The lengths of the texts of a body that the token is part of.
fn written_texts(call: &Call, context: &Context) -> impl Iterator<Item = usize> {
    let mut lengths = Vec::new();
    match &call.body {
        Some(Body::Json(json)) => lengths.extend(in_json(json, context)),
        Some(Body::Form(fields)) => {
            let of_token = fields.values().filter(|field| field.uses("token"));
            lengths.extend(of_token.filter_map(|field| in_text(field, context)));
        }
        Some(Body::Merge(merge)) => {
            // Each value is looked at; none is changed.
            let seen = merge.try_map(|_, value: &JsonTemplate| {
                lengths.extend(in_json(value, context));
                Ok::<(), ()>(())
            });
            drop(seen);
        }
        // The token is a part of a larger document.
        Some(Body::Text(_)) | None => {}
    }
    lengths.into_iter()
}

fn in_text(template: &Template, context: &Context) -> Option<usize> {
    let text = template.text_or_omitted(context).ok()??;
    (!is_a_document(&text)).then(|| text.chars().count())
}

fn in_json(template: &JsonTemplate, context: &Context) -> Vec<usize> {
    let mut lengths = Vec::new();
    if template.uses("token")
        && let Ok(mut rendered) = template.only_using("token").render(context)
    {
        collect(&rendered, &mut lengths);
        wipe(&mut rendered);
    }
    lengths
}

fn collect(node: &Value, lengths: &mut Vec<usize>) {
    match node {
        Value::String(text) if !is_a_document(text) => lengths.push(text.chars().count()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, lengths)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, lengths)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a text holds more than the value of a field: JSON or XML.
fn is_a_document(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '<'])
}
