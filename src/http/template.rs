//! Templates of URLs, headers, queries, forms, bodies and labels.
//!
//! `config/TEMPLATES.md` explains the language to its users. In short: Jinja
//! expressions and `{% if %}`, no loops, no variables, no functions. What a
//! value is put into decides how it is escaped, never the author:
//!
//! * in a URL, every value is percent-encoded (`{{ scim_url }}` stands as it
//!   is); a value in the place of the host must be a host;
//! * a query parameter and a form field are encoded when the query and the form
//!   are made;
//! * in a header, a value with a line break is refused;
//! * in JSON, only the texts of a given document are templates. A text that is
//!   one expression alone, `"{{ lifetime_seconds }}"`, keeps the type of its
//!   value: a number stays a number, and a text stays a text.
//!
//! A name without a value, missing or `null`, is an error everywhere, unless
//! the template says what to do: `| or_omit`, `| or_null`, `| default(…)`,
//! `is defined`.

mod engine;
mod filters;
mod in_url;
mod json;
mod stop;
mod syntax;
mod value;

use std::collections::BTreeMap;

use minijinja::Error;
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

use self::filters::Instead;
pub use self::filters::{FUNCTIONS, Function, Kind};
pub use self::json::JsonTemplate;
use self::syntax::Ending;
pub use super::context::{ConfigValue, Context};
pub use super::names::Names;
use crate::problem::Problems;

/// A text with `{{ expressions }}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template(String);

/// Where a template stands, as far as it decides what may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// It must give something: a URL, a body, a label.
    Whole,
    /// It may be left out: a header, a query parameter, a form field.
    Field,
    /// A text of a JSON document.
    Json,
}

impl Template {
    /// A template; [`Template::check`] says whether it is a good one.
    pub fn new(source: impl Into<String>) -> Self {
        Self(source.into())
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0
    }

