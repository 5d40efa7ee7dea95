//! What no type can hold of a vendor file. Paths are those of the file:
//! `parameters.domain.example`, `http.issue`.

mod parameter;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use toml::de::DeValue;

pub use self::parameter::is_textual;
use self::parameter::{OfParameter, path_of};
use super::Family;
use super::calls::without_effect;
use super::example::{Filled, values, values_with};
use super::expand::{Expansion, Places, expand};
use super::file::{About, OfToken, Parameter, Refusal, Refused};
use super::form::Form;
use super::vendor::Vendor;
use crate::problem::Problems;
use crate::scim::config::ProbeConfig;

impl Vendor<'_> {
    /// Notes what is wrong with the file, `[http]` as the typed settings see it
    /// and the types of examples and defaults aside.
    pub fn check(&self, problems: &mut Problems) {
        check_about(&self.file.vendor, problems);
        let mut names = BTreeMap::new();
        for (name, parameter) in self.parameters() {
            let check = OfParameter {
                path: format!("parameters.{name}"),
                name,
                parameter,
            };
            check.all(problems);
            self.check_replaced(name, parameter, problems);
            check.names_are_unique(&mut names, problems);
        }
        self.check_form(problems);
        let expansion = expand(self, &values(self, Filled::All), None, Places::File);
        self.check_references(&expansion, problems);
        self.check_use(&expansion, problems);
        if let (Form::Http, DeValue::Table(http)) = (self.form, self.body.get_ref()) {
            for call in without_effect(self.family(), http) {
                problems.error(
                    format!("http.{call}"),
                    "this call does not say what it changes at the vendor",
                    "write `effect = \"none\"`, \"creates\", \"writes\" or \"ends\"",
                );
            }
        }
    }

    /// What belongs to the table in whose words the vendor is described.
    fn check_form(&self, problems: &mut Problems) {
        if !self.form.fits(self.family()) {
            problems.error(
                self.form.key(),
                format!(
                    "{} has no kind `{}`",
                    self.family().with_article(),
                    self.form.key()
                ),
                format!("write {}", Form::of(self.family())),
            );
        }
        match self.form {
            Form::Http => check_refused(&self.file.refused, problems),
            Form::Operator => self.check_operator(problems),
            Form::Manual | Form::Forbidden => {}
        }
        if self.form != Form::Http && self.file.refused != Refused::default() {
            problems.error(
                "refused",
                "no call is made, so no answer shows a wrong token",
                "take `refused` out: the probe of the token says what the service provider refuses",
            );
        }
        if let Some(forbidden) = &self.file.forbidden {
            for (key, text) in [("why", &forbidden.why), ("instead", &forbidden.instead)] {
                if text.trim().is_empty() {
                    problems.error(
                        format!("forbidden.{key}"),
                        "nobody is told what this means",
                        "write a sentence for a person who has this vendor",
                    );
                }
            }
        }
        self.check_token(problems);
        for (name, text) in &self.file.unconfirmed {
            if text.trim().is_empty() {
                problems.error(
                    format!("unconfirmed.{name}"),
                    "it is not said what is not known",
                    "write what the file says, and why that is not sure",
                );
            }
        }
    }

    /// What a reader of an `[operator]` file looks for is stated, if only as
    /// unknown.
    fn check_operator(&self, problems: &mut Problems) {
        let states = |key: &str| self.body.get_ref().get(key).is_some();
        if !states("life") {
            problems.error(
                "operator.life",
                "nothing says how long a token lives",
                "write `life = \"fixed\"`, \"chosen\", \"renewed_by_use\", \"never_ends\" or \"unknown\"",
            );
        }
    }

    fn check_token(&self, problems: &mut Problems) {
        if self.file.token == OfToken::default() {
            return;
        }
        if self.family() == Family::Connection {
            problems.error(
                "token",
                "the settings of a token belong to its issuer",
                "take `token` out",
            );
        }
        let probe = self.file.token.probe.clone();
        match ProbeConfig::deserialize(toml::Value::Table(probe)) {
            Ok(probe) => probe.check("token.probe", problems),
            Err(error) => problems.error(
                "token.probe",
                format!("these are not settings of a probe: {}", error.message()),
                "write keys of [tokens.<name>.probe]",
            ),
        }
    }

    fn check_references(&self, expansion: &Expansion<'_>, problems: &mut Problems) {
        for stray in &expansion.stray {
            let declared: Vec<_> = self.parameters().map(|(name, _)| name).collect();
            let (message, remedy) = match &stray.name {
                Some(name) => (
                    format!("there is no parameter `{name}`"),
                    format!(
                        "declare [parameters.{name}], or refer to one of: {}",
                        declared.join(", ")
                    ),
                ),
                None => (
                    "a table of the one key `parameter` is a reference, and this one holds no name"
                        .to_owned(),
                    "write { parameter = \"<name>\" }".to_owned(),
                ),
            };
            problems.error(stray.path.as_str(), message, remedy);
        }
        for object in ["config", "secrets"] {
            let own = self.body.get_ref().get(object);
            let own = own.and_then(|own| own.get_ref().as_table());
            for name in own.into_iter().flat_map(|own| own.keys()) {
                let name = name.get_ref();
                if self.file.parameters.contains_key(name.as_ref()) {
                    problems.error(
                        format!("{}.{object}.{name}", self.form.key()),
                        format!("`{name}` is a parameter, and its value would not get here"),
                        "take this key out, or give it another name",
                    );
                }
            }
        }
    }

    fn check_replaced(&self, name: &str, parameter: &Parameter, problems: &mut Problems) {
        let Some(replaced) = &parameter.instead_of else {
            return;
        };
        let path = format!("parameters.{name}.instead_of");
        match self.file.parameters.get(replaced) {
            Some(other) if other.is_required() => {}
            Some(_) => problems.error(
                path,
                format!("`{replaced}` may be left out anyway, so nothing is given in its place"),
                "name a parameter without `default`, `optional` and `instead_of`",
            ),
            None => problems.error(
                path,
                format!("there is no parameter `{replaced}`"),
                "write the name of the parameter in whose place this one is given",
            ),
        }
        if parameter.optional || parameter.default.is_some() {
            problems.error(
                path_of(name),
                "a parameter that is given in place of another has no default and is not `optional`",
                "take `default` and `optional` out",
            );
        }
    }

    fn check_use(&self, expansion: &Expansion<'_>, problems: &mut Problems) {
        let mut used: BTreeSet<String> = expansion.moved.iter().map(|(_, n)| n.clone()).collect();
        let alternatives = self.parameters().filter(|(_, p)| p.instead_of.is_some());
        for (name, _) in alternatives {
            let expansion = expand(self, &values_with(self, name), None, Places::File);
            used.extend(expansion.moved.into_iter().map(|(_, name)| name));
        }
        for (name, parameter) in self.parameters() {
            if parameter.deprecated.is_none() && !used.contains(name) {
                let object = parameter.object();
                problems.warning(
                    format!("parameters.{name}"),
                    format!("nothing in `{}` uses this parameter", self.form.key()),
                    format!(
                        "write {{{{ {object}.{name} }}}} in a template or {{ parameter = \"{name}\" }} elsewhere; a parameter of the past needs `deprecated`"
                    ),
                );
            }
        }
    }
}

