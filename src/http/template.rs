//! Templates of URLs, headers, forms and JSON bodies.
//!
//! What a value is put into decides how it is escaped, so that a token or an
//! id can never break out of its place:
//!
//! * in a URL, every value is percent-encoded (`{{ scim_url }}` stands as it is);
//! * in a header, a value with a line break is refused;
//! * a form value is encoded when the form is made;
//! * in JSON, only the texts of a given document are templates. A text that is
//!   one expression alone, `"{{ lifetime_seconds }}"`, keeps the type of its
//!   value: a number stays a number.
//!
//! A name without a value is an error everywhere, except that JSON writes
//! `null` where the expression stands alone.

mod json;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

pub use self::json::JsonTemplate;
pub use super::context::{Context, Names};
use crate::problem::Problems;

/// Steps of the template engine that one template may use.
const FUEL: u64 = 10_000;

/// Unreserved characters of RFC 3986 stay; everything else is encoded.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text with `{{ expressions }}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template(String);

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

    /// Reports syntax errors and names that are not in `known`.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        let template = match TEXT.template_from_named_str("template", &self.0) {
            Ok(template) => template,
            Err(error) => return syntax_problem(&error, path, problems),
        };
        let mut unknown: Vec<String> = template
            .undeclared_variables(true)
            .into_iter()
            .filter(|name| !known.knows(name))
            .collect();
        unknown.sort();
        for name in unknown {
            problems.error(
                path,
                format!("the template uses `{name}`, which does not exist here"),
                format!("use one of: {known}"),
            );
        }
    }

    /// Whether the template uses this dotted name, or one below it.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.names().iter().any(|used| {
            used.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The dotted names that it uses.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        TEXT.template_from_named_str("template", &self.0)
            .map(|t| t.undeclared_variables(true).into_iter().collect())
            .unwrap_or_default()
    }

    /// As [`Template::text`]; nothing where it says so.
    ///
    /// # Errors
    /// As [`Template::text`].
    pub fn text_or_omitted(&self, context: &Context) -> Result<Option<Zeroizing<String>>, String> {
        self.text(context).map(Some)
    }

    /// As [`Template::header`]; nothing where it says so.
    ///
    /// # Errors
    /// As [`Template::header`].
    pub fn header_or_omitted(
        &self,
        context: &Context,
    ) -> Result<Option<http::HeaderValue>, String> {
        self.header(context).map(Some)
    }

    /// Renders plain text: a label, a form value.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn text(&self, context: &Context) -> Result<Zeroizing<String>, String> {
        self.render(&TEXT, context)
    }

    /// Renders an absolute URL, every value percent-encoded.
    ///
    /// # Errors
    /// When it is no URL, or a value is empty or made of dots (either would
    /// change the path).
    pub fn url(&self, context: &Context) -> Result<Url, String> {
        let text = self.render(&URL, context)?;
        Url::parse(&text).map_err(|_| {
            "the template does not give an absolute URL such as https://host/path".to_owned()
        })
    }

    /// Renders a header's value, marked as sensitive.
    ///
    /// # Errors
    /// When a header cannot carry it.
    pub fn header(&self, context: &Context) -> Result<http::HeaderValue, String> {
        let text = self.render(&TEXT, context)?;
        let mut value = http::HeaderValue::from_str(&text)
            .map_err(|_| "the template gives a text that no header can carry".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Renders a text of a JSON document.
    ///
    /// # Errors
    /// Says why, without any value.
    pub fn json(&self, context: &Context) -> Result<serde_json::Value, String> {
        let Some(expression) = self.lone_expression() else {
            return self
                .render(&TEXT, context)
                .map(|text| serde_json::Value::String(text.to_string()));
        };
        let value = TEXT
            .compile_expression(expression)
            .and_then(|e| e.eval(context.value()))
            .map_err(|error| render_problem(&error))?;
        if value.is_undefined() {
            return Err("a name of the template has no value".to_owned());
        }
        serde_json::to_value(&value)
            .map_err(|_| "the expression gives something that JSON cannot hold".to_owned())
    }

    fn render(
        &self,
        environment: &Environment<'static>,
        context: &Context,
    ) -> Result<Zeroizing<String>, String> {
        if !self.0.contains('{') {
            return Ok(Zeroizing::new(self.0.clone()));
        }
        environment
            .render_named_str("template", &self.0, context.value())
            .map(Zeroizing::new)
            .map_err(|error| render_problem(&error))
    }

    /// `x` of `{{ x }}`, when that is the whole text.
    fn lone_expression(&self) -> Option<&str> {
        let inner = self.0.trim().strip_prefix("{{")?.strip_suffix("}}")?;
        let alone = !["{{", "}}", "{%", "{#"]
            .iter()
            .any(|mark| inner.contains(mark));
        alone.then(|| inner.trim_start_matches('-').trim_end_matches('-').trim())
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

/// Named templates: headers, form fields.
pub type TemplateMap = BTreeMap<String, Template>;

static TEXT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = strict();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| write_text(out, present(value)?));
    environment
});

static URL: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = strict();
    environment.add_filter("urlencode", |value: String| {
        Value::from_safe_string(encoded(&value))
    });
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| {
        let value = present(value)?;
        if value.is_safe() {
            return write_text(out, value);
        }
        let text = Zeroizing::new(value.to_string());
        if text.bytes().all(|b| b == b'.') {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "a value in the URL is empty or made of dots",
            ));
        }
        out.write_str(&encoded(&text)).map_err(Error::from)
    });
    environment
});

fn strict() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    // Debug information of an error holds the values of the context.
    environment.set_debug(false);
    environment
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, IN_URL).to_string()
}

fn present(value: &Value) -> Result<&Value, Error> {
    if value.is_none() || value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(value)
}

fn write_text(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    write!(out, "{value}").map_err(Error::from)
}

fn syntax_problem(error: &Error, path: &str, problems: &mut Problems) {
    let line = error.line().unwrap_or(1);
    problems.error(
        path,
        format!(
            "the template has an error in line {line}: {}",
            error.detail().unwrap_or("syntax error")
        ),
        "write values as `{{ name }}`; the syntax is that of Jinja",
    );
}

/// Texts of the engine may quote values, so only the kind of its error counts.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enumeration is the template engine's, and may grow"
)]
fn render_problem(error: &Error) -> String {
    match error.kind() {
        ErrorKind::UndefinedError => "a name of the template has no value".to_owned(),
        ErrorKind::OutOfFuel => "the template does too much".to_owned(),
        ErrorKind::UnknownFilter => "the template uses a filter that does not exist".to_owned(),
        kind => match error.detail() {
            Some(ours) if ours == "a value in the URL is empty or made of dots" => ours.to_owned(),
            Some(_) | None => format!("the template cannot be rendered ({kind})"),
        },
    }
}

#[cfg(test)]
mod tests;