    /// Reports syntax errors, what is not part of the language, and names that
    /// are not in `known`, for a template that must give something: a URL, a
    /// text body, a label, an argument.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        self.check_in(Spot::Whole, path, known, problems);
    }

    /// The same for a header, a query parameter or a form field, which
    /// `or_omit` may leave out ([`Template::text_or_omitted`]).
    pub fn check_field(&self, path: &str, known: &Names, problems: &mut Problems) {
        self.check_in(Spot::Field, path, known, problems);
    }

    fn check_in(&self, spot: Spot, path: &str, known: &Names, problems: &mut Problems) {
        let reading = match syntax::read(&self.0) {
            Ok(reading) => reading,
            Err(error) => return syntax_problem(&error, path, problems),
        };
        for refused in reading.refused {
            problems.error(path, refused.what, refused.remedy);
        }
        let mut unknown: Vec<_> = reading
            .names
            .iter()
            .filter_map(|name| known.find(&name.path, name.open).err())
            .collect();
        unknown.sort_by(|a, b| a.message.cmp(&b.message));
        unknown.dedup();
        for unknown in unknown {
            problems.error(path, unknown.message, unknown.remedy);
        }
        for ending in reading.endings {
            match (ending, spot) {
                (Ending::Omit, Spot::Field | Spot::Json) => {}
                (Ending::Null, Spot::Json) if reading.lone => {}
                (Ending::Omit, Spot::Whole) => problems.error(
                    path,
                    "`or_omit` has nothing to leave out here",
                    "use it in a header, a query parameter, a form field or a JSON body; elsewhere write `| default(…)`",
                ),
                (Ending::Null, Spot::Whole | Spot::Field | Spot::Json) => problems.error(
                    path,
                    "`or_null` stands where nothing can be `null`",
                    "use it in a text of a JSON body that is one expression alone; elsewhere write `| or_omit` or `| default(…)`",
                ),
            }
        }
    }

    /// Whether the template uses this dotted name, a name below it, or one that
    /// holds it: `secrets.api_key`, `steps.find`, `token`.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        let wanted: Vec<&str> = name.split('.').collect();
        syntax::read(&self.0).is_ok_and(|reading| {
            reading.names.iter().any(|used| {
                let mut both = used.path.iter().zip(&wanted);
                both.all(|(one, other)| one == other)
            })
        })
    }

    /// Renders plain text: a label, a text body, an argument.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn text(&self, context: &Context) -> Result<Zeroizing<String>, String> {
        self.text_or_omitted(context)?.ok_or_else(nothing_to_omit)
    }

    /// Renders a query parameter or a form field; `None`: it is to be left out.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn text_or_omitted(&self, context: &Context) -> Result<Option<Zeroizing<String>>, String> {
        engine::text(&self.0, context)
    }

    /// Renders an absolute URL, every value percent-encoded, but for a host.
    ///
    /// # Errors
    /// When it is no URL, or a value is empty or made of dots (either would
    /// change the path), or a value in the place of the host is none.
    pub fn url(&self, context: &Context) -> Result<Url, String> {
        let text = in_url::assemble(&engine::marked(&self.0, context)?)?;
        Url::parse(&text).map_err(|_| {
            "the template does not give an absolute URL such as https://host/path".to_owned()
        })
    }

    /// Renders a header's value, marked as sensitive.
    ///
    /// # Errors
    /// When a header cannot carry it.
    pub fn header(&self, context: &Context) -> Result<http::HeaderValue, String> {
        self.header_or_omitted(context)?.ok_or_else(nothing_to_omit)
    }

    /// Renders a header's value, marked as sensitive; `None`: the header is to
    /// be left out.
    ///
    /// # Errors
    /// When a header cannot carry it.
    pub fn header_or_omitted(
        &self,
        context: &Context,
    ) -> Result<Option<http::HeaderValue>, String> {
        let Some(text) = self.text_or_omitted(context)? else {
            return Ok(None);
        };
        let mut value =
            http::HeaderValue::from_str(&text).map_err(|_| self.header_problem(context))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// The dotted names that it uses.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        syntax::read(&self.0).map_or_else(
            |_| Vec::new(),
            |reading| {
                reading
                    .names
                    .iter()
                    .map(|used| used.path.join("."))
                    .collect()
            },
        )
    }

    fn header_problem(&self, context: &Context) -> String {
        context
            .header_obstacle(|name| self.uses(name))
            .unwrap_or_else(|| "the template gives a text that no header can carry".to_owned())
    }

    /// Renders a text of a JSON document.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn json(&self, context: &Context) -> Result<serde_json::Value, String> {
        self.json_or_omitted(context)?.ok_or_else(nothing_to_omit)
    }

    /// Renders a text of a JSON document; `None`: its member or item is to be
    /// left out.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn json_or_omitted(&self, context: &Context) -> Result<Option<serde_json::Value>, String> {
        let Some(expression) = self.lone_expression() else {
            let text = self.text_or_omitted(context)?;
            return Ok(text.map(|text| serde_json::Value::String(text.to_string())));
        };
        let value = engine::value(expression, &self.0, context)?;
        match value.downcast_object_ref::<Instead>() {
            Some(Instead::Omit) => Ok(None),
            Some(Instead::Null) => Ok(Some(serde_json::Value::Null)),
            None => value::json_of(&value)
                .map(Some)
                .map_err(|error| engine::explain(&error, &self.0, context)),
        }
    }

    /// `x` of `{{ x }}`, when that is the whole text.
    fn lone_expression(&self) -> Option<&str> {
        let inner = self.0.trim().strip_prefix("{{")?.strip_suffix("}}")?;
        let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
        let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
        let lone = syntax::read(&self.0).is_ok_and(|reading| reading.lone);
        lone.then(|| inner.trim())
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

/// Named templates: headers, form fields.
pub type TemplateMap = BTreeMap<String, Template>;

fn nothing_to_omit() -> String {
    stop::Stop::Omitted.to_string()
}

fn syntax_problem(error: &Error, path: &str, problems: &mut Problems) {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or("syntax error");
    let remedy = if detail.starts_with("unknown statement") {
        syntax::ONLY
    } else {
        "write values as `{{ name }}`; the syntax is that of Jinja"
    };
    problems.error(
        path,
        format!("the template has an error in line {line}: {detail}"),
        remedy,
    );
}

#[cfg(test)]
pub(in crate::http) mod tests;