fn check_about(about: &About, problems: &mut Problems) {
    if about.title.trim().is_empty() {
        problems.error(
            "vendor.title",
            "the title is empty",
            "write the vendor's name",
        );
    }
    if about.documentation.is_empty() {
        problems.error(
            "vendor.documentation",
            "nothing says where the vendor documents this",
            "write the pages' addresses",
        );
    }
    for (index, url) in about.documentation.iter().enumerate() {
        if url.scheme() != "https" {
            problems.error(
                format!("vendor.documentation[{index}]"),
                "this is not the address of a page",
                "write an https URL",
            );
        }
    }
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if about.openapi.as_ref().is_some_and(|pin| !hex(&pin.sha256)) {
        problems.error(
            "vendor.openapi.sha256",
            "this is not a SHA-256",
            "write its 64 hex digits, as `sha256sum` prints them",
        );
    }
}

fn check_refused(refused: &Refused, problems: &mut Problems) {
    let refusals = refused.refusals();
    if let Some(reason) = &refused.positive_only {
        if reason.trim().is_empty() {
            problems.error(
                "refused.positive_only",
                "the reason is missing",
                "write why nothing shows a token that the vendor must refuse",
            );
        }
        if refusals.iter().any(|(_, refusal)| refusal.is_some()) {
            problems.error(
                "refused.positive_only",
                "a refusal is described, so it is not positive only",
                "take `positive_only` or the refusals out",
            );
        }
        return;
    }
    for (name, refusal) in refusals {
        let said = |refusal: &Refusal| {
            let note = refusal.note.as_deref().unwrap_or_default();
            !refusal.status.is_empty() || !note.trim().is_empty()
        };
        if !refusal.is_some_and(said) {
            problems.error(
                format!("refused.{name}"),
                format!("nothing says what the vendor answers to a token that is {name}"),
                format!("write {name} = {{ status = [401], note = \"…\" }}, or `positive_only` with the reason"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
