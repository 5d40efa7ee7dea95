//! The filters and tests that templates may use: the table that the engine,
//! `check` and the documentation share. The engine has no others.

mod functions;
mod table;

use minijinja::Environment;

use crate::problem::nearest;

pub(super) use self::functions::{Instead, encoded};

/// Writes `null` in place of a missing value.
pub(super) const OR_NULL: &str = "or_null";

/// Leaves out what its expression stands for, if the value is missing.
pub(super) const OR_OMIT: &str = "or_omit";

/// Gives another value in place of a missing one.
pub(super) const DEFAULT: &str = "default";

/// Asks whether there is a value.
pub(super) const DEFINED: &str = "defined";

/// A filter, `{{ a | filter }}`, or a test, `{% if a is test %}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A filter.
    Filter,
    /// A test.
    Test,
}

/// A filter or test.
#[derive(Clone, Copy)]
pub struct Function {
    /// Which of the two it is.
    pub kind: Kind,
    /// Its name with its arguments.
    pub usage: &'static str,
    /// What it does.
    pub about: &'static str,
    /// A template that uses it.
    pub example: &'static str,
    /// What the example gives as a text.
    pub gives: &'static str,
    arguments: (usize, usize),
    add: fn(&mut Environment<'static>, &'static str),
}

impl Function {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.usage.split('(').next().unwrap_or(self.usage)
    }
}

/// Every filter and test.
pub static FUNCTIONS: &[Function] = table::ALL;

/// Adds all of them to an engine that has none.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    for function in FUNCTIONS {
        (function.add)(environment, function.name());
    }
}

/// Whether what the filter gives may have no value.
pub(super) fn may_give_nothing(name: &str) -> bool {
    ["first", "last", DEFAULT].contains(&name)
}

/// Whether there is such a filter or test, and it takes so many arguments.
///
/// # Errors
/// What is wrong, and what to do.
pub(super) fn check(kind: Kind, name: &str, arguments: usize) -> Result<(), (String, String)> {
    let all = || FUNCTIONS.iter().filter(|f| f.kind == kind);
    let (word, words) = match kind {
        Kind::Filter => ("filter", "filters"),
        Kind::Test => ("test", "tests"),
    };
    let Some(function) = all().find(|f| f.name() == name) else {
        let meant = match (kind, name) {
            (Kind::Test, "none" | "undefined") => "write `is not defined`; ".to_owned(),
            (Kind::Filter | Kind::Test, _) => nearest(name, all().map(Function::name))
                .map_or_else(String::new, |near| format!("did you mean `{near}`? ")),
        };
        let known: Vec<_> = all().map(Function::name).collect();
        return Err((
            format!("the template uses the {word} `{name}`, which does not exist"),
            format!("{meant}the {words} are: {}", known.join(", ")),
        ));
    };
    let (least, most) = function.arguments;
    if (least..=most).contains(&arguments) {
        return Ok(());
    }
    Err((
        format!("the {word} `{name}` does not take {arguments} arguments"),
        format!("write `{}`", function.usage),
    ))
}
