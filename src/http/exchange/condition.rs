//! One demand on an answer: a place and exactly one test.

use serde::Deserialize;
use serde_json::Value;

use super::json_place::JsonPlace;
use super::place::{Place, View, from_keys};
use crate::http::template::{Context, Names, Template};
use crate::problem::Problems;

/// One demand on an answer: where to look, and exactly one test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name of an earlier call whose answer is looked at; the answer at hand
    /// otherwise.
    pub step: Option<String>,
    /// A text of the configuration, in place of something in an answer.
    pub value: Option<Template>,
    /// Place in the JSON body.
    pub at: Option<JsonPlace>,
    /// The text at this place is JSON; `at` is a place inside it.
    pub json_text: Option<JsonPlace>,
    /// Name of a header.
    pub header: Option<String>,
    /// The body as plain text.
    #[serde(default)]
    pub text: bool,
    /// The part between two texts; an empty one means the beginning or the end.
    pub between: Option<(String, String)>,
    /// Exactly this value.
    pub equals: Option<Value>,
    /// Another value than this, and there is one.
    pub not_equals: Option<Value>,
    /// A number below this one.
    pub less_than: Option<i64>,
    /// A number above this one.
    pub more_than: Option<i64>,
    /// One of these values.
    pub one_of: Option<Vec<Value>>,
    /// `true`: there is a value that is not null. `false`: there is none.
    pub exists: Option<bool>,
    /// A text that contains this.
    pub contains: Option<String>,
    /// A text that begins with this.
    pub prefix: Option<String>,
}

impl Condition {
    /// Reports a condition that looks nowhere, tests nothing, or tests two
    /// things at once. `steps` are the earlier calls that it may look at.
    pub fn check(&self, path: &str, steps: &[&str], known: &Names, problems: &mut Problems) {
        match (&self.value, self.place()) {
            (None, Ok(place)) => place.check(path, known, problems),
            (None, Err(why)) => {
                problems.error(path, why, "see `config/issuers/http.toml` for examples");
            }
            (Some(value), Err(_)) if self.step.is_none() => {
                check_configured(value, &format!("{path}.value"), known, problems);
            }
            (Some(_), _) => problems.error(
                path,
                "`value` is looked at in place of an answer",
                "write `value` or a place, not both",
            ),
        }
        for (key, tested) in [("equals", &self.equals), ("not_equals", &self.not_equals)] {
            if let Some(template) = template_in(tested) {
                check_configured(&template, &format!("{path}.{key}"), known, problems);
            }
        }
        if let Some(step) = &self.step
            && !steps.contains(&step.as_str())
        {
            problems.error(
                format!("{path}.step"),
                format!("no earlier call is named `{step}`"),
                match steps {
                    [] => "leave `step` out: no call is made before this one".to_owned(),
                    some => format!("use one of: {}", some.join(", ")),
                },
            );
        }
        let tests = [
            self.equals.is_some(),
            self.not_equals.is_some(),
            self.less_than.is_some(),
            self.more_than.is_some(),
            self.one_of.is_some(),
            self.exists.is_some(),
            self.contains.is_some(),
            self.prefix.is_some(),
        ];
        if tests.into_iter().filter(|present| *present).count() != 1 {
            problems.error(
                path,
                "a condition has exactly one test",
                "write one of `equals`, `not_equals`, `one_of`, `less_than`, `more_than`, `exists`, `contains` and `prefix`; use several conditions for several tests",
            );
        }
    }

    /// Whether the condition holds for what is at its place.
    ///
    /// # Errors
    /// Says what was expected where, without the value that is there.
    pub fn holds(&self, view: View<'_>) -> Result<(), String> {
        if let Some(value) = &self.value {
            let value = Value::from(value.source());
            return if self.fits(Some(&value)) {
                Ok(())
            } else {
                Err("the configuration says otherwise".to_owned())
            };
        }
        let place = self.place()?;
        if place.is_in_json() && view.json().is_none() {
            // A login page has no error in its JSON either.
            return Err("the body is not JSON".to_owned());
        }
        let found = place.find(view);
        if self.fits(found.as_deref()) {
            Ok(())
        } else {
            Err(format!("what is expected is not at {place}"))
        }
    }

    fn fits(&self, found: Option<&Value>) -> bool {
        let text = found.and_then(Value::as_str).unwrap_or_default();
        let number = found.and_then(number_of);
        self.equals.as_ref().is_none_or(|v| found == Some(v))
            && self
                .not_equals
                .as_ref()
                .is_none_or(|v| found.is_some_and(|found| !found.is_null() && found != v))
            && self
                .less_than
                .is_none_or(|bound| number.is_some_and(|number| number < bound as f64))
            && self
                .more_than
                .is_none_or(|bound| number.is_some_and(|number| number > bound as f64))
            && self
                .one_of
                .as_ref()
                .is_none_or(|all| found.is_some_and(|f| all.contains(f)))
            && self
                .exists
                .is_none_or(|wanted| wanted == found.is_some_and(|v| !v.is_null()))
            && self
                .contains
                .as_ref()
                .is_none_or(|part| text.contains(part.as_str()))
            && self
                .prefix
                .as_ref()
                .is_none_or(|part| text.starts_with(part.as_str()))
    }

    /// Fills in the templates of its place.
    ///
    /// # Errors
    /// Says which name has no value.
    pub fn resolve(&mut self, context: &Context) -> Result<(), String> {
        for place in [&mut self.at, &mut self.json_text].into_iter().flatten() {
            place.resolve(context)?;
        }
        if let Some(value) = &mut self.value {
            *value = Template::new(value.text(context)?.as_str());
        }
        for tested in [&mut self.equals, &mut self.not_equals] {
            if let Some(template) = template_in(tested) {
                *tested = Some(Value::from(template.text(context)?.as_str()));
            }
        }
        Ok(())
    }

    /// Whether it looks into the JSON body of the answer at hand.
    pub(super) fn needs_json(&self) -> bool {
        self.step.is_none() && self.at.is_some()
    }

    fn place(&self) -> Result<Place, &'static str> {
        from_keys(
            self.at.clone(),
            self.json_text.clone(),
            self.header.clone(),
            self.text,
            self.between.clone(),
        )
    }
}

/// A number, or a text that is one.
fn number_of(value: &Value) -> Option<f64> {
    let text = || value.as_str()?.trim().parse().ok();
    value.as_f64().or_else(text).filter(|n: &f64| n.is_finite())
}

/// The template that a value is, if it is one.
fn template_in(value: &Option<Value>) -> Option<Template> {
    let text = value.as_ref()?.as_str()?;
    text.contains("{{").then(|| Template::new(text))
}

/// Reports a template that needs more than the configuration.
fn check_configured(template: &Template, path: &str, known: &Names, problems: &mut Problems) {
    template.check(path, known, problems);
    let names = template.names();
    if names.iter().any(|name| !name.starts_with("config.")) {
        problems.error(
            path,
            "a condition may use values of the configuration only",
            "use `{{ config.<name> }}`",
        );
    }
}

#[cfg(test)]
mod tests;
