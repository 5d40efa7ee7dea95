//! The template engine: what it may do, and what its failures mean.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use zeroize::Zeroizing;

use super::filters::{self, Instead};
use super::in_url;
use super::stop::Stop;
use super::syntax;
use super::value::text_of;
use crate::http::context::Context;

/// Steps of the engine that one template may use.
const FUEL: u64 = 10_000;

/// Renders a text; `None`: it is to be left out.
pub(super) fn text(source: &str, context: &Context) -> Result<Option<Zeroizing<String>>, String> {
    // Rendering takes long beside copying, and most texts have no expression.
    if !source.contains('{') {
        return Ok(Some(Zeroizing::new(source.to_owned())));
    }
    rendered(&TEXT, source, context)
}

/// Renders a URL, its values marked for [`in_url::assemble`].
pub(super) fn marked(source: &str, context: &Context) -> Result<Zeroizing<String>, String> {
    rendered(&URL, source, context)?.ok_or_else(|| Stop::Omitted.to_string())
}

/// The value of an expression.
pub(super) fn value(expression: &str, source: &str, context: &Context) -> Result<Value, String> {
    let values = context.value(optional_names(source, context));
    TEXT.compile_expression(expression)
        .and_then(|compiled| compiled.eval(values))
        .map_err(|error| explain(&error, source, context))
}

fn rendered(
    environment: &Environment<'static>,
    source: &str,
    context: &Context,
) -> Result<Option<Zeroizing<String>>, String> {
    let values = context.value(optional_names(source, context));
    match environment.render_named_str("template", source, values) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if stop_of(&error) == Some(Stop::Omitted) => Ok(None),
        Err(error) => Err(explain(&error, source, context)),
    }
}

static TEXT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = strict();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| write_text(out, value));
    environment
});

static URL: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = strict();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| {
        let text = shown(value)?;
        if text.bytes().all(|b| b == b'.') {
            return Err(Stop::Dots.into());
        }
        if text.contains(in_url::MARKS) {
            return Err(Stop::Control.into());
        }
        let [open, close] = in_url::MARKS;
        let written = if value.is_safe() {
            out.write_str(&text)
        } else {
            write!(out, "{open}{}{close}", *text)
        };
        written.map_err(Error::from)
    });
    environment
});

/// An engine without any filter, test or function but ours.
fn strict() -> Environment<'static> {
    let mut environment = Environment::empty();
    filters::add_to(&mut environment);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true);
    if let Ok(syntax) = syntax.build() {
        environment.set_syntax(syntax);
    }
    environment
}

fn write_text(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    out.write_str(&shown(value)?).map_err(Error::from)
}

fn shown(value: &Value) -> Result<Zeroizing<String>, Error> {
    match value.downcast_object_ref::<Instead>() {
        Some(Instead::Omit) => Err(Stop::Omitted.into()),
        Some(Instead::Null) => Err(Stop::NoNullHere.into()),
        None => text_of(value).map(|text| Zeroizing::new(text.into_owned())),
    }
}

/// Texts of the engine may quote values, so only what we know of the failure
/// is told: our own reason, the names that have no value, or its kind.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enumeration is the template engine's, and may grow"
)]
pub(super) fn explain(error: &Error, source: &str, context: &Context) -> String {
    if let Some(stop) = stop_of(error) {
        return stop.to_string();
    }
    let missing = without_value(source, context);
    if !missing.is_empty() {
        return format!("{} has no value", missing.join(" or "));
    }
    match error.kind() {
        ErrorKind::UndefinedError => "a part of the template has no value".to_owned(),
        ErrorKind::OutOfFuel => "the template does too much".to_owned(),
        ErrorKind::UnknownFilter => "the template uses a filter that does not exist".to_owned(),
        ErrorKind::UnknownTest => "the template uses a test that does not exist".to_owned(),
        kind => format!("the template cannot be rendered ({kind})"),
    }
}

fn stop_of(error: &Error) -> Option<Stop> {
    std::error::Error::source(error)?.downcast_ref().copied()
}

/// The names for which the template says what follows if they have no value,
/// and of which not even the part above exists. One whose parts the template
/// uses elsewhere stays out: that use must see what is there.
fn optional_names(source: &str, context: &Context) -> Vec<Vec<String>> {
    let Ok(reading) = syntax::read(source) else {
        return Vec::new();
    };
    let uses_part_of = |path: &[String]| {
        let mut all = reading.names.iter().map(|used| &used.path);
        all.any(|other| other.len() < path.len() && path.starts_with(other))
    };
    reading
        .names
        .iter()
        .filter(|name| name.optional && !name.open)
        .map(|name| &name.path)
        .filter(|path| path.len() > 1 && !context.has(&path[..path.len() - 1]))
        .filter(|path| !uses_part_of(path))
        .cloned()
        .collect()
}

fn without_value(source: &str, context: &Context) -> Vec<String> {
    let Ok(reading) = syntax::read(source) else {
        return Vec::new();
    };
    let mut missing: Vec<String> = reading
        .names
        .iter()
        .filter(|name| !name.optional && !name.open && !context.has(&name.path))
        .map(|name| format!("`{}`", name.path.join(".")))
        .collect();
    missing.dedup();
    missing
}
