//! What no type can hold of one parameter of a vendor file.

use std::collections::BTreeMap;

use crate::problem::Problems;
use crate::vendors::file::{Parameter, ParameterType, whole};
use crate::vendors::form::Form;

/// One parameter under its name.
pub(super) struct OfParameter<'a> {
    pub(super) path: String,
    pub(super) name: &'a str,
    pub(super) parameter: &'a Parameter,
}

impl<'a> OfParameter<'a> {
    pub(super) fn all(&self, problems: &mut Problems) {
        let Parameter {
            kind,
            about,
            example,
            default,
            optional,
            choices,
            ..
        } = self.parameter;
        let mut error = |key: &str, message: &str, remedy: &str| {
            problems.error(format!("{}{key}", self.path), message, remedy);
        };
        if about.trim().is_empty() {
            error(
                ".about",
                "nobody is told what this is",
                "write what it is and where to find it",
            );
        }
        if *optional && default.is_some() {
            error(
                ".optional",
                "a parameter with a default can be left out anyway",
                "take `optional` or `default` out",
            );
        }
        let shown = example.is_some() || default.is_some() || *kind == ParameterType::Choice;
        if !shown {
            error(
                "",
                "there is no example",
                "write `example = …`: it is shown if a user leaves the parameter out",
            );
        }
        if (*kind == ParameterType::Choice) == choices.is_empty() {
            error(
                ".choices",
                "`choices` and the type \"choice\" belong together",
                "write type = \"choice\" and the words that can be chosen",
            );
        }
        if *kind == ParameterType::Credential && default.is_some() {
            error(
                ".default",
                "a credential has no default: each user has one of their own",
                "take it out; write `optional = true` if there may be none",
            );
        }
        self.pattern_fits(problems);
    }

    fn pattern_fits(&self, problems: &mut Problems) {
        let Some(text) = &self.parameter.pattern else {
            return;
        };
        let at = format!("{}.pattern", self.path);
        if !is_textual(self.parameter.kind) {
            problems.error(
                at,
                "only a text, a host and a URL have a pattern",
                "take it out",
            );
            return;
        }
        let Ok(pattern) = whole(text) else {
            problems.error(
                at,
                format!("`{text}` is not a regular expression"),
                "write for example \"con_[A-Za-z0-9]+\"; it is held against the whole value",
            );
            return;
        };
        let stated = [&self.parameter.example, &self.parameter.default];
        let texts = stated.into_iter().flatten().filter_map(|v| v.as_str());
        if texts.into_iter().any(|text| !pattern.is_match(text)) {
            problems.error(
                at,
                "the example or the default does not look like this",
                "correct the one or the other",
            );
        }
    }

    /// A name means one parameter, also a former name.
    pub(super) fn names_are_unique(
        &self,
        names: &mut BTreeMap<&'a str, &'a str>,
        problems: &mut Problems,
    ) {
        let aliases = self.parameter.aliases.iter().enumerate();
        let aliases =
            aliases.map(|(i, alias)| (format!("{}.aliases[{i}]", self.path), alias.as_str()));
        for (path, name) in std::iter::once((self.path.clone(), self.name)).chain(aliases) {
            if !is_name(name) {
                problems.error(
                    path,
                    format!("`{name}` cannot be the name of a parameter"),
                    "use a-z, 0-9 and `_`, beginning with a letter; `http`, `operator`, `manual` and `forbidden` are taken by the keys of the file that a user changes",
                );
            } else if let Some(other) = names.insert(name, self.name) {
                problems.error(
                    path,
                    format!("the name `{name}` is already taken by the parameter `{other}`"),
                    "rename one of the two",
                );
            }
        }
    }
}

/// Whether values of this type are texts that a pattern can describe.
#[must_use]
pub fn is_textual(kind: ParameterType) -> bool {
    match kind {
        ParameterType::Text | ParameterType::Host | ParameterType::Url => true,
        ParameterType::Integer
        | ParameterType::Duration
        | ParameterType::Choice
        | ParameterType::Credential
        | ParameterType::List => false,
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    Form::ALL.iter().all(|form| form.key() != name)
        && letters.next().is_some_and(|c| c.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

pub(super) fn path_of(name: &str) -> String {
    format!("parameters.{name}")
}
